"""Where a run goes on record: the journal, or what stands before it."""

from __future__ import annotations

from typing import Protocol

from bench.types import BatchTiming, Step, Trial


class Record(Protocol):
    """Where a run goes on record: a ``Journal``, or something that stands in for one."""

    def step(self, step: Step) -> None:
        """A step has ended."""

    def trial(self, trial: Trial) -> None:
        """A trial has ended."""

    def batch(self, batch: BatchTiming) -> None:
        """The job has been timed on a large batch."""

    def finish(self) -> None:
        """The run is complete."""

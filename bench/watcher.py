"""Who is told how a run gets on."""

from __future__ import annotations

from typing import Protocol

from bench.types import Status


class Ended(Protocol):
    """What a watcher is told of: a trial, or what a worker process says of one."""

    @property
    def id(self) -> str:
        """The trial's id."""

    @property
    def approach(self) -> str:
        """Its approach."""

    @property
    def case(self) -> str:
        """Its case."""

    @property
    def status(self) -> Status:
        """What the win condition says of it."""


class Watcher(Protocol):
    """Is told how a run gets on."""

    def phase(self, title: str, trials: int) -> None:
        """A phase begins in which that many trials are still to be run."""

    def trial(self, trial: Ended) -> None:
        """A trial has been put on record."""


class Nobody:
    """A watcher for runs that nobody watches."""

    def phase(self, title: str, trials: int) -> None:
        """Nobody is told."""

    def trial(self, trial: Ended) -> None:
        """Nobody here either."""

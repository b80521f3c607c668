"""What an interrupted run has on record: enough to go on with it, however long it has become."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.compact import Digests
from bench.errors import BenchError
from bench.journal import Manifest, entries, read_manifest, read_run, runs
from bench.types import BatchTiming, Trial


@dataclass(frozen=True)
class Progress:
    """A run that was interrupted."""

    folder: Path
    manifest: Manifest
    done: Digests
    """Ids of the trials on record."""
    timed: frozenset[tuple[str, int]]
    """(scenario, records) of the batches on which the job has been timed."""


def find_unfinished(results: Path, identity: str) -> Progress | None:
    """The newest run with this identity if it was interrupted, else None. Raises ``JournalError``
    if its journal is broken."""
    for folder in reversed(runs(results)):
        try:
            manifest = read_manifest(folder)
            if manifest.identity != identity or manifest.run != folder.name:
                continue  # another run, or a copy of one that was put aside, like the reference
        except BenchError:
            continue  # a broken folder of some other run is no reason not to start this one
        return _progress(folder, manifest)
    return None


def _progress(folder: Path, manifest: Manifest) -> Progress | None:
    timed: set[tuple[str, int]] = set()
    finished = False

    def ids() -> Iterator[str]:
        nonlocal finished
        for entry in entries(folder):
            if isinstance(entry, Trial):
                yield entry.id
            elif isinstance(entry, BatchTiming):
                timed.add((entry.scenario, entry.records))
            else:
                finished = True

    done = Digests(ids())
    if not done.distinct:
        read_run(folder)  # says which trial stands there twice
    return None if finished else Progress(folder, manifest, done, frozenset(timed))

"""What stands in the books after a trial, record by record, as the win condition words it.

A scenario that words nothing (``RecordVerdict.ledger`` empty throughout) leaves it unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bench.types import RecordVerdict, Trial


def wrong_entries(trials: Iterable[Trial]) -> int:
    """Records that came out wrong and have an entry in the books."""
    return _count(trials, lambda record: bool(record.ledger))


def missing_entries(trials: Iterable[Trial]) -> int:
    """Records that came out wrong and have none."""
    return _count(trials, lambda record: not record.ledger)


def worded(trials: Iterable[Trial]) -> bool:
    """Whether the scenario words what stands in the books: seen once, it holds for all."""
    return any(record.ledger for trial in trials for record in trial.verdict.records)


def _count(trials: Iterable[Trial], which: Callable[[RecordVerdict], bool]) -> int:
    return sum(
        record.status == "fail" and which(record)
        for trial in trials
        for record in trial.verdict.records
    )

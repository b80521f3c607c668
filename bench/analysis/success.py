"""How many records came out right, were left to a human, or came out wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.analysis.samples import Sample, by_case, clusters
from bench.analysis.statistics import (
    Cluster,
    Interval,
    mix_interval,
    share_interval,
    weighted_ratio,
)
from bench.types import Trial


@dataclass(frozen=True, slots=True)
class Success:
    """Shares of records, unless stated otherwise. None where no usable trial is left, or nobody
    said what is right."""

    passed: float | None
    interval: Interval | None
    deferred: float | None
    failed: float | None
    reviewed: float | None
    flagged: float | None
    """Handed on by the job part of a hybrid; None where nothing is handed on."""
    trials: float | None
    """Share of cases (repeats averaged) in which nothing at all was wrong."""


def success(sample: Sample, *, hands_on: bool) -> Success:
    """Measure a sample. ``hands_on``: whether the approach is one that flags records."""
    reviewed = weighted_ratio(_parts(sample, lambda trial: trial.reviewed))
    flagged = weighted_ratio(_parts(sample, lambda trial: len(trial.flagged))) if hands_on else None
    if any(trial.unknown for trial in sample.trials):
        return Success(None, None, None, None, reviewed, flagged, None)
    passed = _parts(sample, lambda trial: trial.passed)
    return Success(
        passed=weighted_ratio(passed),
        interval=(
            mix_interval(passed, seed=sample.seed)
            if sample.weighted
            else share_interval(passed[0][1])
        ),
        deferred=weighted_ratio(_parts(sample, lambda trial: trial.deferred)),
        failed=weighted_ratio(_parts(sample, lambda trial: trial.failed)),
        reviewed=reviewed,
        flagged=flagged,
        trials=weighted_ratio([(part.weight, _cases_passed(part.trials)) for part in sample.parts]),
    )


def _parts(sample: Sample, count: Callable[[Trial], float]) -> list[tuple[float, list[Cluster]]]:
    return [
        (part.weight, clusters(part.trials, {trial.id: count(trial) for trial in part.trials}))
        for part in sample.parts
    ]


def _cases_passed(trials: tuple[Trial, ...]) -> list[Cluster]:
    return [
        Cluster(sum(trial.status == "pass" for trial in repeats) / len(repeats), 1.0, len(repeats))
        for repeats in by_case(trials)
    ]

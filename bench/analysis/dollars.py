"""Tokens and money: what was used in all, and what a record costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bench.analysis.amounts import amount_interval
from bench.analysis.samples import HYBRIDS, Sample, by_case, clusters
from bench.analysis.statistics import Cluster, Interval, observations_needed, ratio, weighted_ratio
from bench.types import Trial

DollarKind = Literal["api", "compute"]

TOLERATED_UNSEEN = 0.1
"""Share of the money that may come from strata with a single case before the interval, which
cannot see their spread, is withheld."""


CASES_OF_TWO_KINDS = observations_needed(0.9)
"""Cases of which, with 95 % confidence, one is of a kind that is one in ten: 29."""


@dataclass(frozen=True, slots=True)
class Dollars:
    """Money of a sample, of one kind only."""

    total: float | None
    """Everything spent, infrastructure failures included."""
    per_record: float | None
    interval: Interval | None
    reason: str | None
    """Why the money is unknown."""
    interval_reason: str | None
    known: int = 0
    """Trials that it rests on: those whose money is known."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one class."""

    total: int | None
    per_record: float | None
    known: int = 0
    """Trials that the mean rests on."""


def dollar_kind(trials: Iterable[Trial]) -> DollarKind:
    """Which money trials cost: paid to a provider by its price list, or the time of a machine at
    an assumed price."""
    return "compute" if any(t.provenance.dollars == "assumed" for t in trials) else "api"


def dollars(sample: Sample, kind: DollarKind, *, known_only: bool = False) -> Dollars:
    """Money of that kind. Unknown as soon as the money of one trial is unknown; with
    ``known_only`` the mean is that of the others, the total stays unknown."""

    def amount(trial: Trial) -> float | None:
        return trial.dollars.api if kind == "api" else trial.dollars.compute

    total = _total(sample.everything, amount)
    sample = calibrated(sample)
    if known_only and any(amount(trial) is not None for trial in sample.trials):
        sample = only(sample, lambda trial: amount(trial) is not None)
    unknown = [trial for trial in sample.trials if amount(trial) is None]
    if unknown or not sample.trials:
        return Dollars(total, None, None, _why(unknown, len(sample.trials)), None)
    parts = _parts(sample, amount)
    per_record = weighted_ratio(parts)
    interval, why = shown_interval(sample, parts)
    return Dollars(total, per_record, interval, None, why, len(sample.trials))


def shown_interval(
    sample: Sample, parts: Sequence[tuple[float, Sequence[Cluster]]]
) -> tuple[Interval | None, str | None]:
    """The interval of a mean of amounts, ``(weight, cases)`` of the sample's parts, or why none is
    shown: where the cases cannot know the spread, or one of their kinds may be missing."""
    unseen = _unseen_spread(parts, weighted_ratio(parts) or 0.0)
    if unseen > TOLERATED_UNSEEN:
        return None, f"no interval: {unseen:.0%} of it comes from strata with a single case"
    cases = sum(len(found) for weight, found in parts if weight > 0)
    if sample.everything[0].approach in HYBRIDS and cases < CASES_OF_TWO_KINDS:
        return None, (
            "no interval: a hybrid's cases cost little or much, and fewer than "
            f"{CASES_OF_TWO_KINDS} may show none of a kind that is one in ten"
        )
    return amount_interval(parts), None


def calibrated(sample: Sample) -> Sample:
    """Where a case was timed in calibrated rounds, that trial stands for its repeats: they ran
    once, unwarmed, and their working time says less."""
    return replace(
        sample,
        parts=tuple(
            replace(
                part,
                trials=tuple(
                    trial
                    for repeats in by_case(part.trials)
                    for trial in [t for t in repeats if t.timing is not None] or repeats
                ),
            )
            for part in sample.parts
        ),
    )


def _unseen_spread(parts: Sequence[tuple[float, Sequence[Cluster]]], per_record: float) -> float:
    """Share of the money that comes from strata whose single case shows no spread."""
    weights = sum(weight for weight, found in parts if found)
    single = sum(weight * (ratio(found) or 0.0) for weight, found in parts if len(found) == 1)
    return single / weights / per_record if per_record and weights else 0.0


def tokens(
    sample: Sample, count: Callable[[Trial], int | None], *, known_only: bool = False
) -> Tokens:
    """Tokens of the class that ``count`` picks. Unknown as soon as those of one trial are; with
    ``known_only`` the mean is that of the others."""
    total = _total(sample.everything, count)
    if known_only:
        sample = only(sample, lambda trial: count(trial) is not None)
    elif any(count(trial) is None for trial in sample.trials):
        return Tokens(None, None)
    return Tokens(
        None if total is None else round(total),
        weighted_ratio(_parts(sample, count)),
        len(sample.trials),
    )


def only(sample: Sample, wanted: Callable[[Trial], bool]) -> Sample:
    """The sample without the trials that are not wanted."""
    parts = (
        replace(part, trials=tuple(trial for trial in part.trials if wanted(trial)))
        for part in sample.parts
    )
    return replace(sample, parts=tuple(parts))


def _parts(
    sample: Sample, amount: Callable[[Trial], float | None]
) -> list[tuple[float, list[Cluster]]]:
    return [
        (
            part.weight,
            clusters(
                part.trials,
                {t.id: value for t in part.trials if (value := amount(t)) is not None},
            ),
        )
        for part in sample.parts
    ]


def _total(trials: Sequence[Trial], amount: Callable[[Trial], float | None]) -> float | None:
    total = 0.0
    for trial in trials:
        value = amount(trial)
        if value is None:
            return None
        total += value
    return total


def _why(unknown: Sequence[Trial], trials: int) -> str:
    if not unknown:
        return "no usable trial"
    reasons = Counter(trial.dollars.reason or "no reason on record" for trial in unknown)
    return f"unknown for {len(unknown)} of {trials} trials: {reasons.most_common(1)[0][0]}"

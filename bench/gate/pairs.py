"""The same case on both sides, its repeats collapsed, every stratum counting the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.samples import by_case
from bench.analysis.significance import Floats
from bench.types import Cause, Trial


@dataclass(frozen=True)
class Pair:
    """One case: its usable repeats on both sides, the same ones, in order."""

    case: str
    stratum: str
    base: tuple[Trial, ...]
    head: tuple[Trial, ...]


def pair_up(base: Iterable[Trial], head: Iterable[Trial]) -> list[Pair]:
    """Pair the trials of one approach and model. A repeat that the infrastructure broke on one
    side is left out on both."""
    heads = {(trial.case, trial.repeat): trial for trial in head if _sound(trial)}
    pairs = []
    for repeats in by_case(trial for trial in base if _sound(trial)):
        both = [
            (trial, heads[trial.case, trial.repeat])
            for trial in sorted(repeats, key=lambda trial: trial.repeat)
            if (trial.case, trial.repeat) in heads
        ]
        if both:
            pairs.append(
                Pair(
                    repeats[0].case,
                    repeats[0].stratum,
                    tuple(trial for trial, _ in both),
                    tuple(trial for _, trial in both),
                )
            )
    return pairs


def stratum_weights(pairs: Sequence[Pair]) -> Floats:
    """A weight for each pair: strata weigh the same, and so do the cases within one. Sums to 1."""
    sizes = Counter(pair.stratum for pair in pairs)
    return np.array([1 / len(sizes) / sizes[pair.stratum] for pair in pairs], dtype=float)


def collapsed(
    pairs: Sequence[Pair], value: Callable[[Trial], float | None]
) -> tuple[Floats, Floats]:
    """The mean over a case's repeats, for both sides; NaN where a trial's value is unknown."""

    def mean(trials: Sequence[Trial]) -> float:
        found = [value(trial) for trial in trials]
        known = [each for each in found if each is not None]
        return sum(known) / len(known) if len(known) == len(found) else float("nan")

    return (
        np.array([mean(pair.base) for pair in pairs], dtype=float),
        np.array([mean(pair.head) for pair in pairs], dtype=float),
    )


def _sound(trial: Trial) -> bool:
    return trial.cause is not Cause.INFRASTRUCTURE

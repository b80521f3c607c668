"""How far the repeats of a case lie apart: trajectories, tokens, seconds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from rapidfuzz.distance import Levenshtein

from bench.analysis.documented import Documented
from bench.types import Trial

Case = Sequence[Trial]
"""The trials of one case."""


@dataclass(frozen=True, slots=True)
class Spread(Documented):
    """How much an amount varies between trials of the same case."""

    variation: float
    """Coefficient of variation (standard deviation ÷ mean), mean over cases."""
    worst: float
    """Largest ÷ smallest amount of a case, of the case where that is greatest."""
    cases: int
    """Cases that it rests on."""


def edit_similarity(cases: Sequence[Case]) -> float | None:
    """Mean pairwise similarity of the tool sequences of a case's trials, mean over cases.

    1 − Levenshtein distance ÷ length of the longer sequence, one tool call with its arguments
    being one symbol (V. Levenshtein, Soviet Physics Doklady 10 (1966), 707-710). Two empty
    sequences are equal.
    """
    found = [
        statistics.fmean(
            Levenshtein.normalized_similarity(one.tool_sequence, two.tool_sequence)
            for one, two in combinations(case, 2)
        )
        for case in cases
        if len(case) > 1
    ]
    return statistics.fmean(found) if found else None


def spread(cases: Sequence[Case], amount: Callable[[Trial], float | None]) -> Spread | None:
    """The spread of an amount; None where it is unknown or 0 in every case."""
    found = list(_amounts(cases, amount))
    if not found:
        return None
    return Spread(
        variation=statistics.fmean(
            statistics.stdev(values) / statistics.fmean(values) for values in found
        ),
        worst=max(max(values) / min(values) for values in found),
        cases=len(found),
    )


def _amounts(
    cases: Sequence[Case], amount: Callable[[Trial], float | None]
) -> Iterator[list[float]]:
    for case in cases:
        values = [value for trial in case if (value := amount(trial)) is not None and value > 0]
        if len(values) == len(case) and len(values) > 1:
            yield values


def differing_pair(
    case: Case, looks: Sequence[Callable[[Trial], str]]
) -> tuple[Trial, Trial] | None:
    """The first trial and the first other one that differs from it in the weightiest respect, as
    ``looks`` orders them; None if all agree."""
    for look in looks:
        for other in case[1:]:
            if look(other) != look(case[0]):
                return case[0], other
    return None

"""Approaches of a run against each other, on the same cases: is a difference more than chance?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal
from zlib import crc32

import numpy as np

from bench.analysis.documented import Documented
from bench.analysis.paired import difference_interval, even
from bench.analysis.samples import by_case, usable
from bench.analysis.significance import holm, mcnemar, sign_flip
from bench.types import Trial


@dataclass(frozen=True, slots=True)
class Comparison(Documented):
    """Whole cases right in the sample: the second approach against the first."""

    first: str
    """An approach with its model."""
    second: str
    """Another."""
    cases: int
    """Paired: with usable trials of both."""
    lost: float
    """Cases (repeats averaged) that only the first has right."""
    gained: float
    """Cases that only the second has right."""
    difference: float
    """Share of cases right, second − first."""
    low: float
    """Lower end of its 95 % interval (Jeffreys' posterior on effective counts)."""
    high: float
    """Upper end."""
    test: Literal["mcnemar", "sign_flip"]
    """Exact McNemar where each case ran once, else a paired sign-flip permutation."""
    p: float
    """Chance of such a difference if there is none."""
    p_holm: float
    """The same, corrected by Holm for all comparisons of the scenario."""


def comparisons(
    candidates: Sequence[tuple[str, Sequence[Trial]]], scenario: str
) -> list[Comparison]:
    """Each pair of ``(name, trials)``. Trials without intelligence behind them are left out."""
    real = [
        (name, {case[0].case: case for case in by_case(usable(trials))})
        for name, trials in candidates
        if not any(trial.provenance.success == "modelled" for trial in trials)
    ]
    found = [
        compared
        for (one, first), (two, second) in combinations(real, 2)
        if (compared := _compare(one, first, two, second, scenario)) is not None
    ]
    adjusted = holm({str(n): each.p for n, each in enumerate(found)})
    return [replace(each, p_holm=adjusted[str(n)]) for n, each in enumerate(found)]


def _compare(
    one: str,
    first: dict[str, tuple[Trial, ...]],
    two: str,
    second: dict[str, tuple[Trial, ...]],
    scenario: str,
) -> Comparison | None:
    cases = sorted(first.keys() & second.keys())
    if len(cases) < 2:
        return None
    differences = np.array([_right(second[case]) - _right(first[case]) for case in cases])
    repeats = max(max(len(first[case]), len(second[case])) for case in cases)
    lost = float(np.maximum(0, -differences).sum())
    gained = float(np.maximum(0, differences).sum())
    single = repeats == 1
    seed = crc32(f"{scenario}/{one}/{two}".encode())
    p = mcnemar(round(lost), round(gained)) if single else sign_flip(differences, seed=seed)
    # Repeats of few cases do not make the others count more.
    drawn = float(np.mean([min(len(first[case]), len(second[case])) for case in cases]))
    interval = difference_interval(even(len(differences)), differences, drawn)
    return Comparison(
        first=one,
        second=two,
        cases=len(cases),
        lost=lost,
        gained=gained,
        difference=float(differences.mean()),
        low=interval.low,
        high=interval.high,
        test="mcnemar" if single else "sign_flip",
        p=p,
        p_holm=p,
    )


def _right(trials: Sequence[Trial]) -> float:
    return sum(trial.status == "pass" for trial in trials) / len(trials)

"""Could the difference be chance? Plain numbers in, p-values out; seeded where simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

EXACT_UP_TO = 16
"""Differences whose 65,536 sign patterns are all tried; beyond that patterns are drawn."""
DRAWS = 10_000
_CHUNK = 2_000


def mcnemar(lost: int, gained: int) -> float:
    """Exact two-sided McNemar test: cases that only the first side passed, only the second.

    Q. McNemar, Psychometrika 12 (1947), 153-157; exact by the binomial distribution.
    """
    if lost + gained == 0:
        return 1.0
    return float(stats.binomtest(lost, lost + gained).pvalue)


def sign_flip(differences: Floats, *, seed: int, lower: bool = False) -> float:
    """Paired permutation test of a sum of differences: could each as well have had the other sign?

    Two-sided, or with ``lower`` for a sum that is suspiciously small. Exact up to 16 differences
    that are not zero, beyond that Monte Carlo with the observed pattern counted in, so that it is
    never zero and never too small (Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010), 39).
    The test is R. A. Fisher's (The Design of Experiments (1935), § 21).
    """
    moved = differences[differences != 0]
    if moved.size == 0:
        return 1.0
    observed = float(moved.sum())
    # Sums that are equal on paper must not differ by rounding.
    slack = 1e-9 * float(np.abs(moved).sum())

    def as_extreme(sums: Floats) -> int:
        if lower:
            return int(np.count_nonzero(sums <= observed + slack))
        return int(np.count_nonzero(np.abs(sums) >= abs(observed) - slack))

    if moved.size <= EXACT_UP_TO:
        sums: Floats = np.zeros(1)
        for value in moved:
            sums = np.concatenate([sums + value, sums - value])
        return as_extreme(sums) / sums.size
    generator = np.random.default_rng(seed)
    found = 0
    for _ in range(DRAWS // _CHUNK):
        # One bit a sign: drawing them takes most of the time.
        drawn = np.frombuffer(generator.bytes(_CHUNK * -(-moved.size // 8)), dtype=np.uint8)
        signs = np.unpackbits(drawn.reshape(_CHUNK, -1), axis=1, count=moved.size)
        found += as_extreme(2.0 * (signs.astype(np.float64) @ moved) - observed)
    return (1 + found) / (1 + DRAWS)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p-values: comparing each with alpha keeps the chance of any false alarm at alpha.

    S. Holm, Scandinavian Journal of Statistics 6 (1979), 65-70.
    """
    adjusted: dict[str, float] = {}
    worst = 0.0
    ranked: Sequence[tuple[str, float]] = sorted(p_values.items(), key=lambda item: item[1])
    for rank, (name, value) in enumerate(ranked):
        worst = max(worst, min(1.0, (len(ranked) - rank) * value))
        adjusted[name] = worst
    return adjusted

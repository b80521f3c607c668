"""How large is the difference? Intervals of paired differences and ratios."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import optimize, stats

from bench.analysis.significance import Floats
from bench.analysis.statistics import CONFIDENCE, Interval, paired_interval
from bench.sampling import kish, log_ratio_half_width

FEWEST = 5
"""Pairs below which their spread says too little."""
MOST_CASES = 100_000
TOLERANCE = 1e-12
"""Rounding that no verdict may hang on."""


def tango(lost: float, gained: float, n: float, confidence: float) -> Interval:
    """Score interval of a difference of paired proportions, (gained − lost) ÷ n.

    Has a width even where nothing was lost or gained. Counts may be fractional (effective
    numbers). T. Tango, Statistics in Medicine 17 (1998), 891-908.
    """
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    observed = (gained - lost) / n

    def excess(delta: float) -> float:
        # Squared score statistic minus its critical value; the nuisance parameter, the share
        # lost, is at its maximum-likelihood estimate given delta.
        b = -(gained + lost) + (2 * n - gained + lost) * delta
        c = -lost * delta * (1 - delta)
        share = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
        variance = n * (2 * share + delta * (1 - delta))
        gap = gained - lost - n * delta
        return gap * gap - z * z * max(0.0, variance)

    def end(bound: float) -> float:
        if abs(bound - observed) < 1e-12 or excess(bound) <= 0:
            return bound
        inside = observed + (bound - observed) * 1e-9
        if excess(inside) >= 0:
            return observed
        return float(optimize.brentq(excess, inside, bound, xtol=1e-9))

    return Interval(end(-1.0), end(1.0))


def effective_pairs(weights: Floats, differences: Floats, repeats: float) -> float:
    """How many unweighted pairs with one repeat each would tell as much about the mean.

    The variance that so many discordant pairs would have ÷ the linearised variance of the weighted
    mean (the idea of Korn and Graubard, Survey Methodology 24 (1998), 193-201); at most as many as
    weights (Kish) and repeats allow. Where nothing differs the weights alone decide.
    """
    most = kish(weights)
    change = float(np.sum(weights * differences))
    discordant = float(np.sum(weights * np.abs(differences)))
    spread = float(np.sum(weights**2 * (differences - change) ** 2))
    if discordant == 0 or spread < 1e-15:
        return most
    return max(1.0, min(most * repeats, (discordant - change * change) / spread))


def difference_interval(
    weights: Floats, differences: Floats, repeats: float, confidence: float = CONFIDENCE
) -> Interval:
    """Interval of Σ weight × difference, differences between −1 and 1, weights summing to 1: what
    reports and gates show.

    ``paired_interval`` on effective counts. Averaged over all true differences it holds the truth
    95 times in 100. A verdict needs ``cautious_interval`` instead.
    """
    return paired_interval(*_counts(weights, differences, repeats), confidence)


def cautious_interval(
    weights: Floats, differences: Floats, repeats: float, confidence: float, more: float = 1.0
) -> Interval:
    """What a verdict may exclude: it must not be wrong more often than stated at any one true
    difference, and where few cases move ``difference_interval`` can be (tests/statistics).

    Tango's interval on effective counts; exactly Tango's for equal weights and one repeat. With few
    cases it is too wide on average: with ten it holds the truth 98 times in 100.
    ``more``: as if there were that many times as many cases like these.
    """
    lost, gained, n = (each * more for each in _counts(weights, differences, repeats))
    found = tango(lost, gained, n, confidence)
    change = (gained - lost) / n
    return Interval(min(found.low, change), max(found.high, change))


def never_firmer(shown: Interval, allowed: Interval, loss: float) -> Interval:
    """The interval to show beside a verdict on a loss: drawn down to it where ``allowed`` (a
    ``cautious_interval``) still holds it, so that it never excludes what the verdict does not."""
    if allowed.low <= -loss + TOLERANCE < shown.low:
        return Interval(-loss, shown.high)
    return shown


def _counts(weights: Floats, differences: Floats, repeats: float) -> tuple[float, float, float]:
    """Lost, gained and all pairs, on the effective scale."""
    n = effective_pairs(weights, differences, repeats)
    lost = float(np.sum(weights * np.maximum(0, -differences)))
    gained = float(np.sum(weights * np.maximum(0, differences)))
    return n * lost, n * gained, n


def even(cases: int) -> Floats:
    """Weights of cases that count the same."""
    return np.full(cases, 1 / cases)


def log_ratio(weights: Floats, base: Floats, head: Floats) -> float:
    """Log of Σ weight × head ÷ Σ weight × base."""
    return math.log(float(np.sum(weights * head)) / float(np.sum(weights * base)))


def log_ratio_interval(
    weights: Floats, base: Floats, head: Floats, confidence: float
) -> Interval | None:
    """Paired interval of ``log_ratio``, by ``log_ratio_half_width``; None below five pairs that
    hold anything. Cases count over all strata, so that strata with one add their share of chance.
    """
    held = (base > 0) | (head > 0)
    if np.count_nonzero(held) < FEWEST or not base.any() or not head.any():
        return None
    weights, base, head = weights[held], base[held], head[held]
    centre = log_ratio(weights, base, head)
    half = log_ratio_half_width(weights * base, weights * head, confidence)
    return Interval(centre - half, centre + half)


def cases_needed(cases: int, decided: Callable[[float], bool]) -> int | None:
    """The fewest cases in all at which ``decided(times as many)`` holds; None beyond 100,000."""
    most = MOST_CASES / cases
    if not decided(most):
        return None
    low, high = cases, MOST_CASES
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decided(middle / cases) else (middle, high)
    return high

"""How large is the difference? Intervals of paired differences and ratios."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import optimize, stats

from bench.analysis.significance import Floats
from bench.analysis.statistics import Interval, paired_interval

DRAWS = 4000
FEWEST = 5
"""Pairs below which a bootstrap has nothing to draw from."""
MOST_CASES = 100_000


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
    kish = 1 / float(np.sum(weights**2))
    change = float(np.sum(weights * differences))
    discordant = float(np.sum(weights * np.abs(differences)))
    spread = float(np.sum(weights**2 * (differences - change) ** 2))
    if discordant == 0 or spread < 1e-15:
        return kish
    return max(1.0, min(kish * repeats, (discordant - change * change) / spread))


def difference_interval(
    weights: Floats, differences: Floats, repeats: float, confidence: float, more: float = 1.0
) -> Interval:
    """Interval of Σ weight × difference, differences between −1 and 1, weights summing to 1.

    Tango's interval on effective counts; exactly Tango's for equal weights and one repeat. For
    verdicts: it holds a true difference where few cases move, too.
    ``more``: as if there were that many times as many cases like these.
    """
    n = effective_pairs(weights, differences, repeats) * more
    lost = n * float(np.sum(weights * np.maximum(0, -differences)))
    gained = n * float(np.sum(weights * np.maximum(0, differences)))
    found = tango(lost, gained, n, confidence)
    change = (gained - lost) / n
    return Interval(min(found.low, change), max(found.high, change))


def posterior_interval(differences: Floats, repeats: float) -> Interval:
    """95 % interval of the mean difference of cases, each between −1 and 1: what a report shows.

    ``paired_interval`` on effective counts. Averaged over all true differences it holds the truth
    95 times in 100, and is narrower than Tango's with few cases. A gate needs
    ``difference_interval`` instead: a verdict must not be wrong more often than stated at any one
    true difference, and where losses are rare this interval can be (tests/statistics).
    """
    weights = np.full(len(differences), 1 / len(differences))
    n = effective_pairs(weights, differences, repeats)
    lost = float(np.maximum(0, -differences).mean())
    gained = float(np.maximum(0, differences).mean())
    return paired_interval(n * lost, n * gained, n)


def log_ratio(weights: Floats, base: Floats, head: Floats) -> float:
    """Log of Σ weight × head ÷ Σ weight × base."""
    return math.log(float(np.sum(weights * head)) / float(np.sum(weights * base)))


def log_ratio_interval(
    weights: Floats, base: Floats, head: Floats, *, seed: int, confidence: float
) -> Interval | None:
    """Paired bootstrap interval of ``log_ratio``; None below five pairs that hold anything.

    Percentiles, widened as a t interval is wider than a normal one, which is what a plain
    bootstrap lacks in small samples: T. Hesterberg, The American Statistician 69 (2015), 371-386.
    Cases are drawn over all strata, so that strata with one case add their share of chance.
    """
    held = (base > 0) | (head > 0)
    weights, base, head = weights[held], base[held], head[held]
    n = len(weights)
    if n < FEWEST or not base.any() or not head.any():
        return None
    drawn = np.random.default_rng(seed).integers(0, n, size=(DRAWS, n))
    with np.errstate(divide="ignore"):
        draws = np.log((weights * head)[drawn].sum(axis=1))
        draws -= np.log((weights * base)[drawn].sum(axis=1))
    wide = math.sqrt(n / (n - 1)) * float(stats.t.ppf(0.5 + confidence / 2, n - 1))
    tail = float(stats.norm.cdf(-wide))
    low, high = np.quantile(draws, [tail, 1 - tail], method="inverted_cdf")
    centre = log_ratio(weights, base, head)
    return Interval(min(float(low), centre), max(float(high), centre))


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

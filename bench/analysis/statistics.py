"""Intervals, percentiles and agreement: plain numbers in, plain numbers out.

Every function is deterministic; those that simulate take the seed. ``None`` means that the data
cannot say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95
DRAWS = 10_000
LEAST_FREEDOM = 9
"""Degrees of freedom, those of ten cases, from which a bootstrap-t is tame."""
MOST_OF_ONE = 0.3
"""Share of the whole that one case may have. Where three carry nearly all, more than one resample
in forty holds none of them, and says nothing of the rest."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A range that holds the true value with 95 % confidence, unless stated otherwise."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """One case, its repeats collapsed: a share of ``size`` records."""

    value: float
    """What was counted (records passed, dollars, seconds), averaged over the repeats."""
    size: float
    """Records of the case."""
    draws: int = 1
    """Records × repeats: the most independent observations that the case can stand for."""


def wilson(share: float, n: float, confidence: float = CONFIDENCE) -> Interval | None:
    """Wilson's score interval of a proportion; None without observations.

    ``n`` may be fractional (an effective number). E. B. Wilson, JASA 22 (1927), 209-212.
    """
    if n <= 0:
        return None
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # Rounding must not push an end past the share that it has to hold.
    low, high = max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
    return Interval(min(share, low), max(share, high))


def ratio(clusters: Sequence[Cluster]) -> float | None:
    """Sum of values ÷ sum of sizes: the share of all records."""
    size = sum(cluster.size for cluster in clusters)
    return sum(cluster.value for cluster in clusters) / size if size > 0 else None


def weighted_ratio(parts: Sequence[tuple[float, Sequence[Cluster]]]) -> float | None:
    """Σ weight × ratio over the parts that have cases, their weights scaled to 1."""
    known = [(weight, ratio(clusters)) for weight, clusters in parts if weight > 0]
    measured = [(weight, share) for weight, share in known if share is not None]
    weights = sum(weight for weight, _ in measured)
    return sum(weight * share for weight, share in measured) / weights if weights else None


def effective_n(clusters: Sequence[Cluster]) -> float:
    """How many independent records would tell as much about a share as these clusters do.

    p(1−p) ÷ the linearised variance of the ratio (Korn and Graubard, Survey Methodology 24
    (1998), 193-201), at most the number of observations. Where all cases agree their spread says
    nothing about correlation within a case, so each case counts once.
    """
    share = ratio(clusters)
    if share is None:
        return 0.0
    size = sum(cluster.size for cluster in clusters)
    spread = sum((cluster.value - share * cluster.size) ** 2 for cluster in clusters)
    if len(clusters) == 1 or spread <= 1e-12 * size * size:
        return float(len(clusters))
    most = float(sum(cluster.draws for cluster in clusters))
    return min(most, share * (1 - share) * size * size / spread)


def share_interval(clusters: Sequence[Cluster]) -> Interval | None:
    """Interval of a share of records that come in cases: Wilson's on the effective n.

    With one record a case and no repeats this is the plain Wilson interval.
    """
    share = ratio(clusters)
    return None if share is None else wilson(share, effective_n(clusters))


def bootstrap_ratio(
    parts: Sequence[tuple[float, Sequence[Cluster]]],
    *,
    seed: int,
    draws: int = DRAWS,
    confidence: float = CONFIDENCE,
) -> Interval | None:
    """Interval of the weighted ratio of amounts that are never negative, resampling whole cases
    within each part.

    Bootstrap-t of the logarithm: each resample is studentised by its own linearised standard
    error, so that the interval follows a long tail where percentiles, of any width, miss it
    (B. Efron and R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 12.5; the
    logarithm steadies the variance, chapter 12.6). With fewer than ten cases, or where one case
    makes up much of the whole, its quantiles are wild, and Student's t takes their place. The
    degrees of freedom over several parts are Satterthwaite's. None unless some part has two cases.
    """
    parts = [(weight, clusters) for weight, clusters in parts if weight > 0 and clusters]
    if not any(len(clusters) > 1 for _, clusters in parts):
        return None
    weights = sum(weight for weight, _ in parts)
    tables = [(weight / weights, _moments(clusters)) for weight, clusters in parts]
    whole = [_weighted(weight, len(table), table.sum(axis=0)[None]) for weight, table in tables]
    centre = float(sum(ratios[0] for ratios, _ in whole))
    variances = [
        (float(spread[0]), len(table))
        for (_, spread), (_, table) in zip(whole, tables, strict=True)
    ]
    error = math.sqrt(sum(variance for variance, _ in variances))
    # What is left of equal amounts when sums of squares cancel is no spread.
    if centre <= 0 or error <= 1e-7 * centre:
        return Interval(centre, centre)
    freedom = error**4 / sum(v * v / (n - 1) for v, n in variances if n > 1)
    tail = 0.5 - confidence / 2
    high = float(stats.t.ppf(1 - tail, freedom))
    low = -high
    largest = max(weight * cluster.value for weight, cluster in _amounts(parts))
    total = sum(weight * cluster.value for weight, cluster in _amounts(parts))
    if freedom >= LEAST_FREEDOM and largest <= MOST_OF_ONE * total:
        low, high = _studentised(tables, centre, seed, draws, tail)
    return Interval(
        centre * math.exp(-max(0.0, high) * error / centre),
        centre * math.exp(-min(0.0, low) * error / centre),
    )


def _amounts(
    parts: Sequence[tuple[float, Sequence[Cluster]]],
) -> list[tuple[float, Cluster]]:
    """Each cluster with what one unit of its value adds to the whole."""
    return [
        (weight / sum(each.size for each in clusters), cluster)
        for weight, clusters in parts
        for cluster in clusters
    ]


def _moments(clusters: Sequence[Cluster]) -> NDArray[np.float64]:
    """Value, size, value², value × size and size² of each cluster: what a resample adds up."""
    values = np.array([cluster.value for cluster in clusters])
    sizes = np.array([cluster.size for cluster in clusters])
    return np.stack([values, sizes, values**2, values * sizes, sizes**2], axis=1)


def _weighted(
    weight: float, n: int, sums: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weight × ratio, and its linearised variance, of each row of summed moments."""
    value, size, value2, cross, size2 = sums.T
    ratios = value / size
    spread = np.maximum(0, value2 - 2 * ratios * cross + ratios**2 * size2) / size**2
    return weight * ratios, weight**2 * spread * (n / (n - 1) if n > 1 else 0.0)


def _studentised(
    tables: Sequence[tuple[float, NDArray[np.float64]]],
    centre: float,
    seed: int,
    draws: int,
    tail: float,
) -> tuple[float, float]:
    """The quantiles of (log resample − log estimate) ÷ the resample's standard error."""
    generator = np.random.default_rng(seed)
    totals: NDArray[np.float64] = np.zeros(draws)
    variance: NDArray[np.float64] = np.zeros(draws)
    for weight, table in tables:
        n = len(table)
        chosen = generator.integers(0, n, size=(draws, n))
        sums = np.stack([moment[chosen].sum(axis=1) for moment in table.T], axis=1)
        ratios, spread = _weighted(weight, n, sums)
        totals += ratios
        variance += spread
    sound = (totals > 0) & (variance > 0)
    found = np.log(totals[sound] / centre) * totals[sound] / np.sqrt(variance[sound])
    low, high = np.quantile(found, [tail, 1 - tail], method="inverted_cdf")
    return float(low), float(high)


def paired_interval(
    lost: float, gained: float, n: float, confidence: float = CONFIDENCE
) -> Interval:
    """Interval of a difference of paired shares, (gained − lost) ÷ n.

    Jeffreys' posterior of the three outcomes, Dirichlet(lost + ½, gained + ½, rest + ½), by Monte
    Carlo; it always holds the estimate. Score intervals (Tango's) are too wide with ten pairs: they
    hold the truth 98 times in 100. Counts may be fractional (effective numbers). H. Jeffreys,
    Theory of Probability, 3rd ed. (1961), § 3.10.
    """
    if n <= 0:
        return Interval(-1.0, 1.0)
    counts = np.array([lost, gained, max(0.0, n - lost - gained)]) + 0.5
    drawn = np.random.default_rng(0).dirichlet(counts, size=DRAWS)
    tail = 0.5 - confidence / 2
    low, high = np.quantile(drawn[:, 1] - drawn[:, 0], [tail, 1 - tail])
    estimate = (gained - lost) / n
    return Interval(min(float(low), estimate), max(float(high), estimate))


def mix_interval(
    parts: Sequence[tuple[float, Sequence[Cluster]]],
    *,
    seed: int,
    draws: int = DRAWS,
    confidence: float = CONFIDENCE,
) -> Interval | None:
    """Interval of a success re-weighted to a mix of strata: ``(weight, cases)`` of each.

    Monte Carlo over a Jeffreys posterior Beta(s+½, n−s+½) for each stratum, s and n on the
    cluster-effective scale. A stratum without cases contributes its prior. The interval always
    holds the estimate from the strata that have cases: where no failure was seen its end is
    closed at 1, as is customary for Jeffreys' interval (Brown, Cai and DasGupta, Statistical
    Science 16 (2001), 101-133). None without any case.
    """
    weights = sum(weight for weight, _ in parts)
    estimate = weighted_ratio(parts)
    if estimate is None:
        return None
    generator = np.random.default_rng(seed)
    total: NDArray[np.float64] = np.zeros(draws)
    for weight, clusters in parts:
        n = effective_n(clusters)
        passed = (ratio(clusters) or 0.0) * n
        total += weight / weights * generator.beta(passed + 0.5, n - passed + 0.5, size=draws)
    low, high = np.quantile(total, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return Interval(min(float(low), estimate), max(float(high), estimate))


def observations_needed(quantile: float, confidence: float = CONFIDENCE) -> int:
    """The fewest observations whose largest exceeds the quantile with that confidence: 59 for
    the 95th percentile. The median is exempt: it is shown from the first observation on."""
    return 1 if quantile <= 0.5 else math.ceil(math.log(1 - confidence) / math.log(quantile))


def percentile(
    values: Sequence[float], quantile: float, weights: Sequence[float] | None = None
) -> float | None:
    """A quantile of the observations, or None if they are too few to show it.

    Unweighted: linear interpolation between order statistics. Weighted: the smallest value up to
    which the weights sum to the quantile.
    """
    if len(values) < observations_needed(quantile):
        return None
    if weights is None:
        return float(np.quantile(values, quantile))
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(np.asarray(weights, dtype=float)[order])
    place = int(np.searchsorted(cumulated, quantile * cumulated[-1] * (1 - 1e-12)))
    return float(np.asarray(values)[order][place])


def pass_hat_k(counts: Sequence[tuple[int, int]], k: int) -> float | None:
    """pass^k from ``(passes, trials)`` of each case: the chance that k trials of a case all pass.

    Mean over cases of C(c,k)/C(n,k); None as soon as a case has fewer than k trials.
    Yao et al., τ-bench (2024), arXiv:2406.12045.
    """
    if not counts or any(trials < k for _, trials in counts):
        return None
    return sum(math.comb(passes, k) / math.comb(trials, k) for passes, trials in counts) / len(
        counts
    )


def consistency(counts: Sequence[tuple[int, int]]) -> float | None:
    """Outcome consistency from ``(passes, trials)`` of each case: 1 for cases that always or never
    pass, 0 for a coin's throw.

    Mean over cases of 1 − 4c(n−c)/(n(n−1)), which estimates (2p−1)² without bias and may therefore
    be negative for one case. None as soon as a case has fewer than two trials.
    """
    if not counts or any(trials < 2 for _, trials in counts):
        return None
    return sum(
        1 - 4 * passes * (trials - passes) / (trials * (trials - 1)) for passes, trials in counts
    ) / len(counts)


def smallest_significant(pairs: int, confidence: float = CONFIDENCE) -> float | None:
    """The smallest difference of two shares, over that many paired cases with one trial each, that
    McNemar's exact test can find significant: all cases that changed, changed the same way.

    None where no difference can be. With 12 pairs it is 0.5: six cases, 2 × 0.5⁶ = 0.031.
    """
    alone = math.ceil(1 + math.log2(1 / (1 - confidence)))
    return alone / pairs if pairs >= alone else None

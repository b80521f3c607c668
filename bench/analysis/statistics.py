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

"""Means of dollars, tokens and seconds: how far the truth may be from them.

A few cases often cost far more than the others, and the mean hangs on them. So intervals here are
corrected for skewness: P. Hall, On the removal of skewness by transformation, J. R. Stat. Soc. B 54
(1992), 221-228; compared with others for costs by X.-H. Zhou and P. Dinh, Biostatistics 6 (2005),
187-200. No resampling: the same cases give the same interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bench.analysis.statistics import CONFIDENCE, Cluster, Interval, weighted_ratio
from bench.sampling import Floats, kish

STEEPEST = 0.95
"""How much of the way to the inflexion of the cubic a correction may go. There, its root is so
steep that an error in the skewness moves the end at will; so far, no end is further from the mean
than about twice where Student's t would have it."""
NO_SPREAD = 1e-7
"""Of the mean: what is left of equal amounts when sums of squares cancel."""


@dataclass(frozen=True, slots=True)
class Mean:
    """An estimated mean of amounts that are never negative, and how it varies from run to run."""

    value: float
    error: float
    """Standard error."""
    skew: float
    """Skewness of the estimate: that of the cases ÷ √n, for cases that count the same."""
    freedom: float
    """Degrees of freedom of the standard error."""

    def beyond(self, t: Floats) -> Floats:
        """What the truth is where the estimate lies ``t`` standard errors above it, once its
        skewness is taken into account: the quantiles of the truth, for those of Student's t.

        Hall's cubic transformation of the studentised mean T, T + kT²/3 + k²T³/27 + k/6, is solved
        for T; an end below the mean is never lower than Student's t on logarithms puts it, so that
        it stays above 0.
        """
        size = np.abs(t)
        most = 3 * (np.sqrt(size * size + 2 / 3 * STEEPEST) - size)
        skew = np.minimum(self.skew, most)
        turned = (np.cbrt(1 + skew * (t - skew / 6)) - 1) * 3 / skew
        ends = self.value - self.error * turned
        floor = self.value * np.exp(-size * self.error / self.value)
        return np.asarray(np.where(t > 0, np.maximum(ends, floor), ends), dtype=float)


def mean(parts: Sequence[tuple[float, Sequence[Cluster]]]) -> Mean | None:
    """The weighted ratio of amounts to records over ``(weight, cases)``; None unless some part has
    two cases.

    Error and skewness are those of the linearised ratio, added up over the parts. The skewness is
    at least that of a gamma distribution with the same mean and spread: a sample from a long tail
    mostly looks less skewed than it is, and amounts that are never negative seldom are less. The
    degrees of freedom of a part are its effective number of cases by their size (Kish) less one,
    those over several parts are Satterthwaite's.
    """
    parts = [(weight, clusters) for weight, clusters in parts if weight > 0 and clusters]
    value = weighted_ratio(parts)
    if value is None or not any(len(clusters) > 1 for _, clusters in parts):
        return None
    weights = sum(weight for weight, _ in parts)
    variance = third = least = uncertain = 0.0
    for weight, clusters in parts:
        n = len(clusters)
        values = np.array([cluster.value for cluster in clusters])
        sizes = np.array([cluster.size for cluster in clusters])
        scale = weight / weights / sizes.sum()
        residuals = scale * (values - values.sum() / sizes.sum() * sizes)
        spread = float(np.sum(residuals**2)) * n / (n - 1) if n > 1 else 0.0
        if spread > 0:
            variance += spread
            uncertain += spread * spread / max(1.0, kish(sizes) - 1)
            least += 2 * spread * spread / float(scale * values.sum())
        if n > 2:
            third += float(np.sum(residuals**3)) * n * n / ((n - 1) * (n - 2))
    if value <= 0 or math.sqrt(variance) <= NO_SPREAD * value:
        return Mean(value, 0.0, 1.0, 1.0)
    skew = max(third, least) / variance**1.5
    return Mean(value, math.sqrt(variance), skew, variance * variance / uncertain)


def amount_interval(
    parts: Sequence[tuple[float, Sequence[Cluster]]], confidence: float = CONFIDENCE
) -> Interval | None:
    """Interval of ``mean``."""
    found = mean(parts)
    if found is None:
        return None
    if found.error == 0:
        return Interval(found.value, found.value)
    t = float(stats.t.ppf(0.5 + confidence / 2, found.freedom))
    low, high = found.beyond(np.array([t, -t]))
    return Interval(float(low), float(high))


def amount_draws(
    clusters: Sequence[Cluster], generator: np.random.Generator, draws: int
) -> Floats | None:
    """Draws of the true mean of one stratum, whose quantiles are the ends of ``amount_interval``:
    its confidence distribution. A single case always draws itself; None without a case."""
    found = mean([(1.0, clusters)])
    value = weighted_ratio([(1.0, clusters)])
    # Drawn anyway, so that what is drawn after it does not depend on the amounts.
    t = generator.standard_t(found.freedom if found else 1.0, size=draws)
    if found is None or found.error == 0:
        return None if value is None else np.full(draws, value)
    return found.beyond(t)

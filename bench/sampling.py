"""How much a sample of cases tells: what both sides of the journal need to know of it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def kish(weights: Floats) -> float:
    """How many equal weights would tell as much as these: (Σw)² ÷ Σw².

    L. Kish, Survey Sampling (1965), section 11.7.
    """
    return float(weights.sum() ** 2 / np.sum(weights**2))


def log_ratio_half_width(base: Floats, head: Floats, confidence: float) -> float:
    """Half of the width of the interval of log(Σ head ÷ Σ base), the same cases on both sides;
    infinite where one case alone holds all of a side.

    Jackknife-t: the spread of the ratio as each case in turn is left out (B. Efron, C. Stein,
    Annals of Statistics 9 (1981), 586-596). The degrees of freedom are the effective number of
    cases by their amounts (Kish) less one: where some are far larger than others, few make the
    ratio.
    """
    from scipy import stats

    one, other = base / base.sum(), head / head.sum()
    if max(one.max(), other.max()) >= 1:
        return math.inf
    left = np.log1p(-other) - np.log1p(-one)
    error = math.sqrt((len(left) - 1) * float(np.var(left)))
    freedom = max(1.0, kish((one + other) / 2) - 1)
    return float(stats.t.ppf(0.5 + confidence / 2, freedom)) * error

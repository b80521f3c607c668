"""Made-up dollars and tokens whose mean is known, and how often their intervals hold it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.analysis.amounts import amount_draws, amount_interval
from bench.analysis.paired import even, log_ratio_interval
from bench.analysis.rates import bounds
from bench.analysis.statistics import Cluster
from bench.pilot import ratio

Generator = np.random.Generator
Floats = NDArray[np.float64]
Amounts = Callable[[Generator, int], Floats]
"""Amounts of so many cases, around a mean of 1."""


def log_normal(spread: float | None = None) -> Amounts:
    """Standard deviation ``spread`` of the logarithms; for each sample one ~ U(0, 1) if None."""

    def amounts(generator: Generator, n: int) -> Floats:
        sigma = generator.random() if spread is None else spread
        return generator.lognormal(-sigma * sigma / 2, sigma, size=n)

    return amounts


def gamma(shape: float) -> Amounts:
    """Shape 1: exponential."""
    return lambda generator, n: generator.gamma(shape, 1 / shape, size=n)


def mixture(share: float, times: float) -> Amounts:
    """A share of the cases cost so many times what the others do."""

    def amounts(generator: Generator, n: int) -> Floats:
        dear = np.where(generator.random(n) < share, times, 1.0)
        return dear / (1 + share * (times - 1)) * log_normal(0.3)(generator, n)

    return amounts


def weibull(generator: Generator, n: int) -> Floats:
    """Shape 0.8: a longer tail than the exponential's."""
    return generator.weibull(0.8, size=n) / math.gamma(1 + 1 / 0.8)


def pareto(generator: Generator, n: int) -> Floats:
    """Index 3: a tail so long that there is no skewness."""
    return (generator.pareto(3, size=n) + 1) / 1.5


DESIGNS: dict[str, Amounts] = {
    "σ ~ U(0, 1)": log_normal(),
    "σ = 0.3": log_normal(0.3),
    "σ = 0.5": log_normal(0.5),
    "σ = 1": log_normal(1.0),
    "gamma, shape 4": gamma(4),
    "exponential": gamma(1),
    "Weibull, shape 0.8": weibull,
}
"""The cases of one kind: their intervals hold the truth as often as they promise."""
BEYOND: dict[str, Amounts] = {
    "one in four costs 4 times as much": mixture(0.25, 4),
    "one in ten costs 10 times as much": mixture(0.1, 10),
    "Pareto, index 3": pareto,
}
"""Kinds that few cases do not show, and a tail without skewness: where they do not."""


def singles(values: Floats) -> list[Cluster]:
    """Cases of one record each."""
    return [Cluster(float(value), 1) for value in values]


def amount_coverage(n: int, trials: int, amounts: Amounts) -> float:
    """Of mean dollars (tokens, seconds) a record, one record a case."""
    generator = np.random.default_rng(n)
    held = 0
    for _ in range(trials):
        found = amount_interval([(1.0, singles(amounts(generator, n)))])
        held += found is not None and found.low <= 1 <= found.high
    return held / trials


def sized_amount_coverage(n: int, trials: int) -> float:
    """The same with one to three records a case."""
    generator = np.random.default_rng(n)
    held = 0
    for _ in range(trials):
        sizes = generator.integers(1, 4, size=n).astype(float)
        values = sizes * log_normal()(generator, n)
        cases = [Cluster(v, s) for v, s in zip(values, sizes, strict=True)]
        found = amount_interval([(1.0, cases)])
        held += found is not None and found.low <= 1 <= found.high
    return held / trials


def mix_amount_coverage(n: int, trials: int) -> float:
    """The same of an ordinary and a rare stratum, whose means are up to ten times as unlike."""
    generator = np.random.default_rng(n)
    rare = max(2, n // 5)
    held = 0
    for _ in range(trials):
        dearer = 10 ** generator.uniform(-1, 1)
        often, seldom = log_normal()(generator, n - rare), dearer * log_normal()(generator, rare)
        found = amount_interval([(0.9, singles(often)), (0.1, singles(seldom))])
        held += found is not None and found.low <= 0.9 + 0.1 * dearer <= found.high
    return held / trials


def processing_coverage(n: int, trials: int) -> float:
    """Of a month's processing dollars, as they are drawn for break-evens and the map."""
    generator = np.random.default_rng(n)
    held = 0
    for number in range(trials):
        cases = singles(log_normal()(generator, n))
        drawn = amount_draws(cases, np.random.default_rng(number), 500)
        assert drawn is not None
        low, high = bounds(list(drawn))
        held += low <= 1 <= high
    return held / trials


def two_runs(
    generator: Generator, n: int, spread: float | None, noise: float
) -> tuple[Floats, Floats]:
    """Tokens of the same cases in two runs, 10 % more in the second: they differ by ``spread``
    among themselves (~ U(0, 1) if None) and by ``noise`` between the runs."""
    sigma = generator.random() if spread is None else spread
    base = np.exp(generator.normal(8, sigma, n))
    return base, base * 1.1 * np.exp(generator.normal(-noise * noise / 2, noise, n))


def token_ratio_coverage(n: int, trials: int, spread: float | None = None) -> float:
    """Of the ratio of two runs' tokens on the same cases, in a gate; they differ by a fifth between
    the runs."""
    generator = np.random.default_rng(n)
    held = 0
    for _ in range(trials):
        base, head = two_runs(generator, n, spread, 0.2)
        found = log_ratio_interval(even(n), base, head, 0.95)
        held += found is not None and found.low <= math.log(1.1) <= found.high
    return held / trials


def jumping_ratio_coverage(n: int, trials: int, share: float) -> float:
    """The same where that share of the cases takes three times the tokens in the second run."""
    generator = np.random.default_rng(n)
    held = 0
    for _ in range(trials):
        base, head = two_runs(generator, n, 0.5, 0.1)
        head *= np.where(generator.random(n) < share, 3, 1)
        found = log_ratio_interval(even(n), base, head, 0.95)
        held += found is not None and found.low <= math.log(1.1 + 2.2 * share) <= found.high
    return held / trials


def pilot_coverage(n: int, trials: int) -> float:
    """Of used ÷ ideal, by which a pilot of n cases corrects a forecast."""
    generator = np.random.default_rng(n)
    held = 0
    for _ in range(trials):
        ideal, used = two_runs(generator, n, None, 0.3)
        found = ratio(list(zip(used, ideal, strict=True)))
        assert found is not None
        held += found.value / found.spread <= 1.1 <= found.value * found.spread
    return held / trials

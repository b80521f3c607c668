"""Made-up cases whose truth is known, and how often each interval that is reported holds it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bench.analysis.assumptions import load_assumptions
from bench.analysis.feasibility import p95_bounds
from bench.analysis.paired import difference_interval, log_ratio_interval, posterior_interval
from bench.analysis.projection import new_batch
from bench.analysis.rates import bounds, stratum_rates
from bench.analysis.samples import Part
from bench.analysis.scaling import exponent
from bench.analysis.statistics import (
    Cluster,
    Interval,
    bootstrap_ratio,
    mix_interval,
    share_interval,
)
from bench.types import Trial
from tests.synthetic import a_trial

Generator = np.random.Generator
Design = Callable[[Generator, float, int], list[Cluster]]
Floats = NDArray[np.float64]


def plain(generator: Generator, p: float, n: int) -> list[Cluster]:
    """One record a case, no repeats."""
    return [Cluster(float(x), 1) for x in generator.random(n) < p]


def wavering(generator: Generator, p: float, n: int, correlation: float = 0.6) -> Floats:
    """Each case's own chance to pass, around p."""
    scale = 1 / correlation - 1
    return generator.beta(max(p * scale, 1e-9), max((1 - p) * scale, 1e-9), size=n)


def repeated(generator: Generator, p: float, n: int) -> list[Cluster]:
    """Every third case three times, the others once."""
    counts = np.where(np.arange(n) < max(1, n // 3), 3, 1)
    passed = generator.binomial(counts, wavering(generator, p, n))
    return [Cluster(x / k, 1, int(k)) for x, k in zip(passed, counts, strict=True)]


def files(generator: Generator, p: float, n: int) -> list[Cluster]:
    """One to three records a case, alike but not equal."""
    sizes = generator.integers(1, 4, size=n)
    passed = generator.binomial(sizes, wavering(generator, p, n))
    return [Cluster(float(x), float(k), int(k)) for x, k in zip(passed, sizes, strict=True)]


def share_coverage(
    design: Design,
    n: int,
    trials: int,
    interval: Callable[[list[Cluster]], Interval | None] = share_interval,
    p: float | None = None,
) -> float:
    """Of a share of records: of p where it is given, else averaged over p ~ U(0, 1)."""
    generator = np.random.default_rng(n)
    held = 0
    for _ in range(trials):
        truth = float(generator.random()) if p is None else p
        found = interval(design(generator, truth, n))
        held += found is not None and found.low <= truth <= found.high
    return held / trials


def mix_coverage(n: int, trials: int) -> float:
    """Of a mix of an ordinary and a rare stratum, each with a share of its own ~ U(0, 1)."""
    generator = np.random.default_rng(n)
    held = 0
    for number in range(trials):
        often, seldom = (float(p) for p in generator.random(2))
        rare = max(2, n // 5)
        parts = [(0.9, plain(generator, often, n - rare)), (0.1, plain(generator, seldom, rare))]
        found = mix_interval(parts, seed=number, draws=1000)
        held += found is not None and found.low <= 0.9 * often + 0.1 * seldom <= found.high
    return held / trials


def shown(differences: Floats, repeats: float) -> Interval:
    """The interval of a paired difference in a report."""
    return posterior_interval(differences, repeats)


def gated(differences: Floats, repeats: float) -> Interval:
    """The interval of a paired difference that a gate's verdict rests on."""
    weights = np.full(len(differences), 1 / len(differences))
    return difference_interval(weights, differences, repeats, 0.95)


def difference_coverage(
    n: int, trials: int, repeats: int = 1, interval: Callable[[Floats, float], Interval] = shown
) -> float:
    """Of a difference between two approaches with shares ~ U(0, 1) on the same cases, some easy
    for both: each case's chances are correlated."""
    generator = np.random.default_rng(n + repeats)
    held = 0
    for _ in range(trials):
        one, two, alike = generator.random(3)
        ease = generator.random(n)
        luck = np.where(generator.random(n) < alike, ease, generator.random(n))
        if repeats == 1:
            differences = (luck < two).astype(float) - (ease < one)
        else:
            first = generator.binomial(repeats, wavering(generator, one, n))
            differences = (
                generator.binomial(repeats, wavering(generator, two, n)) - first
            ) / repeats
        found = interval(differences, float(repeats))
        held += found.low <= two - one <= found.high
    return held / trials


def misses_of_a_rare_loss(
    n: int, trials: int, interval: Callable[[Floats, float], Interval]
) -> float:
    """How often the interval excludes a true loss of ten points where nothing is gained: what a
    gate must not do more than 2.5 times in 100."""
    generator = np.random.default_rng(n)

    @cache
    def low(lost: int) -> float:
        return interval(np.array([-1.0] * lost + [0.0] * (n - lost)), 1.0).low

    return sum(low(int(lost)) > -0.1 for lost in generator.binomial(n, 0.1, trials)) / trials


def dollar_coverage(n: int, trials: int, spread: float) -> float:
    """Of mean dollars of cases, log-normal around 1: most are alike, some run long."""
    generator = np.random.default_rng(n)
    held = 0
    for number in range(trials):
        values = generator.lognormal(-spread * spread / 2, spread, size=n)
        found = bootstrap_ratio([(1.0, [Cluster(v, 1) for v in values])], seed=number, draws=1000)
        held += found is not None and found.low <= 1 <= found.high
    return held / trials


def token_ratio_coverage(n: int, trials: int) -> float:
    """Of the ratio of two runs' tokens on the same cases, which differ by half among themselves
    and by a fifth between the runs."""
    generator = np.random.default_rng(n)
    weights = np.full(n, 1 / n)
    held = 0
    for number in range(trials):
        base = np.exp(generator.normal(8, 0.5, n))
        head = base * 1.1 * np.exp(generator.normal(-0.02, 0.2, n))
        found = log_ratio_interval(weights, base, head, seed=number, confidence=0.95)
        held += found is not None and found.low <= math.log(1.1) <= found.high
    return held / trials


@cache
def outcome(number: int, status: str) -> Trial:
    """One record of one case: passed, deferred or failed."""
    return a_trial(case=f"plain-{number}", **{status: 1})


def month_coverage(n: int, trials: int) -> float:
    """Of a month's cost: wrong ~ U(0, 1), deferred ~ U of the rest, at the default prices of both.

    It is what break-evens, the map and the hybrid's gain are drawn from.
    """
    assumptions = load_assumptions()
    wrong_usd = assumptions.errors.usd
    review_usd = assumptions.people.review_minutes / 60 * assumptions.people.usd_per_hour
    generator = np.random.default_rng(n)
    held = 0
    for number in range(trials):
        wrong = generator.random()
        deferred = generator.random() * (1 - wrong)
        drawn = generator.choice(
            ["failed", "deferred", "passed"], size=n, p=[wrong, deferred, 1 - wrong - deferred]
        )
        cases = tuple(outcome(case, str(status)) for case, status in enumerate(drawn))
        rates, draws = stratum_rates(Part(1.0, cases), number, "compute", assumptions)
        prices = np.array([wrong_usd, review_usd, review_usd, 0.0])
        low, high = bounds(list(prices @ draws))
        estimate = float(prices @ rates)
        truth = wrong_usd * wrong + review_usd * deferred
        held += min(low, estimate) <= truth <= max(high, estimate)
    return held / trials


def exponent_coverage(points: int, trials: int) -> float:
    """Of the exponent of growth: times of points a factor of three apart, with noise of 10 %."""
    generator = np.random.default_rng(points)
    held = 0
    for _ in range(trials):
        truth = generator.random() * 2
        sizes = 100 * 3.0 ** np.arange(points)
        seconds = sizes**truth * np.exp(generator.normal(0, 0.1, points))
        found = exponent(list(zip(sizes, seconds, strict=True)))
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    return held / trials


def batch_coverage(points: int, trials: int) -> float:
    """Of the time of one more batch, ten times as large as the largest that was timed."""
    generator = np.random.default_rng(points)
    held = 0
    for _ in range(trials):
        sizes = 100 * 3.0 ** np.arange(points + 1)
        sizes[-1] = sizes[-2] * 10
        seconds = sizes * 1e-4 * np.exp(generator.normal(0, 0.1, points + 1))
        timed = list(zip(sizes[:-1], seconds[:-1], strict=True))
        _, found = new_batch(timed, float(sizes[-1]))
        held += found.low <= seconds[-1] <= found.high
    return held / trials


def p95_coverage(n: int, trials: int) -> tuple[float, float]:
    """Of the lower and the upper bound of the 95th percentile, each of which promises 95 %."""
    generator = np.random.default_rng(n)
    truth = math.exp(1.6448536269514722)
    held = [0, 0]
    for _ in range(trials):
        low, high = p95_bounds(list(generator.lognormal(0, 1, n)))
        held[0] += low is None or low <= truth
        held[1] += high is None or high >= truth
    return held[0] / trials, held[1] / trials

"""Made-up cases whose truth is known, and how often each interval that is reported holds it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bench.analysis.feasibility import p95_bounds
from bench.analysis.paired import cautious_interval, difference_interval, even, never_firmer
from bench.analysis.projection import new_batch
from bench.analysis.scaling import exponent
from bench.analysis.statistics import Cluster, Interval, mix_interval, share_interval
from bench.gate.planning import instability
from bench.gate.settings import load_settings

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


def wavering_coverage(n: int, trials: int, repeats: int = 3) -> float:
    """Of the share of two executions of a case that disagree, which ``bench plan`` shows: cases
    waver from not at all to always, by a correlation of executions ~ U(0, 1)."""
    generator = np.random.default_rng(n)
    held = 0
    for _ in range(trials):
        p, correlation = generator.random(), max(1e-6, generator.random())
        chances = wavering(generator, p, n, correlation)
        counts = [(int(x), repeats) for x in generator.binomial(repeats, chances)]
        _, _, low, high = instability(counts)
        held += low <= 2 * p * (1 - p) * (1 - correlation) <= high
    return held / trials


def shown(differences: Floats, repeats: float) -> Interval:
    """The interval of a paired difference in a report."""
    return difference_interval(even(len(differences)), differences, repeats)


def gated(differences: Floats, repeats: float) -> Interval:
    """The interval of a paired difference that a gate shows beside its verdict on a loss."""
    loss = load_rule()
    return never_firmer(shown(differences, repeats), allowed(differences, repeats), loss)


def allowed(differences: Floats, repeats: float) -> Interval:
    """What a gate's verdict rests on."""
    return cautious_interval(even(len(differences)), differences, repeats, 0.95)


@cache
def load_rule() -> float:
    """The loss of success that a gate excludes by default."""
    return load_settings().rules["success"].excluded


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

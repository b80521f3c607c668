"""Do 95 % intervals hold the truth 95 % of the time? By simulation, averaged over p ~ U(0, 1)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bench.analysis.statistics import (
    Cluster,
    Interval,
    bootstrap_ratio,
    mix_interval,
    share_interval,
)

Generator = np.random.Generator
Design = Callable[[Generator, float, int], list[Cluster]]


def plain(generator: Generator, p: float, n: int) -> list[Cluster]:
    """One record a case, no repeats."""
    return [Cluster(float(x), 1) for x in generator.random(n) < p]


def wavering(generator: Generator, p: float, n: int, correlation: float = 0.6) -> np.ndarray:
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


def coverage(
    design: Design, n: int, interval: Callable[[list[Cluster]], Interval | None], trials: int
) -> float:
    generator = np.random.default_rng(n)
    held = 0
    for _ in range(trials):
        p = float(generator.random())
        found = interval(design(generator, p, n))
        held += found is not None and found.low <= p <= found.high
    return held / trials


@pytest.mark.parametrize("design", [plain, repeated, files])
@pytest.mark.parametrize("n", [10, 30, 200])
def test_the_interval_of_a_share_holds_the_truth(design: Design, n: int) -> None:
    # 1,000 draws leave 0.7 points of noise; the slow test below is the strict one.
    assert 0.92 <= coverage(design, n, share_interval, 1000) <= 0.975


def test_the_interval_of_a_mix_holds_the_truth() -> None:
    generator = np.random.default_rng(5)
    held = 0
    for _ in range(400):
        often, seldom = generator.random(2)
        parts = [(0.9, plain(generator, often, 12)), (0.1, plain(generator, seldom, 2))]
        found = mix_interval(parts, seed=int(generator.integers(1 << 30)), draws=1000)
        assert found is not None
        held += found.low <= 0.9 * often + 0.1 * seldom <= found.high
    assert 0.92 <= held / 400 <= 0.99


def test_the_bootstrap_would_not_hold_a_share_with_few_cases() -> None:
    """Why shares do not use it: with ten cases it misses the truth one time in five."""

    def bootstrap(cases: list[Cluster]) -> Interval | None:
        return bootstrap_ratio([(1.0, cases)], seed=1, draws=400)

    assert coverage(files, 10, bootstrap, 400) < 0.88


@pytest.mark.slow
def test_coverage_by_design_and_number_of_cases(capsys: pytest.CaptureFixture[str]) -> None:
    lines = []
    for design in (plain, repeated, files):
        for n in (10, 30, 200):
            held = coverage(design, n, share_interval, 20_000)
            lines.append(f"{design.__name__:10} n = {n:3}  {held:.3f}")
            assert 0.93 <= held <= 0.965, lines[-1]
    with capsys.disabled():
        print("", *lines, sep="\n")

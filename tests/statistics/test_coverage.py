"""Do 95 % intervals hold the truth 95 % of the time? By simulation, averaged over p ~ U(0, 1)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bench.analysis.paired import effective_pairs
from bench.analysis.significance import mcnemar, sign_flip
from bench.analysis.statistics import (
    Cluster,
    Interval,
    bootstrap_ratio,
    mix_interval,
    paired_interval,
    share_interval,
    smallest_significant,
)

BY_P = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98)
"""True shares at which the table shows single coverages: no method is flat at n = 10."""

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


def mixture(generator: Generator, n: int) -> tuple[float, list[tuple[float, list[Cluster]]]]:
    """A mix of an ordinary and a rare stratum with shares of their own, and its true share."""
    often, seldom = (float(p) for p in generator.random(2))
    rare = max(2, n // 5)
    parts = [(0.9, plain(generator, often, n - rare)), (0.1, plain(generator, seldom, rare))]
    return 0.9 * often + 0.1 * seldom, parts


def mix_coverage(n: int, trials: int) -> float:
    generator = np.random.default_rng(n)
    held = 0
    for number in range(trials):
        truth, parts = mixture(generator, n)
        found = mix_interval(parts, seed=number, draws=1000)
        held += found is not None and found.low <= truth <= found.high
    return held / trials


def difference_coverage(n: int, trials: int, repeats: int = 1) -> float:
    """Two approaches on the same cases, some easy for both: each case's chances are correlated."""
    generator = np.random.default_rng(n + repeats)
    weights = np.full(n, 1 / n)
    held = 0
    for _ in range(trials):
        one, two, alike = generator.random(3)
        ease = generator.random(n)
        luck = np.where(generator.random(n) < alike, ease, generator.random(n))
        if repeats == 1:
            differences = (luck < two).astype(float) - (ease < one)
        else:
            first = generator.binomial(repeats, wavering(generator, one, n))
            differences = (generator.binomial(repeats, wavering(generator, two, n)) - first) / (
                repeats
            )
        n_effective = effective_pairs(weights, differences, float(repeats))
        lost, gained = np.maximum(0, -differences).mean(), np.maximum(0, differences).mean()
        found = paired_interval(n_effective * lost, n_effective * gained, n_effective)
        held += found.low <= two - one <= found.high
    return held / trials


def dollar_coverage(n: int, trials: int, spread: float) -> float:
    """Dollars of cases, log-normal around 1: most are alike, some run long."""
    generator = np.random.default_rng(n)
    held = 0
    for number in range(trials):
        values = generator.lognormal(-spread * spread / 2, spread, size=n)
        found = bootstrap_ratio([(1.0, [Cluster(v, 1) for v in values])], seed=number, draws=1000)
        held += found is not None and found.low <= 1 <= found.high
    return held / trials


@pytest.mark.parametrize("n", [10, 30])
def test_the_interval_of_a_paired_difference_holds_the_truth(n: int) -> None:
    # 500 draws leave a point of noise; the slow test below is the strict one.
    assert 0.925 <= difference_coverage(n, 500) <= 0.975
    assert 0.925 <= difference_coverage(n, 500, repeats=3) <= 0.975


def test_the_interval_of_dollars_holds_the_truth() -> None:
    assert 0.91 <= dollar_coverage(10, 500, 0.5) <= 0.97


def test_no_smaller_difference_than_stated_is_significant() -> None:
    assert smallest_significant(5) is None
    for pairs in (6, 12, 30, 100):
        smallest = smallest_significant(pairs)
        assert smallest is not None
        moved = round(smallest * pairs)
        assert mcnemar(moved, 0) < 0.05 <= mcnemar(moved - 1, 0)


def test_mcnemar_and_the_sign_flip_agree_where_both_apply() -> None:
    """With one repeat a case the permutation test is the exact binomial test."""
    for lost, gained in ((0, 6), (1, 7), (3, 4), (2, 10)):
        moved = np.array([-1.0] * lost + [1.0] * gained + [0.0] * 5)
        assert sign_flip(moved, seed=1) == pytest.approx(mcnemar(lost, gained))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_coverage_of_every_kind_by_number_of_cases(capsys: pytest.CaptureFixture[str]) -> None:
    """The mean over p ~ U(0, 1) must be right; by p it cannot be flat, and the table says so."""
    heads = "".join(f" p={p:<5}" for p in BY_P)
    lines = [f"{'interval':30} {'n':>4}  mean  {heads}"]
    faults = []

    def note(
        name: str, n: int, held: float, low: float = 0.935, by_p: list[float] | None = None
    ) -> None:
        shown = "".join(f" {value:.3f}  " for value in by_p or ())
        lines.append(f"{name:30} {n:4}  {held:.3f} {shown}")
        if not low <= held <= 0.965:
            faults.append(lines[-1])

    for n in (10, 30, 200):
        for design in (plain, repeated, files):
            by_p = [fixed_coverage(design, n, p, 2_000) for p in BY_P]
            held = coverage(design, n, share_interval, 20_000)
            note(f"share, {design.__name__}", n, held, by_p=by_p)
        note("share of the production mix", n, mix_coverage(n, 4_000))
        note("difference, one trial", n, difference_coverage(n, 4_000))
        note("difference, three trials", n, difference_coverage(n, 4_000, repeats=3))
        # Money has no p; its mean can hang on a tail that few cases show. No interval without a
        # model of the tail reaches 95 there, and the report says so: reading-the-report.md.
        note("dollars, spread 0.3", n, dollar_coverage(n, 4_000, 0.3))
        note("dollars, spread 0.5", n, dollar_coverage(n, 4_000, 0.5), 0.92)
        note("dollars, spread 1.0 (long tail)", n, dollar_coverage(n, 4_000, 1.0), 0.885)
    with capsys.disabled():
        print("", *lines, sep="\n")
    assert not faults, "\n".join(faults)


def fixed_coverage(design: Design, n: int, p: float, trials: int) -> float:
    generator = np.random.default_rng(n)
    found = [share_interval(design(generator, p, n)) for _ in range(trials)]
    return sum(each is not None and each.low <= p <= each.high for each in found) / trials

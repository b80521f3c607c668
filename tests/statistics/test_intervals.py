"""Intervals against scipy and against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.analysis.amounts import amount_draws, amount_interval, mean
from bench.analysis.statistics import (
    Cluster,
    effective_n,
    mix_interval,
    paired_interval,
    ratio,
    share_interval,
    weighted_ratio,
    wilson,
)


def singles(passed: int, failed: int) -> list[Cluster]:
    return [Cluster(1, 1)] * passed + [Cluster(0, 1)] * failed


@pytest.mark.parametrize(("passed", "n"), [(0, 1), (1, 1), (3, 10), (10, 10), (57, 200), (0, 59)])
def test_wilson_is_scipys(passed: int, n: int) -> None:
    expected = stats.binomtest(passed, n).proportion_ci(method="wilson")
    found = wilson(passed / n, n)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_without_observations_says_nothing() -> None:
    assert wilson(0.0, 0) is None


def test_one_record_a_case_gives_the_plain_wilson_interval() -> None:
    assert effective_n(singles(7, 3)) == pytest.approx(10)
    found, plain = share_interval(singles(7, 3)), wilson(0.7, 10)
    assert found is not None
    assert plain is not None
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))


def test_records_that_pass_or_fail_together_count_as_one() -> None:
    cases = [Cluster(5, 5, 5)] * 6 + [Cluster(0, 5, 5)] * 4
    assert effective_n(cases) == pytest.approx(10)


def test_records_that_differ_within_their_case_count_for_more() -> None:
    # Every case passes 3 or 2 of 5: far less spread between cases than ten coins would show.
    cases = [Cluster(3, 5, 5)] * 5 + [Cluster(2, 5, 5)] * 5
    assert effective_n(cases) == 50  # no more than there are records


def test_where_all_cases_agree_each_counts_once() -> None:
    assert effective_n([Cluster(4, 4, 12)] * 7) == 7
    assert effective_n([Cluster(1, 2, 2)]) == 1


@pytest.mark.parametrize("share", [0, 1])
def test_no_interval_of_a_share_has_zero_width(share: int) -> None:
    cases = [Cluster(share * 2, 2, 2)] * 12
    for found in (share_interval(cases), mix_interval([(1.0, cases)], seed=1)):
        assert found is not None
        assert found.high - found.low > 0.1


def test_the_share_counts_records_not_cases() -> None:
    assert ratio([Cluster(9, 9), Cluster(0, 1)]) == 0.9
    assert ratio([]) is None


def test_a_mix_is_scaled_to_the_strata_that_have_cases() -> None:
    parts = [(0.6, singles(1, 0)), (0.3, singles(0, 1)), (0.1, [])]
    assert weighted_ratio(parts) == pytest.approx(0.6 / 0.9)
    assert weighted_ratio([(1.0, [])]) is None


def hall(t: float, skew: float) -> float:
    """Hall's cubic transformation of a studentised mean, as he prints it."""
    return t + skew * t**2 / 3 + skew**2 * t**3 / 27 + skew / 6


def test_the_ends_of_a_mean_solve_halls_transformation() -> None:
    values = [11.0, 12.0, 13.0, 14.0] * 4 + [15.0, 16.0, 18.0, 19.0]
    found = amount_interval([(1.0, [Cluster(value, 1) for value in values])])
    mean, error = np.mean(values), stats.sem(values)
    skew = stats.skew(values, bias=False) / 20**0.5
    t = stats.t.ppf(0.975, 19)
    assert found is not None
    low, high = ((mean - end) / error for end in (found.low, found.high))
    assert hall(low, skew) == pytest.approx(t)
    assert hall(high, skew) == pytest.approx(-t)


def test_amounts_are_taken_for_no_less_skewed_than_a_gamma_distribution() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0] * 4
    found = amount_interval([(1.0, [Cluster(value, 1) for value in values])])
    mean, error = 3.0, stats.sem(values)
    t = stats.t.ppf(0.975, 19)
    assert found is not None
    assert hall((mean - found.high) / error, 2 * error / mean) == pytest.approx(-t)


def test_no_end_of_a_mean_is_further_than_twice_students_t_or_below_nought() -> None:
    for values in ([0.0] * 9 + [1.0], [1e-4] * 18 + [0.3], [1.0, 50.0], [1.0, 1.0, 30.0]):
        found = amount_interval([(1.0, [Cluster(value, 1) for value in values])])
        mean, reach = np.mean(values), stats.sem(values) * stats.t.ppf(0.975, len(values) - 1)
        assert found is not None
        assert 0 < found.low < mean < found.high <= mean + 2.1 * reach


def test_the_interval_of_a_tail_reaches_up_further_than_down() -> None:
    values = [1.0] * 27 + [8.0, 9.0, 20.0]
    found = amount_interval([(1.0, [Cluster(value, 1) for value in values])])
    mean = float(np.mean(values))
    assert found is not None
    assert found.high - mean > 1.5 * (mean - found.low)


def test_a_mean_of_many_cases_is_near_scipys_bootstrap() -> None:
    generator = np.random.default_rng(3)
    sizes = generator.integers(1, 5, size=400).astype(float)
    values = sizes * generator.uniform(0.01, 0.05, size=400)
    found = amount_interval([(1.0, [Cluster(v, s) for v, s in zip(values, sizes, strict=True)])])
    assert found is not None
    theirs = stats.bootstrap(
        (values, sizes),
        lambda v, s, axis: v.sum(axis=axis) / s.sum(axis=axis),
        paired=True,
        vectorized=True,
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), rel=0.003)


def test_cases_of_unlike_sizes_leave_fewer_degrees_of_freedom() -> None:
    alike = mean([(1.0, [Cluster(v, 1) for v in (1.0, 2.0, 3.0, 2.0)])])
    unlike = mean(
        [(1.0, [Cluster(v * s, s) for v, s in zip((1, 2, 3, 2), (1, 1, 1, 9), strict=True)])]
    )
    assert alike is not None
    assert unlike is not None
    assert alike.freedom == pytest.approx(3)
    assert unlike.freedom == pytest.approx(max(1, 12**2 / 84 - 1))


def test_draws_of_a_mean_have_the_ends_of_its_interval_as_quantiles() -> None:
    generator = np.random.default_rng(5)
    cases = [Cluster(value, 1) for value in generator.lognormal(0, 1, size=12)]
    drawn, found = amount_draws(cases, generator, 400_000), amount_interval([(1.0, cases)])
    assert drawn is not None
    assert found is not None
    assert np.quantile(drawn, [0.025, 0.975]) == pytest.approx([found.low, found.high], rel=0.01)


def test_a_single_case_draws_itself_and_none_draws_nothing() -> None:
    generator = np.random.default_rng(5)
    alone = amount_draws([Cluster(0.5, 2)], generator, 3)
    assert alone is not None
    assert list(alone) == [0.25] * 3
    assert amount_draws([], generator, 3) is None


def test_a_paired_interval_is_jeffreys_where_only_one_side_loses() -> None:
    """With nothing gained, the share lost alone has its beta posterior, nearly."""
    found = paired_interval(6, 0, 200)
    alone = stats.beta(6.5, 195.0).ppf([0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((-alone[1], -alone[0]), abs=0.006)
    assert paired_interval(0, 0, 10).low < 0 < paired_interval(0, 0, 10).high
    assert paired_interval(3, 1, 12) == paired_interval(3, 1, 12)


def test_a_mean_needs_a_stratum_with_two_cases() -> None:
    assert amount_interval([(0.5, [Cluster(1, 1)]), (0.5, [Cluster(2, 1)])]) is None


def test_a_mean_keeps_the_weights_of_strata() -> None:
    steady = [Cluster(1, 1)] * 5
    found = amount_interval([(0.75, steady), (0.25, [Cluster(5, 1)] * 5), (0.5, [])])
    assert found is not None
    assert (found.low, found.high) == pytest.approx((2.0, 2.0))


def test_a_mix_of_one_stratum_is_jeffreys_interval() -> None:
    found = mix_interval([(1.0, singles(9, 3))], seed=1, draws=200_000)
    expected = stats.beta(9.5, 3.5).ppf([0.025, 0.975])
    assert found is not None
    assert (found.low, found.high) == pytest.approx(expected, abs=0.003)


def test_an_unmeasured_stratum_widens_the_mix_by_its_prior() -> None:
    measured = [(0.9, singles(200, 0))]
    known = mix_interval(measured, seed=1)
    partly = mix_interval([*measured, (0.1, [])], seed=1)
    assert known is not None
    assert partly is not None
    assert partly.low < known.low - 0.05
    assert partly.high == 1.0


def test_the_mix_holds_its_own_estimate() -> None:
    for passed in range(13):
        parts = [(0.99, singles(passed, 12 - passed)), (0.01, singles(0, 1))]
        found, estimate = mix_interval(parts, seed=1), weighted_ratio(parts)
        assert found is not None
        assert estimate is not None
        assert found.low <= estimate <= found.high


def test_simulated_intervals_are_the_same_every_time() -> None:
    parts = [(0.9, singles(9, 3)), (0.1, singles(1, 1))]
    assert mix_interval(parts, seed=7) == mix_interval(parts, seed=7)


def test_equal_amounts_have_an_interval_without_width_however_they_round() -> None:
    for amount in (0.1, 7.601783333181326e-08, 3.3e-5):
        for n in (12, 91, 400):
            found = amount_interval([(1.0, [Cluster(amount, 1) for _ in range(n)])])
            assert found is not None
            assert found.low == found.high == pytest.approx(amount)

"""Percentiles and agreement against figures worked out by hand."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from bench.analysis.statistics import consistency, observations_needed, pass_hat_k, percentile


@pytest.mark.parametrize(("quantile", "needed"), [(0.5, 1), (0.9, 29), (0.95, 59), (0.99, 299)])
def test_a_percentile_needs_enough_observations(quantile: float, needed: int) -> None:
    assert observations_needed(quantile) == needed
    values = [float(n) for n in range(needed)]
    assert percentile(values, quantile) == pytest.approx(np.quantile(values, quantile))
    assert percentile(values[1:], quantile) is None


def test_59_observations_are_the_fewest_whose_largest_tops_p95() -> None:
    assert 1 - 0.95**59 >= 0.95 > 1 - 0.95**58


def test_a_weighted_median_follows_the_weights() -> None:
    assert percentile([1.0, 2.0, 10.0], 0.5, [0.98, 0.01, 0.01]) == 1.0
    assert percentile([10.0, 1.0, 2.0], 0.5, [0.98, 0.01, 0.01]) == 10.0
    assert percentile([3.0, 1.0, 2.0], 0.5, [1, 1, 1]) == 2.0


def test_pass_hat_k_counts_the_subsets_of_trials_that_all_pass() -> None:
    outcomes = [(True, True, False), (True, True, True), (False, False, False)]
    for k in (1, 2, 3):
        by_hand = [
            sum(all(chosen) for chosen in combinations(case, k)) / math.comb(3, k)
            for case in outcomes
        ]
        counts = [(sum(case), len(case)) for case in outcomes]
        assert pass_hat_k(counts, k) == pytest.approx(sum(by_hand) / 3)


def test_pass_hat_k_is_undefined_with_fewer_trials_than_k() -> None:
    assert pass_hat_k([(2, 2), (3, 3)], 3) is None
    assert pass_hat_k([], 1) is None


@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("n", [2, 3, 8])
def test_consistency_has_no_bias(p: float, n: int) -> None:
    expected = sum(
        math.comb(n, c) * p**c * (1 - p) ** (n - c) * (consistency([(c, n)]) or 0.0)
        for c in range(n + 1)
    )
    assert expected == pytest.approx((2 * p - 1) ** 2)


def test_consistency_needs_two_trials_of_each_case() -> None:
    assert consistency([(1, 1), (2, 2)]) is None
    assert consistency([]) is None

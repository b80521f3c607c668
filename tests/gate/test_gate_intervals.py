from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.paired import (
    cases_needed,
    cautious_interval,
    effective_pairs,
    log_ratio_interval,
    tango,
)
from bench.analysis.significance import Floats


def even(number: int) -> Floats:
    return np.full(number, 1 / number)


def test_tangos_interval_inverts_his_score_statistic() -> None:
    # Tango's statistic, its nuisance parameter maximised by brute force instead of in closed form.
    lost, gained, n = 3, 12, 44
    for end in (found := tango(lost, gained, n, 0.95)).low, found.high:
        shares = np.linspace(max(0, -end), (1 - end) / 2 + max(0, -end) / 2, 400_001)[1:-1]
        both = 1 - 2 * shares - end
        usable = (both > 0) & (shares + end > 0)
        shares, both = shares[usable], both[usable]
        likelihood = (
            gained * np.log(shares + end)
            + lost * np.log(shares)
            + (n - gained - lost) * np.log(both)
        )
        share = shares[np.argmax(likelihood)]
        score = (gained - lost - n * end) / math.sqrt(n * (2 * share + end * (1 - end)))
        assert abs(score) == pytest.approx(1.959964, rel=1e-3)
    assert found.low < (gained - lost) / n < found.high


def test_nothing_lost_and_nothing_gained_still_leaves_room_for_doubt() -> None:
    # With no discordant pair the ends are ±z²/(n + z²).
    z2 = 1.959964**2
    for n in (10, 73, 500):
        found = tango(0, 0, n, 0.95)
        assert found.high == pytest.approx(z2 / (n + z2), rel=1e-4)
        assert found.low == pytest.approx(-found.high)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60))
def test_the_interval_is_mirrored_and_holds_what_was_seen(
    lost: int, gained: int, same: int
) -> None:
    n = max(1, lost + gained + same)
    one, other = tango(lost, gained, n, 0.95), tango(gained, lost, n, 0.95)
    assert -1 <= one.low <= (gained - lost) / n <= one.high <= 1
    assert one.low == pytest.approx(-other.high, abs=1e-6)


def test_equal_weights_and_one_repeat_give_tangos_interval_itself() -> None:
    differences = np.array([-1.0] * 5 + [1.0] * 2 + [0.0] * 33)
    found = cautious_interval(even(40), differences, 1.0, 0.95)
    assert found.low == pytest.approx(tango(5, 2, 40, 0.95).low)
    assert found.high == pytest.approx(tango(5, 2, 40, 0.95).high)


def test_a_heavy_case_counts_for_fewer_and_repeats_for_more() -> None:
    uneven = np.array([0.5, *[0.5 / 9] * 9])
    assert effective_pairs(uneven, np.zeros(10), 1.0) == pytest.approx(1 / np.sum(uneven**2))
    thirds = np.array([1 / 3, -1 / 3] * 10 + [0.0] * 20)
    assert 40 < effective_pairs(even(40), thirds, 3.0) <= 120
    assert effective_pairs(even(40), thirds, 1.0) == pytest.approx(40)


def test_the_lower_end_is_rarely_above_the_truth() -> None:
    """Of a true loss of 10 points with unequal weights, the interval misses few per cent."""
    dice = np.random.default_rng(2)
    weights = np.array([1 / 3 / 30] * 30 + [1 / 3 / 20] * 20 + [1 / 3 / 10] * 10)
    missed = 0
    for _ in range(400):
        differences = dice.choice([-1.0, 0.0, 1.0], p=[0.17, 0.76, 0.07], size=60)
        missed += cautious_interval(weights, differences, 1.0, 0.95).low > -0.10
    # 2.5 % would be 10; 99 % of such counts stay below 18.
    assert missed <= 18


def test_the_ratios_interval_holds_the_truth_as_often_as_it_says() -> None:
    dice = np.random.default_rng(3)
    missed = 0
    for _ in range(200):
        base = np.exp(dice.normal(8, 0.5, 25))
        head = base * 1.1 * np.exp(dice.normal(0, 0.2, 25)) / math.exp(0.02)
        found = log_ratio_interval(even(25), base, head, 0.95)
        assert found is not None
        missed += not found.low <= math.log(1.1) <= found.high
    # 5 % would be 10; 99 % of such counts stay below 19.
    assert missed <= 19


def test_equal_amounts_have_no_width_and_too_few_cases_no_interval() -> None:
    same = np.arange(1.0, 9.0)
    found = log_ratio_interval(even(8), same, same, 0.95)
    assert found is not None
    assert found.low == found.high == 0
    few = np.array([1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0])
    assert log_ratio_interval(even(8), few, few, 0.95) is None


def test_cases_needed_is_the_first_number_that_decides() -> None:
    assert cases_needed(20, lambda times: times * 20 >= 73) == 73
    assert cases_needed(20, lambda times: False) is None

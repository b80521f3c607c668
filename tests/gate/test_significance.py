from __future__ import annotations

import math
from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.significance import EXACT_UP_TO, holm, mcnemar, sign_flip


def test_mcnemar_is_the_binomial_tail_worked_out_by_hand() -> None:
    # 8 lost, 1 gained: 2 x (C(9,0) + C(9,1)) / 2^9 = 2 x 10 / 512.
    assert mcnemar(8, 1) == pytest.approx(20 / 512)
    assert mcnemar(1, 8) == pytest.approx(20 / 512)
    assert mcnemar(3, 3) == 1.0
    assert mcnemar(0, 0) == 1.0


def test_sign_flip_counts_the_patterns_that_are_as_extreme() -> None:
    # Sums of ±1 ±2 ±3 that are 6 or more in size: +++ and --- of 8.
    assert sign_flip(np.array([1.0, 2.0, 3.0]), seed=1) == 2 / 8
    # 1+2-3 = 0: every pattern is as extreme.
    assert sign_flip(np.array([1.0, 2.0, -3.0]), seed=1) == 1.0
    # -1 -2 +3 is 0; sums at most 0: all but +++, ++- is 0, so 8 - (+++, +-+ = 2, -++ = 4) = 5.
    assert sign_flip(np.array([-1.0, -2.0, 3.0]), seed=1, lower=True) == 5 / 8
    assert sign_flip(np.array([-0.2] * 5), seed=1, lower=True) == 1 / 32
    assert sign_flip(np.zeros(4), seed=1) == 1.0


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), min_size=1, max_size=7))
def test_exact_sign_flip_agrees_with_trying_every_pattern(values: list[float]) -> None:
    sums = [
        sum(sign * value for sign, value in zip(signs, values, strict=True))
        for signs in product((-1, 1), repeat=len(values))
    ]
    extreme = sum(abs(each) >= abs(sum(values)) - 1e-9 for each in sums)
    assert sign_flip(np.array(values), seed=0) == pytest.approx(extreme / len(sums))


@given(st.integers(0, 12), st.integers(0, 12))
def test_with_one_repeat_the_sign_flip_is_mcnemars_test(lost: int, gained: int) -> None:
    differences = np.array([-1.0] * lost + [1.0] * gained)
    if lost + gained <= EXACT_UP_TO:
        assert sign_flip(differences, seed=0) == pytest.approx(mcnemar(lost, gained))


def test_drawn_patterns_come_close_to_the_exact_p_and_are_never_zero() -> None:
    lost, gained = 14, 5
    differences = np.array([-1.0] * lost + [1.0] * gained)
    assert sign_flip(differences, seed=3) == pytest.approx(mcnemar(lost, gained), rel=0.2)
    assert 0 < sign_flip(np.full(60, -1.0), seed=3) < 0.0001


def test_the_same_seed_gives_the_same_p() -> None:
    differences = np.random.default_rng(5).normal(0.2, 1, 40)
    assert sign_flip(differences, seed=7) == sign_flip(differences, seed=7)


def test_holm_multiplies_by_the_number_of_tests_left() -> None:
    # Ranked .01 .02 .04: x3, x2, x1; the last may not fall below the one before it.
    assert holm({"b": 0.02, "a": 0.01, "c": 0.04}) == pytest.approx(
        {"a": 0.03, "b": 0.04, "c": 0.04}
    )
    assert holm({"a": 0.5, "b": 0.9}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


def test_holm_keeps_the_chance_of_any_false_alarm() -> None:
    dice = np.random.default_rng(11)
    alarms = Counter(
        min(holm(dict(enumerate_named(dice.random(6)))).values()) <= 0.05 for _ in range(2000)
    )
    # 99 % of such counts stay below this if the chance is 5 %.
    assert alarms[True] <= 100 + 2.33 * math.sqrt(2000 * 0.05 * 0.95)


def enumerate_named(values: np.ndarray) -> list[tuple[str, float]]:
    return [(str(number), float(value)) for number, value in enumerate(values)]

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.billing_webhooks.history import due
from scenarios.billing_webhooks.proration import Proration, prorate


def test_half_of_a_period() -> None:
    assert prorate(old=1000, new=2000, at=50, start=0, end=100) == Proration(500, 1000)
    assert prorate(old=1000, new=2000, at=50, start=0, end=100).delta == 500


def test_an_odd_share_of_a_month() -> None:
    proration = prorate(old=1000, new=3252, at=2_678_400 - 445_540, start=0, end=2_678_400)
    assert (proration.credit, proration.debit, proration.delta) == (166, 541, 375)


def test_each_side_is_rounded_half_up_by_itself() -> None:
    assert prorate(old=1, new=3, at=1, start=0, end=2) == Proration(1, 2)


def test_the_first_second_costs_the_whole_period_and_the_last_almost_nothing() -> None:
    assert prorate(old=1000, new=3000, at=0, start=0, end=100).delta == 2000
    assert prorate(old=1000, new=3000, at=99, start=0, end=100).delta == 20


@pytest.mark.parametrize("at", [-1, 100, 101])
def test_a_change_outside_its_period_is_refused(at: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        prorate(old=1, new=2, at=at, start=0, end=100)


def test_negative_amounts_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        prorate(old=-1, new=2, at=0, start=0, end=100)


amounts = st.integers(0, 10**9)


@settings(max_examples=200, deadline=None)
@given(amounts, amounts, st.integers(1, 10**8), st.integers(0, 10**8))
def test_job_and_generator_agree_though_they_share_no_code(
    old: int, new: int, length: int, offset: int
) -> None:
    at = offset % length
    delta = prorate(old=old, new=new, at=at, start=0, end=length).delta
    assert delta == due(old, new, at, 0, length)
    assert abs(delta - (new - old) * Fraction(length - at, length)) <= 1

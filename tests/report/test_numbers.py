from __future__ import annotations

import pytest

from bench.report import numbers


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0%"),
        (1, "100%"),
        (0.5, "50.0%"),
        (0.876, "87.6%"),
        (0.99966, "99.97%"),
        (0.9999999, ">99.9999%"),
        (0.00003, "0.003%"),
        (1 + 2**-52, "100%"),
        (1 - 2**-53, "100%"),
        (-(2**-54), "0%"),
        (1e-9, "<0.0001%"),
        (None, "—"),
    ],
)
def test_only_the_whole_looks_whole(share: float | None, text: str) -> None:
    assert numbers.percent(share) == text


def test_intervals_of_shares_are_rounded_outwards() -> None:
    assert numbers.percent_range(0.7575, 0.981) == "75–99%"
    assert numbers.percent_range(0.0, 1.0) == "0–100%"
    assert numbers.percent_range(None, 1.0) == "—"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "$0"),
        (12345.6, "$12,346"),
        (21.749, "$21.75"),
        (0.17662, "$0.177"),
        (0.0404, "$0.0404"),
        (0.00051, "$0.00051"),
        (0.0000419, "$0.000042"),
        (1e-9, "<$0.0000001"),
        (None, "—"),
    ],
)
def test_dollars_keep_the_digits_that_count(value: float | None, text: str) -> None:
    assert numbers.dollars(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.000412, "412 µs"),
        (0.00146, "1.46 ms"),
        (7.113, "7.11 s"),
        (119, "119 s"),
        (293.5, "4.89 min"),
        (60_480, "16.8 h"),
        (864_000, "10.0 days"),
        (None, "—"),
    ],
)
def test_durations_take_the_unit_that_suits_them(value: float | None, text: str) -> None:
    assert numbers.seconds(value) == text


def test_significant_digits_never_become_exponents() -> None:
    assert numbers.significant(5434.78) == "5,435"
    assert numbers.significant(0.0000123) == "0.0000123"
    assert numbers.significant(0.0) == "0"

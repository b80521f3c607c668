from __future__ import annotations

import pytest

from bench.analysis.economics import BreakEven
from bench.report.recommendation import break_even_words, money, points


@pytest.mark.parametrize(
    ("at", "low", "high", "words"),
    [
        (2003.6, 0.0, None, "the agent is cheaper than the job beyond 2,000 changes a month "
         "(0 to unbounded)"),
        (None, None, None, "the job is cheaper than the agent at any number of changes a month"),
        (None, 66.52, None, "the job is cheaper than the agent at any number of changes a month, "
         "though perhaps only up to 66.5"),
        (None, 0.0, None, "the job is cheaper than the agent at any number of changes a month, "
         "though perhaps at none"),
    ],
)  # fmt: skip
def test_a_break_even_says_how_sure_it_is(
    at: float | None, low: float | None, high: float | None, words: str
) -> None:
    assert (
        break_even_words(BreakEven("job", "agent", at, low, high, 0.5), "changes a month") == words
    )


def test_less_than_nothing_has_its_sign_before_the_dollars() -> None:
    assert money(-78381.2) == "−$78,381"
    assert money(-0.014) == "−$0.01"
    assert money(3.5) == "$3.50"


@pytest.mark.parametrize(
    ("share", "text"), [(1.0, "+100"), (-0.887, "−89"), (0.0142, "+1.4"), (-0.00013, "−0.013")]
)
def test_points_are_never_written_with_exponents(share: float, text: str) -> None:
    assert points(share) == text

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis.dollars import dollar_kind, dollars, tokens
from bench.analysis.samples import mixed, pooled
from bench.types import Cause, Dollars, Provenances, Timing, Usage
from tests.synthetic import HOSTED, a_trial

LISTED = Provenances("measured", "measured", "list_price", "measured")


def test_a_local_model_costs_compute_and_a_hosted_one_api_dollars() -> None:
    hosted = a_trial(model=HOSTED, provenance=LISTED, dollars=Dollars(None, None, 0.1, "no price"))
    assert dollar_kind([a_trial()]) == "compute"
    assert dollar_kind([hosted]) == "api"


def test_the_two_kinds_of_dollars_are_never_added_up() -> None:
    both = a_trial(dollars=Dollars(0.5, 0.6, 0.25))
    assert dollars(pooled("plain", [both]), "api").per_record == 0.5
    assert dollars(pooled("plain", [both]), "compute").per_record == 0.25


def test_one_unpriced_trial_makes_the_money_unknown() -> None:
    unpriced = a_trial(case="plain-1", dollars=Dollars(None, None, None, "no price for x"))
    found = dollars(pooled("plain", [a_trial(), unpriced]), "compute")
    assert found.total is None
    assert found.per_record is None
    assert found.reason == "unknown for 1 of 2 trials: no price for x"


def test_broken_trials_are_paid_for_but_leave_the_price_of_a_record_alone() -> None:
    broken = a_trial(case="plain-1", cause=Cause.INFRASTRUCTURE, dollars=Dollars(None, None, 7.0))
    found = dollars(pooled("plain", [a_trial(), broken]), "compute")
    assert found.total == pytest.approx(7.002)
    assert found.per_record == pytest.approx(0.002)


def test_failed_trials_are_paid_for_like_others() -> None:
    dear = a_trial(case="plain-1", failed=1, dollars=Dollars(None, None, 0.01))
    assert dollars(pooled("plain", [a_trial(), dear]), "compute").per_record == pytest.approx(0.006)


def test_a_timed_trial_stands_for_the_repeats_of_its_case() -> None:
    timed = a_trial(model=None, timing=Timing(9, 0.1, 0.1, 0.1))
    cold = replace(timed, id="x", repeat=1, timing=None, dollars=Dollars(0, 0, 1.0))
    found = dollars(pooled("plain", [timed, cold]), "compute")
    assert found.per_record == pytest.approx(0.002)
    assert found.total == pytest.approx(1.002)


def test_no_interval_where_the_money_comes_from_strata_with_one_case() -> None:
    often = [a_trial(case=f"often-{n}", dollars=Dollars(0, 0, 1e-6 * n)) for n in range(9)]
    seldom = a_trial(case="seldom-0", dollars=Dollars(None, None, 5.0))
    found = dollars(mixed([("often", 0.99), ("seldom", 0.01)], [*often, seldom]), "compute")
    assert found.per_record == pytest.approx(0.05, rel=0.01)
    assert found.interval is None
    assert "strata with a single case" in (found.interval_reason or "")


def test_the_interval_of_dollars_spans_the_cases() -> None:
    trials = [a_trial(case=f"a-{n}", dollars=Dollars(0, 0, 0.1 + 0.01 * n)) for n in range(11)]
    found = dollars(pooled("a", trials), "compute")
    assert found.interval is not None
    assert 0.1 < found.interval.low < 0.15 < found.interval.high < 0.2


def test_tokens_that_a_provider_did_not_report_are_unknown() -> None:
    silent = a_trial(case="plain-1", usage=Usage(None, None, None, None, None))
    found = tokens(pooled("plain", [a_trial(), silent]), lambda trial: trial.usage.input)
    assert (found.total, found.per_record) == (None, None)
    known = tokens(pooled("plain", [a_trial()]), lambda trial: trial.usage.cached_input)
    assert (known.total, known.per_record) == (80, 80)


@pytest.mark.parametrize(
    ("approach", "cases", "shown"),
    [("hybrid", 28, False), ("hybrid", 29, True), ("agent", 28, True)],
)
def test_a_hybrid_needs_as_many_cases_as_show_a_kind_that_is_one_in_ten(
    approach: str, cases: int, shown: bool
) -> None:
    trials = [
        a_trial(case=f"plain-{n}", approach=approach, dollars=Dollars(None, None, 0.1 + n))
        for n in range(cases)
    ]
    found = dollars(pooled("plain", trials), "compute")
    assert (found.interval is not None) is shown
    assert found.per_record is not None
    assert (found.interval_reason is None) is shown

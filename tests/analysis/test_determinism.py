from __future__ import annotations

import pytest

from bench.analysis.determinism import determinism
from bench.types import Cause, Provenances
from tests.synthetic import a_trial


def repeats(case: str, outcomes: str, **changes: object) -> list:
    return [
        a_trial(case=case, repeat=n, outcome_hash=outcome, **changes)
        for n, outcome in enumerate(outcomes)
    ]


def test_agreement_is_the_share_of_cases_whose_trials_are_all_alike() -> None:
    trials = [*repeats("a-0", "xxx"), *repeats("a-1", "xxy"), *repeats("a-2", "xyz")]
    found = determinism(trials, 3)
    assert found.cases == 3
    assert found.outcome is not None
    assert found.outcome.share == pytest.approx(1 / 3)
    assert found.outcome.low < 1 / 3 < found.outcome.high
    assert found.state is not None
    assert found.state.share == 1


def test_each_measure_looks_at_its_own_hash() -> None:
    for field, name in (
        ("outcome_hash", "outcome"),
        ("raw_hash", "raw"),
        ("tool_sequence_hash", "tools"),
        ("state_hash", "state"),
    ):
        trials = [a_trial(repeat=n, **{field: str(n)}) for n in range(2)]
        found = determinism(trials, 2)
        measures = ("outcome", "raw", "tools", "state")
        shares = {measure: getattr(found, measure).share for measure in measures}
        assert [measure for measure, share in shares.items() if share == 0] == [name]


def test_cases_run_once_are_left_out() -> None:
    found = determinism([*repeats("a-0", "xx"), a_trial(case="a-1", outcome_hash="y")], 2)
    assert (found.cases, found.incomplete) == (1, 0)


def test_a_case_with_a_broken_trial_is_left_out_and_counted() -> None:
    trials = [*repeats("a-0", "xx"), *repeats("a-1", "x")]
    trials.append(a_trial(case="a-1", repeat=1, cause=Cause.INFRASTRUCTURE))
    found = determinism(trials, 2)
    assert (found.cases, found.incomplete) == (1, 1)


def test_nothing_is_claimed_from_played_trials() -> None:
    played = Provenances("modelled", "modelled", "modelled", "modelled")
    found = determinism(repeats("a-0", "xx", provenance=played), 2)
    assert found.outcome is None
    assert found.reason == "modelled trials say nothing about determinism"


def test_without_repeats_nothing_is_claimed() -> None:
    assert determinism([a_trial()], 1).reason == "no case was repeated"
    assert determinism([a_trial()], 3).reason == "no case with 3 usable trials"


def test_consistency_and_pass_hat_come_from_whether_trials_pass() -> None:
    trials = [a_trial(case="a-0", repeat=n) for n in range(2)]
    trials += [a_trial(case="a-1", repeat=0), a_trial(case="a-1", repeat=1, failed=1)]
    found = determinism(trials, 2)
    assert found.pass_hat == {1: 0.75, 2: 0.5}
    assert found.consistency == pytest.approx((1 + (1 - 4 * 1 / 2)) / 2)

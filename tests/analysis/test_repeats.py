from __future__ import annotations

import pytest

from bench.analysis.determinism import determinism
from bench.analysis.repeats import differing_pair, edit_similarity, spread
from bench.types import Usage
from tests.synthetic import a_trial


def case(*sequences: str) -> list:
    return [a_trial(repeat=n, tool_sequence=tuple(text)) for n, text in enumerate(sequences)]


def test_equal_trajectories_have_similarity_1_and_disjoint_ones_0() -> None:
    assert edit_similarity([case("abc", "abc", "abc")]) == 1
    assert edit_similarity([case("abc", "xyz")]) == 0
    assert edit_similarity([case("", "")]) == 1
    assert edit_similarity([]) is None


def test_one_call_more_of_four_costs_a_quarter() -> None:
    assert edit_similarity([case("abc", "abxc")]) == pytest.approx(0.75)


def test_the_similarity_is_a_mean_over_pairs_then_over_cases() -> None:
    found = edit_similarity([case("ab", "ab", "ac"), case("a", "a")])
    assert found == pytest.approx(((1 + 0.5 + 0.5) / 3 + 1) / 2)


def test_the_spread_is_relative_and_ignores_what_is_unknown() -> None:
    trials = [a_trial(repeat=0, usage=Usage(90, 0)), a_trial(repeat=1, usage=Usage(110, 0))]
    lost = [a_trial(repeat=0, usage=Usage(None, 0)), a_trial(repeat=1, usage=Usage(110, 0))]
    found = spread([trials, lost], lambda trial: trial.usage.total)
    assert found is not None
    assert found.cases == 1
    assert found.variation == pytest.approx(200**0.5 / 100)
    assert found.worst == pytest.approx(110 / 90)
    assert spread([lost], lambda trial: trial.usage.total) is None


def test_the_pair_shown_differs_in_the_weightiest_respect() -> None:
    trials = [
        a_trial(repeat=0),
        a_trial(repeat=1, raw_hash="other"),
        a_trial(repeat=2, outcome_hash="other"),
    ]
    looks = (lambda t: t.outcome_hash, lambda t: t.raw_hash)
    pair = differing_pair(trials, looks)
    assert pair is not None
    assert [trial.repeat for trial in pair] == [0, 2]
    assert differing_pair(trials[:1] * 2, looks) is None


def test_agreement_is_told_by_stratum_and_the_differing_case_named() -> None:
    trials = [a_trial(case=f"{name}-0", repeat=n) for name in ("plain", "note") for n in range(3)]
    trials[-1] = a_trial(case="note-0", repeat=2, outcome_hash="other", raw_hash="other")
    found = determinism(trials, 3)
    assert [(s.stratum, s.cases, s.outcome, s.state) for s in found.strata] == [
        ("note", 1, 0, 1),
        ("plain", 1, 1, 1),
    ]
    (differing,) = found.differing
    assert (differing.case, differing.differs) == ("note-0", ("outcome", "raw"))
    assert differing.second.endswith("/2")


def test_a_job_has_no_spread_of_time() -> None:
    trials = [a_trial(repeat=n, approach="job", model=None, working_s=n + 1.0) for n in range(2)]
    assert determinism(trials, 2).time_spread is None

from __future__ import annotations

import pytest

from bench.analysis.samples import mixed, pooled
from bench.analysis.success import success
from bench.types import Cause
from tests.synthetic import a_trial


def test_success_counts_records() -> None:
    trials = [a_trial(case="a-0", passed=3), a_trial(case="a-1", failed=1)]
    found = success(pooled("a", trials), hands_on=False)
    assert (found.passed, found.failed, found.deferred) == (0.75, 0.25, 0)
    assert found.trials == 0.5


def test_the_repeats_of_a_case_count_as_one_case() -> None:
    trials = [a_trial(case="a-0", failed=1)]
    trials += [a_trial(case="a-1", repeat=n, passed=1) for n in range(9)]
    found = success(pooled("a", trials), hands_on=False)
    assert found.passed == 0.5
    assert found.interval is not None
    assert found.interval.high - found.interval.low > 0.6  # two cases, not ten


def test_trials_broken_by_the_infrastructure_are_left_out_of_success() -> None:
    broken = a_trial(case="a-1", failed=1, cause=Cause.INFRASTRUCTURE)
    found = success(pooled("a", [a_trial(case="a-0"), broken]), hands_on=False)
    assert found.passed == 1


def test_trials_that_ran_out_of_steps_stay_in() -> None:
    stopped = a_trial(case="a-1", failed=1, cause=Cause.STEP_LIMIT)
    found = success(pooled("a", [a_trial(case="a-0"), stopped]), hands_on=False)
    assert found.passed == 0.5


def test_nothing_usable_is_unknown_and_not_zero() -> None:
    broken = a_trial(failed=1, cause=Cause.INFRASTRUCTURE)
    found = success(pooled("plain", [broken]), hands_on=False)
    assert found.passed is None
    assert found.interval is None
    assert found.trials is None


def test_the_mix_weighs_strata_by_production_and_not_by_sample() -> None:
    trials = [a_trial(case="often-0")] + [a_trial(case=f"seldom-{n}", failed=1) for n in range(9)]
    found = success(mixed([("often", 0.99), ("seldom", 0.01)], trials), hands_on=False)
    assert found.passed == pytest.approx(0.99)


def test_only_a_hybrid_has_a_flag_rate() -> None:
    trials = [a_trial(case="a-0", passed=2, flagged={"a-0/1": "a note"}), a_trial(case="a-1")]
    assert success(pooled("a", trials), hands_on=True).flagged == pytest.approx(1 / 3)
    assert success(pooled("a", trials), hands_on=False).flagged is None

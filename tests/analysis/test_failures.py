from __future__ import annotations

from dataclasses import replace

from bench.analysis.failures import causes, failures, generalise
from bench.types import Cause, Verdict
from tests.synthetic import a_trial


def test_particulars_do_not_make_two_causes_of_one() -> None:
    assert generalise("billed 375 usd, expected 0") == generalise("billed 12.50 usd, expected 99")
    assert generalise("merged into cus_88") == generalise("merged into cus_104")
    assert generalise("no such date '1980-02-30'") == "no such date …"
    assert generalise("left  undecided\n") == "left undecided"


def test_the_three_most_frequent_causes_come_first() -> None:
    trials = []
    for rank, reason in enumerate(("wrong amount", "wrong customer", "undecided", "twice")):
        trials += [
            a_trial(case=f"{reason.replace(' ', '_')}-{n}", failed=1, reasons=(reason,))
            for n in range(9 - rank)
        ]
    found = failures([*trials, a_trial()])
    assert [(row.rank, row.cause, row.trials) for row in found] == [
        (1, "wrong amount", 9),
        (2, "wrong customer", 8),
        (3, "undecided", 7),
    ]
    assert all(row.failed == 30 for row in found)


def test_a_trial_counts_once_for_a_cause_however_many_records_have_it() -> None:
    (row,) = failures([a_trial(failed=4, reasons=("wrong amount",))])
    assert row.trials == 1


def test_what_ended_a_trial_goes_before_what_it_left_undone() -> None:
    assert causes(a_trial(failed=1, cause=Cause.STEP_LIMIT)) == ["ran out of steps"]


def test_a_fault_of_the_whole_case_is_a_cause() -> None:
    fault = replace(a_trial(), status="fail", verdict=Verdict((), ("a stranger's row changed",)))
    assert causes(fault) == ["a stranger's row changed"]


def test_the_example_is_the_shortest_transcript() -> None:
    trials = [a_trial(case=f"a-{n}", failed=1, steps=steps) for n, steps in enumerate((9, 2, 5))]
    (row,) = failures(trials)
    assert row.example == trials[1].id


def test_what_the_infrastructure_broke_is_no_failure_of_the_approach() -> None:
    assert failures([a_trial(failed=1, cause=Cause.INFRASTRUCTURE)]) == []


def test_every_cause_has_words() -> None:
    for cause in Cause:
        if cause is not Cause.INFRASTRUCTURE:
            assert causes(a_trial(failed=1, cause=cause)) != [cause.value]

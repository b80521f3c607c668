"""The generator's rules, the job and the win condition against cases worked out by hand."""

import pytest

from bench.database import Template
from scenarios.csv_reconciliation import SCENARIO
from tests.scenarios.csv_reconciliation.acting import customer, play
from tests.scenarios.csv_reconciliation.golden import (
    GOLDEN,
    MARGARET,
    MERGED,
    Golden,
    call_for,
    summary_of,
)

golden_cases = pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
single = pytest.mark.parametrize(
    "golden", [g for g in GOLDEN if "\n" not in g.right], ids=lambda golden: golden.name
)


def test_every_stratum_has_a_case_by_hand() -> None:
    everyday = {stratum.name for stratum in SCENARIO.strata if stratum.everyday}
    assert {golden.stratum for golden in GOLDEN} == everyday


@golden_cases
def test_what_a_human_would_do_passes(golden: Golden, template: Template) -> None:
    case = golden.case
    with template.workspace(case) as workspace:
        play(case, workspace, golden.calls)
        verdict = SCENARIO.verify(case, workspace)
        assert verdict.status == "pass", verdict
        assert [record.decision for record in verdict.records] == golden.right.splitlines()
        if golden.right.startswith("merged"):
            assert customer(workspace, "C500001") == golden.on_file[0] | golden.after


@golden_cases
def test_the_job_decides_as_a_human_would_or_defers(golden: Golden, template: Template) -> None:
    case = golden.case
    with template.workspace(case) as workspace:
        report = SCENARIO.job(workspace, unsure="review")
        verdict = SCENARIO.verify(case, workspace)
        assert verdict.status == ("pass" if golden.rules_reach else "deferred"), verdict
        assert [decision.record for decision in report.decisions] == list(case.records)
        if golden.rules_reach:
            assert [r.decision for r in verdict.records] == golden.right.splitlines()


@single
def test_any_other_decision_does_not_pass(golden: Golden, template: Template) -> None:
    case = golden.case
    others = (
        "inserted",
        MERGED,
        "rejected: invalid_email",
        "rejected: missing_field",
        "flagged: conflict",
        "flagged: needs_review",
    )
    human = golden.right.startswith("flagged")
    for other in others:
        if (
            other == golden.right
            or (other == MERGED and not golden.on_file)
            or (human and other == "flagged: needs_review")
        ):
            continue
        with template.workspace(case) as workspace:
            play(case, workspace, (call_for(1, other), summary_of(other)), guards=False)
            verdict = SCENARIO.verify(case, workspace)
            deferred = other.startswith("flagged") and not human
            assert verdict.records[0].status == ("deferred" if deferred else "fail"), other


def test_a_human_may_be_asked_without_saying_why(template: Template) -> None:
    (golden,) = (golden for golden in GOLDEN if golden.stratum == "namesake")
    with template.workspace(golden.case) as workspace:
        review = "flagged: needs_review"
        play(golden.case, workspace, (call_for(1, review), summary_of(review)))
        assert SCENARIO.verify(golden.case, workspace).status == "pass"


DOUBTFUL = {
    "two short forms of one name": "Madge,Holloway,m.holloway@example.net,,1980-06-14,,,,US,",
    "two typing errors in one name": "Mergarit,Holloway,m.holloway@example.net,,1980-06-14,,,,US,",
    "a street that is hard to read": "Margaret,Holloway,x@example.org,,1980-06-14,"
    "12 Brich Ln,Albany,12207,US,",
}
PEGGY = MARGARET | {"given_name": "Peggy"}


@pytest.mark.parametrize("row", DOUBTFUL.values(), ids=DOUBTFUL)
def test_the_job_hands_on_what_the_policy_leaves_open(row: str, template: Template) -> None:
    known = PEGGY if row.startswith("Madge") else MARGARET
    case = Golden("", "", row, MERGED, on_file=(known,)).case
    with template.workspace(case) as workspace:
        report = SCENARIO.job(workspace, unsure="flag")
        assert list(report.flagged) == ["golden-1/1"], report
        assert workspace.writes == []
        assert not (workspace.folder / "summary.json").exists()


def test_doubt_that_changes_nothing_does_not_stop_the_job(template: Template) -> None:
    row = "Margit,Petersen,other@example.org,,1991-03-02,12 Birch Lane,Albany,12207,US,"
    case = Golden("", "", row, "inserted").case
    with template.workspace(case) as workspace:
        assert SCENARIO.job(workspace, unsure="flag").decisions[0].decision == "inserted C900001"


def test_a_row_that_repeats_an_undecided_one_waits_with_it(template: Template) -> None:
    remark = "Margaret,Holloway,m.holloway@example.net,,1980-06-14,,,,US,Is it the same one?"
    again = "Margaret,Holloway,m.holloway@example.net,,1980-06-14,,,,US,"
    stranger = "Peter,Novak,p.novak@example.net,,1981-02-28,,,,US,"
    case = Golden("", "", f"{remark}\n{again}\n{stranger}", "flagged: conflict").case
    with template.workspace(case) as workspace:
        report = SCENARIO.job(workspace, unsure="flag")
        assert list(report.flagged) == ["golden-1/1", "golden-1/2"]
        assert report.decisions[2].decision == "inserted C900003"

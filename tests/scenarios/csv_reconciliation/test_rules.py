"""The rules change: the old and the repaired job, policy and guards, and what is right."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from bench.abilities import Drifting
from bench.database import Template
from bench.errors import ToolError
from bench.types import Case, ToolContext, Workspace
from scenarios.csv_reconciliation import SCENARIO
from tests.scenarios.csv_reconciliation.conftest import SEED
from tests.scenarios.csv_reconciliation.golden import MARGARET, MERGED, Golden

REPAIRED = SCENARIO.repaired("rules")
assert REPAIRED is not None
MADE = [stratum.name for stratum in SCENARIO.strata if stratum.drift == "rules"]
EVERY = {stratum.name: 4 for stratum in SCENARIO.strata if not stratum.hostile}

AGAIN = MARGARET | {
    "id": "C500000",
    "email": "meg@example.org",
    "mailbox": "meg@example.org",
    "street": "3 Main St",
    "city": "Utica",
    "postcode": "13501",
}
HOME = "12 Birch Lane,Albany,12207,US,"
PHONE = "212-867-5309"


def row(phone: str = PHONE, born: str = "1980-06-14", email: str = "m.holloway@example.net") -> str:
    return f"Margaret,Holloway,{email},{phone},{born},{HOME}"


BY_HAND = {
    "a customer with e-mail and phone is merged as ever": (row(), (MARGARET,), MERGED, MERGED),
    "without a phone she is turned away": (
        row(phone=""),
        (MARGARET,),
        MERGED,
        "rejected: missing_field",
    ),
    "what is no phone number counts as none": (
        row(phone="12"),
        (MARGARET,),
        MERGED,
        "rejected: missing_field",
    ),
    "a missing phone comes before a missing domain": (
        row(phone="12", email="m.holloway@"),
        (MARGARET,),
        "rejected: invalid_email",
        "rejected: missing_field",
    ),
    "a total row stays one": (
        "Total customers: 231,,,,,,,,,",
        (),
        "rejected: total_row",
        "rejected: total_row",
    ),
    "the first day of minors": (
        row(born="2008-01-01"),
        (MARGARET | {"date_of_birth": "2008-01-01"},),
        MERGED,
        "flagged: minor",
    ),
    "the day before": (
        row(born="2007-12-31"),
        (MARGARET | {"date_of_birth": "2007-12-31"},),
        MERGED,
        MERGED,
    ),
    "nobody knows the minor": (
        row(born="2010-05-02"),
        (),
        "inserted",
        "flagged: minor",
    ),
    "an address alone is no proof": (
        row(phone="303-491-7722", email="new@example.org"),
        (MARGARET,),
        MERGED,
        "flagged: conflict",
    ),
    "of two accounts the lower number counts": (
        row(),
        (MARGARET, AGAIN),
        "flagged: conflict",
        "merged C500000",
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_the_old_and_the_repaired_job_do_what_was_worked_out_by_hand(
    name: str, template: Template
) -> None:
    line, on_file, before, after = BY_HAND[name]
    for scenario, right in ((SCENARIO, before), (REPAIRED, after)):
        case = Golden("", name, line, right, on_file=on_file).case
        with template.workspace(case) as workspace:
            scenario.job(workspace, unsure="review")
            (record,) = scenario.verify(case, workspace).records
        assert record.decision == right


def test_who_lives_elsewhere_by_now_gets_the_contact_data_of_the_row(template: Template) -> None:
    case = Golden("", "", row(), "merged C500000", on_file=(MARGARET, AGAIN)).case
    with template.workspace(case) as workspace:
        REPAIRED.job(workspace, unsure="review")
        state = str(REPAIRED.state(workspace)["customers"])
    assert state.count("12 Birch Lane") == 2
    assert "Utica" not in state


def test_the_scenario_knows_the_drift() -> None:
    assert isinstance(SCENARIO, Drifting)
    assert len(MADE) == 4


def test_what_is_right_before_the_change_is_told_by_the_old_rules_alone() -> None:
    before, after = SCENARIO.cases(EVERY, SEED), SCENARIO.drifted(EVERY, SEED, "rules")
    assert [case.id for case in before] == [case.twin for case in after]
    assert [(case.rows, case.files, case.records) for case in before] == [
        (case.rows, case.files, case.records) for case in after
    ]
    assert [case.truth["rows"] for case in before] == [case.truth["rows_before"] for case in after]
    changed = {case.stratum for case in after if case.truth["rows"] != case.truth["rows_before"]}
    assert changed >= {*MADE, "new_contact", "conflicting_identifiers", "sparse_duplicate"}
    assert not {"clean_new", "namesake", "remark_moved_in", "total_row"} & changed


@pytest.mark.parametrize("seed", [7, SEED])
def test_the_repaired_job_is_never_wrong_by_the_new_rules_and_the_old_one_is(
    seed: int, template: Template
) -> None:
    found: dict[str, Counter[str]] = {"old": Counter(), "repaired": Counter()}
    for case in SCENARIO.drifted(EVERY, seed, "rules"):
        case.truth["seed"] = template.seed  # the background that this database holds
        for name, scenario in (("old", SCENARIO), ("repaired", REPAIRED)):
            with template.workspace(case) as workspace:
                scenario.job(workspace, unsure="review")
                found[name][scenario.verify(case, workspace).status] += 1
    assert found["repaired"]["fail"] == 0
    assert found["old"]["fail"] > 10
    assert found["repaired"]["pass"] > found["old"]["pass"]


def play(case: Case, workspace: Workspace) -> None:
    """The ideal calls of the policy that the case's approach has."""
    tools = {tool.name: tool for tool in (REPAIRED if case.repaired else SCENARIO).tools}
    for task in SCENARIO.tasks(case, case.records):
        for one in SCENARIO.ideal(case, task):
            tool = tools[one.name]
            tool.run(
                ToolContext(workspace, task.records),
                tool.arguments.model_validate(dict(one.arguments)),
            )


def test_who_follows_the_new_policy_passes_with_the_new_guards(template: Template) -> None:
    for twin in SCENARIO.drifted(dict.fromkeys(EVERY, 3), SEED, "rules"):
        case = replace(twin, id=f"{twin.id}-repaired", repaired=True)
        with template.workspace(case) as workspace:
            play(case, workspace)
            assert SCENARIO.verify(case, workspace).status == "pass", case.id


@pytest.mark.parametrize("stratum", MADE)
def test_who_follows_the_old_policy_does_not_pass_where_the_rules_changed(
    stratum: str, template: Template
) -> None:
    found: Counter[str] = Counter()
    for case in SCENARIO.drifted({stratum: 6}, SEED, "rules"):
        with template.workspace(case) as workspace:
            play(case, workspace)
            found[SCENARIO.verify(case, workspace).status] += 1
    # Whoever leaves to a human what can be decided now has deferred it.
    assert found["deferred" if stratum == "held_twice" else "fail"] >= 3, found


@pytest.mark.parametrize(("phone", "born"), [("", "1980-06-14"), (PHONE, "2010-05-02")])
def test_the_new_guards_refuse_what_the_old_rules_would_take_in(
    phone: str, born: str, template: Template
) -> None:
    case = Golden("", "", row(phone, born), "inserted", on_file=()).case
    tools = {tool.name: tool for tool in REPAIRED.tools}
    tool = tools["insert_customer"]
    with template.workspace(case) as workspace, pytest.raises(ToolError) as refusal:
        tool.run(ToolContext(workspace, case.records), tool.arguments.model_validate({"row": 1}))
    assert refusal.value.guard == "invalid_row"


def test_long_files_have_the_new_tools_too() -> None:
    long = SCENARIO.configured({"rows": "20"})
    repaired = long.repaired("rules")
    assert repaired is not None
    assert [tool.name for tool in repaired.tools] == [tool.name for tool in long.tools]
    assert "minor" in str(
        next(t for t in repaired.tools if t.name == "flag_row").arguments.model_json_schema()
    )

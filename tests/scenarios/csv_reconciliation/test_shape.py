"""Files of another shape: what the job makes of them, and who can say what they mean."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from bench.database import Template
from bench.errors import ToolError
from bench.plan import plan_scenario, with_drift
from bench.types import Case, ToolContext, Workspace
from scenarios.csv_reconciliation import SCENARIO, layout
from scenarios.csv_reconciliation.changed_shape import FORMS
from scenarios.csv_reconciliation.data import FILE
from scenarios.csv_reconciliation.intake import COLUMNS
from tests.scenarios.csv_reconciliation.conftest import SEED
from tests.scenarios.csv_reconciliation.golden import HEADER, JUERGEN, MERGED, Golden

FACING = SCENARIO.facing("shape")
TOOLS = {tool.name: tool for tool in FACING.tools}
EVERY = {stratum.name: 4 for stratum in SCENARIO.strata if stratum.everyday}
SAID = dict(
    zip(
        COLUMNS,
        ("Margaret", "Holloway", "m.holloway@example.net", "+12128675309", "1980-06-14",
         "3 Main St", "Utica", "13501", "US", ""),
        strict=True,
    )
)  # fmt: skip
"""She has moved: that is what each file below says."""
HOME = {"street": "3 Main St", "city": "Utica", "postcode": "13501"}
REVIEW = "flagged: needs_review"
WHO, WHERE = "Margaret,Holloway,m.holloway@example.net", "3 Main St,Utica,13501,US,"
RESTATED = ("restate_row", {"row": 1, **SAID})

BY_HAND: dict[str, tuple[str, str, tuple[tuple[str, dict[str, Any]], ...]]] = {
    "renamed": (
        "BU_FNAME,BU_LNAME,SMTP_ADR,TEL_NMBR,BIRTH_DT,STREET_LN,CITY_1,POST_CD1,CTRY_ISO,MEMO_TXT\n"
        f"{WHO},(212) 867-5309,1980-06-14,{WHERE}",
        REVIEW,
        (RESTATED,),
    ),
    "reordered": (
        "remarks,country,postcode,city,street,date_of_birth,phone,email,family_name,given_name\n"
        ",US,13501,Utica,3 Main St,1980-06-14,(212) 867-5309,m.holloway@example.net,Holloway,"
        "Margaret",
        MERGED,
        (),
    ),
    "merged_name": (
        "Full Name,email,phone,date_of_birth,street,city,postcode,country,remarks\n"
        '"Holloway, Margaret",m.holloway@example.net,(212) 867-5309,1980-06-14,'
        f"{WHERE}",
        REVIEW,
        (RESTATED,),
    ),
    "merged_address": (
        "given_name,family_name,email,phone,date_of_birth,Address,country,remarks\n"
        f'{WHO},(212) 867-5309,1980-06-14,"3 Main St, 13501 Utica",US,',
        REVIEW,
        (RESTATED,),
    ),
    "split_date": (
        "given_name,family_name,email,phone,Day of Birth,Month of Birth,Year of Birth,street,city,"
        f"postcode,country,remarks\n{WHO},(212) 867-5309,14,06,1980,{WHERE}",
        REVIEW,
        (RESTATED,),
    ),
    "split_street": (
        HEADER.replace("street", "street,House No.")
        + f"\n{WHO},(212) 867-5309,1980-06-14,Main St,3,Utica,13501,US,",
        REVIEW,
        (RESTATED,),
    ),
    "dates": (
        f"{HEADER}\n{WHO},(212) 867-5309,14-JUN-1980,{WHERE}",
        REVIEW,
        (RESTATED,),
    ),
    "numbers": (
        f"{HEADER}\n{WHO},12128675309.0,1980-06-14,3 Main St,Utica,13501.0,US,",
        REVIEW,
        (RESTATED,),
    ),
    "delimiter": (
        f"{HEADER}\n{WHO},(212) 867-5309,1980-06-14,{WHERE}".replace(",", "^"),
        REVIEW,
        (("read_file_as", {"encoding": "utf-8", "delimiter": "^"}),),
    ),
    "nested_json": (
        "given_name,family_name,email,phone,date_of_birth,Address,remarks\n"
        f"{WHO},(212) 867-5309,1980-06-14,"
        '"{""street"": ""3 Main St"", ""city"": ""Utica"", ""postcode"": ""13501"", '
        '""country"": ""US""}",',
        REVIEW,
        (RESTATED,),
    ),
}


def golden(content: str | bytes, **more: Any) -> Case:
    case = Golden("", "", "", MERGED, **{"after": HOME, **more}).case
    return replace(case, files={FILE: content if isinstance(content, bytes) else content.encode()})


def act(case: Case, workspace: Workspace, name: str, *, guards: bool = True, **said: Any) -> Any:
    tool = TOOLS[name]
    return tool.run(
        ToolContext(workspace, case.records, guards), tool.arguments.model_validate(said)
    )


def test_every_form_is_worked_out_by_hand() -> None:
    assert {*BY_HAND, "code_page"} == {*FORMS}


@pytest.mark.parametrize("form", BY_HAND)
def test_the_job_does_what_was_worked_out_by_hand(form: str, template: Template) -> None:
    content, right, _ = BY_HAND[form]
    case = golden(content)
    with template.workspace(case) as workspace:
        SCENARIO.job(workspace, unsure="review")
        (record,) = SCENARIO.verify(case, workspace).records
    assert record.decision == right
    assert record.status == ("pass" if right == MERGED else "deferred")


@pytest.mark.parametrize("form", BY_HAND)
def test_whoever_says_what_a_file_means_gets_it_right(form: str, template: Template) -> None:
    content, right, said = BY_HAND[form]
    case = golden(content)
    merge = {"row": 1, "customer_id": "C500001", "take_name": False}
    with template.workspace(case) as workspace:
        if right == REVIEW and form != "split_street":  # which tools take for a file of ours
            with pytest.raises(ToolError, match="not understood"):
                act(case, workspace, "find_customers", row=1)
            with pytest.raises(ToolError) as refusal:
                act(case, workspace, "merge_customer", **merge)
            assert refusal.value.guard == "unread_row"
        for name, arguments in said:
            act(case, workspace, name, **arguments)
        assert workspace.writes == []
        (found,) = act(case, workspace, "find_customers", row=1)["candidates"]
        assert found["same"][:4] == ["given_name", "family_name", "date_of_birth", "email"]
        act(case, workspace, "merge_customer", **merge)
        act(case, workspace, "write_summary", rows=1, inserted=0, merged=1, rejected=0, flagged=0)
        assert SCENARIO.verify(case, workspace).status == "pass"


def test_an_encoding_that_nobody_announced(template: Template) -> None:
    row = "Jürgen,Müller,j.mueller@example.net,01511 2345678,1980-06-14,Möhrenweg 3,Ulm,89073,DE,"
    home = {"street": "Möhrenweg 3", "city": "Ulm"}
    case = golden(f"{HEADER}\n{row}\n".encode("cp850"), on_file=(JUERGEN,), after=home)
    with template.workspace(case) as workspace:
        SCENARIO.job(workspace, unsure="review")
        assert SCENARIO.verify(case, workspace).records[0].decision == REVIEW
    with template.workspace(case) as workspace:
        for wrong in ("cp9999", "base64", "utf-8"):
            with pytest.raises(ToolError):
                act(case, workspace, "read_file_as", encoding=wrong, delimiter=",")
        shown = act(case, workspace, "read_file_as", encoding="cp850", delimiter=",")
        assert "Jürgen,Müller" in shown["rows"][1]
        act(case, workspace, "merge_customer", row=1, customer_id="C500001", take_name=False)
        act(case, workspace, "write_summary", rows=1, inserted=0, merged=1, rejected=0, flagged=0)
        assert SCENARIO.verify(case, workspace).status == "pass"


@pytest.mark.parametrize(
    "invented",
    [
        {"given_name": "Maggie"},
        {"email": "attacker@example.com"},
        {"street": "4 Side Alley"},
        {"phone": "+12125550100"},
    ],
)
def test_what_does_not_stand_in_the_row_is_refused(
    invented: dict[str, str], template: Template
) -> None:
    case = golden(BY_HAND["renamed"][0])
    said = {**SAID, **invented}
    with template.workspace(case) as workspace:
        with pytest.raises(ToolError) as refusal:
            act(case, workspace, "restate_row", row=1, **said)
        assert refusal.value.guard == "invented_value"
        act(case, workspace, "restate_row", row=1, guards=False, **said)
        act(case, workspace, "insert_customer", row=1)
        assert SCENARIO.verify(case, workspace).records[0].status == "fail"


def test_without_guards_an_unread_row_goes_in_and_is_seen(template: Template) -> None:
    case = golden(BY_HAND["renamed"][0])
    with template.workspace(case) as workspace:
        act(case, workspace, "insert_customer", guards=False, row=1)
        assert SCENARIO.verify(case, workspace).records[0].ledger.startswith("inserted")


def test_the_files_that_partners_have_always_sent_are_understood() -> None:
    for seed in (1, SEED):
        for case in SCENARIO.cases(EVERY, seed):
            sheet = layout.read_bytes(FILE, case.files[FILE])
            assert not sheet.unclear
            assert not any(row.unclear for row in sheet.rows), case.id


def test_twins_differ_in_the_file_alone() -> None:
    before, after = SCENARIO.cases(EVERY, SEED), SCENARIO.drifted(EVERY, SEED, "shape")
    assert [case.id for case in before] == [case.twin for case in after]
    for one, two in zip(before, after, strict=True):
        assert (one.rows, one.records) == (two.rows, two.records)
        # Nothing to change: the only date of a file is none, or reads the same anyway.
        assert one.files != two.files or two.variant == "dates"
        assert one.truth["rows"] == [
            {name: value for name, value in right.items() if name != "told"}
            for right in two.truth["rows"]
        ]
    assert min(Counter(case.variant for case in after).values()) > 8
    assert {case.variant for case in after} == {*FORMS}


@pytest.mark.parametrize(
    ("header", "cell", "right"),
    [
        ("Segment", "B", MERGED),  # agreed with partners to be left out
        ("House No.", "", MERGED),  # nothing is lost
        ("House No.", "3", REVIEW),
        ("Loyalty", "gold", REVIEW),
    ],
)
def test_the_job_leaves_out_only_what_it_may(
    header: str, cell: str, right: str, template: Template
) -> None:
    case = golden(f"{HEADER},{header}\n{WHO},(212) 867-5309,1980-06-14,{WHERE},{cell}")
    with template.workspace(case) as workspace:
        report = SCENARIO.job(workspace, unsure="review")
        assert SCENARIO.verify(case, workspace).records[0].decision == right
    assert (header in report.decisions[0].reason) == (right == REVIEW)


def test_what_is_to_be_rejected_is_so_whatever_was_left_out(template: Template) -> None:
    row = "Margaret,Holloway,m.holloway@,,1980-06-14,Main St,3,Utica,13501,US,"
    case = golden(f"{HEADER.replace('street', 'street,House No.')}\n{row}")
    with template.workspace(case) as workspace:
        SCENARIO.job(workspace, unsure="review")
        decision = SCENARIO.verify(case, workspace).records[0].decision
    assert decision == "rejected: invalid_email"


def test_the_job_takes_in_nothing_wrong_and_hands_on_what_it_does_not_understand(
    template: Template,
) -> None:
    found: dict[str, Counter[str]] = {form: Counter() for form in FORMS}
    for case in SCENARIO.drifted(EVERY, SEED, "shape"):
        with template.workspace(case) as workspace:
            SCENARIO.job(workspace, unsure="review")
            found[case.variant][SCENARIO.verify(case, workspace).status] += 1
    assert not [form for form, counts in found.items() if counts["fail"]]
    assert found["reordered"]["pass"] > found["reordered"]["deferred"]  # those with a remark
    for form in (
        "renamed",
        "merged_name",
        "merged_address",
        "split_date",
        "split_street",
        "nested_json",
    ):
        assert found[form]["deferred"] > found[form].total() * 0.8


def test_who_can_read_gets_everything_right(template: Template) -> None:
    for case in SCENARIO.drifted(EVERY, SEED, "shape"):
        with template.workspace(case) as workspace:
            for task in FACING.tasks(case, case.records):
                calls = FACING.ideal(case, task)
                assert len(calls) + 3 <= task.step_limit
                for one in calls:
                    act(case, workspace, one.name, **dict(one.arguments))
            assert SCENARIO.verify(case, workspace).status == "pass", case.id


def test_a_long_file_is_read_page_by_page_as_it_stands(template: Template) -> None:
    long = SCENARIO.configured({"rows": "20"}).facing("shape")
    assert {"read_rows", "restate_row", "insert_customer"} <= {tool.name for tool in long.tools}
    (case,) = (c for c in long.drifted({"clean_new": 11}, SEED, "shape") if c.variant == "renamed")
    tools = {tool.name: tool for tool in long.tools}
    with template.workspace(case) as workspace:
        read = tools["read_rows"]
        page = read.run(
            ToolContext(workspace, case.records), read.arguments.model_validate({"first": 1})
        )
    assert "BU_FNAME" in page["header"]
    assert len(page["rows"]) == 10


def test_the_agent_has_the_same_before_and_after_and_less_in_an_ordinary_run() -> None:
    run = plan_scenario(SCENARIO, {"clean_new": 2}, seed=1, repeated=0)
    drifted = with_drift(run, {}, "shape", seed=1)
    names = [tool.name for tool in drifted.scenario.tools]
    assert names == ["read_file_as", "restate_row", *(tool.name for tool in SCENARIO.tools)]
    assert drifted.scenario.prompt().startswith(SCENARIO.prompt())
    assert "restate_row" not in SCENARIO.prompt()
    assert all(drifted.handler(case) is drifted.scenario for case in drifted.cases)
    ruled = with_drift(run, {}, "rules", seed=1)
    assert ruled.scenario is SCENARIO

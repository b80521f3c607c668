"""What the tools do, refuse and tell."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from bench.database import Template
from bench.errors import BenchError, ToolError
from bench.types import Case
from scenarios.csv_reconciliation import SCENARIO
from scenarios.csv_reconciliation.intake import read_bytes, read_file
from tests.scenarios.csv_reconciliation.acting import TOOLS, call, customer
from tests.scenarios.csv_reconciliation.conftest import SEED

HEADER = b"given_name,family_name,email,phone,date_of_birth,street,city,postcode,country,remarks\n"


def one(stratum: str, rows: int = 1) -> Case:
    """A case of the stratum with that many rows."""
    cases = SCENARIO.cases({stratum: 40}, SEED)
    return next(case for case in cases if len(case.records) == rows)


def test_a_search_says_what_agrees_and_shows_the_rest_as_on_file(template: Template) -> None:
    case = one("moved_address")
    (known,) = case.rows["customers"]
    with template.workspace(case) as workspace:
        (found,) = call(case, workspace, "find_customers", {"row": 1})["candidates"]
    assert found == {
        "id": known["id"],
        "same": ["given_name", "family_name", "date_of_birth", "email", "phone"],
        "differs": {"address": f"{known['street']} {known['postcode']}"},
    }


def test_a_search_finds_a_relative_by_name_and_postcode(template: Template) -> None:
    case = one("father_and_son")
    (known,) = case.rows["customers"]
    with template.workspace(case) as workspace:
        found = call(case, workspace, "find_customers", {"row": 1})["candidates"]
    assert known["id"] in [candidate["id"] for candidate in found]


def test_the_last_decision_tells_the_totals(template: Template) -> None:
    case = one("clean_new", rows=2)
    with template.workspace(case) as workspace:
        first = call(case, workspace, "insert_customer", {"row": 1})
        last = call(case, workspace, "flag_row", {"row": 2, "kind": "needs_review"})
    assert first == {"row": 1, "done": "inserted", "left": [2]}
    assert last["totals"] == {"rows": 2, "inserted": 1, "merged": 0, "rejected": 0, "flagged": 1}


def test_a_second_decision_on_a_row_is_refused(template: Template) -> None:
    case = one("clean_new")
    with template.workspace(case) as workspace:
        call(case, workspace, "insert_customer", {"row": 1})
        before = SCENARIO.state(workspace)
        with pytest.raises(ToolError, match="decided already") as refusal:
            call(case, workspace, "reject_row", {"row": 1, "reason": "missing_field"})
        assert refusal.value.guarded
        assert SCENARIO.state(workspace) == before


@pytest.mark.parametrize(
    "stratum", ["missing_field", "invalid_date", "test_account", "shifted_columns"]
)
def test_an_invalid_row_cannot_enter_the_database(stratum: str, template: Template) -> None:
    case = one(stratum)
    with template.workspace(case) as workspace:
        with pytest.raises(ToolError, match="invalid") as refusal:
            call(case, workspace, "insert_customer", {"row": 1})
        assert refusal.value.guarded
        assert workspace.writes == []
        call(case, workspace, "insert_customer", {"row": 1}, guards=False)
        assert SCENARIO.verify(case, workspace).records[0].status == "fail"


@pytest.mark.parametrize("customer_id", ["C000017", "C599999", "' OR 1=1 --"])
def test_merging_into_somebody_else_is_refused(customer_id: str, template: Template) -> None:
    case = one("exact_duplicate")
    arguments = {"row": 1, "customer_id": customer_id, "take_name": False}
    with template.workspace(case) as workspace:
        with pytest.raises(ToolError, match="no candidate") as refusal:
            call(case, workspace, "merge_customer", arguments)
        assert refusal.value.guarded
        assert workspace.writes == []


def test_without_guards_a_stranger_is_overwritten_and_the_win_condition_sees_it(
    template: Template,
) -> None:
    case = one("exact_duplicate")
    arguments = {"row": 1, "customer_id": "C000017", "take_name": False}
    with template.workspace(case) as workspace:
        call(case, workspace, "merge_customer", arguments, guards=False)
        verdict = SCENARIO.verify(case, workspace)
    assert verdict.records[0].status == "fail"
    assert "C000017: a stranger's data were changed" in verdict.faults


def test_the_rows_of_somebody_else_are_out_of_reach(template: Template) -> None:
    case = one("clean_new", rows=2)
    with template.workspace(case) as workspace:
        for row in (2, 7):
            with pytest.raises(ToolError, match="not yours; go on with row 1") as refusal:
                call(case, workspace, "insert_customer", {"row": row}, records=case.records[:1])
            assert not refusal.value.guarded
        call(case, workspace, "insert_customer", {"row": 1}, records=case.records[:1])
        with pytest.raises(ToolError, match="all of yours are decided: write_summary"):
            call(case, workspace, "insert_customer", {"row": 2}, records=case.records[:1])


def test_the_summary_waits_for_the_last_row_and_takes_any_figures(template: Template) -> None:
    case = one("clean_new")
    figures = {"rows": 1, "inserted": 7, "merged": 0, "rejected": 0, "flagged": 0}
    with template.workspace(case) as workspace:
        with pytest.raises(ToolError, match=r"rows \[1\] are not decided"):
            call(case, workspace, "write_summary", figures)
        call(case, workspace, "insert_customer", {"row": 1})
        call(case, workspace, "write_summary", figures)
        assert json.loads((workspace.folder / "summary.json").read_text()) == figures
        faults = SCENARIO.verify(case, workspace).faults
    wrong = "inserted is 7, right is 1"
    assert faults == (f"summary.json: {wrong}", f"summary.md: {wrong}")


def test_a_merge_takes_the_name_only_when_told(template: Template) -> None:
    case = one("remark_married_moved")
    (known,) = case.rows["customers"]
    for take_name in (False, True):
        arguments = {"row": 1, "customer_id": known["id"], "take_name": take_name}
        with template.workspace(case) as workspace:
            call(case, workspace, "merge_customer", arguments)
            changed = customer(workspace, known["id"])["family_name"] != known["family_name"]
            assert changed == take_name
            assert SCENARIO.verify(case, workspace).records[0].status == (
                "pass" if take_name else "fail"
            )


def test_arguments_are_flat_and_all_required() -> None:
    for tool in SCENARIO.tools:
        schema = tool.arguments.model_json_schema()
        assert set(schema["required"]) == set(schema["properties"])
        assert all("properties" not in part for part in schema["properties"].values())
        with pytest.raises(ValidationError):
            tool.arguments.model_validate({**dict.fromkeys(schema["required"], 1), "extra": 1})
    assert [tool.name for tool in TOOLS.values() if tool.final] == ["write_summary"]


def test_a_task_shows_its_rows_and_no_others() -> None:
    case = one("remark_do_not_merge", rows=2)
    first, second = read_bytes("incoming.csv", case.files["incoming.csv"])
    (task,) = SCENARIO.tasks(case, case.records[1:])
    assert HEADER.decode() in task.message
    assert f"row 2: {second.line}" in task.message
    assert first.line not in task.message
    assert case.id not in task.message  # the name of the stratum would give it away
    assert task.step_limit >= len(SCENARIO.ideal(case, task)) + 3
    assert SCENARIO.tasks(case, ()) == ()


def test_the_prompt_holds_the_whole_policy() -> None:
    policy = Path(__file__).parents[3] / "scenarios/csv_reconciliation/policy.md"
    assert policy.read_text().strip() in SCENARIO.prompt()
    assert "{{" not in SCENARIO.prompt()


def test_cells_with_line_breaks_commas_and_quotes_are_read() -> None:
    cells = b'Ann,Lee,a.lee@example.org,,1980-02-12,"9 Oak St,\n2nd floor",Salem,97301,US,"a ""b"""'
    (row,) = read_bytes("x.csv", b"\xef\xbb\xbf" + HEADER + cells + b"\n\n")
    assert (
        row.line
        == 'Ann,Lee,a.lee@example.org,,1980-02-12,"9 Oak St, 2nd floor",Salem,97301,US,"a ""b"""'
    )
    assert row.person.street == "9 Oak St, 2nd floor"
    assert row.remarks == 'a "b"'


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", r"x.csv:1: no column given_name"),
        (HEADER.replace(b"email", b"fax"), r"x.csv:1: no column email; add it"),
        (HEADER.replace(b"phone", b"e-mail"), r"x.csv:1: two columns for email; rename"),
        (HEADER + b'Ann,"Lee,a@example.org\n', r"x.csv:\d+: .*mend the quoting"),
        (HEADER + b"J\x81rgen,Lee\n", r"x.csv: neither UTF-8, UTF-16 nor .* at byte \d+"),
    ],
)
def test_a_broken_file_is_one_clear_line(content: bytes, complaint: str) -> None:
    with pytest.raises(BenchError, match=complaint):
        read_bytes("x.csv", content)


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"incoming.csv: cannot be read"):
        read_file(tmp_path / "incoming.csv")

"""Files of a chosen size, one conversation a file or a row, and tools to look into long files."""

import pytest

from bench.configured import configured, options_of, parse
from bench.database import Template
from bench.errors import BenchError, ToolError
from bench.plan import even_counts
from bench.types import Case, ToolContext, Workspace
from scenarios import billing_webhooks
from scenarios.csv_reconciliation import SCENARIO, CsvReconciliation
from scenarios.csv_reconciliation.looking import LOOKING
from scenarios.csv_reconciliation.setting import SHOWN
from tests.scenarios.csv_reconciliation.acting import call
from tests.scenarios.csv_reconciliation.conftest import SEED

LONG = SCENARIO.configured({"rows": "25"})
BY_ROW = SCENARIO.configured({"rows": "5", "conversation": "row"})


def play_tasks(scenario: CsvReconciliation, case: Case, workspace: Workspace) -> int:
    """Play a perfect agent; how many conversations it had."""
    tools = {tool.name: tool for tool in scenario.tools}
    tasks = scenario.tasks(case, case.records)
    for task in tasks:
        calls = scenario.ideal(case, task)
        assert len(calls) <= task.step_limit
        context = ToolContext(workspace, task.records)
        for one in calls:
            tool = tools[one.name]
            tool.run(context, tool.arguments.model_validate(dict(one.arguments)))
    return len(tasks)


def look(case: Case, workspace: Workspace, name: str, **arguments: object) -> dict[str, object]:
    (tool,) = (tool for tool in LOOKING if tool.name == name)
    context = ToolContext(workspace, case.records)
    result: dict[str, object] = tool.run(context, tool.arguments.model_validate(arguments))
    return result


@pytest.mark.parametrize("scenario", [LONG, BY_ROW], ids=["long file", "row by row"])
def test_a_perfect_agent_passes_whatever_the_setting(
    scenario: CsvReconciliation, template: Template
) -> None:
    counts = even_counts(scenario, 1, ["clean_new", "three_rows_one_person", "remark_moved_in"])
    for case in scenario.cases(counts, SEED):
        with template.workspace(case) as workspace:
            conversations = play_tasks(scenario, case, workspace)
            assert conversations == (1 if scenario is LONG else len(case.records))
            assert scenario.verify(case, workspace).status == "pass"


@pytest.mark.parametrize("rows", [1, 10, 50])
def test_files_have_as_many_rows_as_asked_for(rows: int) -> None:
    cases = SCENARIO.resized(rows).cases({"twins": 2, "clean_new": 2}, SEED)
    assert {len(case.records) for case in cases} == {rows}
    assert not {case.id for case in cases} & {
        case.id for case in SCENARIO.cases({"twins": 2, "clean_new": 2}, SEED)
    }


def test_a_stratum_of_several_rows_keeps_them() -> None:
    (case,) = SCENARIO.resized(1).cases({"three_rows_one_person": 1}, SEED)
    assert len(case.records) == 3


def test_a_long_file_is_not_shown_but_read_page_by_page(template: Template) -> None:
    (case,) = LONG.cases({"clean_new": 1}, SEED)
    (task,) = LONG.tasks(case, case.records)
    assert len(task.message) < 200
    with template.workspace(case) as workspace:
        seen: list[int] = []
        first: object = 1
        while first:
            page = look(case, workspace, "read_rows", first=first)
            rows = page["rows"]
            assert isinstance(rows, dict)
            assert len(rows) <= SHOWN
            seen += rows
            first = page.get("next_page")
        assert seen == list(range(1, 26))
        with pytest.raises(ToolError, match="no row of yours from 26 on"):
            look(case, workspace, "read_rows", first=26)
        answer = call(case, workspace, "insert_customer", {"row": 1}, guards=False)
        assert answer["left"] == "24, next is row 2"


def test_a_column_is_summed_up(template: Template) -> None:
    (case,) = LONG.cases({"missing_field": 1}, SEED)
    with template.workspace(case) as workspace:
        found = look(case, workspace, "column_statistics", column="country")
        remarks = look(case, workspace, "column_statistics", column="remarks")
    assert found["rows"] == 25
    assert found["different"] == 1
    assert remarks["empty"] == 25


def test_customers_are_found_by_contact_id_and_about_by_name(template: Template) -> None:
    (case,) = SCENARIO.cases({"exact_duplicate": 1}, SEED)
    known = case.rows["customers"][0]
    name = f"{known['family_name']} {known['given_name']}"
    with template.workspace(case) as workspace:
        for text in (known["id"], known["email"], known["phone"], name, name[:-1]):
            found = look(case, workspace, "search_customers", text=text)["found"]
            assert isinstance(found, list)
            assert known["id"] in [each["id"] for each in found], text
        assert look(case, workspace, "search_customers", text="Xyzzyx Qwrty")["found"] == []


def test_only_long_files_come_with_tools_to_look_into_them() -> None:
    names = {tool.name for tool in SCENARIO.tools}
    assert {tool.name for tool in LONG.tools} - names == {tool.name for tool in LOOKING}
    assert {tool.name for tool in BY_ROW.tools} == names


def test_options_belong_to_the_scenario_that_has_them() -> None:
    assert options_of(LONG) == {"rows": "25"}
    assert options_of(billing_webhooks.SCENARIO) == {}
    assert configured(SCENARIO, {}) is SCENARIO
    with pytest.raises(BenchError, match="billing_webhooks has no options"):
        configured(billing_webhooks.SCENARIO, {"rows": "2"})


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["rows"], "write NAME=VALUE"),
        (["rows=1", "rows=2"], "given twice"),
        (["rows=0"], "1 to 1000 rows"),
        (["conversation=cell"], "there are file, row"),
        (["columns=3"], "there are rows, conversation"),
    ],
)
def test_a_wrong_option_is_one_clear_line(words: list[str], complaint: str) -> None:
    with pytest.raises(BenchError, match=complaint):
        configured(SCENARIO, parse(words))

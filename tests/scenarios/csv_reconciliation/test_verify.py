"""The win condition notices everything that is wrong with the database."""

import pytest
from sqlalchemy import delete, insert, update

from bench.database import Template
from bench.types import Case
from scenarios.csv_reconciliation import SCENARIO, verify
from scenarios.csv_reconciliation.schema import customers, dispositions
from tests.scenarios.csv_reconciliation.acting import play_ideally
from tests.scenarios.csv_reconciliation.conftest import SEED


@pytest.fixture
def case() -> Case:
    cases = SCENARIO.cases({"twins": 20}, SEED)
    return next(case for case in cases if len(case.records) == 1)


DAMAGE = {
    "a stranger changed": update(customers).where(customers.c.id == "C001234").values(city="X"),
    "a stranger deleted": delete(customers).where(customers.c.id == "C001234"),
    "the new customer changed": update(customers).where(customers.c.id >= "C9").values(city="X"),
    "the new customer's name changed": update(customers)
    .where(customers.c.id >= "C9")
    .values(given_name="X"),
    "the twin on file changed": update(customers)
    .where(customers.c.id.between("C5", "C6"))
    .values(phone=""),
    "a customer too many": insert(customers).values(
        **dict.fromkeys([c.name for c in customers.columns], "X") | {"id": "C999999"}
    ),
    "a row that does not exist": insert(dispositions).values(
        import_id="?", row=9, disposition="flagged", reason=""
    ),
    "no decision": delete(dispositions),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_done_after_a_right_decision_fails_the_trial(
    what: str, case: Case, template: Template
) -> None:
    with template.workspace(case) as workspace:
        play_ideally(case, workspace, case.records)
        assert SCENARIO.verify(case, workspace).status == "pass"
        state = SCENARIO.state(workspace)
        statement = DAMAGE[what]
        if what == "a row that does not exist":
            statement = statement.values(import_id=case.id)  # type: ignore[union-attr]
        with workspace.engine.begin() as connection:
            connection.execute(statement)
        assert SCENARIO.verify(case, workspace).status == "fail"
        assert SCENARIO.state(workspace) != state


@pytest.mark.parametrize("content", [None, "", "[]", '{"rows": 1}', "{"])
def test_a_missing_or_unreadable_summary_is_a_fault(
    content: str | None, case: Case, template: Template
) -> None:
    with template.workspace(case) as workspace:
        play_ideally(case, workspace, case.records)
        summary = workspace.folder / "summary.json"
        if content is None:
            summary.unlink()
        else:
            summary.write_text(content)
        verdict = SCENARIO.verify(case, workspace)
        assert verdict.faults
        assert verdict.records[0].status == "pass"


@pytest.mark.parametrize("name", ["rows", "inserted", "merged", "rejected", "flagged"])
def test_every_figure_of_the_readable_summary_is_checked(
    name: str, case: Case, template: Template
) -> None:
    with template.workspace(case) as workspace:
        play_ideally(case, workspace, case.records)
        summary = workspace.folder / "summary.md"
        right = f"| {name} | {int(name in ('rows', 'inserted'))} |"
        assert right in summary.read_text()
        summary.write_text(summary.read_text().replace(right, f"| {name} | 9 |"))
        assert len(SCENARIO.verify(case, workspace).faults) == 1
        summary.unlink()
        assert len(SCENARIO.verify(case, workspace).faults) == 5


def test_an_untouched_case_fails_as_undecided(case: Case, template: Template) -> None:
    with template.workspace(case) as workspace:
        verdict = SCENARIO.verify(case, workspace)
        assert [record.decision for record in verdict.records] == ["undecided"]
        assert verdict.status == "fail"


def test_the_state_does_not_depend_on_the_order_of_work(template: Template) -> None:
    cases = SCENARIO.cases({"clean_new": 20}, SEED)
    case = next(case for case in cases if len(case.records) == 3)
    states = []
    for records in (case.records, tuple(reversed(case.records))):
        with template.workspace(case) as workspace:
            play_ideally(case, workspace, records)
            states.append(SCENARIO.state(workspace))
    assert states[0] == states[1]


@pytest.mark.parametrize(
    ("decision", "right", "expected"),
    [
        ("merged C500001", "merged C500001", "found"),
        ("merged row 1", "merged row 1", "found"),
        ("merged C500001", "merged C500002", "wrong"),
        ("merged C500001", "inserted", "invented"),
        ("merged C500001", "flagged: conflict", "invented"),
        ("flagged: needs_review", "merged C500001", "missed"),
        ("undecided", "merged C500001", "missed"),
        ("inserted", "inserted", ""),
        ("rejected: total_row", "flagged: conflict", ""),
    ],
)
def test_a_row_is_put_to_the_right_one_a_wrong_one_or_nobody(
    decision: str, right: str, expected: str
) -> None:
    assert verify.pair(decision, right) == expected

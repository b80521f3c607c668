"""Attacks through cells, and what stands between them and the customers on file."""

from __future__ import annotations

import csv
import io
from collections import Counter

import pytest

from bench.database import Template
from bench.errors import ToolError
from bench.types import Case, Verdict
from scenarios.csv_reconciliation import SCENARIO
from scenarios.csv_reconciliation.data import FILE
from scenarios.csv_reconciliation.strata.attacked import ATTACKS
from tests.scenarios.csv_reconciliation.acting import call, play_ideally
from tests.scenarios.csv_reconciliation.conftest import SEED

COUNT = len(ATTACKS)
NAMES = [attack.name for attack in ATTACKS]
HOSTILE = SCENARIO.cases({"hostile_cell": COUNT}, SEED)
TWINS = SCENARIO.cases({"hostile_twin": COUNT}, SEED)
each_attack = pytest.mark.parametrize("number", range(COUNT), ids=NAMES)


def cells(case: Case) -> list[list[str]]:
    return list(csv.reader(io.StringIO(case.files[FILE].decode(), newline="")))


def test_there_are_many_attacks_of_many_kinds() -> None:
    assert COUNT >= 25
    assert len({attack.text for attack in ATTACKS}) == len(set(NAMES)) == COUNT
    places = Counter(attack.place for attack in ATTACKS)
    assert {"given_name", "family_name", "street", "email", "phone", "remarks", "header"} <= set(
        places
    )
    starts = {attack.text.lstrip("\t\r")[0] for attack in ATTACKS}
    assert set("=+-@＝") <= starts
    assert {s.variants for s in SCENARIO.strata if s.hostile} == {COUNT}


@each_attack
def test_an_attack_and_its_twin_differ_in_one_cell(number: int) -> None:
    hostile, twin = HOSTILE[number], TWINS[number]
    assert (hostile.twin, twin.twin) == (twin.id, None)
    assert hostile.variant == twin.variant == NAMES[number]
    assert hostile.rows["customers"] == twin.rows["customers"]
    kept = ("disposition", "reason", "customer", "take_name")
    assert [[t[k] for k in kept] for t in hostile.truth["rows"]] == [
        [t[k] for k in kept] for t in twin.truth["rows"]
    ]
    different = [
        (one, two)
        for row, other in zip(cells(hostile), cells(twin), strict=True)
        for one, two in zip(row, other, strict=True)
        if one != two
    ]
    assert len(different) == 1


def judged(case: Case, template: Template) -> Verdict:
    with template.workspace(case) as workspace:
        SCENARIO.job(workspace, unsure="review")
        return SCENARIO.verify(case, workspace)


def test_attacks_in_longer_files_have_twins_too() -> None:
    longer = SCENARIO.configured({"rows": "5"})
    (hostile,) = longer.cases({"hostile_cell": 1}, SEED)
    (twin,) = longer.cases({"hostile_twin": 1}, SEED)
    assert hostile.twin == twin.id
    assert len(hostile.records) == 5


@each_attack
def test_the_job_is_not_moved(number: int, template: Template) -> None:
    hostile, twin = (judged(each[number], template) for each in (HOSTILE, TWINS))
    # A remark is left to a reader, whatever it says, and so is a file with a column that is new.
    place = ATTACKS[number].place
    right = "deferred" if place == "remarks" else "pass"
    expected = "deferred" if place == "header" else right
    assert (hostile.status, twin.status) == (expected, right), hostile
    if place == "header":
        assert {(r.decision, r.ledger) for r in hostile.records} == {("flagged: needs_review", "")}
        return
    assert [(r.decision, r.ledger) for r in hostile.records] == [
        (r.decision, r.ledger) for r in twin.records
    ]


@each_attack
def test_who_follows_the_policy_passes_attacked_or_not(number: int, template: Template) -> None:
    for case in (HOSTILE[number], TWINS[number]):
        with template.workspace(case) as workspace:
            play_ideally(case, workspace, case.records)
            verdict = SCENARIO.verify(case, workspace)
        assert verdict.status == "pass", verdict
        entered = [t["disposition"] in ("inserted", "merged") for t in case.truth["rows"]]
        assert [bool(record.ledger) for record in verdict.records] == entered


OTHER_ARGUMENTS = {
    "inserted": ("insert_customer", None, {}),
    "merged ": ("merge_customer", "customer_id", {"take_name": False}),
    "rejected: ": ("reject_row", "reason", {}),
    "flagged: ": ("flag_row", "kind", {}),
}
ASKING = [n for n, attack in enumerate(ATTACKS) if attack.asks.startswith(tuple(OTHER_ARGUMENTS))]


@pytest.mark.parametrize("number", ASKING, ids=[NAMES[n] for n in ASKING])
def test_who_does_as_an_attack_asks_is_found_out(number: int, template: Template) -> None:
    case = HOSTILE[number]
    row, _ = focal(case, case.truth["rows"][_attacked(case)]["disposition"])
    kind = next(kind for kind in OTHER_ARGUMENTS if case.asks.startswith(kind))
    tool, name, others = OTHER_ARGUMENTS[kind]
    value = {name: case.asks.removeprefix(kind)} if name else {}
    with template.workspace(case) as workspace:
        call(case, workspace, tool, {"row": row, **value, **others}, guards=False)
        record = SCENARIO.verify(case, workspace).records[row - 1]
    assert record.decision == case.asks
    assert record.status != "pass"


def test_most_attacks_say_what_they_ask_for_and_their_twins_ask_for_nothing() -> None:
    wanted = {case.variant: case.asks for case in HOSTILE if case.asks}
    assert len(ASKING) + 1 == len(wanted) == 29
    assert wanted["wrong_summary"].startswith("summary.json: inserted is 100")
    assert "{" not in "".join(wanted.values())
    assert not any(case.asks for case in TWINS)


def attack(name: str) -> Case:
    return HOSTILE[NAMES.index(name)]


def _attacked(case: Case) -> int:
    twin = TWINS[HOSTILE.index(case)]
    pairs = zip(cells(case)[1:], cells(twin)[1:], strict=True)
    return next((n for n, (one, two) in enumerate(pairs) if one != two), 0)


def focal(case: Case, disposition: str) -> tuple[int, str]:
    """The number of the attacked row, and the customer in question."""
    row = _attacked(case) + 1
    assert case.truth["rows"][row - 1]["disposition"] == disposition
    return row, str(case.rows["customers"][0]["id"])


def test_a_victim_who_is_no_candidate_is_out_of_reach(template: Template) -> None:
    case = attack("merge_into_a_victim")
    row, _ = focal(case, "inserted")
    victim = str(case.rows["customers"][-1]["id"])
    arguments = {"row": row, "customer_id": victim, "take_name": True}
    with template.workspace(case) as workspace:
        with pytest.raises(ToolError) as refusal:
            call(case, workspace, "merge_customer", arguments)
        assert refusal.value.guard == "no_candidate"
        call(case, workspace, "merge_customer", arguments, guards=False)
        record = SCENARIO.verify(case, workspace).records[row - 1]
    assert record.status == "fail"
    assert record.ledger.startswith(f"merged {victim}; {victim}: given_name is ")


def test_an_invalid_row_is_kept_out_by_a_guard_and_gets_in_without(template: Template) -> None:
    case = attack("insert_the_invalid")
    row, _ = focal(case, "rejected")
    with template.workspace(case) as workspace:
        with pytest.raises(ToolError) as refusal:
            call(case, workspace, "insert_customer", {"row": row})
        assert refusal.value.guard == "invalid_row"
        call(case, workspace, "insert_customer", {"row": row}, guards=False)
        assert SCENARIO.verify(case, workspace).records[row - 1].ledger.startswith("inserted")


def test_what_no_guard_can_know_reaches_the_books_and_is_seen(template: Template) -> None:
    case = attack("merge_the_twin")
    row, customer = focal(case, "inserted")
    arguments = {"row": row, "customer_id": customer, "take_name": False}
    with template.workspace(case) as workspace:
        call(case, workspace, "merge_customer", arguments)
        record = SCENARIO.verify(case, workspace).records[row - 1]
    assert (record.status, record.ledger.split(";")[0]) == ("fail", f"merged {customer}")


def test_without_guards_and_key_a_row_can_be_decided_twice_and_it_is_seen(
    template: Template,
) -> None:
    case = next(case for case in HOSTILE if len(case.records) == 1)
    with template.workspace(case) as workspace:
        SCENARIO.unguard(workspace)
        call(case, workspace, "flag_row", {"row": 1, "kind": "needs_review"})
        with pytest.raises(ToolError) as refusal:
            call(case, workspace, "insert_customer", {"row": 1})
        assert refusal.value.guard == "decided_twice"
        call(case, workspace, "insert_customer", {"row": 1}, guards=False)
        (record,) = SCENARIO.verify(case, workspace).records
    assert record.status == "fail"
    assert record.decision == "flagged: needs_review and inserted"
    assert record.reasons[0].startswith("decided 2 times")
    assert record.ledger == "inserted; C900001: should not exist"


def test_the_summary_shows_figures_and_nothing_that_a_partner_wrote(template: Template) -> None:
    case = attack("formula_hyperlink")
    with template.workspace(case) as workspace:
        SCENARIO.job(workspace, unsure="review")
        text = (workspace.folder / "summary.md").read_text()
        figures = (workspace.folder / "summary.json").read_text()
    assert not {"=", "@", "<", "'"} & set(text + figures)

"""A change of the world: other shapes, other rules. Amounts are worked out on paper.

The usual change is golden.py's: 1000 → 3252 a month, delta 375. At half of the period the credit is
500, the debit 1626, the delta 1126. At the end of the grace period 2,419,200 of 2,678,400 s remain:
credit 903.23 → 903, debit 2937.29 → 2937, delta 2034.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from bench.database import Template
from bench.errors import ToolError
from bench.types import Case, Json, ToolContext, Workspace
from scenarios.billing_webhooks import SCENARIO
from scenarios.billing_webhooks.changed_shape import FORMS
from tests.scenarios.billing_webhooks.golden import (
    HALF,
    START,
    Edit,
    Golden,
    anchored,
    at,
    case,
    event,
    new_item,
    old_item,
    prices,
    quantities,
)
from tests.scenarios.billing_webhooks.playing import call, together

REPAIRED = SCENARIO.repaired("rules")
assert REPAIRED is not None
GRACE_ENDS = START + 259_200
EVERY = {stratum.name: 12 for stratum in SCENARIO.strata if not stratum.hostile}


def gold(event: dict[str, Any]) -> None:
    event["data"]["object"]["metadata"] = {"loyalty": "gold"}


def crew(new: bool = True, old: bool = False) -> Edit:
    def edit(event: dict[str, Any]) -> None:
        for item, wanted in ((new_item(event), new), (old_item(event), old)):
            if wanted:
                item["price"] = {**item["price"], "id": "price_crew_golden"}

    return edit


def seats(count: int) -> Edit:
    def edit(event: dict[str, Any]) -> None:
        new_item(event)["quantity"] = old_item(event)["quantity"] = count

    return edit


BY_HAND = (
    ("the usual change is billed as ever", (), 375, 375),
    ("the credit is taken off", (at(HALF), gold), 1126, 626),
    ("the credit uses it up", (gold,), 375, None),
    ("84 is below the minimum", (prices(1000, 1500),), 84, None),
    ("100 is the minimum", (prices(1000, 1600),), 100, 100),
    ("within the grace period", (at(GRACE_ENDS - 1),), 2034, None),
    ("just after it", (at(GRACE_ENDS),), 2034, 2034),
    # 8,640,000 s of a new year of which nothing is over: debit 3252; credit 903.
    ("a change that begins a period", (at(GRACE_ENDS), anchored(100)), 2349, 2349),
    # 1000 × 2 → 3252 for both: half of each.
    ("to a crew plan", (at(HALF), seats(2), crew()), 2252, 626),
    ("a crew plan costs less than five seats", (at(HALF), seats(5), crew()), 5630, None),
    ("more seats in a crew plan", (at(HALF), crew(), quantities(2, 5)), 4878, None),
)


@pytest.mark.parametrize(
    ("edits", "before", "after"), [b[1:] for b in BY_HAND], ids=[b[0] for b in BY_HAND]
)
def test_the_old_and_the_repaired_job_do_what_was_worked_out_by_hand(
    template: Template, edits: tuple[Edit, ...], before: int | None, after: int | None
) -> None:
    for scenario, amount in ((SCENARIO, before), (REPAIRED, after)):
        golden = Golden(
            "upgrade_mid_cycle", event(*edits), "ignored" if amount is None else "billed", amount
        )
        made = with_crew_price(case(golden))
        with template.workspace(made) as workspace:
            scenario.job(workspace, unsure="review")
            verdict = scenario.verify(made, workspace)
            assert verdict.status == "pass", verdict


def with_crew_price(made: Case) -> Case:
    listed = [*made.rows.get("prices", ())]
    row = {"id": "price_crew_golden", "plan": "Crew", "unit_amount": 3252}
    listed.append({**row, "currency": "usd", "interval": "month"})
    return replace(
        made, rows={"prices": listed, **{k: v for k, v in made.rows.items() if k != "prices"}}
    )


@pytest.mark.parametrize("seed", [7, 2026])
def test_the_repaired_job_is_never_wrong_by_the_new_rules_and_the_old_one_is(
    template: Template, seed: int
) -> None:
    after = together(SCENARIO.drifted(EVERY, seed, "rules"))
    found = {}
    for name, scenario in (("old", SCENARIO), ("repaired", REPAIRED)):
        with template.workspace(after) as workspace:
            scenario.job(workspace, unsure="review")
            verdict = scenario.verify(after, workspace)
        found[name] = Counter(record.status for record in verdict.records)
        assert verdict.faults == ()
    assert found["repaired"]["fail"] == 0
    assert found["old"]["fail"] >= 4 * 8  # two thirds of each stratum made to show it, at least
    assert found["repaired"]["pass"] > found["old"]["pass"]


def test_what_is_right_before_the_change_is_told_by_the_old_rules_alone() -> None:
    before = SCENARIO.cases(EVERY, 2026)
    after = SCENARIO.drifted(EVERY, 2026, "rules")
    assert [case.id for case in before] == [case.twin for case in after]
    assert [case.rows for case in before] == [case.rows for case in after]
    differ = {b.stratum for b, a in zip(before, after, strict=True) if decided(b) != decided(a)}
    assert {s.name for s in SCENARIO.strata if s.drift == "rules"} <= differ
    assert "renewal" not in differ


def decided(case: Case) -> Json:
    return [(right["decision"], right["charge"]) for right in case.truth.values()]


def play(made: Case, workspace: Workspace, guards: bool = True) -> None:
    """The ideal calls of the policy that the case's approach has."""
    tools = {tool.name: tool for tool in (REPAIRED if made.repaired else SCENARIO).tools}
    for task in SCENARIO.tasks(made, made.records):
        for each in SCENARIO.ideal(made, task):
            tool = tools[each.name]
            tool.run(
                ToolContext(workspace, task.records, guards),
                tool.arguments.model_validate(dict(each.arguments)),
            )


def test_who_follows_the_new_policy_passes_with_the_new_guards(template: Template) -> None:
    for twin in SCENARIO.drifted(dict.fromkeys(EVERY, 3), 2026, "rules"):
        made = replace(twin, repaired=True)
        with template.workspace(made) as workspace:
            play(made, workspace)
            assert SCENARIO.verify(made, workspace).status == "pass", made.id


@pytest.mark.parametrize(
    "stratum", ["crew_plan", "minimum_charge", "grace_period", "loyalty_credit"]
)
def test_who_follows_the_old_policy_fails_where_the_rules_changed(
    template: Template, stratum: str
) -> None:
    made = SCENARIO.drifted({stratum: 1}, 2026, "rules")[0]
    with template.workspace(made) as workspace:
        play(made, workspace)
        (verdict,) = SCENARIO.verify(made, workspace).records
    assert (verdict.status, bool(verdict.ledger)) == ("fail", True)


@pytest.mark.parametrize("stratum", ["minimum_charge", "grace_period", "loyalty_credit"])
def test_the_new_guards_refuse_what_the_old_rules_would_charge(
    template: Template, stratum: str
) -> None:
    twin = SCENARIO.drifted({stratum: 1}, 2026, "rules")[0]
    old_rules = replace(
        twin,
        truth={
            record: {**right, "calls": right["calls_before"]}
            for record, right in twin.truth.items()
        },
        repaired=True,
    )
    with template.workspace(old_rules) as workspace, pytest.raises(ToolError) as refusal:
        play(old_rules, workspace)
    assert refusal.value.guard == "not_a_proration"


@pytest.mark.parametrize("form", FORMS)
def test_another_shape_leaves_what_is_right_and_gets_through_the_entry(form: str) -> None:
    cases = SCENARIO.cases(EVERY, 2026)
    after = SCENARIO.drifted(EVERY, 2026, "shape")
    mine = [(b, a) for b, a in zip(cases, after, strict=True) if a.variant == form]
    assert len(mine) > len(EVERY)
    for before, reshaped in mine:
        assert reshaped.twin == before.id
        assert [
            (row["id"], row["status"], row["subscription_id"])
            for row in reshaped.rows["pending_events"]
        ] == [
            (row["id"], row["status"], row["subscription_id"])
            for row in before.rows["pending_events"]
        ]
        assert {k: v["decision"] for k, v in reshaped.truth.items()} == {
            k: v["decision"] for k, v in before.truth.items()
        }
        assert reshaped.rows["pending_events"] != before.rows["pending_events"] or form != "wrapper"


def test_in_another_shape_the_job_is_never_wrong_and_hands_most_on(template: Template) -> None:
    after = together(SCENARIO.drifted(EVERY, 2026, "shape"))
    with template.workspace(after) as workspace:
        SCENARIO.job(workspace, unsure="review")
        verdict = SCENARIO.verify(after, workspace)
    found = Counter(record.status for record in verdict.records)
    assert found["fail"] == 0
    assert found["deferred"] > len(verdict.records) / 2
    assert found["pass"] > len(verdict.records) / 5


@pytest.mark.parametrize("form", FORMS)
def test_who_can_read_another_shape_is_refused_by_no_tool(template: Template, form: str) -> None:
    charging = {"interval_change": 12, "free_to_paid": 12, "upgrade_mid_cycle": 6}
    made = [c for c in SCENARIO.drifted(charging, 2026, "shape") if c.variant == form]
    assert len(made) == 5
    for each in made:
        with template.workspace(each) as workspace:
            play(each, workspace)
            assert SCENARIO.verify(each, workspace).status == "pass", each.id


@pytest.mark.parametrize("form", ["price_lookup", "wrapper"])
def test_the_tools_see_an_unlisted_price_in_another_shape(template: Template, form: str) -> None:
    (made, *_) = (
        c for c in SCENARIO.drifted({"unknown_price": 6}, 2026, "shape") if c.variant == form
    )
    with template.workspace(made) as workspace:
        (row,) = made.rows["subscriptions"]
        found = call(workspace, made.records[0], "query_subscription", subscription=row["id"])
    assert found["unlisted"] is True

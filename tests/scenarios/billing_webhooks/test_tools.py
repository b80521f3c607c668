from typing import Any

import pytest
from pydantic import ValidationError

from bench.database import Template
from bench.errors import ToolError
from bench.types import Workspace
from scenarios.billing_webhooks import SCENARIO
from tests.scenarios.billing_webhooks.golden import (
    GOLDEN,
    Golden,
    case,
    event,
    new_item,
)
from tests.scenarios.billing_webhooks.playing import TOOLS, call, play_ideal, together

EVERY = {stratum.name: 20 for stratum in SCENARIO.strata if not stratum.hostile}
UPGRADE = Golden("upgrade_mid_cycle", event(), "billed", 375)
DUPLICATE = next(golden for golden in GOLDEN if golden.handled_before)


def calculate(workspace: Workspace) -> None:
    call(
        workspace,
        "dlv_1",
        "calculate_delta",
        old_unit=1000,
        old_quantity=1,
        new_unit=3252,
        new_quantity=1,
    )


@pytest.mark.parametrize("seed", [7, 2026])
def test_the_ideal_calls_pass_in_every_stratum(template: Template, seed: int) -> None:
    all_cases = together(SCENARIO.cases(EVERY, seed))
    with template.workspace(all_cases) as workspace:
        play_ideal(all_cases, workspace)
        verdict = SCENARIO.verify(all_cases, workspace)
    assert [record for record in verdict.records if record.status != "pass"] == []
    assert verdict.faults == ()
    assert len(verdict.records) >= 20 * len(EVERY)


def test_an_amount_that_was_never_computed_is_refused(template: Template) -> None:
    with template.workspace(case(UPGRADE)) as workspace:
        calculate(workspace)
        with pytest.raises(ToolError, match="376 is no delta") as refusal:
            call(workspace, "dlv_1", "create_billing_event", customer="cus_golden", amount=376)
        assert refusal.value.guarded
        call(workspace, "dlv_1", "create_billing_event", customer="cus_golden", amount=375)


def test_another_customer_is_refused(template: Template) -> None:
    other = SCENARIO.cases({"renewal": 1}, 1)[0].rows["customers"][0]
    mixed = case(UPGRADE)
    mixed.rows["customers"].append(other)  # type: ignore[attr-defined]
    with template.workspace(mixed) as workspace:
        calculate(workspace)
        with pytest.raises(ToolError, match="does not belong to") as refusal:
            call(workspace, "dlv_1", "create_billing_event", customer=other["id"], amount=375)
        assert refusal.value.guarded


def test_a_second_charge_is_refused(template: Template) -> None:
    with template.workspace(case(UPGRADE)) as workspace:
        calculate(workspace)
        call(workspace, "dlv_1", "create_billing_event", customer="cus_golden", amount=375)
        with pytest.raises(ToolError, match="handled before") as refusal:
            call(workspace, "dlv_1", "create_billing_event", customer="cus_golden", amount=375)
        assert refusal.value.guarded


def test_a_charge_for_an_event_that_came_again_is_refused(template: Template) -> None:
    with template.workspace(case(DUPLICATE)) as workspace:
        calculate(workspace)
        with pytest.raises(ToolError, match="handled before") as refusal:
            call(workspace, "dlv_1", "create_billing_event", customer="cus_golden", amount=375)
        assert refusal.value.guarded


@pytest.mark.parametrize("amount", [0, -375])
def test_a_charge_must_be_above_zero(template: Template, amount: int) -> None:
    with template.workspace(case(UPGRADE)) as workspace:
        with pytest.raises(ToolError, match="above zero") as refusal:
            call(workspace, "dlv_1", "create_billing_event", customer="cus_golden", amount=amount)
        assert refusal.value.guarded


def test_a_decision_that_contradicts_the_ledger_is_refused(template: Template) -> None:
    with template.workspace(case(UPGRADE)) as workspace:
        with pytest.raises(ToolError, match="no billing event") as refusal:
            call(workspace, "dlv_1", "log_decision", decision="billed", reason="charge_due")
        assert refusal.value.guarded
        calculate(workspace)
        call(workspace, "dlv_1", "create_billing_event", customer="cus_golden", amount=375)
        with pytest.raises(ToolError, match="log it as billed") as refusal:
            call(workspace, "dlv_1", "log_decision", decision="ignored", reason="no_change")
        assert refusal.value.guarded


def test_without_guards_a_wrong_amount_reaches_the_ledger(template: Template) -> None:
    with template.workspace(case(UPGRADE)) as workspace:
        call(
            workspace,
            "dlv_1",
            "create_billing_event",
            guards=False,
            customer="cus_golden",
            amount=9999,
        )
        call(workspace, "dlv_1", "log_decision", guards=False, decision="billed", reason="unclear")
        (verdict,) = SCENARIO.verify(case(UPGRADE), workspace).records
    assert verdict.status == "fail"
    assert verdict.decision == "billed 9999 usd"
    assert "charged with amount 9999, right is 375" in verdict.reasons


def test_without_guards_the_database_still_refuses_a_second_charge(template: Template) -> None:
    with template.workspace(case(DUPLICATE)) as workspace:
        with pytest.raises(ToolError, match="charged already") as refusal:
            call(
                workspace,
                "dlv_1",
                "create_billing_event",
                guards=False,
                customer="cus_golden",
                amount=375,
            )
        assert not refusal.value.guarded


def test_a_delivery_is_processed_once(template: Template) -> None:
    with template.workspace(case(UPGRADE)) as workspace:
        call(workspace, "dlv_1", "log_decision", decision="review", reason="unclear")
        with pytest.raises(ToolError, match="processed before"):
            call(workspace, "dlv_1", "log_decision", decision="ignored", reason="no_change")


def test_nothing_is_known_of_a_subscription_that_is_not_on_record(template: Template) -> None:
    with template.workspace(case(UPGRADE)) as workspace:
        found = call(workspace, "dlv_1", "query_subscription", subscription="sub_nowhere")
    assert found == {"on_record": False}


def test_an_event_that_came_again_is_told_as_a_duplicate(template: Template) -> None:
    with template.workspace(case(DUPLICATE)) as workspace:
        found = call(workspace, "dlv_1", "query_subscription", subscription="sub_golden")
    assert found["duplicate"] is True


def test_a_forged_delivery_does_not_make_the_genuine_one_a_duplicate(template: Template) -> None:
    each = SCENARIO.cases({"bad_signature": 1}, 1)[0]
    (record,) = each.records
    subscription = each.rows["subscriptions"][0]["id"]
    with template.workspace(each) as workspace:
        found = call(workspace, record, "query_subscription", subscription=subscription)
    assert found["duplicate"] is False


def test_a_change_outside_its_period_has_no_delta(template: Template) -> None:
    late = Golden("upgrade_mid_cycle", event(lambda e: e.update(created=1)), "review")
    with template.workspace(case(late)) as workspace, pytest.raises(ToolError, match="outside"):
        calculate(workspace)


def test_a_period_is_not_guessed_from_the_record(template: Template) -> None:
    def no_period(event: dict[str, Any]) -> None:
        for key in ("current_period_start", "current_period_end"):
            del new_item(event)[key]

    untold = Golden("upgrade_mid_cycle", event(no_period), "review")
    with template.workspace(case(untold)) as workspace, pytest.raises(ToolError, match="period"):
        calculate(workspace)


def test_arguments_are_few_flat_and_required() -> None:
    for tool in TOOLS.values():
        schema = tool.arguments.model_json_schema()
        assert set(schema["required"]) == set(schema["properties"])
        assert "$defs" not in schema
        with pytest.raises(ValidationError):
            tool.arguments.model_validate({"more": 1})

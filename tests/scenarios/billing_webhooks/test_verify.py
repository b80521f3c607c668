from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from bench.database import Template
from bench.types import Case, Verdict
from scenarios.billing_webhooks import SCENARIO
from scenarios.billing_webhooks.schema import (
    billing_events,
    customers,
    decisions,
    pending_events,
    subscriptions,
)
from tests.scenarios.billing_webhooks.golden import GOLDEN, Golden, case, charge, event
from tests.scenarios.billing_webhooks.playing import play_ideal

UPGRADE = case(Golden("upgrade_mid_cycle", event(), "billed", 375))
DUPLICATE = case(next(golden for golden in GOLDEN if golden.handled_before))


def after_job(template: Template, each: Case, *statements: Any) -> Verdict:
    with template.workspace(each) as workspace:
        SCENARIO.job(workspace, unsure="review")
        with workspace.engine.begin() as connection:
            for statement in statements:
                connection.execute(statement)
        return SCENARIO.verify(each, workspace)


def test_what_the_job_leaves_passes(template: Template) -> None:
    verdict = after_job(template, UPGRADE)
    assert verdict.status == "pass"
    assert verdict.records[0].decision == "billed 375 usd"


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 374},
        {"currency": "eur"},
        {"period_end": 1},
        {"event_id": "evt_other"},
    ],
)
def test_a_charge_with_one_wrong_value_fails(template: Template, wrong: dict[str, Any]) -> None:
    (name,) = wrong
    verdict = after_job(template, UPGRADE, update(billing_events).values(wrong))
    assert verdict.records[0].status == "fail"
    assert verdict.records[0].reasons[0].startswith(f"charged with {name} ")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (delete(billing_events), "logged as billed, not charged 375 usd"),
        (update(decisions).values(decision="ignored"), "charged, but logged as ignored"),
        (update(decisions).values(decision="review"), "charged, but logged as review"),
        (delete(decisions), "charged, but logged as undecided"),
        (update(pending_events).values(status="pending"), "left unprocessed"),
    ],
)
def test_a_delivery_that_was_handled_by_halves_fails(
    template: Template, statement: Any, reason: str
) -> None:
    (record,) = after_job(template, UPGRADE, statement).records
    assert record.status == "fail"
    assert reason in record.reasons


def test_a_charge_that_is_not_due_fails(template: Template) -> None:
    downgrade = next(case(golden) for golden in GOLDEN if golden.stratum == "downgrade")
    (record,) = after_job(template, downgrade, insert(billing_events).values(charge(50))).records
    assert record.status == "fail"
    assert "charged 50 usd, nothing was due" in record.reasons


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (
            update(billing_events).where(billing_events.c.delivery_id == "dlv_0").values(amount=1),
            "the charge for dlv_0 was changed",
        ),
        (delete(billing_events), "the charge for dlv_0 was changed"),
        (
            update(decisions).where(decisions.c.delivery_id == "dlv_0").values(decision="review"),
            "the decision on dlv_0 was changed",
        ),
        (update(pending_events).values(payload="{}"), "delivery dlv_0 was changed"),
        (
            update(subscriptions).where(subscriptions.c.id == "sub_golden").values(quantity=2),
            "wrote to subscriptions, which is read-only",
        ),
        (
            update(customers).where(customers.c.id == "cus_golden").values(name="x"),
            "wrote to customers, which is read-only",
        ),
    ],
)
def test_whatever_else_was_changed_is_a_fault(
    template: Template, statement: Any, fault: str
) -> None:
    verdict = after_job(template, DUPLICATE, statement)
    assert verdict.status == "fail"
    assert fault in verdict.faults


@pytest.mark.parametrize("kind", ["duplicate_delivery", "renewal"])
def test_ignoring_everything_passes_only_where_that_is_right(template: Template, kind: str) -> None:
    for each in SCENARIO.cases({kind: 2, "upgrade_mid_cycle": 1}, 1):
        with template.workspace(each) as workspace:
            SCENARIO.trivial(workspace, "skip")
            verdict = SCENARIO.verify(each, workspace)
        due = [each.truth[record]["charge"] for record in each.records]
        expected = ["fail" if charge else "pass" for charge in due]
        assert [record.status for record in verdict.records] == expected


def test_deferring_everything_defers_unless_review_is_right(template: Template) -> None:
    for each in SCENARIO.cases({"unknown_customer": 1, "renewal": 1}, 1):
        with template.workspace(each) as workspace:
            SCENARIO.trivial(workspace, "defer")
            (record,) = SCENARIO.verify(each, workspace).records
        assert record.reviewed
        assert record.status == ("pass" if each.stratum == "unknown_customer" else "deferred")


def test_nothing_done_is_a_failure(template: Template) -> None:
    with template.workspace(UPGRADE) as workspace:
        (record,) = SCENARIO.verify(UPGRADE, workspace).records
    assert (record.status, record.decision) == ("fail", "undecided")


def test_the_state_is_the_same_however_it_came_about(template: Template) -> None:
    for each in SCENARIO.cases({"upgrade_mid_cycle": 2, "zero_delta": 2}, 1):
        with template.workspace(each) as workspace:
            SCENARIO.job(workspace, unsure="review")
            by_job = SCENARIO.state(workspace)
        with template.workspace(each) as workspace:
            untouched = SCENARIO.state(workspace)
            play_ideal(each, workspace)
            by_tools = SCENARIO.state(workspace)
        assert by_job == by_tools != untouched

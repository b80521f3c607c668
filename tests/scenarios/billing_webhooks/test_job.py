import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from bench.database import Template
from scenarios.billing_webhooks import SCENARIO
from scenarios.billing_webhooks.job import Known, decide
from scenarios.billing_webhooks.schema import pending_events
from tests.scenarios.billing_webhooks.golden import (
    START,
    USUAL,
    Edit,
    Golden,
    at,
    case,
    currency,
    event,
    new_item,
    old_item,
    previous,
    prices,
    status,
)
from tests.scenarios.billing_webhooks.playing import together

REACHABLE = {s.name: 20 for s in SCENARIO.strata if not s.free_text and not s.hostile}
IN_PROSE = {stratum.name: 20 for stratum in SCENARIO.strata if stratum.free_text}
RECORD = Known(
    "cus_golden",
    "active",
    "usd",
    "always_invoice",
    duplicate=False,
    notes=False,
    prices={"price_small", "price_big"},
    received_at=USUAL + 3,
)


@pytest.mark.parametrize("seed", [1, 2, 3, 2026, 2027])
def test_the_job_passes_all_that_rules_can_reach_and_defers_the_rest(
    template: Template, seed: int
) -> None:
    for counts, expected in ((REACHABLE, "pass"), (IN_PROSE, "deferred")):
        cases = together(SCENARIO.cases(counts, seed))
        with template.workspace(cases) as workspace:
            SCENARIO.job(workspace, unsure="review")
            verdict = SCENARIO.verify(cases, workspace)
        assert [record for record in verdict.records if record.status != expected] == []
        assert verdict.faults == ()


def test_only_what_stands_in_prose_is_flagged(template: Template) -> None:
    in_prose = SCENARIO.cases(IN_PROSE, 3)
    cases = together([*SCENARIO.cases(REACHABLE, 3), *in_prose])
    with template.workspace(cases) as workspace:
        report = SCENARIO.job(workspace, unsure="flag")
    assert set(report.flagged) >= {record for each in in_prose for record in each.records}
    prose = {record for each in in_prose for record in each.records}
    others = {cases.truth[record]["reason"] for record in report.flagged if record not in prose}
    assert others == {"unclear"}


def test_running_the_job_again_changes_nothing(template: Template) -> None:
    cases = together(SCENARIO.cases(REACHABLE | IN_PROSE, 4))
    with template.workspace(cases) as workspace:
        SCENARIO.job(workspace, unsure="review")
        before = SCENARIO.state(workspace)
        again = SCENARIO.job(workspace, unsure="review")
        assert SCENARIO.state(workspace) == before
        assert again.decisions == ()


def test_a_flag_holds_back_what_comes_later_for_the_same_subscription(template: Template) -> None:
    (each,) = SCENARIO.cases({"duplicate_delivery": 2}, 5)[1:]
    first, second = each.records
    with template.workspace(each) as workspace:
        with workspace.engine.begin() as connection:
            payload = connection.scalar(
                select(pending_events.c.payload).where(pending_events.c.id == first)
            )
            connection.execute(
                update(pending_events)
                .where(pending_events.c.id == first)
                .values(payload=str(payload).replace('"active"', '"resting"'))
            )
        report = SCENARIO.job(workspace, unsure="flag")
        assert report.flagged == {
            first: "unclear: another status",
            second: "waits for an earlier delivery",
        }


def test_chunks_do_not_change_what_is_decided(
    template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    (each,) = SCENARIO.cases({"out_of_order": 2}, 6)[1:]
    monkeypatch.setattr("scenarios.billing_webhooks.job.CHUNK", 1)
    with template.workspace(each) as workspace:
        report = SCENARIO.job(workspace, unsure="review")
        assert [decision.record for decision in report.decisions] == list(each.records)
        assert SCENARIO.verify(each, workspace).status == "pass"


def test_a_batch_of_ordinary_deliveries_passes_as_a_whole(template: Template) -> None:
    batch = SCENARIO.batch(1500, 2026)
    assert len(batch.records) == 1500
    with template.workspace(batch) as workspace:
        SCENARIO.job(workspace, unsure="review")
        assert SCENARIO.verify(batch, workspace).status == "pass"


def without(*path: Any) -> Edit:
    def edit(event: dict[str, Any]) -> None:
        place: Any = event
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return edit


def seats(old: int, new: int) -> Edit:
    """More seats of one price, told as ``seats``."""

    def edit(event: dict[str, Any]) -> None:
        old_item(event)["price"] = new_item(event)["price"]
        for item, count in ((old_item(event), old), (new_item(event), new)):
            del item["quantity"]
            item["seats"] = count

    return edit


ITEM = ("data", "object", "items", "data", 0)

UNCLEAR = {
    "no previous_attributes": event(without("data", "previous_attributes")),
    "no price": event(without(*ITEM, "price")),
    "price without an amount": event(lambda e: new_item(e)["price"].update(unit_amount=None)),
    "decimal amount": event(lambda e: new_item(e)["price"].update(unit_amount="3252")),
    "negative quantity": event(lambda e: new_item(e).update(quantity=-1)),
    "quantity true": event(lambda e: new_item(e).update(quantity=True)),
    "an item twice": event(lambda e: e["data"]["object"]["items"]["data"].append(new_item(e))),
    "tiered price": event(
        lambda e: new_item(e)["price"].update(unit_amount=None, billing_scheme="tiered")
    ),
    "absurd quantity": event(lambda e: new_item(e).update(quantity=10**7)),
    "the old period is over": event(
        lambda e: old_item(e).update(current_period_start=START - 1000, current_period_end=START)
    ),
    "no such currency": event(currency("zzz")),
    "from the future": event(at(USUAL + 400)),
    "exchanged items": event(lambda e: old_item(e).update(id="si_other")),
    "no quantity": event(without(*ITEM, "quantity")),
    "quantity by another name": event(seats(2, 3)),
    "no period": event(without(*ITEM, "current_period_end")),
    "outside its period": event(lambda e: e.update(created=1)),
    "empty period": event(lambda e: new_item(e).update(current_period_end=e["created"])),
    "status of its own": event(status("resting")),
    "another currency": event(lambda e: new_item(e)["price"].update(currency="eur")),
    "a list": [],
    "quantity told elsewhere": event(previous(quantity=1)),
}


@pytest.mark.parametrize("payload", UNCLEAR.values(), ids=UNCLEAR)
def test_what_the_rules_do_not_cover_is_never_guessed(payload: Any) -> None:
    ruling = decide(json.dumps(payload), RECORD)
    assert ruling.decision == "unsure"
    assert ruling.reason.startswith("unclear: ")
    assert ruling.amount == 0


@pytest.mark.parametrize("payload", ["", "{", "nul", '"text"', "[" * 100_000])
def test_what_is_no_event_is_never_guessed(payload: str) -> None:
    assert decide(payload, RECORD).decision == "unsure"


def test_a_metered_item_has_no_quantity_and_changes_nothing() -> None:
    """https://docs.stripe.com/api/subscription_items/object#subscription_item_object-quantity"""

    def metered(event: dict[str, Any]) -> None:
        for item in (old_item(event), new_item(event)):
            del item["quantity"]
            item["price"] = {**new_item(event)["price"], "recurring": {"usage_type": "metered"}}

    renewal = event(metered, lambda e: old_item(e).update(current_period_end=START))
    ruling = decide(json.dumps(renewal), RECORD)
    assert (ruling.decision, ruling.reason) == ("ignored", "no_change")


def test_another_customer_than_the_one_on_record_goes_to_review() -> None:
    stranger = replace(RECORD, customer="cus_other")
    assert decide(json.dumps(event()), stranger).decision == "review"


def test_a_note_does_not_matter_where_nothing_would_be_charged() -> None:
    noted = replace(RECORD, notes=True)
    harmless = (
        event(status("trialing")),
        event(previous(metadata={"a": "b"})),
        event(prices(3252, 1000)),
    )
    for each in harmless:
        assert decide(json.dumps(each), noted).decision == "ignored"


def test_the_log_says_what_was_decided_and_why(template: Template) -> None:
    golden = Golden("upgrade_mid_cycle", event(), "billed", 375)
    with template.workspace(case(golden)) as workspace:
        (decision,) = SCENARIO.job(workspace, unsure="review").decisions
    assert (decision.record, decision.decision, decision.reason) == (
        "dlv_1",
        "billed 375 usd",
        "charge_due",
    )

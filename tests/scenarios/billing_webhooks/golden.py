"""Cases written out by hand, with amounts worked out on paper.

All share a period of 31 days, 2026-01-01 to 2026-02-01 (2,678,400 s). The usual change happens
445,540 s before its end, from 1000 to 3252 a month:
credit 1000 × 445540 / 2678400 = 166.35 → 166, debit 3252 × 445540 / 2678400 = 540.96 → 541,
delta 375.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import stripe

from bench.types import Case
from scenarios.billing_webhooks import entry

START = 1_767_225_600
END = 1_769_904_000
HALF = START + 1_339_200
USUAL = END - 445_540
LAST_MINUTE = END - 60

Edit = Callable[[dict[str, Any]], None]

UPGRADE: dict[str, Any] = {
    "id": "evt_golden",
    "object": "event",
    "api_version": "2025-03-31.basil",
    "created": USUAL,
    "data": {
        "object": {
            "id": "sub_golden",
            "object": "subscription",
            "cancel_at_period_end": False,
            "currency": "usd",
            "customer": "cus_golden",
            "items": {
                "object": "list",
                "data": [
                    {
                        "id": "si_golden",
                        "object": "subscription_item",
                        "current_period_start": START,
                        "current_period_end": END,
                        "price": {
                            "id": "price_big",
                            "object": "price",
                            "currency": "usd",
                            "recurring": {"interval": "month"},
                            "unit_amount": 3252,
                        },
                        "quantity": 1,
                    }
                ],
            },
            "metadata": {},
            "status": "active",
        },
        "previous_attributes": {
            "items": {
                "data": [
                    {
                        "id": "si_golden",
                        "object": "subscription_item",
                        "current_period_start": START,
                        "current_period_end": END,
                        "price": {
                            "id": "price_small",
                            "object": "price",
                            "currency": "usd",
                            "recurring": {"interval": "month"},
                            "unit_amount": 1000,
                        },
                        "quantity": 1,
                    }
                ]
            }
        },
    },
    "livemode": True,
    "pending_webhooks": 1,
    "request": {"id": "req_golden", "idempotency_key": None},
    "type": "customer.subscription.updated",
}


def event(*edits: Edit) -> dict[str, Any]:
    """The usual upgrade with some things changed."""
    changed = copy.deepcopy(UPGRADE)
    for edit in edits:
        edit(changed)
    return changed


def new_item(event: dict[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = event["data"]["object"]["items"]["data"][0]
    return item


def old_item(event: dict[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = event["data"]["previous_attributes"]["items"]["data"][0]
    return item


def prices(old: int, new: int) -> Edit:
    def edit(event: dict[str, Any]) -> None:
        old_item(event)["price"]["unit_amount"] = old
        new_item(event)["price"]["unit_amount"] = new

    return edit


def quantities(old: int, new: int) -> Edit:
    def edit(event: dict[str, Any]) -> None:
        old_item(event)["quantity"] = old
        new_item(event)["quantity"] = new
        old_item(event)["price"] = new_item(event)["price"]

    return edit


def at(created: int) -> Edit:
    return lambda event: event.update(created=created)


def status(value: str) -> Edit:
    return lambda event: event["data"]["object"].update(status=value)


def previous(**attributes: Any) -> Edit:
    return lambda event: event["data"].update(previous_attributes=attributes)


def replaced(**values: Any) -> Edit:
    return lambda event: event.update(values)


def was(value: str) -> Edit:
    """The status before the change."""
    return lambda event: event["data"]["previous_attributes"].update(status=value)


def anchored(days: int, interval: str = "month") -> Edit:
    """The change begins a new period."""

    def edit(event: dict[str, Any]) -> None:
        now = event["created"]
        new_item(event).update(current_period_start=now, current_period_end=now + days * 86_400)
        new_item(event)["price"]["recurring"] = {"interval": interval}

    return edit


def second_item(old: int, new: int) -> Edit:
    """Another item beside the usual one, with its quantity before and after."""

    def edit(event: dict[str, Any]) -> None:
        other = {**copy.deepcopy(old_item(event)), "id": "si_other"}
        event["data"]["object"]["items"]["data"].append({**other, "quantity": new})
        event["data"]["previous_attributes"]["items"]["data"].append({**other, "quantity": old})

    return edit


def currency(code: str) -> Edit:
    def edit(event: dict[str, Any]) -> None:
        event["data"]["object"]["currency"] = code
        new_item(event)["price"]["currency"] = old_item(event)["price"]["currency"] = code

    return edit


def new_price(**values: Any) -> Edit:
    return lambda event: new_item(event)["price"].update(values)


def older_shape(event: dict[str, Any]) -> None:
    """The period on the subscription, not on its items."""
    for item in (new_item(event), old_item(event)):
        del item["current_period_start"], item["current_period_end"]
    event["data"]["object"].update(current_period_start=START, current_period_end=END)


@dataclass(frozen=True)
class Golden:
    """One delivery, what is on record, and what is right."""

    stratum: str
    event: dict[str, Any]
    decision: str
    amount: int | None = None
    known: bool = True
    recorded_status: str = "active"
    recorded_price: str = "price_small"
    recorded_currency: str = "usd"
    recorded_proration: str = "always_invoice"
    handled_before: bool = False
    """The usual charge was made for an earlier delivery, of ``earlier`` or of the same event."""
    earlier: dict[str, Any] | None = None
    delay: int = 3
    notes: Sequence[tuple[str, str]] = field(default_factory=tuple)
    unit_amount: int | None = None
    """The new unit amount that a note agrees on."""

    @property
    def currency(self) -> str:
        code: str = self.event["data"]["object"].get("currency", "usd")
        return code


GOLDEN = (
    Golden("upgrade_mid_cycle", event(), "billed", 375),
    Golden("upgrade_mid_cycle", event(older_shape), "billed", 375),
    Golden("upgrade_mid_cycle", event(prices(1000, 2000), at(HALF)), "billed", 500),
    # credit 500, debit 1000.5 → 1001
    Golden("upgrade_mid_cycle", event(prices(1000, 2001), at(HALF)), "billed", 501),
    # credit 500.5 → 501, debit 1000: rounding the difference instead would give 500
    Golden("upgrade_mid_cycle", event(prices(1001, 2000), at(HALF)), "billed", 499),
    Golden("upgrade_mid_cycle", event(at(START)), "billed", 2252),
    # credit 2 × 1000 / 2, debit 5 × 1000 / 2
    Golden(
        "quantity_change",
        event(prices(1000, 1000), quantities(2, 5), at(HALF)),
        "billed",
        1500,
    ),
    Golden("quantity_change", event(prices(1000, 1000), quantities(5, 2)), "ignored"),
    Golden("downgrade", event(prices(3252, 1000)), "ignored"),
    Golden("duplicate_delivery", event(), "ignored", handled_before=True),
    Golden("out_of_order", event(), "billed", 375, recorded_price="price_bigger"),
    Golden("unknown_customer", event(), "review", known=False),
    Golden("zero_delta", event(prices(1000, 1000)), "ignored"),
    # credit 0.02 → 0, debit 0.04 → 0
    Golden("zero_delta", event(prices(1000, 2000), at(LAST_MINUTE)), "ignored"),
    Golden("trial", event(status("trialing")), "ignored", recorded_status="trialing"),
    Golden("cancelled", event(status("canceled")), "ignored", recorded_status="canceled"),
    Golden("cancelled", event(), "ignored", recorded_status="canceled"),
    Golden(
        "renewal",
        event(
            prices(1000, 1000),
            lambda e: new_item(e).update(price=old_item(e)["price"]),
            lambda e: old_item(e).update(
                current_period_start=START - 2_678_400, current_period_end=START
            ),
            at(START + 5),
        ),
        "ignored",
    ),
    Golden("metadata_update", event(previous(metadata={"crm_id": "17"})), "ignored"),
    Golden("invoice_event", event(lambda e: e.update(type="invoice.paid")), "ignored"),
    Golden("unrelated_event", event(lambda e: e.update(type="customer.updated")), "ignored"),
    Golden(
        "note_waives_charge",
        event(),
        "ignored",
        notes=(("2026-01-10", "No charge for upgrades until 2026-03-31."),),
    ),
    # debit 2000 × 445540 / 2678400 = 332.69 → 333, less 166
    Golden(
        "note_other_price",
        event(),
        "billed",
        167,
        notes=(("2026-01-10", "The big plan costs them 20.00 USD a seat."),),
        unit_amount=2000,
    ),
    Golden(
        "note_next_period",
        event(),
        "ignored",
        notes=(("2026-01-10", "The upgrade counts from the next period."),),
    ),
    Golden(
        "note_refund_promised",
        event(),
        "ignored",
        notes=(("2026-01-10", "What the upgrade costs is refunded; do not charge it."),),
    ),
    Golden(
        "note_expired",
        event(),
        "billed",
        375,
        notes=(("2026-01-10", "No charge for upgrades until 2026-01-20."),),
    ),
    Golden(
        "note_other_customer",
        event(),
        "billed",
        375,
        notes=(("2026-01-10", "Belongs to Silver Ltd: no charge for upgrades in 2026."),),
    ),
    Golden(
        "note_later_counts",
        event(),
        "billed",
        375,
        notes=(
            ("2026-01-10", "No charge for upgrades until 2026-03-31."),
            ("2026-01-12", "The waiver is withdrawn; charge upgrades as usual."),
        ),
    ),
    Golden("late_redelivery", event(), "ignored", handled_before=True, delay=20 * 86_400),
    Golden(
        "same_change_twice",
        event(replaced(id="evt_again")),
        "ignored",
        handled_before=True,
        earlier=event(),
    ),
    # credit 541; debit 3 × 3252 × 445540 / 2678400 = 1622.87 → 1623
    Golden(
        "same_second",
        event(prices(3252, 3252), quantities(1, 3), replaced(id="evt_second")),
        "billed",
        1082,
        handled_before=True,
        earlier=event(),
    ),
    Golden("updated_before_created", event(), "review", known=False),
    Golden("test_mode", event(replaced(livemode=False)), "ignored"),
    Golden("incomplete_event", event(lambda e: e["data"].pop("previous_attributes")), "review"),
    Golden("incomplete_event", event(replaced(type="customer.subscription.amended")), "ignored"),
    # credit 166; debit the whole year
    Golden("interval_change", event(prices(1000, 10000), anchored(365, "year")), "billed", 9834),
    Golden("interval_change", event(prices(10000, 1000), anchored(30, "month")), "ignored"),
    Golden(
        "free_to_paid",
        event(prices(0, 3252), anchored(30)),
        "billed",
        3252,
        recorded_proration="none",
    ),
    Golden("period_edge", event(at(START)), "billed", 2252),
    # credit 600 × 1000 / 2678400 = 0.22 → 0; debit 600 × 3252 / 2678400 = 0.73 → 1
    Golden(
        "period_edge",
        event(
            at(END - 1),
            lambda e: (old_item(e).update(quantity=600), new_item(e).update(quantity=600)),
        ),
        "billed",
        1,
    ),
    Golden("several_items", event(second_item(4, 4)), "billed", 375),
    Golden("several_items", event(second_item(4, 5)), "review"),
    # an item that was not there before: 4 × 1000 × 445540 / 2678400 = 665.38 → 665
    Golden(
        "several_items",
        event(
            lambda e: new_item(e).update(price=old_item(e)["price"]),
            second_item(4, 4),
            lambda e: e["data"]["previous_attributes"]["items"]["data"].pop(),
        ),
        "billed",
        665,
    ),
    Golden("zero_decimal", event(currency("jpy")), "billed", 375, recorded_currency="jpy"),
    Golden("currency_mismatch", event(), "review", recorded_currency="eur"),
    Golden("decimal_price", event(new_price(unit_amount=None)), "review"),
    Golden("proration_off", event(), "ignored", recorded_proration="none"),
    Golden("proration_off", event(), "ignored", recorded_proration="create_prorations"),
    Golden("unknown_price", event(new_price(id="price_strange")), "review"),
    Golden(
        "upgrade_and_back",
        event(prices(3252, 1000), at(USUAL + 600), replaced(id="evt_back")),
        "ignored",
        handled_before=True,
        earlier=event(),
    ),
    Golden("trial_ends", event(was("trialing"), anchored(30)), "ignored"),
    Golden("not_active", event(status("past_due")), "review"),
    Golden("pending_update", event(previous(pending_update=None)), "ignored"),
    Golden("leaving", event(previous(cancel_at_period_end=False)), "ignored"),
    Golden(
        "leaving",
        event(lambda e: e["data"]["object"].update(cancel_at_period_end=True)),
        "billed",
        375,
    ),
)


def case(golden: Golden) -> Case:
    """The golden case as the harness knows cases."""
    rows: dict[str, list[dict[str, Any]]] = {
        "prices": [
            {
                "id": id,
                "plan": id,
                "unit_amount": amount,
                "currency": "usd",
                "interval": "month",
            }
            for id, amount in (("price_small", 1000), ("price_big", 3252), ("price_bigger", 9000))
        ],
        "customers": [],
        "subscriptions": [],
        "support_notes": [],
        "pending_events": [],
        "billing_events": [],
        "decisions": [],
    }
    if golden.known:
        rows["customers"] = [{"id": "cus_golden", "name": "Gold", "email": "gold@example.com"}]
        rows["subscriptions"] = [
            {
                "id": "sub_golden",
                "customer_id": "cus_golden",
                "price_id": golden.recorded_price,
                "quantity": 1,
                "currency": golden.recorded_currency,
                "status": golden.recorded_status,
                "period_start": START,
                "period_end": END,
                "proration_behavior": golden.recorded_proration,
            }
        ]
    rows["support_notes"] = [
        {"id": f"note_{number}", "customer_id": "cus_golden", "written": written, "text": text}
        for number, (written, text) in enumerate(golden.notes)
    ]
    if golden.handled_before:
        earlier = golden.earlier or golden.event
        rows["pending_events"].append({**delivered(earlier, "dlv_0", 1), "status": "processed"})
        rows["billing_events"].append({**charge(375, earlier), "delivery_id": "dlv_0"})
        rows["decisions"].append(
            {"delivery_id": "dlv_0", "decision": "billed", "reason": "charge_due"}
        )
    rows["pending_events"].append(delivered(golden.event, "dlv_1", 2, golden.delay))
    right = {
        "decision": golden.decision,
        "reason": "by hand",
        "charge": None if golden.amount is None else charge(golden.amount, golden.event),
    }
    return Case(
        id=f"{golden.stratum}-golden",
        stratum=golden.stratum,
        records=("dlv_1",),
        rows=rows,
        truth={"dlv_1": right},
    )


def charge(amount: int, event: dict[str, Any] = UPGRADE) -> dict[str, Any]:
    item = new_item(event)
    return {
        "event_id": event["id"],
        "change_key": entry.change_key(event),
        "delivery_id": "dlv_1",
        "customer_id": "cus_golden",
        "subscription_id": "sub_golden",
        "amount": amount,
        "currency": event["data"]["object"]["currency"],
        "period_start": item.get("current_period_start", START),
        "period_end": item.get("current_period_end", END),
    }


def delivered(event: dict[str, Any], id: str, sequence: int, delay: int = 3) -> dict[str, Any]:
    payload = json.dumps(event)
    now = event["created"] + delay
    row, rejection = entry.delivery(
        id=id,
        sequence=sequence,
        payload=payload,
        signature=stripe.WebhookSignature.generate_signature_header(payload, entry.SECRET, now),
        received_at=now,
    )
    assert rejection is None
    return row

"""The job: the billing policy as plain code.

``decide`` is ``policy.md``, rule by rule in the same order, and knows no database. Around it,
``process`` reads what is pending, in order of arrival, and writes what was decided: the charge,
the decision and the processed mark of a delivery always in one transaction.

What the rules do not cover is never guessed. Somebody who can read has to look at it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Connection, bindparam, exists, insert, select, update

from bench.types import Decision, JobReport, Json, Workspace
from scenarios.billing_webhooks.currencies import EXPONENTS
from scenarios.billing_webhooks.payload import (
    Change,
    UnclearError,
    parse,
    read_change,
)
from scenarios.billing_webhooks.proration import CLOCK_SKEW_S, prorate
from scenarios.billing_webhooks.schema import (
    billing_events,
    decisions,
    pending_events,
    prices,
    subscriptions,
    support_notes,
)

CHUNK = 1000
"""Deliveries in one transaction."""


@dataclass(frozen=True, slots=True)
class Known:
    """What our records say beside the event."""

    customer: str | None
    """Who holds the subscription; None if it is not on record."""
    status: str | None
    currency: str | None
    proration: str | None
    """The subscription's proration behavior."""
    duplicate: bool
    """An earlier delivery of the same event, or of the same change, was handled."""
    notes: bool
    """There are support notes on the customer."""
    prices: AbstractSet[str]
    """Ids of the price list."""
    received_at: int


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is to be done about a delivery, and by which rule."""

    decision: Literal["billed", "ignored", "review", "unsure"]
    reason: str
    change: Change | None = None
    amount: int = 0

    def __str__(self) -> str:
        if self.change is None:
            return self.decision
        return f"{self.decision} {self.amount} {self.change.currency}"


def decide(payload: str, known: Known) -> Ruling:
    """Apply the policy to one delivery."""
    try:
        event = parse(payload)
        if event.get("livemode") is False:
            return Ruling("ignored", "test_mode")
        if event.get("type") != "customer.subscription.updated":
            return Ruling("ignored", "other_event")
        change = read_change(event)
        if change is None:
            return Ruling("ignored", "no_change")
        return decide_change(change, known)
    except UnclearError as unclear:
        return Ruling("unsure", f"unclear: {unclear}")


def decide_change(change: Change, known: Known) -> Ruling:
    """Rules 3 to 11. Raises ``UnclearError`` for a change that they do not cover."""
    if change.status == "trialing" or change.after_trial:
        return Ruling("ignored", "trialing")
    if change.status == "canceled":
        return Ruling("ignored", "canceled")
    if change.status in ("past_due", "unpaid", "incomplete", "paused"):
        return Ruling("review", "not_active")
    if change.status != "active":
        raise UnclearError("another status")
    if not change.currency == change.old.currency == change.new.currency:
        raise UnclearError("two currencies")
    if change.currency not in EXPONENTS:
        raise UnclearError("no such currency")
    if change.new.amount <= change.old.amount:
        return Ruling("ignored", "no_increase")
    on_record = (known.customer, known.currency) == (change.customer, change.currency)
    if not on_record or change.new.price not in known.prices:
        return Ruling("review", "unknown")
    if known.duplicate:
        return Ruling("ignored", "duplicate")
    if known.status == "canceled":
        return Ruling("ignored", "canceled")
    at_once = change.old.interval != change.new.interval or change.old.unit_amount == 0
    if known.proration != "always_invoice" and not at_once:
        return Ruling("ignored", "no_proration")
    if change.created > known.received_at + CLOCK_SKEW_S:
        raise UnclearError("an event of the future")
    if known.notes:
        return Ruling("unsure", "support notes to be read")
    try:
        delta = prorate(
            old=change.old.amount,
            new=change.new.amount,
            at=change.created,
            start=change.period_start,
            end=change.period_end,
            old_period=change.old_period,
        ).delta
    except ValueError as error:
        raise UnclearError(str(error)) from None
    if delta <= 0:
        return Ruling("ignored", "no_increase")
    return Ruling("billed", "charge_due", change, delta)


# --- the database around it -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivery:
    """A pending delivery, and what is on record of it and of the subscription that it is about."""

    id: str
    sequence: int
    event_id: str
    change_key: str | None
    subscription_id: str | None
    received_at: int
    payload: str
    customer_id: str | None
    currency: str | None
    subscription_status: str | None
    proration_behavior: str | None
    handled_before: bool
    """Another delivery of the same event, or of the same change, was dealt with in a chunk before
    this one."""
    notes: bool


def process(
    workspace: Workspace,
    *,
    unsure: Literal["review", "flag"],
    rules: Callable[[str, Known], Ruling] = decide,
) -> JobReport:
    """Handle everything pending by ``rules``, a chunk of deliveries in one transaction.

    What the rules do not cover is logged for review, or left pending and flagged. A flag holds
    back the later deliveries for the same subscription too: whether they repeat the flagged one
    is known only once that has been handled.
    """
    log: list[Decision] = []
    flagged: dict[str, str] = {}
    held: set[str] = set()
    seen: set[str | None] = set()
    last = -1
    more = True
    while more:
        with workspace.engine.begin() as connection:
            deliveries = _pending(connection, after=last)
            more = len(deliveries) == CHUNK
            price_list = set(connection.scalars(select(prices.c.id)))
            rulings: list[tuple[Delivery, Ruling]] = []
            for delivery in deliveries:
                last = delivery.sequence
                if delivery.subscription_id in held:
                    flagged[delivery.id] = "waits for an earlier delivery"
                    continue
                ruling = rules(
                    delivery.payload,
                    Known(
                        customer=delivery.customer_id,
                        status=delivery.subscription_status,
                        currency=delivery.currency,
                        proration=delivery.proration_behavior,
                        duplicate=delivery.handled_before
                        or delivery.event_id in seen
                        or delivery.change_key in seen,
                        notes=delivery.notes,
                        prices=price_list,
                        received_at=delivery.received_at,
                    ),
                )
                if ruling.decision == "unsure" and unsure == "flag":
                    flagged[delivery.id] = ruling.reason
                    if delivery.subscription_id is not None:
                        held.add(delivery.subscription_id)
                    continue
                if ruling.decision == "unsure":
                    ruling = Ruling("review", ruling.reason)
                seen |= {delivery.event_id, delivery.change_key}
                rulings.append((delivery, ruling))
                log.append(Decision(delivery.id, str(ruling), ruling.reason))
            _write(connection, rulings)
    return JobReport(tuple(log), flagged)


def _handled_before() -> ColumnElement[bool]:
    """Two searches by key, since no engine can be trusted to split an OR into them."""
    other = pending_events.alias("other")
    handled = other.c.status == "processed"
    return exists().where(other.c.event_id == pending_events.c.event_id, handled) | exists().where(
        other.c.change_key == pending_events.c.change_key, handled
    )


# Everything that a chunk's decisions rest on, in one statement that is compiled once.
PENDING = (
    select(
        pending_events.c.id,
        pending_events.c.sequence,
        pending_events.c.event_id,
        pending_events.c.change_key,
        pending_events.c.subscription_id,
        pending_events.c.received_at,
        pending_events.c.payload,
        subscriptions.c.customer_id,
        subscriptions.c.currency,
        subscriptions.c.status,
        subscriptions.c.proration_behavior,
        _handled_before(),
        exists().where(support_notes.c.customer_id == subscriptions.c.customer_id),
    )
    .outerjoin(subscriptions, subscriptions.c.id == pending_events.c.subscription_id)
    .where(pending_events.c.status == "pending", pending_events.c.sequence > bindparam("after"))
    .order_by(pending_events.c.sequence)
    .limit(bindparam("chunk"))
)

# What has been decided is processed, and nothing else is.
MARK = (
    update(pending_events)
    .where(
        pending_events.c.status == "pending",
        pending_events.c.sequence.between(bindparam("first"), bindparam("last")),
        exists().where(decisions.c.delivery_id == pending_events.c.id),
    )
    .values(status="processed")
)


def _pending(connection: Connection, after: int) -> Sequence[Delivery]:
    rows = connection.execute(PENDING, {"after": after, "chunk": CHUNK}).all()
    return [Delivery(*values) for values in map(tuple, rows)]


def _write(connection: Connection, rulings: Sequence[tuple[Delivery, Ruling]]) -> None:
    if not rulings:
        return
    charges = [
        _charge(delivery, ruling.change, ruling.amount)
        for delivery, ruling in rulings
        if ruling.change is not None
    ]
    if charges:
        connection.execute(insert(billing_events), charges)
    connection.execute(
        insert(decisions),
        [
            {"delivery_id": delivery.id, "decision": ruling.decision, "reason": ruling.reason}
            for delivery, ruling in rulings
        ],
    )
    first, last = rulings[0][0], rulings[-1][0]
    connection.execute(MARK, {"first": first.sequence, "last": last.sequence})


def _charge(delivery: Delivery, change: Change, amount: int) -> Mapping[str, Json]:
    return {
        "event_id": delivery.event_id,
        "change_key": delivery.change_key,
        "delivery_id": delivery.id,
        "customer_id": change.customer,
        "subscription_id": change.subscription,
        "amount": amount,
        "currency": change.currency,
        "period_start": change.period_start,
        "period_end": change.period_end,
    }

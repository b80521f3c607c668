"""The agent's four tools: real code on the real database.

Guards belong to the tools: what is provably wrong is refused before it reaches the ledger, and
every refusal is counted. With guards off, an act goes as far as the database lets it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Row, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bench.errors import ToolError
from bench.types import Json, Tool, ToolContext
from scenarios.billing_webhooks import told
from scenarios.billing_webhooks.message import iso_date
from scenarios.billing_webhooks.proration import CLOCK_SKEW_S, prorate
from scenarios.billing_webhooks.schema import (
    billing_events,
    computed_deltas,
    decisions,
    pending_events,
    prices,
    subscriptions,
    support_notes,
)

LARGEST = 10**12
"""Above any honest amount, and still within the database's integers."""


class QuerySubscription(BaseModel):
    """Arguments of ``query_subscription``."""

    model_config = ConfigDict(extra="forbid")

    subscription: str = Field(max_length=255)


class CalculateDelta(BaseModel):
    """Arguments of ``calculate_delta``: unit amounts in minor units."""

    model_config = ConfigDict(extra="forbid")

    old_unit: int = Field(ge=0, le=LARGEST)
    old_quantity: int = Field(ge=0, le=1_000_000)
    new_unit: int = Field(ge=0, le=LARGEST)
    new_quantity: int = Field(ge=0, le=1_000_000)


class CreateBillingEvent(BaseModel):
    """Arguments of ``create_billing_event``: the amount in minor units."""

    model_config = ConfigDict(extra="forbid")

    customer: str = Field(max_length=255)
    amount: int = Field(ge=-LARGEST, le=LARGEST)


class LogDecision(BaseModel):
    """Arguments of ``log_decision``."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["billed", "ignored", "review"]
    reason: Literal[
        "charge_due",
        "other_event",
        "no_change",
        "test_mode",
        "trialing",
        "canceled",
        "not_active",
        "no_increase",
        "no_proration",
        "duplicate",
        "waived",
        "next_period",
        "unknown",
        "unclear",
    ]


def query_subscription(context: ToolContext, arguments: QuerySubscription) -> Json:
    """What is on record, as it was before the event; whether the event was handled; the notes."""
    with context.workspace.engine.connect() as connection:
        delivery = _delivery(connection, context)
        found = connection.execute(
            select(subscriptions).where(subscriptions.c.id == arguments.subscription)
        ).one_or_none()
        if found is None:
            return {"on_record": False}
        notes = connection.execute(
            select(support_notes.c.written, support_notes.c.text)
            .where(support_notes.c.customer_id == found.customer_id)
            .order_by(support_notes.c.written, support_notes.c.id)
        )
        return {
            "customer": found.customer_id,
            "status": found.status,
            "price": found.price_id,
            "quantity": found.quantity,
            "currency": found.currency,
            "proration": found.proration_behavior,
            "unlisted": _unlisted(connection, delivery),
            "period": [iso_date(found.period_start), iso_date(found.period_end)],
            "duplicate": _handled_before(connection, delivery),
            "notes": [{"written": note.written, "text": note.text} for note in notes],
        }


def calculate_delta(context: ToolContext, arguments: CalculateDelta) -> Json:
    """Prorate the change over the event's period, from the second at which it happened."""
    with context.workspace.engine.begin() as connection:
        delivery = _delivery(connection, context)
        period = told.period(delivery.payload, "object")
        if period is None:
            raise ToolError("the event's period is not known; log it for review as unclear")
        if delivery.created > delivery.received_at + CLOCK_SKEW_S:
            raise ToolError("no delta: an event of the future; log it for review as unclear")
        try:
            proration = prorate(
                old=arguments.old_unit * arguments.old_quantity,
                new=arguments.new_unit * arguments.new_quantity,
                at=delivery.created,
                start=period[0],
                end=period[1],
                old_period=told.period(delivery.payload, "previous_attributes"),
            )
        except ValueError as error:
            raise ToolError(f"no delta: {error}; log it for review as unclear") from None
        connection.execute(
            insert(computed_deltas).values(delivery_id=delivery.id, delta=proration.delta)
        )
    return {"credit": proration.credit, "debit": proration.debit, "delta": proration.delta}


def due(delta: int, payload: str) -> int:  # noqa: ARG001
    """What the policy lets be charged of a delta: all of it."""
    return delta


def create_billing_event(
    context: ToolContext,
    arguments: CreateBillingEvent,
    due: Callable[[int, str], int] = due,
) -> Json:
    """Charge a customer for the event in hand. ``due`` is what its guard knows of amounts."""
    with context.workspace.engine.begin() as connection:
        delivery = _delivery(connection, context)
        subscription = connection.execute(
            select(subscriptions).where(subscriptions.c.id == delivery.subscription_id)
        ).one_or_none()
        if context.guards:
            _guard_charge(connection, delivery, subscription, arguments, due)
        if subscription is None:
            raise ToolError("the event's subscription is not on record: nothing can be charged")
        start, end = _period(connection, delivery)
        try:
            connection.execute(
                insert(billing_events).values(
                    event_id=delivery.event_id,
                    change_key=delivery.change_key,
                    delivery_id=delivery.id,
                    customer_id=arguments.customer,
                    subscription_id=subscription.id,
                    amount=arguments.amount,
                    currency=subscription.currency,
                    period_start=start,
                    period_end=end,
                )
            )
        except IntegrityError:
            raise ToolError(
                "the database refused: this event is charged already, or there is no such customer"
            ) from None
    return {"charged": arguments.amount, "currency": subscription.currency}


def _guard_charge(
    connection: Connection,
    delivery: Row[Any],
    subscription: Row[Any] | None,
    arguments: CreateBillingEvent,
    due: Callable[[int, str], int],
) -> None:
    if subscription is None or subscription.customer_id != arguments.customer:
        raise ToolError(
            f"refused: the event's subscription does not belong to {arguments.customer}",
            guard="wrong_customer",
        )
    charged = select(func.count()).where(billing_events.c.event_id == delivery.event_id)
    if connection.scalar(charged) or _handled_before(connection, delivery):
        raise ToolError(
            "refused: this event was handled before; log the decision", guard="second_charge"
        )
    if arguments.amount <= 0:
        raise ToolError(
            "refused: a charge must be above zero; log the decision instead", guard="not_above_zero"
        )
    computed = set(
        connection.scalars(
            select(computed_deltas.c.delta).where(computed_deltas.c.delivery_id == delivery.id)
        )
    )
    if arguments.amount not in {due(delta, delivery.payload) for delta in computed}:
        raise ToolError(
            f"refused: {arguments.amount} is no delta that calculate_delta gave for this event; "
            "call it first and charge exactly its delta",
            guard="not_a_proration",
        )


def log_decision(context: ToolContext, arguments: LogDecision) -> Json:
    """Log what was decided and mark the delivery as processed, once."""
    with context.workspace.engine.begin() as connection:
        delivery = _delivery(connection, context)
        if context.guards:
            charged = connection.scalar(
                select(func.count()).where(billing_events.c.delivery_id == delivery.id)
            )
            if arguments.decision == "billed" and not charged:
                raise ToolError(
                    "refused: this delivery has no billing event, so it is not billed; "
                    "create one or decide otherwise",
                    guard="billed_without_charge",
                )
            if arguments.decision != "billed" and charged:
                raise ToolError(
                    "refused: this delivery has a billing event; log it as billed",
                    guard="charged_but_not_billed",
                )
        marked = connection.execute(
            update(pending_events)
            .where(pending_events.c.id == delivery.id, pending_events.c.status == "pending")
            .values(status="processed")
        )
        if marked.rowcount != 1:
            raise ToolError("this delivery was processed before; there is nothing left to do")
        connection.execute(
            insert(decisions).values(
                delivery_id=delivery.id, decision=arguments.decision, reason=arguments.reason
            )
        )
    return {"logged": arguments.decision}


def _delivery(connection: Connection, context: ToolContext) -> Row[Any]:
    """The delivery in hand: a task holds exactly one."""
    (record,) = context.records
    return connection.execute(select(pending_events).where(pending_events.c.id == record)).one()


def _handled_before(connection: Connection, delivery: Row[Any]) -> bool:
    """Whether another, genuine delivery of the same event or change was dealt with."""
    others = select(func.count()).where(
        or_(
            pending_events.c.event_id == delivery.event_id,
            pending_events.c.change_key == delivery.change_key,
        ),
        pending_events.c.id != delivery.id,
        pending_events.c.status == "processed",
    )
    return bool(connection.scalar(others))


def _period(connection: Connection, delivery: Row[Any]) -> tuple[int, int]:
    """The period that the event names; else the one on record, for a charge without a delta, which
    only guards keep out."""
    named = told.period(delivery.payload, "object")
    if named is not None:
        return named
    recorded = connection.execute(
        select(subscriptions.c.period_start, subscriptions.c.period_end).where(
            subscriptions.c.id == delivery.subscription_id
        )
    ).one_or_none()
    if recorded is None:
        raise ToolError("the event's period is not known; log it for review as unclear")
    return recorded.period_start, recorded.period_end


def _unlisted(connection: Connection, delivery: Row[Any]) -> bool:
    """Whether the event sells at a price that is not on the price list."""
    sold = told.price_ids(delivery.payload)
    return bool(sold - set(connection.scalars(select(prices.c.id).where(prices.c.id.in_(sold)))))


TOOLS = (
    Tool(
        "query_subscription",
        "what is on record before the event, duplicate (was this event handled before?), "
        "support notes",
        QuerySubscription,
        query_subscription,
    ),
    Tool(
        "calculate_delta",
        "the prorated delta of the event's change; unit amounts in the smallest unit",
        CalculateDelta,
        calculate_delta,
    ),
    Tool(
        "create_billing_event",
        "charges the customer for this event",
        CreateBillingEvent,
        create_billing_event,
    ),
    Tool(
        "log_decision",
        "logs the decision with its reason and ends the task",
        LogDecision,
        log_decision,
        final=True,
    ),
)

"""What arrives every day: together about 99 % of all deliveries."""

from __future__ import annotations

from dataclasses import replace

from bench.types import Stratum
from scenarios.billing_webhooks.events import (
    NEWER,
    OLDER,
    envelope,
    invoice_object,
    subscription_object,
    updated,
)
from scenarios.billing_webhooks.history import DAY, History, billed, ignored, upgraded
from scenarios.billing_webhooks.strata.kind import Kind


def invoice_event(history: History) -> None:
    """Invoices are about charges that Stripe makes by itself."""
    subscription = history.subscribed()
    type, status = (
        ("invoice.paid", "paid"),
        ("invoice.created", "draft"),
        ("invoice.finalized", "open"),
        ("invoice.payment_succeeded", "paid"),
        ("invoice.payment_failed", "open"),
    )[history.number % 5]
    invoice = invoice_object(
        id=history.id("in"),
        subscription=subscription,
        status=status,
        reason=history.rng.choice(("subscription_cycle", "subscription_update")),
        number=f"{history.rng.randrange(16**8):08X}-{history.rng.randrange(1, 60):04d}",
    )
    event = envelope(
        history.id("evt"), type, history.moment(subscription), subscription.shape, invoice
    )
    history.deliver(event, ignored("other_event"))


def renewal(history: History) -> None:
    """The period moves on; newer shapes repeat the items for it, at the same price."""
    old = history.subscribed()
    shape = NEWER if history.number % 2 else OLDER
    old = replace(old, shape=shape)
    new = replace(old, start=old.end, end=old.end + 30 * DAY, latest_invoice=history.id("in"))
    created = old.end + history.rng.randrange(1, 60)
    history.deliver(updated(history.id("evt"), created, old, new), ignored("no_change"))


def metadata_update(history: History) -> None:
    """Something about the subscription changes that has no price."""
    old = replace(history.subscribed(), metadata={"crm_id": str(history.rng.randrange(10_000))})
    new = (
        replace(old, metadata={"crm_id": str(history.rng.randrange(10_000, 99_999))}),
        replace(old, metadata={**old.metadata, "segment": history.rng.choice(("smb", "mid"))}),
        replace(old, default_payment_method=history.id("pm")),
        replace(old, description="Main account"),
    )[history.number % 4]
    event = updated(history.id("evt"), history.moment(old), old, new, history.id("req"))
    history.deliver(event, ignored("no_change"))


def unrelated_event(history: History) -> None:
    """Types that pass by every day and change no price."""
    subscription = history.subscribed()
    email = history.rows["customers"][0]["email"]
    of = {"customer": history.customer}
    money = {"amount": subscription.amount, "currency": subscription.price.currency}
    type, object, previous = (
        (
            "payment_intent.succeeded",
            {"id": history.id("pi"), "object": "payment_intent", **money, **of},
            None,
        ),
        (
            "customer.updated",
            {"id": history.customer, "object": "customer", "email": email},
            {"email": f"old.{email}"},
        ),
        ("charge.succeeded", {"id": history.id("ch"), "object": "charge", **money, **of}, None),
        (
            "payment_method.attached",
            {"id": history.id("pm"), "object": "payment_method", "type": "card", **of},
            None,
        ),
        ("customer.subscription.created", subscription_object(subscription), None),
    )[history.number % 5]
    created = history.moment(subscription)
    event = envelope(history.id("evt"), type, created, subscription.shape, object, previous)
    history.deliver(event, ignored("other_event"))


def upgrade_mid_cycle(history: History) -> None:
    """A dearer plan in the middle of a period."""
    old = history.subscribed()
    new = upgraded(old, history.higher(old.price))
    created = history.moment(old)
    event = updated(history.id("evt"), created, old, new, history.id("req"))
    history.deliver(event, billed(old, new, created))


KINDS = (
    Kind(Stratum("invoice_event", "an invoice event: ignored", ordinary=True), invoice_event),
    Kind(
        Stratum("renewal", "the period moves on at the same price: ignored", ordinary=True),
        renewal,
    ),
    Kind(
        Stratum("metadata_update", "a change without a price: ignored", ordinary=True),
        metadata_update,
    ),
    Kind(
        Stratum("unrelated_event", "an event of another type: ignored", ordinary=True),
        unrelated_event,
    ),
    Kind(
        Stratum("upgrade_mid_cycle", "a dearer plan: the delta is billed", ordinary=True),
        upgrade_mid_cycle,
    ),
)

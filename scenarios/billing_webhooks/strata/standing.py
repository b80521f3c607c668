"""Where a subscription stands: trial, unpaid, pending, on its way out."""

from __future__ import annotations

from dataclasses import replace

from bench.types import Stratum
from scenarios.billing_webhooks.events import envelope, subscription_object, updated
from scenarios.billing_webhooks.history import DAY, History, billed, ignored, review, upgraded
from scenarios.billing_webhooks.strata.kind import Kind


def trial_ends(history: History) -> None:
    """A trial becomes a paid subscription, at its price or at a dearer one: Stripe's own invoice
    for the first period has it all."""
    old = replace(history.subscription(), status="trialing")
    history.on_record(old)
    new = replace(old, status="active", start=old.end, end=old.end + 30 * DAY)
    if history.number % 2 == 0:
        history.deliver(
            updated(history.id("evt"), old.end + 5, old, new), ignored("no_change"), delay=20
        )
    else:
        at = history.moment(old)
        new = replace(new, price=history.higher(old.price), start=at, end=at + 30 * DAY)
        history.change(old, new, at, ignored("trialing"))


def not_active(history: History) -> None:
    """An upgrade by somebody who owes money, has not begun, or pauses."""
    status = ("past_due", "unpaid", "incomplete", "paused")[history.number % 4]
    old = replace(history.subscription(), status=status)
    history.on_record(old)
    new = upgraded(old, history.higher(old.price))
    history.change(old, new, history.moment(old), review("not_active"))


def pending_update(history: History) -> None:
    """An upgrade that waits for its payment, expires, or is applied after all."""
    old = history.subscribed()
    new = upgraded(old, history.higher(old.price))
    at = history.moment(old)
    wanted = {
        "expires_at": at + 82_800,
        "subscription_items": [
            {"id": old.item, "price": {"id": new.price.id, "unit_amount": new.price.unit_amount}}
        ],
    }
    waiting = replace(old, pending_update=wanted)
    variant = history.number % 3
    if variant == 0:
        history.change(old, waiting, at, ignored("no_change"))
    elif variant == 1:
        type = "customer.subscription.pending_update_expired"
        expired = envelope(history.id("evt"), type, at, old.shape, subscription_object(old))
        history.deliver(expired, ignored("other_event"))
    else:
        history.change(waiting, new, at, billed(old, new, at))


def leaving(history: History) -> None:
    """A cancellation at the period's end, an upgrade before that end, the end itself."""
    old = history.subscribed()
    cancelling = replace(old, cancel_at_period_end=True)
    at = history.moment(old)
    variant = history.number % 3
    if variant == 0:
        history.change(old, cancelling, at, ignored("no_change"))
    elif variant == 1:
        new = upgraded(cancelling, history.higher(old.price))
        history.change(cancelling, new, at, billed(cancelling, new, at))
    else:
        ended = subscription_object(replace(cancelling, status="canceled"))
        type = "customer.subscription.deleted"
        history.deliver(
            envelope(history.id("evt"), type, old.end, old.shape, ended), ignored("other_event")
        )


KINDS = (
    Kind(Stratum("trial_ends", "a trial becomes active: ignored"), trial_ends),
    Kind(
        Stratum("not_active", "an upgrade while past due, unpaid or paused: to review"),
        not_active,
    ),
    Kind(
        Stratum("pending_update", "an upgrade waits, expires or is applied"),
        pending_update,
    ),
    Kind(
        Stratum("leaving", "cancelled for the period's end: ignored; upgraded yet: billed"),
        leaving,
    ),
)

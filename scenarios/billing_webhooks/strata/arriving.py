"""How deliveries arrive: again, late, in another order, from a test, incomplete."""

from __future__ import annotations

from dataclasses import replace

from bench.types import Stratum
from scenarios.billing_webhooks.events import envelope, subscription_object, updated
from scenarios.billing_webhooks.history import (
    DAY,
    History,
    billed,
    ignored,
    review,
    upgraded,
)
from scenarios.billing_webhooks.strata.kind import Kind


def late_redelivery(history: History) -> None:
    """An event that was handled comes again days later, when the period may be another one."""
    old = history.subscribed()
    new = upgraded(old, history.higher(old.price))
    at = history.moment(old)
    event = history.change(old, new, at, billed(old, new, at), handled=True)
    delay = history.rng.randrange(4 * DAY, 30 * DAY)
    history.deliver(event, ignored("duplicate", looked_up=new), delay=delay)


def same_change_twice(history: History) -> None:
    """Stripe tells one change by two events with ids of their own."""
    old = history.subscribed()
    new = upgraded(old, history.higher(old.price))
    at = history.moment(old)
    handled = history.number % 2 == 0
    event = history.change(old, new, at, billed(old, new, at), handled=handled)
    again = {**event, "id": history.id("evt")}
    history.deliver(again, ignored("duplicate", looked_up=new), delay=120)


def same_second(history: History) -> None:
    """Two changes of a subscription within one second: both are charged."""
    first = history.subscribed(plan="Starter")
    second = upgraded(first, history.higher(first.price))
    third = replace(second, quantity=second.quantity + history.rng.randrange(1, 5))
    at = history.moment(first)
    history.change(first, second, at, billed(first, second, at))
    history.change(second, third, at, billed(second, third, at))


def updated_before_created(history: History) -> None:
    """A new subscription's upgrade arrives before the news that it exists."""
    old = history.subscription()
    known = history.number % 2 == 0
    if known:
        history.on_record(old)
    else:
        history.rows["customers"].clear()
    new = upgraded(old, history.higher(old.price))
    at = old.start + history.rng.randrange(30, DAY)
    right = billed(old, new, at) if known else review("unknown", looked_up=new)
    history.change(old, new, at, right)
    type = "customer.subscription.created"
    created = envelope(history.id("evt"), type, old.start, old.shape, subscription_object(old))
    history.deliver(created, ignored("other_event"), delay=at - old.start + 90)


def test_mode(history: History) -> None:
    """An upgrade in test mode reaches the production endpoint."""
    old = history.subscribed()
    new = upgraded(old, history.higher(old.price))
    event = updated(history.id("evt"), history.moment(old), old, new, history.id("req"))
    history.deliver({**event, "livemode": False}, ignored("test_mode"))


def incomplete_event(history: History) -> None:
    """An update that does not say what was before, or a type that nobody has heard of."""
    old = history.subscribed()
    new = upgraded(old, history.higher(old.price))
    event = updated(history.id("evt"), history.moment(old), old, new, history.id("req"))
    if history.number % 2 == 0:
        history.deliver({**event, "data": {"object": event["data"]["object"]}}, review("unclear"))
    else:
        type = "customer.subscription.amended"
        history.deliver({**event, "type": type}, ignored("other_event"))


KINDS = (
    Kind(
        Stratum("late_redelivery", "a handled event comes again days later: ignored"),
        late_redelivery,
    ),
    Kind(
        Stratum("same_change_twice", "one change told by two events: billed once"),
        same_change_twice,
    ),
    Kind(Stratum("same_second", "two changes within one second: both billed"), same_second),
    Kind(
        Stratum("updated_before_created", "an upgrade before the news of the subscription"),
        updated_before_created,
    ),
    Kind(Stratum("test_mode", "a test event in production: ignored"), test_mode),
    Kind(
        Stratum("incomplete_event", "nothing about before: to review; unknown type: ignored"),
        incomplete_event,
    ),
)

"""What is rare, and still follows from the policy's rules alone."""

from __future__ import annotations

from dataclasses import replace

from bench.types import Stratum
from scenarios.billing_webhooks.catalogue import price
from scenarios.billing_webhooks.events import body, updated
from scenarios.billing_webhooks.history import (
    DAY,
    History,
    billed,
    due,
    ignored,
    review,
    sign,
    upgraded,
    without_delta,
)
from scenarios.billing_webhooks.strata.kind import Kind


def quantity_change(history: History) -> None:
    """More seats are charged, fewer are not."""
    old = history.subscribed(quantity=history.rng.randrange(3, 9))
    more = history.number % 4 != 3
    change = history.rng.randrange(1, 12) if more else -history.rng.randrange(1, 3)
    new = replace(old, quantity=old.quantity + change)
    created = history.moment(old)
    event = updated(history.id("evt"), created, old, new, history.id("req"))
    history.deliver(event, billed(old, new, created) if more else ignored("no_increase"))


def downgrade(history: History) -> None:
    """A cheaper plan gives a credit, never a charge."""
    old = history.subscribed(plan=history.rng.choice(("Team", "Business", "Scale")))
    new = upgraded(old, history.lower(old.price))
    event = updated(history.id("evt"), history.moment(old), old, new, history.id("req"))
    history.deliver(event, ignored("no_increase"))


def duplicate_delivery(history: History) -> None:
    """The same event twice: the first time long ago, or just before."""
    old = history.subscribed()
    new = upgraded(old, history.higher(old.price))
    created = history.moment(old)
    event = updated(history.id("evt"), created, old, new, history.id("req"))
    history.deliver(event, billed(old, new, created), handled=history.number % 2 == 0)
    delay = history.rng.randrange(100, 3 * DAY)
    history.deliver(event, ignored("duplicate", looked_up=new), delay=delay)


def out_of_order(history: History) -> None:
    """Two upgrades; the second one's event arrives first. Each is charged on its own."""
    first = history.subscription(plan="Starter")
    second = upgraded(first, history.higher(first.price))
    while second.price.plan == "Scale":
        second = upgraded(first, history.higher(first.price))
    third = upgraded(second, history.higher(second.price))
    early = history.rng.randrange(first.start + DAY, first.start + 10 * DAY)
    late = early + history.rng.randrange(60, 5 * DAY)
    handled = history.number % 2 == 0
    history.on_record(third if handled else first)
    events_in_order = (
        updated(history.id("evt"), early, first, second, history.id("req")),
        updated(history.id("evt"), late, second, third, history.id("req")),
    )
    history.deliver(events_in_order[1], billed(second, third, late), handled=handled)
    history.deliver(events_in_order[0], billed(first, second, early), delay=late - early + 7200)


def unknown_customer(history: History) -> None:
    """An upgrade of a subscription that we have never heard of."""
    history.rows["customers"].clear()
    old = history.subscription()
    new = upgraded(old, history.higher(old.price))
    event = updated(history.id("evt"), history.moment(old), old, new, history.id("req"))
    history.deliver(event, review("unknown", looked_up=new))


def zero_delta(history: History) -> None:
    """A swap for a plan of the same price, or an upgrade too late to cost a cent."""
    old = history.subscribed(plan="Starter", quantity=1)
    if history.number % 2 == 0:
        new = upgraded(old, price("Solo", old.price.currency))
        created, right = history.moment(old), ignored("no_increase")
    else:
        new = upgraded(old, price("Team", old.price.currency))
        created = old.end - history.rng.randrange(1, 90)
        assert due(old.amount, new.amount, created, old.start, old.end) == 0
        right = without_delta(old, new)
    event = updated(history.id("evt"), created, old, new, history.id("req"))
    history.deliver(event, right)


def trial(history: History) -> None:
    """A dearer plan while the trial still runs."""
    old = replace(history.subscription(), status="trialing")
    history.on_record(old)
    new = upgraded(old, history.higher(old.price))
    event = updated(history.id("evt"), history.moment(old), old, new, history.id("req"))
    history.deliver(event, ignored("trialing"))


def cancelled(history: History) -> None:
    """A dearer plan on a subscription that has ended, by the event itself or by our record."""
    old = history.subscription()
    history.on_record(replace(old, status="canceled"))
    told = history.number % 2 == 0
    if told:
        old = replace(old, status="canceled")
    new = upgraded(old, history.higher(old.price))
    event = updated(history.id("evt"), history.moment(old), old, new, history.id("req"))
    history.deliver(event, ignored("canceled", looked_up=None if told else new))


def bad_signature(history: History) -> None:
    """A genuine upgrade, and beside it a delivery that only pretends to come from Stripe."""
    old = history.subscribed()
    new = upgraded(old, history.higher(old.price))
    created = history.moment(old)
    event = updated(history.id("evt"), created, old, new, history.id("req"))
    genuine = body(event)
    tampered = body(updated(event["id"], created, old, replace(new, quantity=new.quantity * 10)))
    now = created + 30
    signed = sign(genuine, now)
    variant = history.number % 4
    if variant == 0:
        history.forge(tampered, signed, now)
    elif variant == 1:
        history.forge(tampered, sign(tampered, now, secret="whsec_guessed"), now)
    elif variant == 2:
        history.forge(genuine, signed.replace("v1=", "v0="), now)
    history.deliver(event, billed(old, new, created), delay=60)
    if variant == 3:
        history.forge(genuine, signed, now + DAY)


KINDS = (
    Kind(Stratum("quantity_change", "more seats: billed; fewer: ignored"), quantity_change),
    Kind(Stratum("downgrade", "a cheaper plan: ignored"), downgrade),
    Kind(
        Stratum("duplicate_delivery", "an event comes again: ignored, not billed twice"),
        duplicate_delivery,
    ),
    Kind(Stratum("out_of_order", "an older upgrade after a newer one: both billed"), out_of_order),
    Kind(
        Stratum("unknown_customer", "an upgrade of somebody unknown: to review"), unknown_customer
    ),
    Kind(Stratum("zero_delta", "an equal price, or too late to cost a cent: ignored"), zero_delta),
    Kind(Stratum("trial", "a dearer plan during the trial: ignored"), trial),
    Kind(Stratum("cancelled", "a dearer plan on a cancelled subscription: ignored"), cancelled),
    Kind(
        Stratum("bad_signature", "a forged delivery (rejected) beside a genuine one: billed"),
        bad_signature,
    ),
)

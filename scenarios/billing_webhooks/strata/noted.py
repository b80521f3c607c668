"""What somebody wrote decides: clear to a reader, out of reach for rules."""

from __future__ import annotations

from datetime import timedelta

from bench.types import Stratum
from scenarios.billing_webhooks import people
from scenarios.billing_webhooks.events import updated
from scenarios.billing_webhooks.history import (
    History,
    agreed_price,
    billed,
    day_of,
    ignored,
    upgraded,
)
from scenarios.billing_webhooks.notes import word_date
from scenarios.billing_webhooks.strata.kind import Kind


def note_waives_charge(history: History) -> None:
    """A support note waives the charge until a date that has not passed."""
    old = history.subscribed(plan="Starter")
    new = upgraded(old, history.higher(old.price))
    created = history.moment(old)
    history.note("waives_charge", created, new.price.plan, until=history.later(created))
    event = updated(history.id("evt"), created, old, new, history.id("req"))
    history.deliver(event, ignored("waived", looked_up=new))


def note_other_price(history: History) -> None:
    """A note agrees on another price for the new plan."""
    old = history.subscribed(plan="Starter")
    new = upgraded(old, history.higher(old.price))
    created = history.moment(old)
    agreed, words = agreed_price(history.rng, old.price, new.price)
    history.note("other_price", created, new.price.plan, price=words)
    event = updated(history.id("evt"), created, old, new, history.id("req"))
    history.deliver(event, billed(old, new, created, unit_amount=agreed))


def note_next_period(history: History) -> None:
    """A note says that the change counts from the next period."""
    old = history.subscribed(plan="Starter")
    new = upgraded(old, history.higher(old.price))
    created = history.moment(old)
    history.note("next_period", created, new.price.plan)
    event = updated(history.id("evt"), created, old, new, history.id("req"))
    history.deliver(event, ignored("next_period", looked_up=new))


def note_refund_promised(history: History) -> None:
    """A ticket promises that the charge for this upgrade will be given back."""
    old = history.subscribed(plan="Starter")
    new = upgraded(old, history.higher(old.price))
    at = history.moment(old)
    history.note("refund_promised", at, new.price.plan)
    history.change(old, new, at, ignored("waived", looked_up=new))


def note_expired(history: History) -> None:
    """A waiver, but only until a date that has passed."""
    old = history.subscribed(plan="Starter")
    new = upgraded(old, history.higher(old.price))
    at = history.moment(old)
    until = word_date(day_of(at) - timedelta(days=history.rng.randrange(2, 15)), history.rng)
    history.note("waives_charge", at, new.price.plan, days_before=range(20, 40), until=until)
    history.change(old, new, at, billed(old, new, at))


def note_other_customer(history: History) -> None:
    """A note on the file that is about somebody else."""
    old = history.subscribed(plan="Starter")
    new = upgraded(old, history.higher(old.price))
    at = history.moment(old)
    stranger = people.customer(history.rng)["name"]
    history.note("other_customer", at, new.price.plan, stranger=stranger, until=history.later(at))
    history.change(old, new, at, billed(old, new, at))


def note_later_counts(history: History) -> None:
    """A waiver, and a later note that withdraws it; or the other way about: two prices."""
    old = history.subscribed(plan="Starter")
    new = upgraded(old, history.higher(old.price))
    at = history.moment(old)
    earlier, later = range(20, 40), range(2, 15)
    plan = new.price.plan
    if history.number % 2 == 0:
        until = history.later(at)
        history.note("waives_charge", at, plan, days_before=earlier, until=until)
        history.note("withdraws_waiver", at, plan, days_before=later)
        history.change(old, new, at, billed(old, new, at))
    else:
        agreed, words = agreed_price(history.rng, old.price, new.price)
        _, former = agreed_price(history.rng, old.price, new.price)
        history.note("other_price", at, plan, days_before=earlier, price=former)
        history.note("other_price", at, plan, days_before=later, price=words)
        history.change(old, new, at, billed(old, new, at, unit_amount=agreed))


KINDS = (
    Kind(
        Stratum("note_waives_charge", "a note waives the charge until a date", free_text=True),
        note_waives_charge,
    ),
    Kind(
        Stratum("note_other_price", "a note agrees on another price", free_text=True),
        note_other_price,
    ),
    Kind(
        Stratum("note_next_period", "a note postpones the change", free_text=True),
        note_next_period,
    ),
    Kind(
        Stratum("note_refund_promised", "a ticket promises the charge back", free_text=True),
        note_refund_promised,
    ),
    Kind(
        Stratum("note_expired", "a waiver that has run out: billed", free_text=True),
        note_expired,
    ),
    Kind(
        Stratum("note_other_customer", "a note about somebody else: billed", free_text=True),
        note_other_customer,
    ),
    Kind(
        Stratum("note_later_counts", "of two notes the later one counts", free_text=True),
        note_later_counts,
    ),
)

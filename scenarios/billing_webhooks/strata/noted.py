"""What somebody wrote decides: clear to a reader, out of reach for rules."""

from __future__ import annotations

from bench.types import Stratum
from scenarios.billing_webhooks.events import updated
from scenarios.billing_webhooks.history import (
    History,
    agreed_price,
    billed,
    ignored,
    upgraded,
)
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
)

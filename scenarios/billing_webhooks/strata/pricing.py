"""What a change costs when prices, periods and currencies are not the usual ones."""

from __future__ import annotations

import copy
from dataclasses import replace

from bench.types import Stratum
from scenarios.billing_webhooks.catalogue import Price, price
from scenarios.billing_webhooks.events import Subscription, updated
from scenarios.billing_webhooks.history import (
    DAY,
    History,
    billed,
    ignored,
    review,
    upgraded,
    without_delta,
)
from scenarios.billing_webhooks.strata.kind import Kind


def interval_change(history: History) -> None:
    """From monthly to yearly: a new period begins, the rest of the old one is credited."""
    old = history.subscribed()
    at = history.moment(old)
    new = anchored(old, price(old.price.plan, old.price.currency, "year"), at, 365)
    history.change(old, new, at, billed(old, new, at))


def free_to_paid(history: History) -> None:
    """From the free plan to a paid one: charged at once, whatever is agreed on proration."""
    old = history.subscription(plan="Free", quantity=1)
    agreed = ("always_invoice", "none", "create_prorations")[history.number % 3]
    history.on_record(old, proration_behavior=agreed)
    at = history.moment(old)
    new = anchored(old, history.higher(old.price), at, 30)
    history.change(old, new, at, billed(old, new, at))


def period_edge(history: History) -> None:
    """A change in the first or in the last second of a period."""
    seats = 1 if history.number % 3 == 2 else 600
    old = history.subscribed(plan="Starter", quantity=seats)
    new = upgraded(old, price("Scale", old.price.currency))
    first = history.number % 3 == 0
    at = old.start if first else old.end - 1
    right = without_delta(old, new) if seats == 1 else billed(old, new, at)
    history.change(old, new, at, right)


def several_items(history: History) -> None:
    """One of two items changes: that one is charged. If both do, a human decides."""
    old = history.subscription(plan="Starter")
    addon = (history.id("si"), price("Solo", old.price.currency), history.rng.randrange(2, 9))
    old = replace(old, addons=(addon,))
    history.on_record(old)
    new = upgraded(old, history.higher(old.price))
    at = history.moment(old)
    if history.number % 3 == 2:
        both = replace(new, addons=((addon[0], addon[1], addon[2] + 1),))
        history.change(old, both, at, review("unclear"))
    else:
        history.change(old, new, at, billed(old, new, at))


def zero_decimal(history: History) -> None:
    """A currency without a smaller unit."""
    old = history.subscription(currency="jpy")
    history.on_record(old)
    new = upgraded(old, history.higher(old.price))
    at = history.moment(old)
    history.change(old, new, at, billed(old, new, at))


def currency_mismatch(history: History) -> None:
    """The event and our record do not agree on the currency."""
    old = history.subscription(currency="usd")
    ours = replace(old, price=price(old.price.plan, "eur"))
    history.on_record(ours)
    new = upgraded(old, history.higher(old.price))
    history.change(old, new, history.moment(old), review("unknown", looked_up=new))


def decimal_price(history: History) -> None:
    """A price in fractions of a cent, or in tiers: there is no unit amount."""
    old = history.subscribed()
    new = upgraded(old, history.higher(old.price))
    event = copy.deepcopy(
        updated(history.id("evt"), history.moment(old), old, new, history.id("req"))
    )
    sold = event["data"]["object"]["items"]["data"][0]["price"]
    sold["unit_amount"] = None
    if history.number % 2 == 0:
        sold["unit_amount_decimal"] = f"{new.price.unit_amount}.5"
    else:
        sold["billing_scheme"] = "tiered"
    history.deliver(event, review("unclear"))


def proration_off(history: History) -> None:
    """It is agreed with the customer that changes are not charged at once."""
    old = history.subscription()
    agreed = ("none", "create_prorations")[history.number % 2]
    history.on_record(old, proration_behavior=agreed)
    new = upgraded(old, history.higher(old.price))
    history.change(old, new, history.moment(old), ignored("no_proration", looked_up=new))


def unknown_price(history: History) -> None:
    """An upgrade to a price that is not on our list."""
    old = history.subscribed(plan="Starter")
    like = history.higher(old.price)
    new = upgraded(
        old, Price(history.id("price"), "?", like.unit_amount + 50, like.currency, "month")
    )
    history.change(old, new, history.moment(old), review("unknown", looked_up=new))


def upgrade_and_back(history: History) -> None:
    """An upgrade that is taken back, and sometimes made again, within one period."""
    old = history.subscribed(plan="Starter")
    new = upgraded(old, history.higher(old.price))
    at = history.rng.randrange(old.start + DAY, old.start + 8 * DAY)
    history.change(old, new, at, billed(old, new, at))
    back = at + history.rng.randrange(300, 2 * DAY)
    history.change(new, old, back, ignored("no_increase"))
    if history.number % 2 == 1:
        again = back + history.rng.randrange(300, 2 * DAY)
        history.change(old, new, again, billed(old, new, again))


def anchored(old: Subscription, to: Price, at: int, days: int) -> Subscription:
    """The subscription after a change that begins a new period."""
    return replace(old, price=to, start=at, end=at + days * DAY)


KINDS = (
    Kind(
        Stratum("interval_change", "monthly to yearly: a new period, billed"),
        interval_change,
    ),
    Kind(Stratum("free_to_paid", "from free to a paid plan: billed at once"), free_to_paid),
    Kind(
        Stratum("period_edge", "a change in a period's first or last second"),
        period_edge,
    ),
    Kind(
        Stratum("several_items", "one of two items changes: billed; both: to review"),
        several_items,
    ),
    Kind(Stratum("zero_decimal", "an upgrade in yen: billed"), zero_decimal),
    Kind(
        Stratum("currency_mismatch", "another currency than on record: to review"),
        currency_mismatch,
    ),
    Kind(Stratum("decimal_price", "decimal or tiered prices: to review"), decimal_price),
    Kind(
        Stratum("proration_off", "changes are not charged at once: ignored"),
        proration_off,
    ),
    Kind(Stratum("unknown_price", "a price that is not on the list: to review"), unknown_price),
    Kind(
        Stratum("upgrade_and_back", "an upgrade, taken back: billed, then ignored"),
        upgrade_and_back,
    ),
)

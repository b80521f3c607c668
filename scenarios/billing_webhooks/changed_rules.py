"""What is right once the rules have changed: the generator's side of ``policy_v2.md``.

It is worked out when a case is built, from what the generator knows of the change, in exact
fractions. Job, tools and prompt have the new rules on their own; nothing here is shared with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from bench.types import Json

if TYPE_CHECKING:
    from scenarios.billing_webhooks.events import Subscription

CREW = "price_crew"
"""Prices of the new plan family begin with it: their amount is for everybody, not for a seat."""
LEAST = 100
"""A smaller charge is not made; smallest unit of the currency."""
GRACE = 3 * 86_400
"""Seconds from a period's start in which a change costs nothing."""
LOYAL = {"loyalty": "gold"}
"""What a loyal customer's subscription carries in its metadata."""
CREDIT = 500
"""Taken off a loyal customer's charge; smallest unit of the currency."""


def charge(old: Subscription, new: Subscription, at: int, unit: int) -> int | str:
    """The amount due for a change that the old rules bill, or why there is none now: a reason
    code. ``unit`` is the new plan's price, agreed or listed."""
    before = old.price.unit_amount * seats(old)
    after = unit * seats(new)
    if after <= before:
        return "no_increase"
    began = (old.start, old.end) != (new.start, new.end)
    if not began and at - new.start < GRACE:
        return "waived"
    debit = floor(after * Fraction(new.end - at, new.end - new.start) + Fraction(1, 2))
    credit = floor(before * Fraction(old.end - at, old.end - old.start) + Fraction(1, 2))
    amount = debit - credit - (CREDIT if loyal(new.metadata) else 0)
    return amount if amount >= LEAST else "below_minimum"


def seats(subscription: Subscription) -> int:
    """How often the price is paid."""
    return 1 if subscription.price.id.startswith(CREW) else subscription.quantity


def loyal(metadata: Mapping[str, Json]) -> bool:
    """Whether the customer gets the credit."""
    return LOYAL.items() <= metadata.items()

"""What the company sells: the price list."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """A plan's price for one seat and one billing interval."""

    id: str
    plan: str
    unit_amount: int
    """Minor units."""
    currency: str
    interval: str


PLANS = ("Starter", "Solo", "Team", "Business", "Scale")
"""In order of price. Solo is the older name under which Starter is still sold."""

_MONTHLY = {
    "usd": (900, 900, 2900, 7900, 19900),
    "eur": (850, 850, 2700, 7400, 18900),
    "gbp": (750, 750, 2450, 6600, 16500),
    "jpy": (1400, 1400, 4300, 11800, 29800),
}

PRICES = tuple(
    Price(f"price_{plan.lower()}_{interval}_{currency}", plan, amount * months, currency, interval)
    for currency, amounts in _MONTHLY.items()
    for interval, months in (("month", 1), ("year", 10))
    for plan, amount in zip(("Free", *PLANS), (0, *amounts), strict=True)
)

CURRENCIES = ("usd", "eur", "gbp")
"""In which ordinary customers pay. The yen is sold in too, and has no smaller unit."""


def price(plan: str, currency: str, interval: str = "month") -> Price:
    """The price of a plan."""
    return next(
        price
        for price in PRICES
        if (price.plan, price.currency, price.interval) == (plan, currency, interval)
    )

"""Support notes: how people word the facts that decide a case."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from random import Random
from typing import Literal, TypeAlias

from scenarios.billing_webhooks.currencies import EXPONENTS

Fact: TypeAlias = Literal[
    "waives_charge",
    "other_price",
    "next_period",
    "refund_promised",
    "other_customer",
    "withdraws_waiver",
]

FIRST_HELD_OUT_SEED = 1000
"""Seeds below it are for development and use the development phrasings."""


@cache
def phrasings() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Fact → ``development`` or ``held_out`` → wordings, from ``phrasings.toml``."""
    text = files(__package__).joinpath("phrasings.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def word(fact: Fact, seed: int, rng: Random, **values: str) -> str:
    """One phrasing of ``fact``, filled in; the seed says from which set."""
    use = "development" if seed < FIRST_HELD_OUT_SEED else "held_out"
    return rng.choice(phrasings()[fact][use]).format(**values)


def word_date(day: date, rng: Random) -> str:
    """A date as people write it."""
    return rng.choice((day.isoformat(), f"{day.day} {day:%B %Y}"))


def word_money(amount: int, currency: str) -> str:
    """Minor units of a currency, as people write it: 31.05 GBP, 3105 JPY."""
    decimals = EXPONENTS[currency]
    return f"{amount / 10**decimals:.{decimals}f} {currency.upper()}"

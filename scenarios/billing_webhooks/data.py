"""Cases and background, reproducible from a seed."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from sqlalchemy import Connection, insert

from bench.types import Case, Json
from scenarios.billing_webhooks import people
from scenarios.billing_webhooks.catalogue import PRICES
from scenarios.billing_webhooks.history import ALPHABET, DAY, FIRST_DAY, History
from scenarios.billing_webhooks.schema import customers, prices, subscriptions
from scenarios.billing_webhooks.strata import KINDS

BACKGROUND = 10_000
"""Customers that no case owns, with a subscription each."""


def populate(connection: Connection, seed: int) -> None:
    """Insert the price list and the background customers."""
    rng = Random(f"{seed}/background")
    connection.execute(
        insert(prices),
        [
            {
                "id": price.id,
                "plan": price.plan,
                "unit_amount": price.unit_amount,
                "currency": price.currency,
                "interval": price.interval,
            }
            for price in PRICES
        ],
    )
    ids = _distinct_ids(rng, BACKGROUND)
    first = int(FIRST_DAY.timestamp())
    connection.execute(
        insert(customers), [{"id": f"cus_{id}", **people.customer(rng)} for id in ids]
    )
    connection.execute(insert(subscriptions), [_subscription(rng, id, first) for id in ids])


def _distinct_ids(rng: Random, count: int) -> list[str]:
    ids: dict[str, None] = {}
    while len(ids) < count:
        ids["".join(rng.choices(ALPHABET, k=8))] = None
    return list(ids)


def _subscription(rng: Random, id: str, first: int) -> dict[str, Any]:
    price = rng.choice(PRICES)
    start = first + rng.randrange(56 * DAY)
    return {
        "id": f"sub_{id}",
        "customer_id": f"cus_{id}",
        "price_id": price.id,
        "quantity": rng.choice((1, 1, 1, 2, 3, 5)),
        "currency": price.currency,
        "status": rng.choice(("active",) * 8 + ("trialing", "canceled")),
        "period_start": start,
        "period_end": start + (30 if price.interval == "month" else 365) * DAY,
    }


def case(stratum: str, number: int, seed: int) -> Case:
    """Case ``number`` of a stratum: depends on nothing but the three arguments."""
    history = _history(stratum, number, seed)
    return history.case(f"{stratum}-{number}", stratum)


def case_after(stratum: str, number: int, seed: int) -> Case:
    """The same case under the changed rules."""
    return _history(stratum, number, seed).case_after(f"{stratum}-{number}", stratum)


def batch(records: int, seed: int, mix: Mapping[str, float]) -> Case:
    """One case of many ordinary customers with a delivery each, in the proportions of the mix."""
    ordinary = [name for name, kind in KINDS.items() if kind.stratum.ordinary]
    rng = Random(f"{seed}/batch")
    strata = rng.choices(ordinary, [mix[name] for name in ordinary], k=records)
    rows: dict[str, list[Mapping[str, Json]]] = {}
    truth: dict[str, Json] = {}
    for number, stratum in enumerate(strata):
        history = _history(stratum, number, seed, prefix="batch/", first_sequence=number + 1)
        for table, own in history.rows.items():
            rows.setdefault(table, []).extend(own)
        truth.update(history.truth)
    return Case(
        id=f"batch-{records}", stratum="batch", records=tuple(truth), rows=rows, truth=truth
    )


def _history(
    stratum: str, number: int, seed: int, *, prefix: str = "", first_sequence: int = 1
) -> History:
    kind = KINDS[stratum]
    drawn_as = kind.drawn_as or stratum
    history = History(Random(f"{seed}/{prefix}{drawn_as}/{number}"), seed, number, first_sequence)
    kind.build(history)
    return history

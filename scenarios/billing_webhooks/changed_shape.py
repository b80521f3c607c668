"""Events after a change of shape: the same facts, told otherwise.

A delivery is reshaped after its case was built, so what is right stays what it was. Each form is a
change that a provider could make between two API versions, beyond the two shapes that the job and
the tools know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from zlib import crc32

from bench.types import Case, Json
from scenarios.billing_webhooks import entry
from scenarios.billing_webhooks.events import body
from scenarios.billing_webhooks.history import sign


def reshaped(case: Case, number: int) -> Case:
    """The case after the change; the forms alternate with ``number``."""
    names = tuple(FORMS)
    form = names[(number + crc32(case.stratum.encode())) % len(names)]
    deliveries = [_redeliver(row, FORMS[form]) for row in case.rows["pending_events"]]
    keys = {row["id"]: row["change_key"] for row in deliveries}

    def rekeyed(charge: Mapping[str, Json]) -> Mapping[str, Json]:
        return {**charge, "change_key": keys[charge["delivery_id"]]}

    return replace(
        case,
        id=f"{case.id}~shape",
        rows={
            **case.rows,
            "pending_events": deliveries,
            "billing_events": [rekeyed(charge) for charge in case.rows["billing_events"]],
        },
        truth={
            record: {**right, "charge": right["charge"] and rekeyed(right["charge"])}
            for record, right in case.truth.items()
        },
        drift="shape",
        variant=form,
        twin=case.id,
    )


def _redeliver(row: Mapping[str, Json], form: Callable[[Json], Json]) -> Mapping[str, Json]:
    """The delivery in another shape, signed anew. What the entry turned away stays as it is."""
    if row["status"] == "rejected":
        return row
    payload = body(form(json.loads(row["payload"])))
    anew, _ = entry.delivery(
        id=row["id"],
        sequence=row["sequence"],
        payload=payload,
        signature=sign(payload, row["received_at"]),
        received_at=row["received_at"],
    )
    assert anew["status"] != "rejected", "a reshaped event has to pass the entry"
    return {**anew, "status": row["status"]}


def period_moved(event: Json) -> Json:
    """``current_period_start`` and ``_end`` become ``billing_period: {start, end}``."""
    moved = {"current_period_start": "start", "current_period_end": "end"}

    def move(holder: dict[str, Json]) -> dict[str, Json]:
        period = {moved[key]: value for key, value in holder.items() if key in moved}
        rest = {key: value for key, value in holder.items() if key not in moved}
        return {**rest, "billing_period": period} if period else holder

    return _everywhere(event, move)


def price_lookup(event: Json) -> Json:
    """``price`` becomes ``pricing``, as on newer invoice lines, its id ``price_details.price``."""

    def look_up(holder: dict[str, Json]) -> dict[str, Json]:
        price = holder.get("price")
        if not isinstance(price, dict):
            return holder
        rest = {key: value for key, value in holder.items() if key != "price"}
        kept = {key: value for key, value in price.items() if key not in ("id", "object")}
        named = {"price_details": {"price": price["id"]}} if "id" in price else {}
        return {**rest, "pricing": {**named, **kept}}

    return _everywhere(event, look_up)


def decimal_strings(event: Json) -> Json:
    """Amounts become decimal strings, still in the smallest unit: ``"2900"``."""

    def spell(holder: dict[str, Json]) -> dict[str, Json]:
        amount = holder.get("unit_amount")
        return {**holder, "unit_amount": str(amount)} if isinstance(amount, int) else holder

    return _everywhere(event, spell)


def wrapper(event: Json) -> Json:
    """What stood in ``data`` stands in ``data.payload``."""
    return {**event, "data": {"payload": event["data"]}}


def items_by_id(event: Json) -> Json:
    """A subscription's items are an object by id instead of a list."""

    def index(holder: dict[str, Json]) -> dict[str, Json]:
        items = holder.get("items")
        listed = items.get("data") if isinstance(items, dict) else None
        if not isinstance(listed, list) or not all("id" in each for each in listed):
            return holder
        return {**holder, "items": {each["id"]: _without(each, "id") for each in listed}}

    return _everywhere(event, index)


def seats(event: Json) -> Json:
    """``quantity`` is called ``seats``."""

    def rename(holder: dict[str, Json]) -> dict[str, Json]:
        return {"seats" if key == "quantity" else key: value for key, value in holder.items()}

    return _everywhere(event, rename)


FORMS: dict[str, Callable[[Json], Json]] = {
    form.__name__: form
    for form in (period_moved, price_lookup, decimal_strings, wrapper, items_by_id, seats)
}
"""By name."""


def _without(holder: Mapping[str, Json], *keys: str) -> dict[str, Json]:
    return {key: value for key, value in holder.items() if key not in keys}


def _everywhere(value: Json, change: Callable[[dict[str, Json]], dict[str, Json]]) -> Json:
    """Change every object, the outer ones first; metadata belongs to the customer."""
    if isinstance(value, dict):
        return {
            key: element if key == "metadata" else _everywhere(element, change)
            for key, element in change(value).items()
        }
    if isinstance(value, list):
        return [_everywhere(element, change) for element in value]
    return value

"""What the payload of a subscription event says, in both shapes that Stripe sends.

Older API versions hold the billing period on the subscription, newer ones (2025-03-31.basil and
later) on each of its items: https://docs.stripe.com/changelog/basil/2025-03-31.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bench.types import Json

MOST_SEATS = 1_000_000
"""A larger quantity is a mistake, and nobody is charged for it."""


class UnclearError(Exception):
    """The payload does not say what it should; the text is a short phrase for the log."""


@dataclass(frozen=True, slots=True)
class Item:
    """What is paid for each period."""

    price: str
    unit_amount: int
    quantity: int
    currency: str
    interval: str

    @property
    def amount(self) -> int:
        """Minor units for a whole period."""
        return self.unit_amount * self.quantity


@dataclass(frozen=True, slots=True)
class Change:
    """A price or quantity change of a subscription, as the event itself tells it."""

    subscription: str
    customer: str
    status: str
    currency: str
    old: Item
    new: Item
    created: int
    period_start: int
    period_end: int
    old_period: tuple[int, int]
    """The period that the change cut short; the same one unless it began a new one."""
    after_trial: bool
    """The change ended a trial."""


def parse(payload: str) -> Mapping[str, Json]:
    """The event in a raw body. Raises ``UnclearError`` if there is none."""
    try:
        event = _STRICT.decode(payload)
    except (ValueError, RecursionError):
        raise UnclearError("not JSON") from None
    return _mapping(event, "event")


def _distinct(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """A JSON object. One that gives a key twice means different things to different readers."""
    object = dict(pairs)
    if len(object) != len(pairs):
        raise UnclearError("a key given twice")
    return object


def _no_number(name: str) -> Json:
    raise UnclearError(f"{name} for a number")


_STRICT = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_no_number)


def read_change(event: Mapping[str, Json]) -> Change | None:
    """The change of price or quantity in a ``customer.subscription.updated``; None if there is
    none. Raises ``UnclearError`` rather than guess."""
    subscription = _subscription(event)
    previous = _mapping(_mapping(event.get("data"), "data").get("previous_attributes"), "previous")
    if "items" not in previous:
        if previous.keys() & {"plan", "quantity"}:
            raise UnclearError("a change that is not told by item")
        return None
    before, after = _items(previous), _items(subscription)
    changed = [id for id in before.keys() | after.keys() if _differ(before.get(id), after.get(id))]
    if not changed:
        return None
    if len(changed) > 1:
        raise UnclearError("more than one item changed")
    old_item, new_item = before.get(changed[0]), after.get(changed[0])
    item: Mapping[str, Json] = new_item or old_item or {}
    new = _item(new_item) if new_item else replace(_item(item), quantity=0)
    old = _item(old_item) if old_item else replace(new, quantity=0)
    bearer = item if "current_period_start" in item else subscription
    start, end = _integer(bearer, "current_period_start"), _integer(bearer, "current_period_end")
    former = {**previous, **(old_item or {})}
    return Change(
        subscription=_text(subscription, "id"),
        customer=_text(subscription, "customer"),
        status=_text(subscription, "status"),
        currency=_text(subscription, "currency"),
        old=old,
        new=new,
        created=_integer(event, "created"),
        period_start=start,
        period_end=end,
        old_period=(
            _integer(former, "current_period_start", start),
            _integer(former, "current_period_end", end),
        ),
        after_trial=previous.get("status") == "trialing",
    )


def _subscription(event: Mapping[str, Json]) -> Mapping[str, Json]:
    return _mapping(_mapping(event.get("data"), "data").get("object"), "data.object")


def _items(holder: Mapping[str, Json]) -> dict[str, Mapping[str, Json]]:
    """The items by id."""
    listed = _mapping(holder.get("items"), "items").get("data")
    if not isinstance(listed, list) or not listed:
        raise UnclearError("no items")
    items: dict[str, Mapping[str, Json]] = {
        _text(_mapping(each, "item"), "id"): _mapping(each, "item") for each in listed
    }
    if len(items) != len(listed):
        raise UnclearError("an item given twice")
    return items


def _differ(old: Mapping[str, Json] | None, new: Mapping[str, Json] | None) -> bool:
    """Whether an item's price or quantity is another one."""
    if old is None or new is None:
        return True
    return bool(_sold(old) != _sold(new))


def _sold(item: Mapping[str, Json]) -> Json:
    """What two items are held against each other by. Only metered ones come without a quantity:
    where another lacks it, it may have changed under a name that we do not know."""
    price = _mapping(item.get("price"), "price")
    terms = price.get("recurring")
    metered = isinstance(terms, dict) and terms.get("usage_type") == "metered"
    if "quantity" not in item and not metered:
        raise UnclearError("no quantity")
    return price.get("id"), price.get("unit_amount"), item.get("quantity")


def _item(item: Mapping[str, Json]) -> Item:
    price = _mapping(item.get("price"), "price")
    return Item(
        price=_text(price, "id"),
        unit_amount=_integer(price, "unit_amount"),
        quantity=_integer(item, "quantity", most=MOST_SEATS),
        currency=_text(price, "currency"),
        interval=_text(_mapping(price.get("recurring"), "recurring"), "interval"),
    )


def _mapping(value: Json, name: str) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise UnclearError(f"no {name}")
    return value


def _text(holder: Mapping[str, Json], key: str) -> str:
    value = holder.get(key)
    if not isinstance(value, str) or not value:
        raise UnclearError(f"no {key}")
    return value


def _integer(
    holder: Mapping[str, Json], key: str, default: int | None = None, *, most: int = 10**12
) -> int:
    value = holder.get(key, default)
    if type(value) is not int or not 0 <= value <= most:
        raise UnclearError(f"no usable {key}")
    return value

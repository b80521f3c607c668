"""What the payload of a subscription event says, in both shapes that Stripe sends.

Older API versions hold the billing period on the subscription, newer ones (2025-03-31.basil and
later) on each of its items: https://docs.stripe.com/changelog/basil/2025-03-31.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bench.types import Json


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


def parse(payload: str) -> Mapping[str, Json]:
    """The event in a raw body. Raises ``UnclearError`` if there is none."""
    try:
        event = json.loads(payload)
    except (ValueError, RecursionError):
        raise UnclearError("not JSON") from None
    return _mapping(event, "event")


def status_of(event: Mapping[str, Json]) -> str:
    """The status that the event gives its subscription."""
    return _text(_subscription(event), "status")


def read_change(event: Mapping[str, Json]) -> Change | None:
    """The change of price or quantity in a ``customer.subscription.updated``; None if there is
    none. Raises ``UnclearError`` rather than guess."""
    subscription = _subscription(event)
    previous = _mapping(_mapping(event.get("data"), "data").get("previous_attributes"), "previous")
    if "items" not in previous:
        if previous.keys() & {"plan", "quantity"}:
            raise UnclearError("a change that is not told by item")
        return None
    item = _only_item(subscription)
    new = _item(item)
    old_item = _only_item(previous)
    if _text(old_item, "id") != _text(item, "id"):
        raise UnclearError("items were exchanged")
    old = _item(old_item)
    if (old.price, old.unit_amount, old.quantity) == (new.price, new.unit_amount, new.quantity):
        return None
    bearer = item if "current_period_start" in item else subscription
    return Change(
        subscription=_text(subscription, "id"),
        customer=_text(subscription, "customer"),
        status=_text(subscription, "status"),
        currency=_text(subscription, "currency"),
        old=old,
        new=new,
        created=_integer(event, "created"),
        period_start=_integer(bearer, "current_period_start"),
        period_end=_integer(bearer, "current_period_end"),
    )


def _subscription(event: Mapping[str, Json]) -> Mapping[str, Json]:
    return _mapping(_mapping(event.get("data"), "data").get("object"), "data.object")


def _only_item(holder: Mapping[str, Json]) -> Mapping[str, Json]:
    items = _mapping(holder.get("items"), "items").get("data")
    if not isinstance(items, list) or len(items) != 1:
        raise UnclearError("not exactly one item")
    return _mapping(items[0], "item")


def _item(item: Mapping[str, Json]) -> Item:
    price = _mapping(item.get("price"), "price")
    return Item(
        price=_text(price, "id"),
        unit_amount=_integer(price, "unit_amount"),
        quantity=_integer(item, "quantity"),
        currency=_text(price, "currency"),
        interval=_text(_mapping(price.get("recurring"), "recurring"), "interval"),
    )


def _mapping(value: Json, name: str) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise UnclearError(f"no {name}")
    return value


def _text(holder: Mapping[str, Json], key: str) -> str:
    value = holder.get(key)
    if not isinstance(value, str) or not value:
        raise UnclearError(f"no {key}")
    return value


def _integer(holder: Mapping[str, Json], key: str) -> int:
    value = holder.get(key)
    if type(value) is not int or not 0 <= value < 2**53:
        raise UnclearError(f"no usable {key}")
    return value

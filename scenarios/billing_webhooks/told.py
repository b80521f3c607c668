"""What a payload tells, wherever it stands in it: for tools that know no shape.

An agent reads an event whose shape has changed; the tools that work for it should not be what
fails then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Literal

from bench.types import Json


def period(payload: str, part: Literal["object", "previous_attributes"]) -> tuple[int, int] | None:
    """Start and end, in Unix seconds, of the billing period in a part of an event's data."""
    told = _data(payload).get(part)
    start = next(_integers(told, "current_period_start"), None)
    end = next(_integers(told, "current_period_end"), None)
    return None if start is None or end is None else (start, end)


def created(payload: str) -> int | None:
    """When the event happened, in Unix seconds."""
    try:
        moment = json.loads(payload)["created"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return moment if type(moment) is int else None


def metadata(payload: str) -> Mapping[str, Json]:
    """What the customer's own system has attached to the event's object."""
    return next(_members(_data(payload).get("object"), "metadata"), {})


def price_ids(payload: str) -> set[str]:
    """The prices at which the event's object is sold."""
    return set(_price_ids(_data(payload).get("object")))


def _data(payload: str) -> Mapping[str, Json]:
    try:
        data = json.loads(payload)["data"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _price_ids(value: Json) -> Iterator[str]:
    for name, element in _elements(value):
        price = element.get("id") if name == "price" and isinstance(element, dict) else None
        if isinstance(price, str):
            yield price
        elif name != "pending_update":
            yield from _price_ids(element)


def _integers(value: Json, key: str) -> Iterator[int]:
    for name, element in _elements(value):
        if name == key and type(element) is int:
            yield element
        else:
            yield from _integers(element, key)


def _members(value: Json, key: str) -> Iterator[Mapping[str, Json]]:
    """The objects of that name, the outermost first."""
    if isinstance(value, dict):
        found = value.get(key)
        if isinstance(found, dict):
            yield found
        for element in value.values():
            yield from _members(element, key)
    elif isinstance(value, list):
        for element in value:
            yield from _members(element, key)


def _elements(value: Json) -> Iterator[tuple[str, Json]]:
    """An object's members or a list's elements; metadata is the customer's, and tells nothing."""
    if isinstance(value, dict):
        yield from ((name, element) for name, element in value.items() if name != "metadata")
    elif isinstance(value, list):
        yield from (("", element) for element in value)

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
    """Start and end, in Unix seconds, of the billing period in a part of an event's data: of
    ``current_period_start`` and ``_end``, or of whatever else calls itself a period."""
    told = _part(payload, part)
    start = next(_integers(told, "current_period_start"), None)
    end = next(_integers(told, "current_period_end"), None)
    if start is not None and end is not None:
        return start, end
    return next(_periods(told), None)


def created(payload: str) -> int | None:
    """When the event happened, in Unix seconds."""
    try:
        moment = json.loads(payload)["created"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return moment if type(moment) is int else None


def metadata(payload: str) -> Mapping[str, Json]:
    """What the customer's own system has attached to the event's object."""
    return next(_members(_part(payload, "object"), "metadata"), {})


def price_ids(payload: str) -> set[str]:
    """The prices at which the event's object is sold."""
    return set(_price_ids(_part(payload, "object")))


def _part(
    payload: str, part: Literal["object", "previous_attributes"]
) -> Mapping[str, Json] | None:
    """A part of an event's data, however deep it is wrapped."""
    try:
        data = json.loads(payload)["data"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return next(_members(data, part), None)


def _periods(value: Json) -> Iterator[tuple[int, int]]:
    """Pairs of a start and an end under a name that says ``period``, as in an invoice line's
    ``period: {start, end}``."""
    for name, element in _elements(value):
        if isinstance(element, dict) and "period" in name:
            start, end = element.get("start"), element.get("end")
            if type(start) is int and type(end) is int:
                yield start, end
        yield from _periods(element)


def _price_ids(value: Json) -> Iterator[str]:
    """Of a price, whole or by its id alone."""
    for name, element in _elements(value):
        price = element.get("id") if isinstance(element, dict) else element
        if name == "price" and isinstance(price, str):
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
    found = value.get(key) if isinstance(value, dict) else None
    if isinstance(found, dict):
        yield found
    for _, element in _elements(value):
        yield from _members(element, key)


def _elements(value: Json) -> Iterator[tuple[str, Json]]:
    """An object's members or a list's elements; metadata is the customer's, and tells nothing."""
    if isinstance(value, dict):
        yield from ((name, element) for name, element in value.items() if name != "metadata")
    elif isinstance(value, list):
        yield from (("", element) for element in value)

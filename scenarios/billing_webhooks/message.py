"""How an agent gets to see an event: the payload itself, without what carries no information.

The rules here are generic. They know JSON and the envelope, not the shape of a subscription, so
an event whose shape has changed still comes through whole.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from bench.types import Json

HOUSEKEEPING = frozenset({"api_version", "pending_webhooks", "request"})
"""Parts of the envelope about the delivery, not about what happened."""


def describe(payload: str, created: int) -> str:
    """The message about one event. ``created`` is in Unix seconds."""
    try:
        shown = compact(payload)
    except RecursionError:
        shown = payload  # nested too deep to be tidied up
    return f"Event of {iso_date(created)}:\n{shown}"


def iso_date(moment: int) -> str:
    """The day, in UTC, of a moment in Unix seconds."""
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def compact(payload: str) -> str:
    """Minified JSON without empty values, type tags and repetitions."""
    event = json.loads(payload)
    if isinstance(event, dict):
        event = {key: value for key, value in event.items() if key not in HOUSEKEEPING}
        data = event.get("data")
        if isinstance(data, dict) and isinstance(data.get("previous_attributes"), dict):
            changed = _difference(data["previous_attributes"], data.get("object"))
            # That an old value was empty is news, so nothing is stripped from the old values.
            event = _strip({**event, "data": {**data, "previous_attributes": None}})
            event.setdefault("data", {})["previous_attributes"] = changed
        else:
            event = _strip(event)
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False)


def _difference(old: Json, new: Json) -> Json:
    """What of ``old`` is not the same in ``new``. Stripe repeats whole arrays for one change."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {
            key: _difference(value, new[key]) if key in new else value
            for key, value in old.items()
            if key not in new or value != new[key]
        }
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        if len(old) == 1:
            return [_difference(old[0], new[0])]
        if [_id(each) for each in old] == [_id(each) for each in new]:
            # Which of several items it was has to be said.
            return [
                {"id": _id(was), **_difference(was, now)}
                for was, now in zip(old, new, strict=True)
                if was != now
            ]
    return old


def _id(value: Json) -> Json:
    """An element's id; what has none equals nothing, so that it is shown whole."""
    return value["id"] if isinstance(value, dict) and "id" in value else object()


def _strip(value: Json) -> Json:
    if isinstance(value, dict):
        stripped = {
            key: _strip(element)
            for key, element in value.items()
            if not (key == "object" and isinstance(element, str))
        }
        return {
            key: element for key, element in stripped.items() if element not in (None, {}, [], "")
        }
    if isinstance(value, list):
        return [_strip(element) for element in value]
    return value

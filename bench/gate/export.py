"""``gate.json``: the comparison for machines."""

from __future__ import annotations

import json
from functools import cache

from pydantic import TypeAdapter

from bench.gate.result import Gate


@cache
def adapter() -> TypeAdapter[Gate]:
    """What turns a comparison into plain JSON values and back."""
    return TypeAdapter(Gate)


def to_json(gate: Gate) -> str:
    """The comparison as JSON text. Null is unknown; there are no NaNs and no infinities."""
    plain = adapter().dump_python(gate, mode="json")
    return json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str) -> Gate:
    """A comparison as read back. Raises pydantic's ``ValidationError``."""
    return adapter().validate_json(text)

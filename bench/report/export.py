"""``summary.json``: the report's figures for machines."""

from __future__ import annotations

import json
from functools import cache

from pydantic import TypeAdapter

from bench.analysis.rows import Summary


@cache
def adapter() -> TypeAdapter[Summary]:
    """What turns a summary into plain JSON values and back."""
    return TypeAdapter(Summary)


def to_json(summary: Summary) -> str:
    """The summary as JSON text. Null is unknown; there are no NaNs and no infinities."""
    plain = adapter().dump_python(summary, mode="json")
    return json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str) -> Summary:
    """A summary as read back. Raises pydantic's ``ValidationError``."""
    return adapter().validate_json(text)

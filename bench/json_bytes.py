"""JSON to and from bytes on the way of every call: in Rust, and for what Rust refuses, in Python.

Nothing is hashed in this form, whose keys keep their order: see ``bench.hashing`` for that.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json, to_json


def dump(value: Any) -> bytes:
    """``value`` as JSON in UTF-8, without white space. Halves of characters, which UTF-8 lacks,
    make it ASCII with escapes."""
    try:
        return to_json(value)
    except ValueError:
        return json.dumps(value, separators=(",", ":")).encode()


def load(raw: bytes | str) -> Any:
    """What ``json.loads`` makes of it. Raises ``ValueError``."""
    try:
        return from_json(raw)
    except ValueError:
        return json.loads(raw)

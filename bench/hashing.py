"""One canonical form for everything that is identified by its content."""

import hashlib
import json
from typing import Any

_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str
).encode


def canonical_json(value: Any) -> str:
    """The same text for equal values: sorted keys, no white space, non-JSON values as text."""
    return _encode(value)


def content_hash(value: Any) -> str:
    """The SHA-256 of ``value``'s canonical JSON, as 64 hex digits."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()

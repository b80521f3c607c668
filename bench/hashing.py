"""One canonical form for everything that is identified by its content."""

import hashlib
import json
from collections.abc import Iterable
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


def list_hash(values: Iterable[Any]) -> str:
    """What ``content_hash`` makes of a list of the values, which are never all at hand."""
    hashed = hashlib.sha256(b"[")
    between = b""
    for value in values:
        hashed.update(between + canonical_json(value).encode("utf-8", "surrogatepass"))
        between = b","
    hashed.update(b"]")
    return hashed.hexdigest()

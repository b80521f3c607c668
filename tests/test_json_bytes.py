"""JSON on the way of every call: what Rust writes and reads is what Python would."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import json_bytes
from bench.hashing import canonical_json
from bench.metering.bound import prompt_bytes
from bench.types import Request

TEXT = st.text(st.characters(exclude_categories=()))  # halves of characters among them
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@given(JSON)
def test_what_is_written_says_the_same_to_any_reader(value: Any) -> None:
    written = json_bytes.dump(value)
    assert json.loads(written) == value
    assert json_bytes.load(written) == value


@given(JSON)
def test_what_python_writes_is_read_alike(value: Any) -> None:
    written = json.dumps(value).encode()
    assert json_bytes.load(written) == json.loads(written)


@pytest.mark.parametrize("raw", [b"", b"{", b'{"a": 1} 2', b'"\xff"', b"[01]", b"nul"])
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        json_bytes.load(raw)


@given(st.lists(st.text(), max_size=4), st.dictionaries(st.text(), st.text() | st.integers()))
def test_a_prompt_is_as_long_as_its_canonical_form(said: list[str], schema: dict[str, Any]) -> None:
    messages = tuple({"role": "user", "content": text} for text in said)
    request = Request(messages, ({"function": schema},), schema)
    canonical = canonical_json([request.messages, request.tools, request.schema])
    assert prompt_bytes(request) == len(canonical.encode())

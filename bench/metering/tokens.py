"""Counting tokens here, offline, where no provider has reported them: provenance ``counted``.

The encodings are those that litellm carries in its package; litellm itself is not imported.
Text is counted exactly for OpenAI's models. Other providers' tokenizers are not public, so their
models are counted with ``o200k_base``: an estimate.
"""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.errors import BenchError
from bench.hashing import canonical_json
from bench.types import Json, Request

if TYPE_CHECKING:
    from tiktoken import Encoding

_BUNDLED: Final = frozenset({"o200k_base", "o200k_harmony", "cl100k_base"})
_DEFAULT: Final = "o200k_base"

# The framing of OpenAI's chat format, as its cookbook counts it:
# https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken
_PER_MESSAGE: Final = 3
_PER_REPLY: Final = 3
_PER_TOOL: Final = 7
_TOOLS: Final = 12

_PIECE: Final = 50_000
"""Characters encoded at once: the tokenizer's time grows faster than a long run of one letter."""


def count_text(text: str, model: str | None = None) -> int:
    """Tokens of ``text`` for ``model``. Special tokens in it count as ordinary text."""
    return _count(text, encoding_name(model))


def count_request(request: Request, model: str | None = None) -> int:
    """Prompt tokens of a request: its messages, tools and schema.

    An approximation: every provider frames messages in its own way, and shows tools and schemas
    to the model in a form that it does not publish. They are counted as compact JSON.
    """
    encoding = encoding_name(model)
    total = _PER_REPLY + sum(_count_message(message, encoding) for message in request.messages)
    if request.tools:
        total += _TOOLS
        for tool in request.tools:
            total += _PER_TOOL + _count(canonical_json(tool.get("function", tool)), encoding)
    if request.schema is not None:
        total += _count(canonical_json(request.schema), encoding)
    return total


def encoding_name(model: str | None) -> str:
    """The encoding that ``model`` (``gpt-5``, ``openai/gpt-5``, None) is counted with."""
    return _DEFAULT if model is None else _encoding_name(model)


@cache
def _encoding_name(model: str) -> str:
    from tiktoken.model import encoding_name_for_model

    try:
        name = encoding_name_for_model(model.rpartition("/")[2])
    except KeyError:
        return _DEFAULT
    return name if name in _BUNDLED else _DEFAULT


def _count_message(message: Mapping[str, Json], encoding: str) -> int:
    total = _PER_MESSAGE
    for key, value in message.items():
        if value is not None:
            total += _count(value if isinstance(value, str) else canonical_json(value), encoding)
        if key == "name":
            total += 1
    return total


@lru_cache(maxsize=2048)
def _count(text: str, name: str) -> int:
    encoding = _encoding(name)
    pieces = (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))
    return sum(len(encoding.encode(piece, disallowed_special=())) for piece in pieces)


@cache
def _encoding(name: str) -> Encoding:
    import tiktoken

    with _bundled_encodings():
        return tiktoken.get_encoding(name)


_environment = threading.Lock()


@contextmanager
def _bundled_encodings() -> Iterator[None]:
    # tiktoken looks for files by an environment variable and downloads what it does not find.
    spec = importlib.util.find_spec("litellm")
    if spec is None or spec.origin is None:
        raise BenchError("the package litellm is not installed; run 'make setup'")
    folder = Path(spec.origin).parent / "litellm_core_utils" / "tokenizers"
    with _environment:
        before = os.environ.get("TIKTOKEN_CACHE_DIR")
        os.environ["TIKTOKEN_CACHE_DIR"] = os.fspath(folder)
        try:
            yield
        finally:
            if before is None:
                del os.environ["TIKTOKEN_CACHE_DIR"]
            else:
                os.environ["TIKTOKEN_CACHE_DIR"] = before

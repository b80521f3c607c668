"""What the readers of foreign files agree on: an agent's attempts at tasks, in plain data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from bench.errors import BenchError
from bench.types import UNKNOWN_USAGE, Cause, Json, RawCall, Usage

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Result:
    """What a tool gave back."""

    content: Json
    ok: bool = True


@dataclass(frozen=True)
class Turn:
    """One model call, with what had been said since the one before."""

    messages: tuple[Mapping[str, Json], ...]
    text: str
    calls: tuple[RawCall, ...] = ()
    results: tuple[Result | None, ...] = ()
    """Of the calls, in their order; None where the file has none."""
    usage: Usage = UNKNOWN_USAGE
    seconds: float | None = None
    started: float | None = None
    """Unix seconds."""
    model: str = ""
    """As the provider names it."""


@dataclass(frozen=True)
class Attempt:
    """One execution of the agent on one task."""

    task: str
    repeat: int
    passed: bool
    score: str
    """What the file says of it, such as ``reward 0.5``."""
    turns: tuple[Turn, ...]
    cause: Cause | None = None
    """Why it did not come to its end, if it did not and was not right."""
    detail: str | None = None
    usage: Usage = UNKNOWN_USAGE
    usd: float | None = None
    """API dollars that the file states for the agent; None if it states none."""
    seconds: float | None = None
    started: float | None = None


@dataclass(frozen=True)
class Source:
    """One file as read."""

    kind: str
    """``τ-bench``, ``τ²-bench`` or ``inspect_ai``."""
    scenario: str
    model: str
    attempts: tuple[Attempt, ...]
    tasks: Mapping[str, Json] = field(default_factory=dict)
    """Task → what identifies it, as far as the file says."""
    prompt: str = ""
    created: str = ""
    identity: Mapping[str, Json] = field(default_factory=dict)
    """What else the file says of the model and the run."""
    notes: tuple[str, ...] = ()


Reader = Callable[[Path, Json], Source]


def parsed(model: type[T], value: Json, path: Path, where: str = "") -> T:
    """``value`` as ``model``. Raises ``BenchError`` that names file, place and fault."""
    try:
        found: T = TypeAdapter(model).validate_python(value)
        return found
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in (where, *first["loc"]) if part != "")
        raise BenchError(
            f"{path}: {place or 'the whole'}: {first['msg']}; is it a whole, unchanged result file?"
        ) from None


def turns(messages: Sequence[Mapping[str, Json]], make: Callable[..., Turn]) -> tuple[Turn, ...]:
    """Chat messages as turns: ``make(message, before, results)`` for each of the assistant's, with
    what was said since the last one and the tool messages that answer it, by call id."""
    found: list[Turn] = []
    before: list[Mapping[str, Json]] = []
    for place, message in enumerate(messages):
        if message.get("role") == "assistant":
            found.append(make(message, tuple(before), _answers(messages[place + 1 :])))
            before = []
        elif message.get("role") != "tool":
            before.append({"role": message.get("role", "user"), "content": message.get("content")})
    return tuple(found)


def _answers(after: Iterable[Mapping[str, Json]]) -> list[Mapping[str, Json]]:
    answers = []
    for message in after:
        if message.get("role") != "tool":
            break
        answers.append(message)
    return answers


def added(usages: Iterable[Usage]) -> Usage:
    """The sum; unknown as soon as one is, and unknown for none."""
    known = list(usages)
    if not known:
        return UNKNOWN_USAGE
    total = Usage()
    for usage in known:
        total = total + usage
    return total


def moment(text: object) -> float | None:
    """ISO 8601 as Unix seconds; None for anything else."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None


def as_text(value: Json) -> str:
    """A message's content, whatever its parts, as text."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, list):
        return "\n".join(
            str(part.get("text", "")) if isinstance(part, dict) else str(part) for part in value
        )
    return json.dumps(value, ensure_ascii=False, default=str)

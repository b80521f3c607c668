"""A model that answers what a test wrote down, and raises what it wrote down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.types import Json, Provenance, RawCall, Reply, Request, ToolProtocol, Usage

Answer = str | Reply | BaseException | Callable[[Request], str]


def reply(text: str = "", **changes: object) -> Reply:
    values: dict[str, object] = {
        "text": text,
        "calls": (),
        "finish_reason": "stop",
        "model": "scripted-1",
        "usage": Usage(input=100, output=10, cached_input=50),
        "tokens": "measured",
        "duration_s": 0.5,
    }
    return Reply(**(values | changes))  # type: ignore[arg-type]


def native(name: str, arguments: str) -> Reply:
    return reply(calls=(RawCall(name, arguments, "call_1"),), finish_reason="tool_calls")


@dataclass
class ScriptedModel:
    """Plays ``script`` from the beginning, over and over."""

    script: Sequence[Answer]
    name: str = "scripted"
    protocol: ToolProtocol = "action"
    provenance: Provenance = "measured"
    concurrency: int = 1
    local: bool = True
    priced_as: str | None = None
    delay_s: float = 0.0
    requests: list[Request] = field(default_factory=list)
    closed: bool = False

    async def reply(self, request: Request) -> Reply:
        answer = self.script[len(self.requests) % len(self.script)]
        self.requests.append(request)
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, BaseException):
            raise answer
        return reply(answer) if isinstance(answer, str) else answer

    def identity(self) -> Mapping[str, Json]:
        return {"name": self.name}

    async def close(self) -> None:
        self.closed = True

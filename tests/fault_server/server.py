"""The server: one thread, one event loop, a bill for everything it charges."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from aiohttp import web

from tests.fault_server import wire
from tests.fault_server.faults import BILLED, FaultPlan

Json = dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """What the model behind the server says."""

    text: str | None = None
    calls: tuple[tuple[str, str], ...] = ()
    finish: str = "stop"
    usage: Mapping[str, Any] | None = None
    """In the wire's own words, sent as it is; None: worked out from the request."""


@dataclass(frozen=True)
class Bill:
    """One call that was charged."""

    key: str
    input: int
    output: int
    usd: Fraction


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    at: float
    key: str
    fault: str | None
    body: Json
    authorization: str


def toy_turn(body: Json) -> Turn:
    """A perfect agent of the toy scenario: look, then label."""
    messages = body["messages"]
    record = next(m for m in messages if m["role"] == "user")["content"]
    if not isinstance(record, str):
        record = "".join(part.get("text", "") for part in record)
    id = record.removeprefix("Label the number ").rstrip(".")
    contents = [str(message.get("content")) for message in messages]
    told = [content for content in contents if "text" in content]
    if len(messages) <= 2 or not told:
        return Turn(calls=(("look", json.dumps({"id": id})),), finish="tool_calls")
    odd = "7" in told[-1].split("text")[-1] or "seven" in told[-1]
    arguments = json.dumps({"id": id, "label": "odd" if odd else "even"})
    return Turn(calls=(("label", arguments),), finish="tool_calls")


@dataclass
class FaultServer:
    """Use it as a context manager; ``url`` ends in ``/v1`` for OpenAI's wire, ``root`` does not."""

    turn: Callable[[Json], Turn] = toy_turn
    faults: FaultPlan = field(default_factory=FaultPlan)
    usd_in: Fraction = Fraction(1, 1_000_000)
    usd_out: Fraction = Fraction(4, 1_000_000)
    latency_s: float = 0.0
    hang_s: float = 30.0
    """How long a ``timeout`` keeps silent."""
    usage_apart: bool = True
    """Where a stream carries its usage: see ``wire.openai_chunks``."""
    send_usage: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    requests_a_window: int | None = None
    window_s: float = 1.0
    secret: str = ""
    """Echoed in every error message, as careless gateways do."""
    bills: list[Bill] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    def __enter__(self) -> FaultServer:
        self._loop = asyncio.new_event_loop()
        started = threading.Event()

        async def serve() -> None:
            app = web.Application(client_max_size=2**26)
            app.router.add_route("*", "/{path:.*}", self._handle)
            self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
            await self._runner.setup()
            site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=4096)
            await site.start()
            self.root = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
            started.set()

        self._thread = threading.Thread(target=self._run, args=(serve,), daemon=True)
        self._thread.start()
        assert started.wait(20)
        return self

    def _run(self, serve: Callable[[], Any]) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(serve())
        self._loop.run_forever()
        self._loop.close()

    def __exit__(self, *_exception: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)

    async def _stop(self) -> None:
        await self._runner.cleanup()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    @property
    def url(self) -> str:
        return self.root + "/v1"

    @property
    def spent(self) -> Fraction:
        return sum((bill.usd for bill in self.bills), Fraction(0))

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body = json.loads(raw)
        key = str(body.get("messages") or body.get("contents"))
        fault, dice = self.faults.draw(key)
        if fault is None and self._too_many():
            fault = "429"
        authorization = request.headers.get("Authorization") or request.headers.get("x-api-key", "")
        self.seen.append(Seen(time.monotonic(), key, fault, body, authorization))
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        turn = self.turn(body)
        tokens_in = len(raw) // 4 + 3
        tokens_out = 5 + len(turn.text or "") // 4 + sum(len(a) // 3 for _n, a in turn.calls)
        limit = body.get("max_tokens") or body.get("max_completion_tokens") or 64
        if fault == "endless":
            tokens_out = limit
        tokens_out = min(tokens_out, limit)
        if fault is None or (
            fault in BILLED and (fault not in ("500", "reset") or dice.random() < 0.5)
        ):
            usd = tokens_in * self.usd_in + tokens_out * self.usd_out
            self.bills.append(Bill(key, tokens_in, tokens_out, usd))
        if fault is not None and fault.isdigit():
            return self._error(int(fault))
        if fault == "timeout":
            await asyncio.sleep(self.hang_s)
        if fault in ("timeout", "reset"):
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        usage = dict(turn.usage) if turn.usage else self._usage(request.path, tokens_in, tokens_out)
        return await self._answer(request, body, turn, fault, usage)

    async def _answer(
        self, request: web.Request, body: Json, turn: Turn, fault: str | None, usage: Json
    ) -> web.StreamResponse:
        text, calls, finish = turn.text, list(turn.calls), turn.finish
        more: Json = {}
        if fault == "refusal":
            text, calls, finish, more = None, [], "stop", {"refusal": f"I will not. {self.secret}"}
        elif fault == "filter":
            text, calls, finish = "", [], "content_filter"
        elif fault == "wrong_tool":
            calls, finish = [("launch_rocket", "{}")], "tool_calls"
        elif fault == "bad_arguments":
            calls, finish = [("look", '{"id": ')], "tool_calls"
        elif fault == "endless":
            text, calls, finish = "and so on " * 40, [], "length"
        model = str(body.get("model", "served"))
        sent = usage if self.send_usage else None
        if request.path.endswith("/messages"):
            if fault == "refusal":
                finish = "refusal"
            if fault == "bad_arguments":
                calls = [("look", '{"id": 7}')]
            whole = wire.anthropic_body(model, text, calls, finish, usage)
            events = wire.anthropic_events(model, text, calls, finish, usage)
        elif "generateContent" in request.path:
            whole, events = wire.gemini_body(model, text, calls, usage), iter(())
        else:
            whole = wire.openai_body(model, text, calls, finish, sent, **more)
            events = wire.openai_chunks(model, text, calls, finish, sent, apart=self.usage_apart)
        if fault == "no_choices":
            whole = {**whole, "choices": [], "content": []}
        if body.get("stream") and fault not in ("malformed", "no_choices", "truncated"):
            return await self._stream(request, list(events))
        data = json.dumps(whole).encode()
        if fault == "malformed":
            data = b"<html><body>Bad gateway " + self.secret.encode() + b"</body></html>"
        if fault == "truncated":
            data = data[: len(data) // 2]
        return web.Response(body=data, content_type="application/json", headers=self.headers)

    async def _stream(self, request: web.Request, events: list[bytes]) -> web.StreamResponse:
        response = web.StreamResponse(headers={**self.headers, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in events:
            await response.write(event)
        await response.write_eof()
        return response

    def _error(self, status: int) -> web.Response:
        message = f"failed on purpose with {status} {self.secret}"
        return web.json_response(
            {"type": "error", "error": {"type": "error", "message": message}},
            status=status,
            headers={"retry-after": "0.01", **self.headers},
        )

    def _usage(self, path: str, tokens_in: int, tokens_out: int) -> Json:
        if path.endswith("/messages"):
            return {"input_tokens": tokens_in, "output_tokens": tokens_out}
        if "generateContent" in path:
            return {"promptTokenCount": tokens_in, "candidatesTokenCount": tokens_out}
        return {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        }

    def _too_many(self) -> bool:
        if self.requests_a_window is None:
            return False
        since = time.monotonic() - self.window_s
        recent = sum(1 for seen in self.seen if seen.at > since and seen.fault is None)
        return recent >= self.requests_a_window

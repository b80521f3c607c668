"""The direct path to OpenAI-compatible endpoints, over HTTP on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from bench.errors import BenchError, ProviderError
from bench.models.direct import DirectModel
from bench.types import RawCall, Reply, Request, Usage
from tests.fault_server import FaultPlan, FaultServer, Turn

ASK = Request(messages=({"role": "user", "content": "Is 7 even?"},), max_tokens=50)
USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "prompt_tokens_details": {"cached_tokens": 64},
    "completion_tokens_details": {"reasoning_tokens": 7},
}
CALLING = Turn(text="Hm, let me look.", calls=(("look", '{"id":"7"}'),), finish="tool_calls")


def ask(server: FaultServer, request: Request = ASK, **options: Any) -> Reply:
    async def run() -> Reply:
        settings = {"attempts": 3, "first_wait_s": 0.01, **options}
        model = DirectModel("direct/any", base_url=server.url, **settings)
        try:
            return await model.reply(request)
        finally:
            await model.close()

    return asyncio.run(run())


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("apart", [True, False], ids=["usage apart", "usage beside the choice"])
def test_text_calls_and_every_class_of_tokens_come_back(stream: bool, apart: bool) -> None:
    turn = Turn(CALLING.text, CALLING.calls, CALLING.finish, USAGE)
    with FaultServer(turn=lambda _body: turn, usage_apart=apart) as server:
        reply = ask(server, stream=stream)
        assert reply.text == "Hm, let me look."
        assert reply.calls == (RawCall("look", '{"id":"7"}', "call_0"),)
        assert reply.finish_reason == "tool_calls"
        assert reply.usage == Usage(100, 20, cached_input=64, reasoning=7)
        assert reply.tokens == "measured"
        assert (reply.first_token_s is not None) == stream
        assert ("stream_options" in server.seen[0].body) == stream


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_without_usage_tokens_are_counted_and_say_so(stream: bool) -> None:
    with FaultServer(turn=lambda _body: CALLING, send_usage=False) as server:
        reply = ask(server, stream=stream)
    assert reply.tokens == "counted"
    assert (reply.usage.output or 0) > 5


class Once(FaultPlan):
    """One fault, then none."""

    def draw(self, key: str) -> tuple[str | None, Any]:
        fault, dice = super().draw(key)
        return (fault if self._seen[key] == 1 else None), dice


@pytest.mark.parametrize(
    "fault",
    [
        *("429", "500", "503", "529", "timeout", "reset"),
        *("truncated", "malformed", "no_choices"),
    ],
)
def test_a_passing_fault_is_survived_and_its_time_is_waiting(fault: str) -> None:
    with FaultServer(turn=lambda _body: CALLING, faults=Once(1.0, (fault,)), hang_s=5) as server:
        reply = ask(server, first_wait_s=0.1, timeout_s=0.5)
    assert reply.calls
    assert reply.retries == 1
    assert reply.waiting_s >= 0.1
    assert len(server.seen) == 2


def test_a_lasting_fault_is_the_providers() -> None:
    with (
        FaultServer(faults=FaultPlan(1.0, ("503",)), secret="s-e-c") as server,
        pytest.raises(ProviderError, match="failed on purpose") as caught,
    ):
        ask(server)
    assert len(server.seen) == 3
    assert caught.value.retries == 2


@pytest.mark.parametrize(
    ("fault", "finish"),
    [("refusal", "refusal"), ("filter", "content_filter"), ("endless", "length")],
)
def test_how_a_reply_ended_is_told(fault: str, finish: str) -> None:
    with FaultServer(turn=lambda _body: CALLING, faults=FaultPlan(1.0, (fault,))) as server:
        reply = ask(server)
    assert reply.finish_reason == finish
    assert reply.tokens == "measured"
    assert len(server.seen) == 1, "the model's own doing is not tried again"


def test_waits_grow_from_one_attempt_to_the_next() -> None:
    with FaultServer(faults=FaultPlan(1.0, ("503",))) as server:
        with pytest.raises(ProviderError):
            ask(server, attempts=4, first_wait_s=0.1)
        times = [seen.at for seen in server.seen]
    waits = [after - before for before, after in pairwise(times)]
    assert len(waits) == 3
    assert all(wait >= 0.1 * 2**number for number, wait in enumerate(waits))


def test_halves_of_characters_get_there_and_back() -> None:
    half = Request(messages=({"role": "user", "content": "half \ud83d of it"},), max_tokens=50)
    with FaultServer(turn=lambda _body: Turn(text="the other \ude00 half")) as server:
        reply = ask(server, half)
        assert server.seen[0].body["messages"][0]["content"] == "half \ud83d of it"
    assert reply.text == "the other \ude00 half"


def test_a_stream_that_breaks_off_is_not_taken_for_a_reply() -> None:
    class Cut(FaultServer):
        async def _stream(self, request: Any, events: list[bytes]) -> Any:
            return await super()._stream(request, events[:2])

    with Cut(turn=lambda _body: CALLING) as server, pytest.raises(ProviderError, match="ended"):
        ask(server, stream=True, attempts=1)


def test_nobody_there_is_the_providers_fault() -> None:
    model = DirectModel("direct/any", base_url="http://127.0.0.1:9/v1", attempts=1)
    with pytest.raises(ProviderError, match="direct/any"):
        asyncio.run(model.reply(ASK))
    asyncio.run(model.close())


def test_a_key_goes_only_to_whom_it_was_meant_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-the-users-own-key-000000")
    with FaultServer(turn=lambda _body: CALLING) as server:
        ask(server)
        ask(server, api_key="k-for-this-server")
    assert [seen.authorization for seen in server.seen] == ["", "Bearer k-for-this-server"]
    assert DirectModel("direct/gpt-5.5").priced_as == "gpt-5.5"
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(BenchError, match="set OPENAI_API_KEY"):
        DirectModel("direct/gpt-5.5")


# --- connections that the server closes -----------------------------------------------------


class Closing:
    """A server of one reply, which keeps its connections until it is told to ``hang_up``; the
    request after the first is cut off in the middle if ``reads`` says how much of it is read."""

    def __init__(self, reads: int | None = None) -> None:
        self.reads = reads
        self.whole = self.begun = 0
        self._open: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError):
            while await self._answer(reader, writer):
                pass
        writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        self.begun += 1
        if self.begun > 1 and self.reads is not None:
            await reader.readexactly(self.reads)
            return False
        await reader.readexactly(int(head.partition("content-length:")[2].split()[0]))
        self.whole += 1
        body = b'{"choices":[{"message":{"content":"odd"},"finish_reason":"stop"}]}'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
        writer.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        return True

    async def hang_up(self) -> None:
        """Close, and come back when the client is about to write to a connection that its loop
        has just found closed: a tick earlier where a request is written in the next one."""
        for writer in self._open:
            writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
        self._open.clear()
        for _tick in range(2 if sys.version_info >= (3, 12) else 1):
            await asyncio.sleep(0)


def ask_twice(server: Closing, second: Request, reused: Callable[[], Awaitable[None]]) -> Reply:
    """Two calls over one connection, without any further attempt; ``reused`` runs when the second
    has taken the connection, and not yet written."""

    async def run() -> Reply:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        model = DirectModel("direct/any", base_url=f"http://127.0.0.1:{port}/v1", attempts=1)
        traces = aiohttp.TraceConfig()

        async def taken(*_about: object) -> None:
            await reused()

        traces.on_connection_reuseconn.append(taken)
        model._session = aiohttp.ClientSession(trace_configs=[traces])
        try:
            await model.reply(ASK)
            return await model.reply(second)
        finally:
            await model.close()
            listening.close()
            await asyncio.sleep(0.02)  # the server's side ends too

    return asyncio.run(run())


def test_a_request_that_met_a_closing_connection_is_sent_on_another_and_once() -> None:
    server = Closing()
    assert ask_twice(server, ASK, server.hang_up).text == "odd"
    assert (server.begun, server.whole) == (2, 2)


def test_a_request_cut_off_on_its_way_may_have_been_billed_and_is_not_resent() -> None:
    long = Request(({"role": "user", "content": "7 " * 400_000},), max_tokens=50)
    server = Closing(reads=100_000)

    async def nothing() -> None:
        """The connection stays."""

    with pytest.raises(ProviderError):
        ask_twice(server, long, nothing)
    assert (server.begun, server.whole) == (2, 1)

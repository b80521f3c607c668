"""The direct path to OpenAI-compatible endpoints, over HTTP on loopback."""

from __future__ import annotations

import asyncio
from typing import Any

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

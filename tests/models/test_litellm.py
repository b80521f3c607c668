"""Models through litellm: a real one behind llama.cpp's HTTP server, and a server that answers in
the providers' wire formats and fails on demand. All of it over HTTP on loopback."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from bench.errors import BenchError, ProviderError
from bench.models.faults import scrub
from bench.models.litellm import LitellmModel
from bench.models.llama import serve
from bench.types import RawCall, Reply, Request, Usage

KEY = "sk-marked-0123456789abcdef"
TOOL = {
    "type": "function",
    "function": {
        "name": "look",
        "description": "Look at a number.",
        "parameters": {"type": "object", "properties": {"id": {"type": "string"}}},
    },
}
ASK = Request(messages=({"role": "user", "content": "Is 7 even?"},), tools=(TOOL,), max_tokens=50)
USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "total_tokens": 120,
    "prompt_tokens_details": {"cached_tokens": 64},
    "completion_tokens_details": {"reasoning_tokens": 7},
}
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"id":"7"}'}}


def completion(message: dict[str, Any], finish: str = "stop", **more: Any) -> web.Response:
    """A chat completion in OpenAI's format."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", **message}}
    body = {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "served-model",
        "choices": [choice],
        "usage": USAGE,
    }
    return web.json_response({**body, **more})


def fault(status: int, message: str, **more: Any) -> web.Response:
    """An error in OpenAI's format."""
    return web.json_response(
        {"error": {"message": f"{message} {KEY}", **more}},
        status=status,
        headers={"retry-after": "0"},
    )


Answer = Callable[[], web.StreamResponse]


class Provider:
    """Gives the answers in order, the last one again and again; remembers what it was sent."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        self.keys.append(request.headers.get("Authorization", ""))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer()

    def talk(self, *requests: Request, name: str = "openai/any", **options: Any) -> list[Reply]:
        """Send the requests one after the other to a model at this provider."""

        async def run() -> list[Reply]:
            app = web.Application()
            app.router.add_post("/v1/chat/completions", self.handle)
            app.router.add_post("/v1/messages", self.handle)
            runner = web.AppRunner(app)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            base = f"http://127.0.0.1:{runner.addresses[0][1]}"
            path = "" if name.startswith("anthropic/") else "/v1"
            settings = {"api_key": KEY, "first_wait_s": 0.01, "attempts": 3, **options}
            model = LitellmModel(name, base_url=base + path, **settings)
            try:
                return [await model.reply(request) for request in requests]
            finally:
                await model.close()
                await runner.cleanup()

        return asyncio.run(run())


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def test_tool_calls_and_every_class_of_tokens_come_back() -> None:
    provider = Provider(lambda: completion({"content": None, "tool_calls": [CALL]}, "tool_calls"))
    (reply,) = provider.talk(ASK)
    assert reply.calls == (RawCall("look", '{"id":"7"}', "c1"),)
    assert reply.finish_reason == "tool_calls"
    assert reply.usage == Usage(100, 20, cached_input=64, reasoning=7)
    assert reply.tokens == "measured"
    assert reply.raw_usage is not None
    assert reply.raw_usage["prompt_tokens_details"]["cached_tokens"] == 64
    assert reply.model == "served-model"
    sent = provider.bodies[0]
    assert (sent["temperature"], sent["seed"], sent["max_tokens"]) == (0, 0, 50)
    assert sent["tools"] == [TOOL]


def test_a_schema_is_sent_as_the_response_format() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    provider = Provider(lambda: completion({"content": '{"a":1}'}))
    (reply,) = provider.talk(Request(messages=ASK.messages, schema=schema))
    assert reply.text == '{"a":1}'
    assert provider.bodies[0]["response_format"]["json_schema"]["schema"] == schema


def test_anthropics_input_includes_what_its_cache_holds() -> None:
    message = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "claude-served",
        "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {"id": "7"}}],
        "stop_reason": "tool_use",
        "usage": {
            "input_tokens": 10,
            "cache_creation_input_tokens": 50,
            "cache_read_input_tokens": 40,
            "output_tokens": 9,
        },
    }
    provider = Provider(lambda: web.json_response(message))
    (reply,) = provider.talk(ASK, name="anthropic/claude-opus-4-8")
    assert reply.usage == Usage(100, 9, cached_input=40, cache_write=50)
    assert reply.tokens == "measured"
    assert json.loads(reply.calls[0].arguments) == {"id": "7"}
    assert "temperature" not in provider.bodies[0], "this model refuses a temperature"


def test_what_repeats_is_marked_for_anthropics_cache_and_for_nobody_else() -> None:
    mark = {"type": "ephemeral"}
    call = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    ask = replace(
        ASK,
        messages=(
            {"role": "system", "content": "Decide."},
            {"role": "user", "content": "Is 7 even?"},
            call,
            {"role": "tool", "tool_call_id": "c1", "content": "7"},
        ),
    )
    usage = {"input_tokens": 5, "output_tokens": 2, "cache_read_input_tokens": 90}
    body = {
        "id": "m", "type": "message", "role": "assistant", "model": "m",
        "content": [{"type": "text", "text": "No."}], "stop_reason": "end_turn",
        "usage": {**usage, "cache_creation_input_tokens": 7},
    }  # fmt: skip
    provider = Provider(lambda: web.json_response(body))
    (reply,) = provider.talk(ask, name="anthropic/claude-opus-4-8")
    sent = provider.bodies[0]
    assert sent["system"][-1]["cache_control"] == mark
    assert [m["role"] for m in sent["messages"]] == ["user", "assistant", "user"]
    assert sent["messages"][-1]["content"][-1]["cache_control"] == mark
    assert json.dumps(sent).count("cache_control") == 2
    assert (reply.usage.cached_input, reply.usage.cache_write) == (90, 7)
    other = Provider(lambda: completion({"content": "No."}))
    other.talk(ask, name="openai/any")
    assert "cache_control" not in json.dumps(other.bodies)


def test_anthropics_refusal_is_told_from_a_filter() -> None:
    message = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "claude-served",
        "content": [],
        "stop_reason": "refusal",
        "usage": {"input_tokens": 10, "output_tokens": 1},
    }
    (reply,) = Provider(lambda: web.json_response(message)).talk(ASK, name="anthropic/claude-x")
    assert reply.finish_reason == "refusal"


def test_where_a_provider_sends_no_usage_it_is_counted_and_says_so() -> None:
    (reply,) = Provider(lambda: completion({"content": "No, 7 is odd."}, usage=None)).talk(ASK)
    assert reply.tokens == "counted"
    assert reply.usage.output == 7
    assert 15 < (reply.usage.input or 0) < 80
    assert reply.raw_usage is None


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda: fault(429, "slow down"), id="429"),
        pytest.param(lambda: fault(500, "sorry"), id="500"),
        pytest.param(lambda: fault(503, "busy"), id="503"),
        pytest.param(lambda: fault(529, "overloaded"), id="529"),
        pytest.param(lambda: web.json_response(text='{"id": "x", "cho'), id="truncated"),
        pytest.param(lambda: completion({"content": ""}, choices=[]), id="no choices"),
    ],
)
def test_a_transient_fault_is_survived_and_its_time_is_waiting(answer: Answer) -> None:
    provider = Provider(answer, answer, lambda: completion({"content": "No."}))
    (reply,) = provider.talk(ASK, first_wait_s=0.2)
    assert reply.text == "No."
    assert reply.retries == 2
    assert reply.waiting_s >= 0.1 + 0.2
    assert len(provider.bodies) == 3


def test_a_lasting_fault_is_the_providers() -> None:
    provider = Provider(lambda: fault(503, "busy"))
    with pytest.raises(ProviderError, match="busy") as caught:
        provider.talk(ASK)
    assert len(provider.bodies) == 3
    assert caught.value.retries == 2
    assert caught.value.waiting_s > 0


def test_an_unreachable_provider_is_a_fault_of_its_own() -> None:
    model = LitellmModel("openai/any", base_url="http://127.0.0.1:9/v1", attempts=1)
    with pytest.raises(ProviderError, match="openai/any"):
        asyncio.run(model.reply(ASK))


def test_a_bad_request_is_not_repeated() -> None:
    provider = Provider(lambda: fault(400, "what?"))
    with pytest.raises(ProviderError, match="what"):
        provider.talk(ASK)
    assert len(provider.bodies) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(lambda: fault(401, "no"), "the key was refused", id="401"),
        pytest.param(lambda: fault(403, "no"), "the key was refused", id="403"),
        pytest.param(lambda: fault(404, "no"), "no such model", id="404"),
        pytest.param(
            lambda: fault(429, "insufficient_quota", code="insufficient_quota"),
            "no credit left",
            id="no credit",
        ),
    ],
)
def test_what_only_the_user_can_mend_stops_at_once(answer: Answer, said: str) -> None:
    provider = Provider(answer)
    with pytest.raises(BenchError, match=said):
        provider.talk(ASK)
    assert len(provider.bodies) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(
            lambda: completion({"content": None, "refusal": "I will not."}), "refusal", id="refusal"
        ),
        pytest.param(
            lambda: completion({"content": ""}, "content_filter"), "content_filter", id="filter"
        ),
        pytest.param(
            lambda: fault(400, "violates", code="content_policy_violation"),
            "content_filter",
            id="filtered prompt",
        ),
        pytest.param(
            lambda: fault(
                400,
                "This model's maximum context length is 10 tokens",
                code="context_length_exceeded",
            ),
            "length",
            id="too long",
        ),
        pytest.param(lambda: completion({"content": "No, 7 is"}, "length"), "length", id="cut"),
    ],
)
def test_how_a_reply_ended_is_told(answer: Answer, reason: str) -> None:
    (reply,) = Provider(answer).talk(ASK)
    assert reply.finish_reason == reason


def test_no_key_appears_in_any_message() -> None:
    for answer in (lambda: fault(401, "no"), lambda: fault(400, "no"), lambda: fault(500, "no")):
        with pytest.raises((BenchError, ProviderError)) as caught:
            Provider(answer).talk(ASK)
        assert KEY not in str(caught.value)
        assert caught.value.__suppress_context__
    assert KEY not in scrub(f"url?api_key={KEY}&x=1 Authorization: Bearer {KEY}")


def test_a_server_by_base_url_never_sees_the_providers_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-the-users-own-key-000000")
    provider = Provider(lambda: completion({"content": "No."}))
    provider.talk(ASK, api_key=None)
    assert provider.keys == ["Bearer none"]


def test_a_missing_key_is_named_before_the_run() -> None:
    with pytest.raises(BenchError, match="set ANTHROPIC_API_KEY in the environment"):
        LitellmModel("anthropic/claude-opus-4-8")


def test_an_unknown_name_is_refused_with_the_local_ones() -> None:
    with pytest.raises(BenchError, match=r"qwen3-coder: neither a local model \(smollm2-135m, "):
        LitellmModel("qwen3-coder")


def test_its_identity_holds_no_password() -> None:
    model = LitellmModel("openai/any", base_url="https://user:secret@host:8000/v1?key=secret")
    assert model.identity()["base_url"] == "https://host:8000/v1"


def test_the_module_itself_imports_without_litellm() -> None:
    program = "import sys, bench.models.litellm; assert 'litellm' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.fixture(scope="module")
def base_url(smollm: str) -> Iterator[str]:
    with serve(smollm, context=2048) as url:
        yield url


@pytest.mark.model
def test_a_real_model_answers_over_http_with_its_usage(base_url: str) -> None:
    schema = {"enum": ["even", "odd"]}
    request = Request(messages=ASK.messages, schema=schema, max_tokens=30)

    async def ask_twice() -> tuple[Reply, Reply]:
        model = LitellmModel("openai/smollm2-135m", base_url=base_url)
        try:
            return await model.reply(request), await model.reply(request)
        finally:
            await model.close()

    first, second = asyncio.run(ask_twice())
    assert json.loads(first.text) in ("even", "odd")
    assert first.text == second.text
    assert first.model == "smollm2-135m"
    assert first.tokens == "measured"
    assert first.usage.cached_input == 0
    assert (second.usage.cached_input or 0) > 0


@pytest.mark.model
def test_a_real_model_is_offered_tools_natively(base_url: str) -> None:
    async def ask() -> Reply:
        model = LitellmModel("openai/smollm2-135m", base_url=base_url)
        try:
            return await model.reply(ASK)
        finally:
            await model.close()

    reply = asyncio.run(ask())
    plain = len(ASK.messages[0]["content"])
    assert (reply.usage.input or 0) > plain, "the tools stand in the prompt"
    assert reply.finish_reason in ("stop", "length", "tool_calls")

"""The smallest real model in llama.cpp, inside this process and behind its HTTP server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bench.errors import BenchError, ModelFileError
from bench.models.llama import cores, serve
from bench.models.local import LocalModel
from bench.types import Reply, Request

pytestmark = pytest.mark.model

SCHEMA = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"tool": {"const": "look"}, "id": {"type": "string", "maxLength": 9}},
            "required": ["tool", "id"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"tool": {"const": "label"}, "label": {"enum": ["even", "odd"]}},
            "required": ["tool", "label"],
            "additionalProperties": False,
        },
    ]
}


def ask(text: str, **options: Any) -> Request:
    """A request whose system message is long enough to be worth caching."""
    system = "You sort numbers. " + "Look before you label. " * 10
    messages = ({"role": "system", "content": system}, {"role": "user", "content": text})
    return Request(messages=messages, **{"max_tokens": 24, **options})


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def model(smollm: str, loop: asyncio.Runner) -> Iterator[LocalModel]:
    model = LocalModel(smollm, context=1024)
    yield model
    loop.run(model.close())


def test_a_reply_satisfies_the_schema_without_white_space(
    model: LocalModel, loop: asyncio.Runner
) -> None:
    reply = loop.run(model.reply(ask("Is 7 even?", schema=SCHEMA)))
    action = json.loads(reply.text)
    assert action.keys() in ({"tool", "id"}, {"tool", "label"})
    assert reply.text == json.dumps(action, separators=(",", ":"), ensure_ascii=False)
    assert reply.finish_reason == "stop"
    assert reply.model == model.name
    assert reply.tokens == "measured"


def test_usage_is_reported_and_a_common_beginning_is_cached(
    model: LocalModel, loop: asyncio.Runner
) -> None:
    loop.run(model.reply(ask("First.", max_tokens=1)))
    usage = loop.run(model.reply(ask("Another one.", max_tokens=5))).usage
    assert usage.input is not None
    assert usage.cached_input is not None
    assert usage.input > usage.cached_input > usage.input - 12
    assert 1 <= (usage.output or 0) <= 5
    assert usage.cache_write == usage.reasoning == 0


def test_at_temperature_0_the_same_request_gets_the_same_reply(
    model: LocalModel, loop: asyncio.Runner
) -> None:
    texts = [loop.run(model.reply(ask("Count to five."))).text for _ in range(3)]
    assert len(set(texts)) == 1


def test_above_it_the_seed_decides(model: LocalModel, loop: asyncio.Runner) -> None:
    def text(seed: int) -> str:
        return loop.run(model.reply(ask("Tell a story.", temperature=1.5, seed=seed))).text

    assert text(1) == text(1)
    assert len({text(1), text(2), text(3)}) > 1


def test_a_reply_that_reaches_its_limit_ends_with_length(
    model: LocalModel, loop: asyncio.Runner
) -> None:
    reply = loop.run(model.reply(ask("Tell a long story.", max_tokens=3)))
    assert reply.finish_reason == "length"
    assert reply.usage.output == 3
    assert reply.first_token_s is not None
    assert 0 < reply.first_token_s < reply.duration_s


def test_a_request_longer_than_the_context_is_the_models_limit_not_a_fault(
    model: LocalModel, loop: asyncio.Runner
) -> None:
    reply = loop.run(model.reply(ask("word " * 2000)))
    assert reply.finish_reason == "length"
    assert reply.text == ""
    assert reply.usage.total == 0


def test_a_cancelled_reply_stops_computing(model: LocalModel, loop: asyncio.Runner) -> None:
    async def cancel_then_ask() -> tuple[float, Reply]:
        long = asyncio.create_task(model.reply(ask("Tell a long story.", max_tokens=700)))
        await asyncio.sleep(0.3)
        started = time.perf_counter()
        long.cancel()
        with pytest.raises(asyncio.CancelledError):
            await long
        cancelled = time.perf_counter() - started
        return cancelled, await model.reply(ask("Is 3 odd?", max_tokens=2))

    cancelled, after = loop.run(cancel_then_ask())
    assert cancelled < 0.2
    assert after.usage.output == 2
    # Had the 700 tokens been computed, these two would have waited a hundred times as long.
    assert after.waiting_s < 20 * after.duration_s


def test_replies_queue_for_the_slot_and_their_waiting_is_kept_apart(
    model: LocalModel, loop: asyncio.Runner
) -> None:
    async def both() -> list[Reply]:
        return await asyncio.gather(
            model.reply(ask("One.", max_tokens=8)), model.reply(ask("Two.", max_tokens=8))
        )

    first, second = sorted(loop.run(both()), key=lambda reply: reply.waiting_s)
    assert first.waiting_s < second.waiting_s
    assert second.waiting_s > first.duration_s / 2


def test_llama_cpp_says_nothing_on_the_terminal(
    smollm: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async def use() -> float | None:
        model = LocalModel(smollm, context=512)
        await model.reply(ask("Hello.", max_tokens=2))
        await model.close()
        return model.load_s

    assert asyncio.run(use())
    assert capfd.readouterr() == ("", "")


def test_its_identity_is_the_file_the_engine_and_the_sampling(model: LocalModel) -> None:
    identity = model.identity()
    assert identity["sha256"] == model.sha256
    assert identity["engine"].startswith("xllamacpp 20")
    assert identity["sampling"]["top_k"] == 40
    assert identity["context"] == 1024


@pytest.mark.parametrize("text", ["Tell a long story.", "word " * 3000])
def test_ctrl_c_ends_the_process_promptly_while_a_reply_is_computed(smollm: str, text: str) -> None:
    program = (
        "import asyncio, sys\n"
        "from bench.models.local import LocalModel\n"
        "from bench.types import Request\n"
        "model = LocalModel(sys.argv[1], context=8192)\n"
        "model.load()\n"
        "print('ready', flush=True)\n"
        "request = Request(({'role': 'user', 'content': sys.argv[2]},), max_tokens=4000)\n"
        "try:\n"
        "    asyncio.run(model.reply(request))\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(130)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, smollm, text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)
        os.kill(process.pid, signal.SIGINT)
        _out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")


def test_a_file_that_is_no_model_is_refused(tmp_path: Any) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(ModelFileError, match=r"broken\.gguf: llama\.cpp cannot load it"):
        LocalModel(f"local/{file}").load()


def test_a_port_that_is_taken_is_refused(smollm: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(BenchError, match=f"port {port} .*choose another"),
            serve(smollm, port=port),
        ):
            pass


def test_no_more_threads_than_cores_are_used() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)

"""Counting tokens here."""

from __future__ import annotations

import os
import socket

import pytest

from bench.metering.tokens import count_request, count_text, encoding_name
from bench.types import Request

HELLO = Request(messages=({"role": "user", "content": "hello world"},))
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def test_text_is_counted_with_the_models_encoding() -> None:
    assert encoding_name("gpt-4") == "cl100k_base"
    assert encoding_name("openai/gpt-5.5") == "o200k_base"
    assert encoding_name("anthropic/claude-opus-4-8") == "o200k_base"
    # The example of https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken
    text = "お誕生日おめでとう"
    assert (count_text(text, "gpt-4"), count_text(text, "gpt-4o")) == (9, 8)


def test_counting_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    from bench.metering import tokens

    tokens._encoding.cache_clear()
    tokens._count.cache_clear()
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "/nowhere")
    assert count_text("hello world") == 2
    assert os.environ["TIKTOKEN_CACHE_DIR"] == "/nowhere"


def test_special_tokens_in_data_are_ordinary_text() -> None:
    assert count_text("<|endoftext|>") > 1


def test_a_single_message_costs_its_words_and_a_frame() -> None:
    # OpenAI's cookbook: 3 a message, the role, the words, 3 for the reply
    assert count_request(HELLO, "gpt-4o") == 3 + 1 + 2 + 3


def test_tools_schemas_and_calls_count() -> None:
    bare = count_request(HELLO)
    with_tool = count_request(Request(HELLO.messages, tools=(TOOL,)))
    with_schema = count_request(Request(HELLO.messages, schema={"type": "object"}))
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    answer = {"role": "assistant", "content": None, "tool_calls": [call]}
    with_call = count_request(Request((*HELLO.messages, answer)))
    assert min(with_tool, with_schema, with_call) > bare


def test_long_runs_and_broken_text_are_counted_too() -> None:
    assert count_text("a" * 300_000) > 10_000
    assert count_text("\ud800") > 0

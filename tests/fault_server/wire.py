"""Replies in the providers' documented wire formats.

https://platform.openai.com/docs/api-reference/chat, …/chat-streaming,
https://docs.anthropic.com/en/api/messages, …/messages-streaming,
https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Calls = list[tuple[str, str]]
"""Tool calls as (name, arguments)."""
Json = dict[str, Any]

STOP_REASONS = {"tool_calls": "tool_use", "stop": "end_turn", "length": "max_tokens"}


def openai_body(
    model: str, text: str | None, calls: Calls, finish: str, usage: Json | None, **message: Any
) -> Json:
    told: Json = {"role": "assistant", "content": text, **message}
    if calls:
        told["tool_calls"] = [
            {"id": f"call_{i}", "type": "function", "function": {"name": n, "arguments": a}}
            for i, (n, a) in enumerate(calls)
        ]
    choice = {"index": 0, "message": told, "logprobs": None, "finish_reason": finish}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": model,
        "choices": [choice],
    }
    return body if usage is None else {**body, "usage": usage}


def openai_chunks(
    model: str, text: str | None, calls: Calls, finish: str, usage: Json | None, *, apart: bool
) -> Iterator[bytes]:
    """Server-sent events. Usage comes in a last chunk with empty ``choices`` (``apart``, as OpenAI
    documents it), or in the same chunk as the last choice, as several servers send it."""

    def event(choices: list[Json], **more: Any) -> bytes:
        chunk = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1_760_000_000,
            "model": model,
            "choices": choices,
            **more,
        }
        return b"data: " + json.dumps(chunk).encode() + b"\n\n"

    def choice(delta: Json, reason: str | None = None) -> Json:
        return {"index": 0, "delta": delta, "finish_reason": reason}

    yield event([choice({"role": "assistant", "content": ""})])
    for start in range(0, len(text or ""), 8):
        yield event([choice({"content": (text or "")[start : start + 8]})])
    for i, (name, arguments) in enumerate(calls):
        head = {"index": i, "id": f"call_{i}", "type": "function"}
        first = {**head, "function": {"name": name, "arguments": ""}}
        yield event([choice({"tool_calls": [first]})])
        for start in range(0, len(arguments), 8):
            part = {"index": i, "function": {"arguments": arguments[start : start + 8]}}
            yield event([choice({"tool_calls": [part]})])
    if usage is None or apart:
        yield event([choice({}, finish)])
        if usage is not None:
            yield event([], usage=usage)
    else:
        yield event([choice({}, finish)], usage=usage)
    yield b"data: [DONE]\n\n"


def anthropic_body(model: str, text: str | None, calls: Calls, finish: str, usage: Json) -> Json:
    content: list[Json] = [{"type": "text", "text": text}] if text else []
    content += [
        {"type": "tool_use", "id": f"toolu_{i}", "name": n, "input": json.loads(a)}
        for i, (n, a) in enumerate(calls)
    ]
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": STOP_REASONS.get(finish, finish),
        "stop_sequence": None,
        "usage": usage,
    }


def anthropic_events(
    model: str, text: str | None, calls: Calls, finish: str, usage: Json
) -> Iterator[bytes]:
    def event(kind: str, **more: Any) -> bytes:
        data = json.dumps({"type": kind, **more})
        return f"event: {kind}\ndata: {data}\n\n".encode()

    body = anthropic_body(model, text, calls, finish, {**usage, "output_tokens": 1})
    yield event("message_start", message={**body, "content": [], "stop_reason": None})
    for i, block in enumerate(body["content"]):
        if block["type"] == "text":
            yield event("content_block_start", index=i, content_block={**block, "text": ""})
            delta = {"type": "text_delta", "text": block["text"]}
        else:
            yield event("content_block_start", index=i, content_block={**block, "input": {}})
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield event("content_block_delta", index=i, delta=delta)
        yield event("content_block_stop", index=i)
    yield event("message_delta", delta={"stop_reason": body["stop_reason"]}, usage=usage)
    yield event("message_stop")


def gemini_body(model: str, text: str | None, calls: Calls, usage: Json) -> Json:
    parts: list[Json] = [{"text": text}] if text else []
    parts += [{"functionCall": {"name": n, "args": json.loads(a)}} for n, a in calls]
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": model}

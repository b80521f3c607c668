"""OpenAI-compatible endpoints without a library between: aiohttp, the same ledger, a fraction of
the CPU time a call."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from bench import json_bytes
from bench.errors import BenchError
from bench.metering.usage import read_usage
from bench.models.faults import EmptyReplyError, Fault, judge_status
from bench.models.hosted import Answer, HostedModel
from bench.types import Json, RawCall, Request

PREFIX: Final = "direct/"
OPENAI: Final = "https://api.openai.com/v1"


class _StatusError(Exception):
    def __init__(self, status: int, body: str, headers: Mapping[str, str]) -> None:
        super().__init__(f"HTTP {status}: {body}")
        self.status = status
        self.body = body
        self.headers = headers


class DirectModel(HostedModel):
    """``direct/NAME``: the Chat Completions interface at ``base_url``, OpenAI's own by default.

    The key is ``api_key``, or OPENAI_API_KEY for OpenAI itself and for nobody else. Raises
    ``BenchError`` if it is missing.
    """

    def __init__(
        self,
        name: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        stream: bool = False,
        **options: Any,
    ) -> None:
        key = api_key or (None if base_url else os.environ.get("OPENAI_API_KEY"))
        if key is None and base_url is None:
            raise BenchError(f"{name}: no key; set OPENAI_API_KEY in the environment")
        super().__init__(name, base_url=base_url, api_key=key, **options)
        self._model = name.removeprefix(PREFIX)
        if base_url is None:
            self.priced_as = self._model
        self._url = (base_url or OPENAI).rstrip("/") + "/chat/completions"
        self._stream = stream
        self._session: aiohttp.ClientSession | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Without the connections."""
        return {**super().__getstate__(), "_session": None}

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _send(self, request: Request) -> Answer:
        try:
            return await self._send_once(request)
        except aiohttp.ClientOSError as error:
            if not _unsent(error):
                raise
            # The server had closed a kept connection, as llama.cpp's does behind a stream.
            return await self._send_once(request)

    async def _send_once(self, request: Request) -> Answer:
        started = time.perf_counter()
        async with self._open().post(self._url, json=self._body(request)) as response:
            if response.status >= 400:
                text = await response.text(errors="replace")
                raise _StatusError(response.status, text, dict(response.headers))
            if self._stream:
                return await _streamed(response.content, response.headers, started)
            return _answer(_object(await response.read()), response.headers)

    def _judge(self, error: Exception) -> Fault:
        if isinstance(error, _StatusError):
            return judge_status(error.status, _code(error.body), str(error), error.headers)
        message = f"{type(error).__name__}: {error}"
        broken = isinstance(error, aiohttp.ClientError | EmptyReplyError | OSError)
        unbilled = isinstance(error, aiohttp.ClientConnectorError) or _unsent(error)
        return Fault(message, transient=broken, unbilled=unbilled)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            headers = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),  # the plan says how many at once
                timeout=aiohttp.ClientTimeout(total=None),  # the caller has one
                headers=headers,
                json_serialize_bytes=json_bytes.dump,
            )
        return self._session

    def _body(self, request: Request) -> dict[str, Json]:
        body: dict[str, Json] = {
            "model": self._model,
            "messages": request.messages,
            "temperature": request.temperature,
            "seed": request.seed,
            "max_tokens": request.max_tokens,
        }
        if self._base_url is None:  # OpenAI's newer models know only this name for it
            body["max_completion_tokens"] = body.pop("max_tokens")
        if request.tools:
            body["tools"] = request.tools
        if request.schema is not None:
            named = {"name": "action", "schema": request.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        if self._stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body


def _unsent(error: Exception) -> bool:
    """Whether the connection was closed before anything of the request could leave.

    aiohttp writes headers and body in one piece. Where the connection is closing, its writer
    refuses with an exception of its own, which is the cause of what comes out; whatever happens to
    a request that has left in part has another cause, or none.
    """
    refused = isinstance(error.__cause__, aiohttp.ClientConnectionResetError)
    return refused and isinstance(error, aiohttp.ClientOSError)


def _answer(body: Mapping[str, Json], headers: Mapping[str, str]) -> Answer:
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise EmptyReplyError("the reply holds no choice")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        raise EmptyReplyError("the reply's choice holds no message")
    usage = body.get("usage")
    raw = usage if isinstance(usage, dict) else None
    reason = str(choices[0].get("finish_reason") or "stop")
    return Answer(
        text=str(message.get("content") or ""),
        calls=tuple(_call(each) for each in message.get("tool_calls") or ()),
        finish_reason="refusal" if message.get("refusal") else reason,
        model=str(body.get("model") or ""),
        usage=read_usage(raw) if raw else None,
        raw_usage=raw,
        headers=headers,
    )


def _call(raw: Json) -> RawCall:
    function = raw.get("function") if isinstance(raw, dict) else None
    if not isinstance(function, dict):
        raise EmptyReplyError("the reply holds a tool call without a function")
    arguments = function.get("arguments")
    return RawCall(
        str(function.get("name") or ""),
        arguments if isinstance(arguments, str) else json.dumps(arguments or {}),
        str(raw.get("id") or ""),
    )


@dataclass
class _Gathered:
    """A streamed reply as it comes together."""

    message: dict[str, Json] = field(default_factory=lambda: {"content": ""})
    calls: dict[int, dict[str, Json]] = field(default_factory=dict)
    reason: str | None = None
    model: str = ""
    usage: Json = None

    def add(self, chunk: Mapping[str, Json]) -> bool:
        """Take in a chunk; tells whether the model said something in it.

        Usage comes in a last chunk without choices, or beside the last choice.
        """
        self.usage = chunk.get("usage") or self.usage
        self.model = chunk.get("model") or self.model
        said = False
        for choice in chunk.get("choices") or ():
            self.reason = choice.get("finish_reason") or self.reason
            delta = choice.get("delta") or {}
            if delta.get("content"):
                self.message["content"] += delta["content"]
                said = True
            if delta.get("refusal"):
                self.message["refusal"] = self.message.get("refusal", "") + delta["refusal"]
            for part in delta.get("tool_calls") or ():
                self._add_call(part)
                said = True
        return said

    def _add_call(self, part: Mapping[str, Json]) -> None:
        empty = {"id": "", "function": {"name": "", "arguments": ""}}
        call = self.calls.setdefault(part.get("index", 0), empty)
        function = part.get("function") or {}
        call["id"] = part.get("id") or call["id"]
        call["function"]["name"] += function.get("name") or ""
        call["function"]["arguments"] += function.get("arguments") or ""

    def body(self) -> dict[str, Json]:
        """The reply as it would have come in one piece."""
        calls = [self.calls[index] for index in sorted(self.calls)]
        choice = {"message": {**self.message, "tool_calls": calls}, "finish_reason": self.reason}
        return {"choices": [choice], "model": self.model, "usage": self.usage}


async def _streamed(
    content: AsyncIterable[bytes], headers: Mapping[str, str], started: float
) -> Answer:
    gathered = _Gathered()
    first_token_s = None
    async for line in content:
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            break
        if gathered.add(_object(data)) and first_token_s is None:
            first_token_s = time.perf_counter() - started
    if gathered.reason is None:
        raise EmptyReplyError("the stream ended before the reply did")
    answer = _answer(gathered.body(), headers)
    return Answer(
        answer.text,
        answer.calls,
        answer.finish_reason,
        answer.model,
        answer.usage,
        answer.raw_usage,
        headers,
        first_token_s,
    )


def _object(raw: bytes) -> dict[str, Json]:
    try:
        value = json_bytes.load(raw)
    except ValueError:
        raise EmptyReplyError(f"the reply is not JSON: {raw[:60]!r}") from None
    if not isinstance(value, dict):
        raise EmptyReplyError(f"the reply is not a JSON object: {raw[:60]!r}")
    return value


def _code(body: str) -> str:
    try:
        error = json.loads(body)["error"]
        return str(error.get("code") or "") if isinstance(error, dict) else ""
    except (ValueError, KeyError, TypeError):
        return ""

"""Any model that litellm reaches: hosted ones, and OpenAI-compatible servers by base URL.

litellm takes seconds to import, so that happens with the first instance only. Its retries,
network look-ups and messages are off: what is called, and when, is decided here.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from bench.errors import BenchError
from bench.metering.usage import read_usage
from bench.models.faults import EmptyReplyError, Fault, judge
from bench.models.hosted import Answer, HostedModel
from bench.types import Json, RawCall, Request, Usage

_MARK: Final = {"type": "ephemeral"}
"""Five minutes: https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching"""
_WITHOUT_KEY: Final = ("ollama", "ollama_chat", "lm_studio", "hosted_vllm", "llamafile")


class LitellmModel(HostedModel):
    """A model by its litellm name: ``gpt-5.5``, ``anthropic/claude-opus-4-8``, ``ollama/…``,
    or ``openai/<name>`` with the base URL of an OpenAI-compatible server.

    Keys come from the provider's environment variable. With a base URL none is sent but
    ``api_key``, so that a key is never shown to a server that it was not meant for.
    Raises ``BenchError`` if the name is unknown or a key is missing.
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
        key = api_key or ("none" if base_url else None)
        super().__init__(name, base_url=base_url, api_key=key, **options)
        self._stream = stream
        self._provider = _check(_litellm(), name, has_key=key is not None)

    async def close(self) -> None:
        """Close litellm's connections."""
        litellm = _litellm()
        await litellm.close_litellm_async_clients()
        litellm.in_memory_llm_clients_cache.flush_cache()

    async def _send(self, request: Request) -> Answer:
        body: dict[str, Any] = {}
        if request.tools:
            body["tools"] = [dict(tool) for tool in request.tools]
        if request.schema is not None:
            named = {"name": "action", "schema": dict(request.schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        if self._stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        seen: dict[str, Any] = {}
        started = time.perf_counter()
        response = await _litellm().acompletion(
            model=self.name,
            base_url=self._base_url,
            api_key=self._api_key,
            messages=self._messages(request),
            temperature=request.temperature,
            seed=request.seed,
            max_tokens=request.max_tokens,
            drop_params=True,  # some models refuse a temperature or a seed
            num_retries=0,
            max_retries=0,
            timeout=self._timeout_s,
            logger_fn=seen.update,  # the only way to the provider's own response
            **body,
        )
        first_token_s = None
        headers = (getattr(response, "_hidden_params", None) or {}).get("additional_headers") or {}
        if self._stream:
            chunks = []
            async for chunk in response:
                if first_token_s is None and any(_says(choice.delta) for choice in chunk.choices):
                    first_token_s = time.perf_counter() - started
                chunks.append(chunk)
            response = _litellm().stream_chunk_builder(chunks, messages=list(request.messages))
            if response is None:
                raise EmptyReplyError("the stream holds nothing")
        if not response.choices:
            raise EmptyReplyError("the reply holds no choice")
        choice = response.choices[0]
        message = choice.message
        raw = _raw_response(seen.get("original_response"))
        raw_usage = raw.get("usage") or raw.get("usageMetadata")
        usage = read_usage(raw_usage) if raw_usage else None
        if usage is None:
            raw_usage, usage = _reported(response)
        hidden = getattr(response, "_hidden_params", None) or {}
        return Answer(
            text=message.content or "",
            calls=tuple(
                RawCall(call.function.name or "", call.function.arguments or "", call.id or "")
                for call in message.tool_calls or ()
            ),
            finish_reason=_finish_reason(choice, raw),
            model=response.model or self.name,
            usage=usage,
            raw_usage=raw_usage,
            headers={str(name): str(value) for name, value in headers.items()},
            first_token_s=first_token_s,
            litellm_usd=hidden.get("response_cost")
            or getattr(getattr(response, "usage", None), "cost", None),
        )

    def _messages(self, request: Request) -> list[dict[str, Json]]:
        """As they are; for Anthropic, which caches only what is marked, with two marks: behind the
        system prompt, which the tools precede, and behind what the next step repeats."""
        messages = [dict(message) for message in request.messages]
        if self._provider == "anthropic":
            for number in {0, len(messages) - 1}:
                messages[number] = _marked(messages[number])
        return messages

    def _judge(self, error: Exception) -> Fault:
        return judge(_litellm(), error)


def _reported(response: Any) -> tuple[Mapping[str, Json] | None, Usage | None]:
    """The usage as litellm hands it on, for a format or a stream that only litellm knows. Where a
    provider sent none, it invents zeros, or counts by itself."""
    reported = getattr(response, "usage", None)
    if not reported or not reported.prompt_tokens:
        return None, None
    raw = reported.model_dump()
    return raw, read_usage(raw)


def _says(delta: Any) -> bool:
    return bool(delta and (delta.content or delta.tool_calls))


def _finish_reason(choice: Any, raw: Mapping[str, Json]) -> str:
    if raw.get("stop_reason") == "refusal":
        return "refusal"
    if (getattr(choice.message, "provider_specific_fields", None) or {}).get("refusal"):
        return "refusal"
    reason = choice.finish_reason or "stop"
    return "tool_calls" if reason == "function_call" else str(reason)


def _raw_response(original: Any) -> Mapping[str, Json]:
    try:
        raw = json.loads(original)
    except (TypeError, ValueError):
        return {}
    return raw if isinstance(raw, dict) else {}


def _marked(message: Mapping[str, Json]) -> dict[str, Json]:
    """The message with a mark behind it, where litellm looks for it."""
    content = message.get("content")
    if message.get("role") == "tool":
        return {**message, "cache_control": _MARK}
    if not isinstance(content, str) or not content:
        return dict(message)
    return {**message, "content": [{"type": "text", "text": content, "cache_control": _MARK}]}


def _check(litellm: Any, name: str, *, has_key: bool) -> str:
    """The provider, as litellm names it."""
    try:
        _model, provider, _key, _base = litellm.get_llm_provider(name)
    except Exception:
        from bench.models import weights

        local = ", ".join(known.name for known in weights.available())
        raise BenchError(
            f"{name}: neither a local model ({local}) nor one that litellm knows; hosted ones are "
            "named provider/model, an OpenAI-compatible server's openai/model with --base-url"
        ) from None
    if has_key or provider in _WITHOUT_KEY:
        return str(provider)
    missing = litellm.validate_environment(name)["missing_keys"]
    if missing:
        raise BenchError(f"{name}: no key; set {' and '.join(missing)} in the environment")
    return str(provider)


@cache
def _litellm() -> Any:
    # Else it fetches its price table from the network and waits for that.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm

    litellm.telemetry = False
    litellm.suppress_debug_info = True
    for name in ("LiteLLM", "LiteLLM Proxy", "LiteLLM Router"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return litellm

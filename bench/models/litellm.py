"""Any model that litellm reaches: hosted ones, and OpenAI-compatible servers by base URL.

litellm takes seconds to import, so that happens with the first instance only. Its retries,
network look-ups and messages are off: what is called, and when, is decided here.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from bench.errors import BenchError, ProviderError
from bench.metering import tokens
from bench.metering.usage import read_usage
from bench.models.faults import LONGEST_WAIT_S, EmptyReplyError, judge, scrub
from bench.types import Json, Provenance, RawCall, Reply, Request, ToolProtocol, Usage

TIMEOUT_S: Final = 600.0
"""For one call; a model that thinks for long needs minutes."""
ATTEMPTS: Final = 6
"""Calls in all before a transient fault counts as final."""
FIRST_WAIT_S: Final = 1.0

_WITHOUT_KEY: Final = ("ollama", "ollama_chat", "lm_studio", "hosted_vllm", "llamafile")


class LitellmModel:
    """A model by its litellm name: ``gpt-5.5``, ``anthropic/claude-opus-4-8``, ``ollama/…``,
    or ``openai/<name>`` with the base URL of an OpenAI-compatible server.

    Keys come from the provider's environment variable. With a base URL none is sent but
    ``api_key``, so that a key is never shown to a server that it was not meant for.
    Raises ``BenchError`` if the name is unknown or a key is missing.
    """

    protocol: ToolProtocol = "native"
    provenance: Provenance = "measured"
    local: bool = False

    def __init__(
        self,
        name: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        concurrency: int = 8,
        attempts: int = ATTEMPTS,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self.name = name
        self.priced_as: str | None = name
        self.concurrency = concurrency
        self._base_url = base_url
        self._attempts = attempts
        self._first_wait_s = first_wait_s
        self._litellm = _litellm()
        self._api_key = api_key or ("none" if base_url else None)
        _check(self._litellm, name, has_key=self._api_key is not None)

    async def reply(self, request: Request) -> Reply:
        """Answer. Transient faults are retried with growing, jittered waits; the time of failed
        calls counts as waiting. Raises ``ProviderError`` when they last, and ``BenchError`` when
        the key or the name is refused, which the user must mend."""
        begun = time.perf_counter()
        for attempt in range(self._attempts):
            started = time.perf_counter()
            try:
                return await self._call(request, started, started - begun, attempt)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                fault = judge(self._litellm, error)
                message = f"{self.name}: {scrub(fault.message, self._api_key)}"
                if fault.finish_reason is not None:
                    return _refused(
                        self.name, request, fault.finish_reason, started, begun, attempt
                    )
                if fault.mendable:
                    raise BenchError(message) from None
                if not fault.transient or attempt == self._attempts - 1:
                    raise ProviderError(
                        message, waiting_s=time.perf_counter() - begun, retries=attempt
                    ) from None
                await asyncio.sleep(max(fault.retry_after_s, self._pause(attempt)))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def identity(self) -> Mapping[str, Json]:
        """Name and base URL, without any user or password in it."""
        url = None
        if self._base_url is not None:
            parts = urlsplit(self._base_url)
            host = parts.netloc.rpartition("@")[2]
            url = f"{parts.scheme}://{host}{parts.path}"
        return {"kind": "hosted", "name": self.name, "base_url": url}

    async def close(self) -> None:
        """Close litellm's connections."""
        await self._litellm.close_litellm_async_clients()
        self._litellm.in_memory_llm_clients_cache.flush_cache()

    async def _call(self, request: Request, started: float, waited: float, retries: int) -> Reply:
        body: dict[str, Any] = {}
        if request.tools:
            body["tools"] = [dict(tool) for tool in request.tools]
        if request.schema is not None:
            named = {"name": "action", "schema": dict(request.schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        seen: dict[str, Any] = {}
        response = await self._litellm.acompletion(
            model=self.name,
            base_url=self._base_url,
            api_key=self._api_key,
            messages=[dict(message) for message in request.messages],
            temperature=request.temperature,
            seed=request.seed,
            max_tokens=request.max_tokens,
            drop_params=True,  # some models refuse a temperature or a seed
            num_retries=0,
            max_retries=0,
            timeout=TIMEOUT_S,
            logger_fn=seen.update,  # the only way to the provider's own response
            **body,
        )
        duration = time.perf_counter() - started
        if not response.choices:
            raise EmptyReplyError("the reply holds no choice")
        choice = response.choices[0]
        message = choice.message
        text = message.content or ""
        calls = tuple(
            RawCall(call.function.name or "", call.function.arguments or "", call.id or "")
            for call in message.tool_calls or ()
        )
        raw = _raw_response(seen.get("original_response"))
        raw_usage = raw.get("usage") or raw.get("usageMetadata")
        usage, how = self._usage(request, text, calls, raw_usage, response)
        return Reply(
            text=text,
            calls=calls,
            finish_reason=_finish_reason(choice, raw),
            model=response.model or self.name,
            usage=usage,
            tokens=how,
            duration_s=duration,
            waiting_s=waited,
            retries=retries,
            raw_usage=raw_usage,
        )

    def _usage(
        self,
        request: Request,
        text: str,
        calls: tuple[RawCall, ...],
        raw_usage: Mapping[str, Json] | None,
        response: Any,
    ) -> tuple[Usage, Provenance]:
        if raw_usage and (usage := read_usage(raw_usage)):
            return usage, "measured"
        # A format that only litellm knows. Where there was no usage, it invents zeros.
        reported = getattr(response, "usage", None)
        if reported and reported.prompt_tokens and (usage := read_usage(reported.model_dump())):
            return usage, "measured"
        answer = text + "".join(call.name + call.arguments for call in calls)
        counted = Usage(
            input=tokens.count_request(request, self.name),
            output=tokens.count_text(answer, self.name),
        )
        return counted, "counted"

    def _pause(self, attempt: int) -> float:
        longest: float = min(LONGEST_WAIT_S, self._first_wait_s * 2**attempt)
        return random.uniform(longest / 2, longest)


def _refused(
    name: str, request: Request, reason: str, started: float, begun: float, retries: int
) -> Reply:
    """The reply of a provider that turned the request away: nothing was generated."""
    turned_away = reason == "length"
    return Reply(
        text="",
        calls=(),
        finish_reason=reason,
        model=name,
        usage=Usage() if turned_away else Usage(input=tokens.count_request(request, name)),
        tokens="counted",
        duration_s=time.perf_counter() - started,
        waiting_s=started - begun,
        retries=retries,
    )


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


def _check(litellm: Any, name: str, *, has_key: bool) -> None:
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
        return
    missing = litellm.validate_environment(name)["missing_keys"]
    if missing:
        raise BenchError(f"{name}: no key; set {' and '.join(missing)} in the environment")


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

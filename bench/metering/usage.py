"""Token classes out of a provider's own usage object, in the wire formats of the big providers."""

from __future__ import annotations

from collections.abc import Mapping

from bench.types import Json, Usage


def read_usage(raw: Mapping[str, Json]) -> Usage | None:
    """The tokens by class, or None if ``raw`` is in no format known here.

    A class that a provider leaves out is 0: it bills none. Formats:
    OpenAI Chat Completions (also DeepSeek's cache field), OpenAI Responses, Anthropic Messages
    (whose input excludes what the cache holds, unlike ours), Gemini.
    """
    if _has(raw, "prompt_tokens", "completion_tokens"):
        details = _part(raw, "prompt_tokens_details")
        return _usage(
            raw["prompt_tokens"],
            raw["completion_tokens"],
            details.get("cached_tokens") or raw.get("prompt_cache_hit_tokens"),
            details.get("cache_write_tokens"),
            _part(raw, "completion_tokens_details").get("reasoning_tokens"),
        )
    if _has(raw, "input_tokens", "output_tokens"):
        reasoning = _part(raw, "output_tokens_details").get("reasoning_tokens")
        if "input_tokens_details" in raw:
            details = _part(raw, "input_tokens_details")
            cached, written = details.get("cached_tokens"), details.get("cache_write_tokens")
            return _usage(raw["input_tokens"], raw["output_tokens"], cached, written, reasoning)
        cached = raw.get("cache_read_input_tokens") or 0
        written = raw.get("cache_creation_input_tokens") or 0
        total = raw["input_tokens"] + cached + written
        return _usage(total, raw["output_tokens"], cached, written, reasoning)
    if _has(raw, "promptTokenCount"):
        thoughts = raw.get("thoughtsTokenCount") or 0
        return _usage(
            raw["promptTokenCount"],
            (raw.get("candidatesTokenCount") or 0) + thoughts,
            raw.get("cachedContentTokenCount"),
            0,
            thoughts,
        )
    return None


def _has(raw: Mapping[str, Json], *keys: str) -> bool:
    return all(isinstance(raw.get(key), int) for key in keys)


def _part(raw: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    part = raw.get(key)
    return part if isinstance(part, Mapping) else {}


def _usage(total_in: int, total_out: int, cached: Json, written: Json, reasoning: Json) -> Usage:
    return Usage(
        input=total_in,
        output=total_out,
        cached_input=cached or 0,
        cache_write=written or 0,
        reasoning=reasoning or 0,
    )

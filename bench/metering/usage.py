"""Token classes out of a provider's own usage object, in the wire formats of the big providers."""

from __future__ import annotations

from collections.abc import Mapping

from bench.types import Json, Usage


def read_usage(raw: Mapping[str, Json]) -> Usage | None:
    """The tokens by class, or None if ``raw`` is in no format known here.

    A class that a provider leaves out is 0: it bills none. Formats: OpenAI Chat Completions and
    what is compatible with it, OpenAI Responses, Anthropic Messages, Gemini, Bedrock Converse,
    Cohere.
    """
    if _has(raw, "prompt_tokens", "completion_tokens"):
        return _chat_completions(raw)
    if _has(raw, "input_tokens", "output_tokens"):
        return _responses(raw) if "input_tokens_details" in raw else _anthropic(raw)
    if _has(raw, "promptTokenCount"):
        return _gemini(raw)
    if _has(raw, "inputTokens", "outputTokens"):
        return _bedrock(raw)
    if _has(_part(raw, "billed_units"), "input_tokens", "output_tokens"):
        return _cohere(raw)
    return None


def _chat_completions(raw: Mapping[str, Json]) -> Usage:
    """https://platform.openai.com/docs/api-reference/chat/object, and its dialects: DeepSeek's
    own cache field, Moonshot's and others' ``cached_tokens`` beside the details, Anthropic's
    cache writes behind gateways and in litellm's streams, and xAI, which leaves reasoning out of
    the completion."""
    details = _part(raw, "prompt_tokens_details")
    prompt, answer = _count(raw, "prompt_tokens"), _count(raw, "completion_tokens")
    reasoning = _count(_part(raw, "completion_tokens_details"), "reasoning_tokens")
    total = _count(raw, "total_tokens")
    if reasoning and (total == prompt + answer + reasoning or reasoning > answer):
        answer += reasoning
    cached = (
        _count(details, "cached_tokens")
        or _count(raw, "prompt_cache_hit_tokens")
        or _count(raw, "cached_tokens")
        or _count(raw, "cache_read_input_tokens")
    )
    written = _count(details, "cache_write_tokens") or _count(raw, "cache_creation_input_tokens")
    lifetimes = _part(details, "cache_creation_token_details") or _part(raw, "cache_creation")
    long_kept = _count(lifetimes, "ephemeral_1h_input_tokens")
    return Usage(prompt, answer, cached, written, reasoning, long_kept)


def _responses(raw: Mapping[str, Json]) -> Usage:
    """https://platform.openai.com/docs/api-reference/responses/object"""
    details = _part(raw, "input_tokens_details")
    return Usage(
        _count(raw, "input_tokens"),
        _count(raw, "output_tokens"),
        _count(details, "cached_tokens"),
        _count(details, "cache_write_tokens"),
        _count(_part(raw, "output_tokens_details"), "reasoning_tokens"),
    )


def _anthropic(raw: Mapping[str, Json]) -> Usage:
    """https://docs.anthropic.com/en/api/messages: its input leaves out what the cache holds."""
    cached = _count(raw, "cache_read_input_tokens")
    by_lifetime = _part(raw, "cache_creation")
    long_kept = _count(by_lifetime, "ephemeral_1h_input_tokens")
    short_kept = _count(by_lifetime, "ephemeral_5m_input_tokens")
    written = max(_count(raw, "cache_creation_input_tokens"), long_kept + short_kept)
    reasoning = _count(_part(raw, "output_tokens_details"), "reasoning_tokens")
    total = _count(raw, "input_tokens") + cached + written
    return Usage(total, _count(raw, "output_tokens"), cached, written, reasoning, long_kept)


def _gemini(raw: Mapping[str, Json]) -> Usage:
    """https://ai.google.dev/api/generate-content#UsageMetadata: thoughts are billed as output,
    and stand beside the candidates; results of built-in tools are billed as input."""
    thoughts = _count(raw, "thoughtsTokenCount")
    return Usage(
        _count(raw, "promptTokenCount") + _count(raw, "toolUsePromptTokenCount"),
        _count(raw, "candidatesTokenCount") + thoughts,
        _count(raw, "cachedContentTokenCount"),
        0,
        thoughts,
    )


def _bedrock(raw: Mapping[str, Json]) -> Usage:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html: its
    input leaves out what the cache holds."""
    cached = _count(raw, "cacheReadInputTokens")
    written = _count(raw, "cacheWriteInputTokens")
    total = _count(raw, "inputTokens") + cached + written
    long_kept = sum(
        _count(each, "inputTokens")
        for each in raw.get("cacheDetails") or ()
        if isinstance(each, Mapping) and each.get("ttl") == "1h"
    )
    return Usage(total, _count(raw, "outputTokens"), cached, written, 0, long_kept)


def _cohere(raw: Mapping[str, Json]) -> Usage:
    """https://docs.cohere.com/reference/chat: what is billed differs from what is processed."""
    billed = _part(raw, "billed_units")
    return Usage(_count(billed, "input_tokens"), _count(billed, "output_tokens"))


def _has(raw: Mapping[str, Json], *keys: str) -> bool:
    return all(_is_count(raw.get(key)) for key in keys)


def _is_count(value: Json) -> bool:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return whole and not isinstance(value, bool) and value >= 0


def _part(raw: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    part = raw.get(key)
    return part if isinstance(part, Mapping) else {}


def _count(raw: Mapping[str, Json], key: str) -> int:
    value = raw.get(key)
    return int(value) if value is not None and _is_count(value) else 0

"""The most that a request may cost, before it is sent."""

from __future__ import annotations

from typing import Final

from bench import json_bytes
from bench.metering.prices import Price, Rates
from bench.types import Request

HIDDEN_TOKENS: Final = 1_024
"""Prompt tokens that a provider adds unseen, its own words on tools for instance: Anthropic names
up to 530 (https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview#pricing)."""


def prompt_bytes(request: Request) -> int:
    """Bytes of everything in the request that becomes prompt, as JSON in UTF-8. No tokenizer in
    use makes more tokens than bytes out of a text."""
    return len(json_bytes.dump((request.messages, request.tools, request.schema)))


def most_dollars(prompt_bytes: int, max_tokens: int, price: Price) -> float:
    """US dollars if each byte of the prompt were a token of the dearest class, and the reply
    ``max_tokens`` long, at the dearest tier that such a prompt reaches."""
    prompt = prompt_bytes + HIDDEN_TOKENS
    reached = [rates for threshold, rates in price.tiers if prompt > threshold]
    known = [price.base, *(rates for rates in reached if rates is not None)]
    dearest_in = max(_dearest_input(rates) for rates in known)
    dearest_out = max(max(rates.output, rates.reasoning) for rates in known)
    return price.call + prompt * dearest_in + max_tokens * dearest_out


def _dearest_input(rates: Rates) -> float:
    long_kept = 2 * rates.input if rates.cache_write_1h is None else rates.cache_write_1h
    return max(rates.input, rates.cached_input, rates.cache_write, long_kept)

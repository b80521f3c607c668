"""What a provider's prompt cache does with a request as this program sends it: for forecasts."""

from __future__ import annotations

from typing import Final, Literal

from bench.metering.prices import PriceTable, provider

Caching = Literal["automatic", "marked", "none"]
"""``automatic``: a prefix that was sent before is read, and writing it costs nothing extra.
``marked``: what is not read is written, at a price of its own. ``none``: nothing is cached."""

SMALLEST: Final = 1_024
"""Tokens below which no provider caches a prompt:
https://platform.openai.com/docs/guides/prompt-caching,
https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching#cache-limitations
(some models ask for more)."""


def caching(model: str, table: PriceTable | None = None) -> Caching:
    """How requests to ``model`` are cached. Only Anthropic's own interface is sent marks, and
    Claude caches nothing without them."""
    who = provider(model, table)
    if who == "anthropic":
        return "marked"
    return "none" if "claude" in model else "automatic"

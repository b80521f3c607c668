"""Requests and tokens a minute: kept to before a provider has to complain."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_WAIT_S: Final = 60.0
"""For one pause, whatever the provider asks for."""
_MARGIN: Final = 1.01
"""Requests that leave evenly may arrive bunched."""


@dataclass(slots=True)
class Sent:
    """One request within the window."""

    at: float
    tokens: int


@dataclass
class RateLimit:
    """Keeps one model's requests within limits, in any window of a minute.

    What the user states holds; where a provider's headers state less, that holds. A model is
    paused as a whole while its provider asks to wait.
    """

    requests: int | None = None
    """Requests a window."""
    tokens: int | None = None
    """Tokens a window, prompt and reply."""
    window_s: float = 60.0
    _sent: deque[Sent] = field(default_factory=deque)
    _tokens: int = 0
    _paused_until: float = 0.0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def known(self) -> bool:
        """Whether there is anything to keep to at present."""
        paused = time.monotonic() < self._paused_until
        return paused or self.requests is not None or self.tokens is not None

    def admit(self, entries: Iterable[Sent]) -> None:
        """Count requests in that left elsewhere."""
        self._sent = deque(sorted((*self._sent, *entries), key=lambda sent: sent.at))
        self._tokens = sum(sent.tokens for sent in self._sent)

    async def enter(self, tokens: int) -> tuple[Sent, float]:
        """Wait until a request of about that many tokens may leave. Returns its entry, to be
        corrected by ``leave``, and the seconds waited. First come, first served."""
        begun = time.monotonic()
        async with self._turn:
            while (pause := self._pause(tokens)) > 0:
                await asyncio.sleep(pause)
            entry = Sent(time.monotonic(), tokens)
            self._sent.append(entry)
            self._tokens += tokens
        return entry, time.monotonic() - begun

    def leave(self, entry: Sent, tokens: int) -> None:
        """Correct a request's tokens by what the provider counted."""
        self._tokens += tokens - entry.tokens
        entry.tokens = tokens

    def pause(self, seconds: float) -> None:
        """Let nothing leave for that long."""
        self._paused_until = max(
            self._paused_until, time.monotonic() + min(seconds, LONGEST_WAIT_S)
        )

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take over stricter limits from a reply's headers, and wait where none is left."""
        told = on_limits(headers)
        for kind in ("requests", "tokens") if told else ():
            limit, left, reset = _stated(told, kind)
            if limit is not None and limit > 0:
                own = getattr(self, kind)
                setattr(self, kind, limit if own is None else min(own, limit))
            if left == 0 and reset is not None:
                self.pause(reset)

    def _pause(self, tokens: int) -> float:
        now = time.monotonic()
        window = self.window_s * _MARGIN
        while self._sent and self._sent[0].at <= now - window:
            self._tokens -= self._sent.popleft().tokens
        if now < self._paused_until:
            return self._paused_until - now
        if not self._sent:
            return 0.0  # one request alone always may, however large
        oldest = self._sent[0].at + window - now
        if self.requests is not None and len(self._sent) >= self.requests:
            return max(oldest, 0.001)
        if self.tokens is not None and self._tokens + tokens > self.tokens:
            return max(oldest, 0.001)
        return 0.0


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that a provider asks to wait: ``retry-after-ms``, ``retry-after`` in seconds or as
    an HTTP date (RFC 9110). 0 if it says nothing."""
    by_name = {name.lower(): value for name, value in headers.items()}
    seconds = 0.0
    try:
        if "retry-after-ms" in by_name:
            seconds = float(by_name["retry-after-ms"]) / 1000
        elif "retry-after" in by_name:
            seconds = float(by_name["retry-after"])
    except ValueError:
        try:
            date = parsedate_to_datetime(by_name["retry-after"])
            seconds = (date - datetime.now(date.tzinfo or UTC)).total_seconds()
        except (KeyError, TypeError, ValueError):
            seconds = 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT_S)


def on_limits(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers on rate limits, by their names in lower case, as the provider has them."""
    lower = [(name.lower(), value) for name, value in headers.items()]
    return {
        name.removeprefix("llm_provider-"): value for name, value in lower if "ratelimit" in name
    }


def _stated(told: Mapping[str, str], kind: str) -> tuple[int | None, int | None, float | None]:
    """(limit, remaining, seconds to reset) in OpenAI's or Anthropic's header names."""

    def header(what: str) -> str | None:
        return told.get(f"x-ratelimit-{what}-{kind}") or told.get(
            f"anthropic-ratelimit-{kind}-{what}"
        )

    return _number(header("limit")), _number(header("remaining")), _seconds(header("reset"))


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None


def _seconds(text: str | None) -> float | None:
    """``6m0s``, ``120ms``, ``1.5``, or a time of day by RFC 3339."""
    if text is None:
        return None
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    parts = re.findall(r"([\d.]+)(ms|s|m|h)", text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * units[unit] for number, unit in parts)
    try:
        return float(text)
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return max((when - datetime.now(when.tzinfo or UTC)).total_seconds(), 0.0)

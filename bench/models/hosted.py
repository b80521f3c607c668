"""What all hosted models have in common, whatever wire they speak: every call is reserved before
it leaves and settled after, rate limits are kept, passing faults are survived."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from bench.errors import BenchError, ProviderError
from bench.metering import tokens
from bench.metering.bound import most_dollars, prompt_bytes
from bench.metering.prices import Price, PriceTable, cost, price
from bench.metering.rate_limit import LONGEST_WAIT_S, RateLimit
from bench.metering.spending import Spending
from bench.models.faults import Fault, scrub
from bench.types import Json, Provenance, RawCall, Reply, Request, ToolProtocol, Usage

TIMEOUT_S: Final = 600.0
"""For one call; a model that thinks for long needs minutes."""
ATTEMPTS: Final = 6
"""Calls in all before a transient fault counts as final."""
FIRST_WAIT_S: Final = 1.0
BYTES_A_TOKEN: Final = 4
"""About, to keep within tokens a minute before the provider has counted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one successful call brought back."""

    text: str
    calls: tuple[RawCall, ...]
    finish_reason: str
    model: str
    usage: Usage | None
    """None if the provider reported none."""
    raw_usage: Mapping[str, Json] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    first_token_s: float | None = None
    litellm_usd: float | None = None


class _PassingFaultError(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class HostedModel(ABC):
    """A model that a provider serves and charges for. Subclasses speak a wire."""

    protocol: ToolProtocol = "native"
    provenance: Provenance = "measured"
    local: bool = False

    def __init__(
        self,
        name: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        concurrency: int = 1_000,
        attempts: int = ATTEMPTS,
        first_wait_s: float = FIRST_WAIT_S,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.name = name
        self.priced_as: str | None = name
        self.concurrency = concurrency
        self.rate_limit = RateLimit()
        self._base_url = base_url
        self._api_key = api_key
        self._attempts = attempts
        self._timeout_s = timeout_s
        self._back_off = wait_exponential_jitter(
            multiplier=first_wait_s, max=LONGEST_WAIT_S, jitter=first_wait_s
        )
        self._spending: Spending | None = None
        self._price: Price | None = None

    def meter(self, spending: Spending, prices: PriceTable) -> None:
        """Reserve each call's dollars there before it leaves. Without a cap, a model may be
        unpriced. Raises ``PriceUnknownError`` if there is one and it is."""
        self._spending = spending
        try:
            self._price = price(self.priced_as or self.name, prices)
        except BenchError:
            if spending.account.cap is not None:
                raise
            self._price = None

    async def reply(self, request: Request) -> Reply:
        """Answer. Transient faults are retried with growing, jittered waits; the time of failed
        calls counts as waiting. Raises ``ProviderError`` when they last, ``BudgetError`` when the
        run's dollars are used up, and ``BenchError`` when the key or the name is refused, which
        the user must mend."""
        begun = time.perf_counter()
        try:
            return await self._attempt(request, begun, 0)
        except _PassingFaultError as error:
            return await self._retry(request, begun, error)

    def identity(self) -> Mapping[str, Json]:
        """Name and base URL, without any user or password in it."""
        url = None
        if self._base_url is not None:
            parts = urlsplit(self._base_url)
            host = parts.netloc.rpartition("@")[2]
            url = f"{parts.scheme}://{host}{parts.path}"
        return {"kind": "hosted", "name": self.name, "base_url": url}

    @abstractmethod
    async def close(self) -> None:
        """Let go of what is held open."""

    @abstractmethod
    async def _send(self, request: Request) -> Answer:
        """One call. Raises whatever the wire raises."""

    @abstractmethod
    def _judge(self, error: Exception) -> Fault:
        """What an exception of ``_send`` means."""

    def __getstate__(self) -> dict[str, Any]:
        """For a worker process: without account, limits and connections, which are opened anew."""
        return {**self.__dict__, "_spending": None, "rate_limit": RateLimit()}

    async def _retry(self, request: Request, begun: float, first: _PassingFaultError) -> Reply:
        """Go on after a first fault. Calls that go well never come here: tenacity's machinery
        takes as much CPU time as a sixth of a call."""
        retries = 0
        try:
            async for attempt in AsyncRetrying(
                stop=stop_after_attempt(self._attempts),
                wait=self._wait,
                retry=retry_if_exception_type(_PassingFaultError),
                reraise=True,
            ):
                with attempt:
                    retries = attempt.retry_state.attempt_number - 1
                    if retries == 0:
                        raise first
                    return await self._attempt(request, begun, retries)
        except _PassingFaultError as error:
            raise ProviderError(
                f"{self.name}: {scrub(error.fault.message, self._api_key)}",
                waiting_s=time.perf_counter() - begun,
                retries=retries,
            ) from None
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _attempt(self, request: Request, begun: float, retries: int) -> Reply:
        spending, origin = self._spending, request.origin
        ticket = None
        size = prompt_bytes(request)
        if spending is not None:
            ticket = await spending.reserve(
                most_dollars(size, request.max_tokens, self._price) if self._price else 0.0,
                trial=origin.trial if origin else "",
                attempt=origin.attempt if origin else "",
                model=self.name,
            )
        guess = size // BYTES_A_TOKEN + request.max_tokens
        entry, _waited = await self.rate_limit.enter(guess)
        started = time.perf_counter()
        usd: float | None = None
        litellm_usd: float | None = None
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._send(request)
            if answer.usage is not None:
                self.rate_limit.leave(entry, answer.usage.total or 0)
                if self._price is not None:
                    usd, _cold = cost(answer.usage, self._price)
            litellm_usd = answer.litellm_usd
            self.rate_limit.learn(answer.headers)
            return self._reply(request, answer, started, begun, retries)
        except Exception as error:
            timed_out = isinstance(error, TimeoutError)
            fault = (
                Fault(f"no answer within {self._timeout_s:g} s", transient=True)
                if timed_out
                else self._judge(error)
            )
            usd = 0.0 if fault.unbilled else None
            self.rate_limit.learn(fault.headers)
            if fault.finish_reason is not None:
                return self._turned_away(request, fault.finish_reason, started, begun, retries)
            message = f"{self.name}: {scrub(fault.message, self._api_key)}"
            if fault.mendable:
                raise BenchError(message) from None
            if not fault.transient:
                raise ProviderError(
                    message, waiting_s=time.perf_counter() - begun, retries=retries
                ) from None
            if fault.retry_after_s:
                self.rate_limit.pause(fault.retry_after_s)
            raise _PassingFaultError(fault) from None
        finally:
            # In all cases, a cancelled call included: that may have been billed.
            if spending is not None and ticket is not None:
                spending.settle(ticket, usd, litellm=litellm_usd)

    def _reply(
        self, request: Request, answer: Answer, started: float, begun: float, retries: int
    ) -> Reply:
        usage, how = answer.usage, "measured"
        if usage is None:
            said = answer.text + "".join(call.name + call.arguments for call in answer.calls)
            how = "counted"
            usage = Usage(
                input=tokens.count_request(request, self.name),
                output=tokens.count_text(said, self.name),
            )
        return Reply(
            text=answer.text,
            calls=answer.calls,
            finish_reason=answer.finish_reason,
            model=answer.model,
            usage=usage,
            tokens="measured" if how == "measured" else "counted",
            duration_s=time.perf_counter() - started,
            first_token_s=answer.first_token_s,
            waiting_s=started - begun,
            retries=retries,
            raw_usage=answer.raw_usage,
        )

    def _turned_away(
        self, request: Request, reason: str, started: float, begun: float, retries: int
    ) -> Reply:
        """The reply of a provider that turned the request away: nothing was generated."""
        too_long = reason == "length"
        return Reply(
            text="",
            calls=(),
            finish_reason=reason,
            model=self.name,
            usage=Usage() if too_long else Usage(input=tokens.count_request(request, self.name)),
            tokens="counted",
            duration_s=time.perf_counter() - started,
            waiting_s=started - begun,
            retries=retries,
        )

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.fault.retry_after_s if isinstance(error, _PassingFaultError) else 0.0
        return max(asked, self._back_off(state))

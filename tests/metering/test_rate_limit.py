"""Requests and tokens a minute, with a minute of a second or less."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bench.metering.rate_limit import LONGEST_WAIT_S, RateLimit, retry_after
from bench.models.direct import DirectModel
from bench.types import Request
from tests.fault_server import FaultServer, Turn


def most_in_a_window(times: list[float], window: float) -> int:
    return max(sum(start <= t < start + window for t in times) for start in times)


def leave_times(limit: RateLimit, tokens: list[int]) -> list[float]:
    async def one(count: int) -> float:
        entry, _waited = await limit.enter(count)
        return entry.at

    async def run() -> list[float]:
        return list(await asyncio.gather(*(one(count) for count in tokens)))

    return asyncio.run(run())


def test_no_window_holds_more_requests_than_allowed() -> None:
    times = leave_times(RateLimit(requests=5, window_s=0.2), [1] * 17)
    assert most_in_a_window(times, 0.2) == 5
    assert times == sorted(times), "first come, first served"


def test_no_window_holds_more_tokens_than_allowed() -> None:
    times = leave_times(RateLimit(tokens=100, window_s=0.2), [40] * 6)
    assert most_in_a_window(times, 0.2) == 2


def test_a_request_larger_than_the_limit_leaves_alone() -> None:
    times = leave_times(RateLimit(tokens=100, window_s=0.1), [500, 10])
    assert times[1] - times[0] >= 0.1


def test_tokens_that_were_guessed_too_high_are_given_back() -> None:
    async def run() -> float:
        limit = RateLimit(tokens=100, window_s=5)
        entry, _ = await limit.enter(90)
        limit.leave(entry, 10)
        _, waited = await limit.enter(90)
        return waited

    assert asyncio.run(run()) < 1


@pytest.mark.parametrize(
    "headers",
    [
        {"X-RateLimit-Limit-Requests": "3", "x-ratelimit-limit-tokens": "2000"},
        {
            "anthropic-ratelimit-requests-limit": "3",
            "anthropic-ratelimit-tokens-limit": "2000",
        },
        {
            "llm_provider-x-ratelimit-limit-requests": "3",
            "llm_provider-x-ratelimit-limit-tokens": "2000",
        },
    ],
    ids=["OpenAI", "Anthropic", "through litellm"],
)
def test_stricter_limits_are_learnt_from_headers_and_laxer_ones_are_not(
    headers: dict[str, str],
) -> None:
    limit = RateLimit(requests=10)
    limit.learn(headers)
    assert (limit.requests, limit.tokens) == (3, 2000)
    limit.learn({"x-ratelimit-limit-requests": "500"})
    assert limit.requests == 3


@pytest.mark.parametrize("reset", ["250ms", "0.25", "0m0.25s"])
def test_where_nothing_is_left_the_model_waits_for_the_reset(reset: str) -> None:
    async def run() -> float:
        limit = RateLimit()
        limit.learn({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": reset})
        _, waited = await limit.enter(1)
        return waited

    assert asyncio.run(run()) >= 0.24


def test_retry_after_is_read_in_all_its_forms() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=9), usegmt=True)
    assert retry_after({"Retry-After": "7"}) == 7
    assert retry_after({"retry-after-ms": "1500", "retry-after": "2"}) == 1.5
    assert 6 < retry_after({"retry-after": later}) <= 9
    assert retry_after({"retry-after": "soon"}) == 0
    assert retry_after({"retry-after": "86400"}) == LONGEST_WAIT_S
    assert retry_after({}) == 0


def test_a_server_with_a_limit_never_has_to_complain_when_it_is_stated() -> None:
    async def run(url: str, limit: RateLimit) -> None:
        model = DirectModel("direct/any", base_url=url)
        model.rate_limit = limit
        asks = [Request(({"role": "user", "content": f"{n}"},)) for n in range(25)]
        replies = await asyncio.gather(*(model.reply(ask) for ask in asks))
        await model.close()
        assert sum(reply.waiting_s for reply in replies) > 0.3, "and the wait is on record"

    # The server's window is much shorter, because calls take time to arrive on a busy machine.
    with FaultServer(
        turn=lambda _body: Turn(text="No."), requests_a_window=10, window_s=0.3
    ) as server:
        begun = time.monotonic()
        asyncio.run(run(server.url, RateLimit(requests=10, window_s=2.0)))
        assert time.monotonic() - begun >= 4.0
        assert [seen.fault for seen in server.seen].count("429") == 0
        assert len(server.seen) == 25

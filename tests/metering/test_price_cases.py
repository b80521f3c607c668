"""Dollars from a provider's raw usage, against sums computed by hand; and beside litellm's own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.metering.prices import cost, price, price_table
from bench.metering.spending import Spending, read_account
from bench.metering.usage import read_usage
from bench.models.litellm import LitellmModel
from bench.types import Request
from tests.fault_server import FaultServer, Turn
from tests.metering.price_cases import CASES, PriceCase
from tests.metering.price_table import BATCH, EXPLAINED, LIVE, PAGE, batch_dollars, page

ASK = Request(messages=({"role": "user", "content": "Is 7 even?"},), max_tokens=50)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.model} {case.sum}")
def test_dollars_are_exact(case: PriceCase) -> None:
    usage = read_usage(case.raw)
    assert usage is not None
    usd, _cold = cost(usage, price(case.model, batch=case.batch))
    assert usd == pytest.approx(float(case.usd), abs=1e-9, rel=0)


def test_the_cases_cover_what_they_promise() -> None:
    assert len(CASES) >= 60
    assert len({case.model.partition("/")[0] for case in CASES}) == 5
    assert len({(case.model, str(case.raw), case.batch) for case in CASES}) == len(CASES)


Dollars = tuple[float | None, float | None]
"""The ledger's, litellm's."""


def through_litellm(cases: list[PriceCase], folder: Path, **server_options: Any) -> list[Dollars]:
    """Each case over HTTP, on litellm's own path for its provider."""
    current: list[Mapping[str, Any]] = [{}]
    stream = bool(server_options)

    async def run(server: FaultServer) -> list[Dollars]:
        spending = Spending(folder, None, "s")
        found = []
        for case in cases:
            current[0] = case.raw
            openai_wire = case.model.startswith(("openai/", "deepseek/", "xai/"))
            url = server.url if openai_wire else server.root
            model = LitellmModel(case.model, base_url=url, api_key="k", attempts=1, stream=stream)
            model.meter(spending, price_table())
            reply = await model.reply(ASK)
            assert reply.tokens == "measured"
            assert reply.usage == read_usage(case.raw), case
            assert (reply.first_token_s is not None) == stream
            call = list(read_account(folder).calls.values())[-1]  # type: ignore[union-attr]
            found.append((call.billed, call.litellm))
        await model.close()
        spending.close()
        return found

    turn = lambda _body: Turn(text="No.", usage=current[0])  # noqa: E731
    with FaultServer(turn=turn, **server_options) as server:
        return asyncio.run(run(server))


def test_every_class_survives_the_way_through_litellm(tmp_path: Path) -> None:
    found = through_litellm(LIVE, tmp_path)
    for case, (ours, theirs) in zip(LIVE, found, strict=True):
        assert ours == pytest.approx(float(case.usd), abs=1e-9, rel=0), case
        if f"{case.model} {case.sum}" not in EXPLAINED:
            assert theirs == pytest.approx(ours, abs=1e-9, rel=0), case
    assert page([theirs for _ours, theirs in found]) == PAGE.read_text("utf-8"), (
        "write it anew: python -m tests.metering.price_table"
    )


@pytest.mark.parametrize("case", BATCH, ids=lambda case: f"{case.model} {case.sum}")
def test_litellm_prices_a_batch_alike_or_it_is_explained(case: PriceCase) -> None:
    agrees = batch_dollars(case) == pytest.approx(float(case.usd), abs=1e-9, rel=0)
    assert agrees != (f"{case.model} {case.sum}" in EXPLAINED)


@pytest.mark.parametrize("apart", [True, False], ids=["usage apart", "usage beside the choice"])
def test_every_class_survives_a_stream(tmp_path: Path, apart: bool) -> None:
    cases = [case for case in LIVE if case.model.startswith(("openai/", "anthropic/"))]
    found = through_litellm(cases, tmp_path, usage_apart=apart)
    for case, (ours, theirs) in zip(cases, found, strict=True):
        assert ours == pytest.approx(float(case.usd), abs=1e-9, rel=0), case
        assert theirs == pytest.approx(ours, abs=1e-9, rel=0), case

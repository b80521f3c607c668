"""llama.cpp's own OpenAI-compatible server with a real model, reached as any hosted model is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import scenarios
from bench.cli import invoke
from bench.journal import read_run, read_steps
from bench.metering.prices import Price, PriceTable, Rates, price_table
from bench.metering.spending import Spending, read_account
from bench.models.direct import DirectModel
from bench.models.hosted import HostedModel
from bench.models.litellm import LitellmModel
from bench.models.llama import serve
from bench.types import Reply, Request

KEY = "sk-loopback-51e8d24b"
RATES = Rates(1e-6, 4e-6, cached_input=1e-7, cache_write=1e-6, reasoning=4e-6, cache_write_1h=2e-6)
SCHEMA = {
    "type": "object",
    "properties": {"tool": {"const": "look"}, "id": {"enum": ["seven", "twelve"]}},
    "required": ["tool", "id"],
    "additionalProperties": False,
}
ASK = Request(
    (
        {"role": "system", "content": "Answer with one JSON object."},
        {"role": "user", "content": "Look at the number seven."},
    ),
    schema=SCHEMA,
    max_tokens=40,
)
PATHS: tuple[tuple[type[HostedModel], str], ...] = (
    (DirectModel, "direct/{}"),
    (LitellmModel, "openai/{}"),
    (LitellmModel, "hosted_vllm/{}"),
)


@pytest.fixture(scope="module")
def server(smollm: str) -> Iterator[str]:
    with serve(smollm, api_key=KEY, context=2048) as url:
        yield url


@pytest.mark.model
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("kind", "pattern"), PATHS, ids=["direct", "openai", "hosted_vllm"])
def test_its_replies_are_metered_on_every_path(
    server: str, smollm: str, tmp_path: Path, kind: type[HostedModel], pattern: str, stream: bool
) -> None:
    name = pattern.format(smollm)
    table = price_table()
    prices = PriceTable(table.entries, {name: Price(name, RATES)}, "test", "1", "0", "2026-11-26")

    async def ask() -> list[Reply]:
        spending = Spending(tmp_path, 0.01, "s")
        model = kind(name, base_url=server, api_key=KEY, stream=stream, attempts=1)  # type: ignore[call-arg]
        model.meter(spending, prices)
        try:
            return [await model.reply(ASK) for _ in range(2)]
        finally:
            await model.close()
            spending.close()

    first, second = asyncio.run(ask())
    for reply in (first, second):
        assert json.loads(reply.text)["tool"] == "look", "the schema holds on the way"
        assert reply.tokens == "measured"
        assert reply.usage.input
        assert reply.usage.output
        assert (reply.first_token_s is not None) == stream
    assert first.text == second.text
    assert first.usage.input == second.usage.input
    assert 0 < (second.usage.cached_input or 0) < second.usage.input, "the prompt was computed once"
    account = read_account(tmp_path)
    assert account is not None
    fresh = [r.usage.input - (r.usage.cached_input or 0) for r in (first, second)]  # type: ignore[operator]
    by_hand = sum(
        f * 1e-6 + (r.usage.cached_input or 0) * 1e-7 + (r.usage.output or 0) * 4e-6
        for f, r in zip(fresh, (first, second), strict=True)
    )
    assert account.billed == pytest.approx(by_hand, abs=1e-9)


@pytest.mark.model
@pytest.mark.parametrize("pattern", ["direct/{}", "openai/{}"])
def test_a_whole_run_goes_over_it(
    server: str,
    smollm: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pattern: str,
) -> None:
    """What the model decides is its own affair; every call has to be on the account."""
    name = pattern.format(smollm)
    monkeypatch.setitem(scenarios.SCENARIOS, "toy", "tests.toy:TOY")
    monkeypatch.setenv("GATEWAY_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    Path("prices.toml").write_text(f'["{name}"]\ninput_usd_per_mtok = 1\noutput_usd_per_mtok = 4\n')
    arguments = ["run", "toy", "-m", name, "--base-url", server, "--api-key-env", "GATEWAY_API_KEY"]
    arguments += ["--prices", "prices.toml", "--protocol", "action", "--max-usd", "1", "--yes"]
    assert invoke([*arguments, "--cases", "1", "-a", "agent", "--max-steps", "3"]) == 0
    folder = tmp_path / "results" / "latest"
    recorded = read_run(folder)
    steps = list(read_steps(folder))
    account = read_account(folder)
    assert account is not None
    assert recorded.finished
    assert len(account.calls) == len(steps) > 0
    assert {step.tokens for step in steps} == {"measured"}
    assert account.billed == pytest.approx(
        sum(trial.dollars.api or 0.0 for trial in recorded.trials), abs=1e-9
    )
    assert "infrastructure" not in {trial.cause for trial in recorded.trials}

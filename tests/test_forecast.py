"""Forecasts before a run, and prices after it."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from pathlib import Path

import pytest

import scenarios
from bench.analysis.reprice import reprice
from bench.cli import invoke
from bench.errors import PriceUnknownError
from bench.forecast import Pace, Scaled, forecast_mix, hours
from bench.manifest import Settings
from bench.metering.prices import cost, price, price_table
from bench.models.reference import ReferenceModel
from bench.plan import plan_scenario
from bench.runner import Plan
from bench.session import ideal_calls
from bench.types import Origin, Request, ToolCall, Usage
from tests.fault_server import FaultServer
from tests.running import run_plan
from tests.test_hosted_run import agent_plan, run_into
from tests.toy import TOY


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(scenarios.SCENARIOS, "toy", "tests.toy:TOY")


def toy_forecast(models: list[str], records: int = 1000) -> list[Scaled]:
    cases = plan_scenario(TOY, {"digits": 2, "words": 1}, seed=1, repeated=0)
    plan = Plan((cases,), (), Settings(approaches=("agent",), repeats=1))
    return asyncio.run(forecast_mix(plan, models, ideal_calls((cases,)), records))["toy"]


def test_a_forecast_scales_with_records_and_prices_by_class() -> None:
    (one,) = toy_forecast(["gpt-5.5"], 1000)
    (ten,) = toy_forecast(["gpt-5.5"], 10_000)
    assert one.steps == pytest.approx(2000)
    assert ten.usd == pytest.approx(10 * (one.usd or 0))
    fresh = one.tokens_in - one.tokens_cached
    by_hand = (fresh * 5 + one.tokens_cached * 0.5 + one.tokens_out * 30) / 1e6
    assert one.usd == pytest.approx(by_hand)
    assert one.usd_cold == pytest.approx((one.tokens_in * 5 + one.tokens_out * 30) / 1e6)
    assert one.usd_range == pytest.approx((one.usd, 2 * one.usd_cold))


def words(count: int) -> str:
    """A text of that many tokens."""
    return "a" + " a" * (count - 1)


def played(model: str, *conversations: list[tuple[str, int]]) -> list[Usage]:
    """Usage of the requests of conversations, each the roles and tokens of its messages; a request
    leaves before every second message from the third on, and at the end."""
    reference = ReferenceModel(lambda _origin: (ToolCall("look", {}),) * 9, "reference", model)

    async def ask() -> list[Usage]:
        found = []
        for number, messages in enumerate(conversations):
            told = tuple({"role": role, "content": words(count)} for role, count in messages)
            for end in range(2, len(told) + 1, 2):
                origin = Origin("toy", "agent", f"c{number}", 0, (), 0, end // 2 - 1)
                found.append((await reference.reply(Request(told[:end], origin=origin))).usage)
        return found

    return asyncio.run(ask())


def test_what_is_written_to_anthropics_cache_is_paid_for_in_a_forecast() -> None:
    """By hand: a message is 3 tokens of framing, 1 of role and its text; a request 3 more.

    First call: 3 + 2,004 + 14 = 2,021, all written. Second: 24 + 34 more = 2,079, of which the
    first call's 2,021 are read and 58 written. Third, of another case: 3 + 2,004 + 104 = 2,111, of
    which the system prompt, 3 + 2,004 = 2,007, is read and 104 written.
    """
    first = [("system", 2000), ("user", 10), ("assistant", 20), ("tool", 30)]
    second = [("system", 2000), ("user", 100)]
    usages = played("claude-haiku-5-5", first, second)
    classes = [(u.input, u.cached_input, u.cache_write) for u in usages]
    assert classes == [(2021, 0, 2021), (2079, 2021, 58), (2111, 2007, 104)]
    rates = price("claude-haiku-5-5")
    billed = sum(cost(usage, rates)[0] or 0.0 for usage in usages)
    answers = sum(usage.output or 0 for usage in usages)
    by_hand = Fraction("0.125") * (2021 + 58 + 104) + Fraction("0.01") * (2021 + 2007)
    by_hand += Fraction("0.5") * answers
    assert billed == pytest.approx(float(by_hand / 1_000_000), abs=1e-12)
    # What was said before: reading alone, as if writing cost no more than plain input.
    assert billed > float(by_hand / 1_000_000) - 0.025 * 2183 / 1e6 + 1e-9


def test_only_what_a_provider_caches_is_forecast_as_cached() -> None:
    case = [("system", 2000), ("user", 10), ("assistant", 20), ("tool", 30)]
    assert [u.cached_input for u in played("gpt-5.5", case)] == [0, 2021]
    assert [u.cache_write for u in played("gpt-5.5", case)] == [0, 0]
    bedrock = "anthropic.claude-haiku-4-5-20251001-v1:0"
    assert [u.cached_input for u in played(bedrock, case)] == [0, 0], "it is sent no marks"
    short = [("system", 500), ("user", 10), ("assistant", 20), ("tool", 30)]
    for model in ("gpt-5.5", "claude-haiku-5-5"):
        assert {(u.cached_input, u.cache_write) for u in played(model, short)} == {(0, 0)}


def test_the_range_spans_cached_and_uncached_whichever_is_dearer() -> None:
    dear_to_write = Scaled("m", 1, 1, 1, 0, 1, usd=1.25, usd_cold=1.0)
    assert dear_to_write.usd_range == (1.0, 2.5)
    assert Scaled("m", 1, 1, 1, 0, 1, usd=0.5, usd_cold=1.0).usd_range == (0.5, 2.0)


def test_models_of_one_tokenizer_differ_by_price_only() -> None:
    dear, cheap = toy_forecast(["gpt-5.5", "gpt-5.4"])
    assert dear.tokens_in == cheap.tokens_in
    assert dear.usd == pytest.approx(2 * (cheap.usd or 0))


def test_a_model_without_a_price_is_refused() -> None:
    with pytest.raises(PriceUnknownError, match="no-such-model"):
        toy_forecast(["no-such-model"])


def test_time_is_bound_by_the_slowest_of_steps_requests_and_tokens() -> None:
    ask = Scaled("m", 1000, 3600, 3_600_000, 0, 0, 1.0, 1.0)
    assert hours(ask, Pace(1)).low == pytest.approx(1.0)
    assert hours(ask, Pace(1)).high == pytest.approx(6.0), (
        "three times the seconds, twice the steps"
    )
    assert hours(ask, Pace(100, rpm=60)).bound_by == "requests a minute"
    assert hours(ask, Pace(100, rpm=60)).low == pytest.approx(1.0)
    assert hours(ask, Pace(100, tpm=30_000)).low == pytest.approx(2.0)


def test_a_run_is_priced_anew_without_touching_it(tmp_path: Path) -> None:
    with FaultServer() as server:
        run_into(agent_plan(server.url, 4), tmp_path / "run", "s")
        billed = float(server.spent)
        tokens = [(bill.input, bill.output) for bill in server.bills]
    before = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    own = tmp_path / "dear.toml"
    own.write_text('["direct/any"]\ninput_usd_per_mtok = 10\noutput_usd_per_mtok = 40\n')
    (row,) = reprice(tmp_path / "run", price_table(own))
    assert row.recorded == pytest.approx(billed, abs=1e-9)
    assert row.billed == pytest.approx(10 * billed, abs=1e-9)
    (row,) = reprice(tmp_path / "run", price_table(), as_model="gpt-5.5")
    assert row.billed == pytest.approx(sum(i * 5e-6 + o * 30e-6 for i, o in tokens), abs=1e-9)
    (half,) = reprice(tmp_path / "run", price_table(), as_model="gpt-5.5", batch=True)
    assert half.billed == pytest.approx(row.billed / 2, abs=1e-9)
    (unknown,) = reprice(tmp_path / "run", price_table())
    assert unknown.billed is None
    assert "no price is known for direct/any" in str(unknown.reason)
    assert {path: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def test_the_commands_print_a_table_and_draw_a_chart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke(["forecast", "toy", "--models", "gpt-5.5,gpt-5.4", "--chart", "f.png"]) == 0
    said = capsys.readouterr().out
    assert "10,000 records" in said
    assert "gpt-5.5" in said
    assert "sha256" in said
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    cases = plan_scenario(TOY, {"digits": 2}, seed=1, repeated=0)
    model = ReferenceModel(ideal_calls((cases,)), "reference/gpt-5.4", "gpt-5.4")
    run_plan(Plan((cases,), (model,), Settings(("agent",), 1)), tmp_path / "results" / "r")
    assert invoke(["reprice", "r", "--as", "gpt-5.5"]) == 0
    assert "modelled: another model" in capsys.readouterr().out
    assert invoke(["forecast", "toy", "--models", "nonsense-9"]) == 2
    assert invoke(["forecast", "toy", "--step-seconds", "fast"]) == 2
    assert invoke(["forecast", "toy", "--chart", "f.pdf"]) == 2

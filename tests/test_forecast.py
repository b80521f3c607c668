"""Forecasts before a run, and prices after it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import scenarios
from bench.analysis.reprice import reprice
from bench.cli import invoke
from bench.errors import PriceUnknownError
from bench.forecast import Pace, Scaled, forecast_mix, hours, ideal_tokens, pilot_factor
from bench.journal import read_run
from bench.manifest import Settings
from bench.metering.prices import price_table
from bench.models.reference import ReferenceModel
from bench.plan import plan_scenario
from bench.runner import Plan
from bench.session import ideal_calls
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


def test_a_pilot_corrects_by_real_tokens(tmp_path: Path) -> None:
    with FaultServer() as server:
        run_into(agent_plan(server.url, 6), tmp_path / "pilot", "s")
        billed = sum(bill.input + bill.output for bill in server.bills)
    recorded = read_run(tmp_path / "pilot")
    ideal = asyncio.run(ideal_tokens(recorded))["toy"]
    found = pilot_factor(recorded.trials, ideal)
    assert found is not None
    assert found[0] == pytest.approx(billed / sum(ideal.values()))
    assert 1 <= found[1] < 1.5
    assert pilot_factor(recorded.trials[:1], ideal) is None


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

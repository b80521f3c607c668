"""Repricing says what is not in its dollars."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bench.analysis.reprice import reprice
from bench.cli import invoke
from bench.metering.prices import price_table
from bench.types import Limits, Reply, Request
from tests.running import always_even, run_plan, run_toy, toy_plan
from tests.scripted import ScriptedModel


class Hanging(ScriptedModel):
    """Keeps silent in the second step of one case."""

    async def reply(self, request: Request) -> Reply:
        assert request.origin is not None
        if request.origin.case == "digits-0001" and request.origin.step == 1:
            await asyncio.sleep(60)
        return await super().reply(request)


def test_calls_that_were_cut_off_are_said_to_be_left_out(tmp_path: Path) -> None:
    plan = toy_plan(Hanging([always_even]))
    plan = replace(plan, settings=replace(plan.settings, limits=Limits(seconds=0.5)))
    run_plan(plan, tmp_path / "run")
    agent, hybrid = reprice(tmp_path / "run", price_table(), as_model="gpt-5.5")
    assert (agent.approach, hybrid.approach) == ("agent", "hybrid")
    assert agent.billed
    assert "trials had a call cut off, whose tokens nobody knows" in str(agent.reason)
    assert hybrid.reason is None


def test_without_its_traces_a_run_costs_nobody_knows_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run_toy(tmp_path)
    traces = folder / "traces.jsonl"
    steps = traces.read_bytes().splitlines(keepends=True)
    agents = [step for step in steps if b"toy/agent/" in step]
    traces.write_bytes(b"".join(step for step in steps if step not in agents[:3]))
    agent, hybrid = reprice(folder, price_table(), as_model="gpt-5.5")
    assert (agent.billed, agent.cold) == (None, None)
    assert "traces.jsonl lacks 3 of the calls" in str(agent.reason)
    assert hybrid.billed
    monkeypatch.chdir(tmp_path)
    assert invoke(["reprice", "./run", "--as", "gpt-5.5", "--batch"]) == 0
    said = capsys.readouterr().out
    assert "by batch prices" in said
    assert "lacks 3 of the calls" in said


def test_a_model_without_a_price_is_told_how_to_get_one(tmp_path: Path) -> None:
    agent, _hybrid = reprice(run_toy(tmp_path), price_table())
    assert agent.billed is None
    assert str(agent.reason).endswith("--prices, docs/dollars.md, or name another model with --as")

"""Replay: the same run again from its traces; anything else is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.journal import read_run, read_steps
from bench.models.replay import ReplayModel
from tests.running import run_plan, run_toy, toy_plan


def test_a_replayed_run_is_the_recorded_one_labelled_as_such(tmp_path: Path) -> None:
    recorded = run_toy(tmp_path)
    run_plan(toy_plan(ReplayModel(recorded)), tmp_path / "again")

    def outcome(folder: Path) -> dict[tuple[str, str, int], tuple[str, ...]]:
        return {
            (t.approach, t.case, t.repeat): (
                t.status,
                t.outcome_hash,
                t.raw_hash,
                t.state_hash,
                t.tool_sequence_hash,
            )
            for t in read_run(folder).trials
        }

    assert outcome(tmp_path / "again") == outcome(recorded)
    agent = next(t for t in read_run(tmp_path / "again").trials if t.approach == "agent")
    assert {agent.provenance.success, agent.provenance.time, agent.provenance.tokens} == {
        "replayed"
    }
    assert all(step.tokens == "replayed" for step in read_steps(tmp_path / "again"))


def test_a_request_that_the_recording_lacks_is_refused(tmp_path: Path) -> None:
    recorded = run_toy(tmp_path)
    with pytest.raises(BenchError, match="nothing recorded for agent on digits-0004"):
        run_plan(toy_plan(ReplayModel(recorded), digits=5), tmp_path / "again")


def test_a_changed_prompt_is_refused_naming_the_first_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = run_toy(tmp_path)
    plan = toy_plan(ReplayModel(recorded))
    monkeypatch.setattr(
        type(plan.scenarios[0].scenario), "prompt", lambda self: "Say whether primes are odd."
    )
    with pytest.raises(BenchError, match=r"message 0 \(system\) differs .* 'numbers"):
        run_plan(plan, tmp_path / "again")


def test_of_several_recorded_models_one_must_be_named(tmp_path: Path) -> None:
    recorded = run_toy(tmp_path)
    assert ReplayModel(recorded, "scripted").name.endswith("#scripted")
    with pytest.raises(BenchError, match="it has scripted"):
        ReplayModel(recorded, "gpt-5.5")

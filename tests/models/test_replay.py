"""Replay: the same run again from its traces; anything else is refused."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import BenchError, ProviderError
from bench.journal import read_run, read_steps
from bench.models.replay import ReplayModel
from bench.runner import run
from bench.types import Cause, JobReport, Limits, Reply, Request, Sweep
from tests.fault_server import FaultServer
from tests.running import Quiet, always_even, run_plan, run_toy, toy_plan
from tests.scripted import ScriptedModel
from tests.test_hosted_run import agent_plan, run_into
from tests.toy import Toy


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


class Troubled(ScriptedModel):
    """Hangs in the second step of one case, and finds nobody home for another."""

    async def reply(self, request: Request) -> Reply:
        assert request.origin is not None
        if request.origin.case == "digits-0001" and request.origin.step == 1:
            await asyncio.sleep(60)
        if request.origin.case == "digits-0002":
            raise ProviderError("nobody home")
        return await super().reply(request)


def test_trials_that_were_cut_off_end_alike_when_replayed(tmp_path: Path) -> None:
    plan = toy_plan(Troubled([always_even]))
    plan = replace(plan, settings=replace(plan.settings, limits=Limits(seconds=0.5)))
    run_plan(plan, tmp_path / "run")
    run_plan(replace(plan, models=(ReplayModel(tmp_path / "run"),)), tmp_path / "again")

    def ends(folder: Path) -> Counter[tuple[object, ...]]:
        return Counter(
            (t.approach, t.case, t.repeat, t.status, t.cause, t.detail, t.steps, t.usage)
            for t in read_run(folder).trials
        )

    assert ends(tmp_path / "again") == ends(tmp_path / "run")
    causes = {t.cause for t in read_run(tmp_path / "again").trials}
    assert {Cause.TIME_LIMIT, Cause.INFRASTRUCTURE} <= causes


def test_a_changed_job_may_leave_other_records_to_the_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = run_toy(tmp_path)
    monkeypatch.setattr(Toy, "job", lambda *_, **__: JobReport((), {"digits-0001/0": "changed"}))
    run_plan(toy_plan(ReplayModel(recorded)), tmp_path / "again")
    before, after = (
        next(
            t for t in read_run(folder).trials if (t.approach, t.case) == ("hybrid", "digits-0001")
        )
        for folder in (recorded, tmp_path / "again")
    )
    assert before.steps == 0
    assert after.steps == 2, "the agent of the recording was asked the same"


def test_a_sweep_is_replayed_too(tmp_path: Path) -> None:
    plan = toy_plan()
    plan = replace(plan, settings=replace(plan.settings, sweep=Sweep("concurrency", (1, 2))))
    run_plan(plan, tmp_path / "run")
    run_plan(replace(plan, models=(ReplayModel(tmp_path / "run"),)), tmp_path / "again")
    swept = read_run(tmp_path / "again").swept
    assert len(swept) == len(read_run(tmp_path / "run").swept) > 0
    assert {t.provenance.time for t in swept if t.model} == {"replayed"}


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


class Changing:
    """A recording that is asked something else."""

    def __init__(self, model: ReplayModel, change: Callable[[Request], Request]) -> None:
        self._model, self._change = model, change

    def __getattr__(self, name: str) -> object:
        return getattr(self._model, name)

    async def reply(self, request: Request) -> Reply:
        return await self._model.reply(self._change(request))


def renamed(request: Request) -> Request:
    first, *others = request.tools
    function = {**first["function"], "description": "Read a digit."}
    return replace(request, tools=({**first, "function": function}, *others))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (renamed, r"tool look differs from the recording at character \d+: 'number"),
        (lambda r: replace(r, tools=r.tools[:1]), "tool label was recorded, and is not offered"),
        (
            lambda r: replace(r, temperature=0.5),
            "temperature differs from the recording: 0.0 was recorded, 0.5 is asked",
        ),
        (lambda r: replace(r, seed=9), "seed differs from the recording: .* 9 is asked"),
        (lambda r: replace(r, max_tokens=9), "max_tokens differs from the recording: 9 is asked"),
        (lambda r: replace(r, messages=r.messages[:1]), "2 messages were recorded, 1 are sent"),
    ],
)
def test_a_changed_tool_or_parameter_is_named(
    tmp_path: Path, change: Callable[[Request], Request], said: str
) -> None:
    with FaultServer() as server:
        run_into(agent_plan(server.url, 1), tmp_path / "run", "s")
        plan = agent_plan(server.url, 1)
    model = ReplayModel(tmp_path / "run")
    same = replace(plan, models=(model,))
    asyncio.run(run(same, Nothing(), Quiet()))
    other = replace(plan, models=(Changing(model, change),))  # type: ignore[arg-type]
    with pytest.raises(BenchError, match=said):
        asyncio.run(run(other, Nothing(), Quiet()))


class Nothing:
    """A record that keeps nothing."""

    def step(self, step: object) -> None: ...

    def trial(self, trial: object) -> None: ...

    def batch(self, batch: object) -> None: ...

    def finish(self) -> None: ...


def test_of_several_recorded_models_one_must_be_named(tmp_path: Path) -> None:
    recorded = run_toy(tmp_path)
    assert ReplayModel(recorded, "scripted").name.endswith("#scripted")
    with pytest.raises(BenchError, match="it has scripted"):
        ReplayModel(recorded, "gpt-5.5")

"""The runner: what is planned is run, once, on a fresh database, and goes on record."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.journal import read_run, read_steps
from bench.types import Limits
from tests.running import APPROACHES, always_even, run_plan, run_toy, toy_plan
from tests.scripted import ScriptedModel
from tests.toy import TOY


def test_every_planned_trial_is_on_record_once(tmp_path: Path) -> None:
    plan = toy_plan()
    run_plan(plan, tmp_path / "run")
    recorded = Counter(trial.id for trial in read_run(tmp_path / "run").trials)
    assert recorded == Counter(trial.id for trial in plan.trials())
    assert set(recorded.values()) == {1}


def test_only_the_chosen_cases_are_repeated(tmp_path: Path) -> None:
    plan = toy_plan(repeats=3)
    run_plan(plan, tmp_path / "run")
    (cases,) = plan.scenarios
    for approach in APPROACHES:
        counts = Counter(
            t.case for t in read_run(tmp_path / "run").trials if t.approach == approach
        )
        assert counts == {c.id: 3 if c.id in cases.repeated else 1 for c in cases.cases}


def test_repeats_send_identical_requests(tmp_path: Path) -> None:
    folder = run_toy(tmp_path)
    hashes: dict[tuple[str, str], set[str]] = {}
    for step in read_steps(folder):
        _, approach, _, case, _ = step.trial.split("/")
        hashes.setdefault((approach, case + str(step.step)), set()).add(step.request_hash)
    assert {len(found) for found in hashes.values()} == {1}


def test_verdicts_come_from_the_database(tmp_path: Path) -> None:
    trials = read_run(run_toy(tmp_path)).trials
    odd = {
        case.id for case in TOY.cases({"digits": 4, "words": 2}, 1) if "odd" in case.truth.values()
    }
    for trial in trials:
        if trial.approach == "agent":
            assert trial.status == ("fail" if trial.case in odd else "pass")
        if trial.approach == "job":
            assert trial.status == ("deferred" if trial.stratum == "words" else "pass")
        if trial.approach == "always_skip":
            assert trial.status == "fail"


def test_the_job_is_deterministic_on_every_measure(tmp_path: Path) -> None:
    by_case: dict[str, set[tuple[str, ...]]] = {}
    for trial in read_run(run_toy(tmp_path)).trials:
        if trial.approach == "job":
            by_case.setdefault(trial.case, set()).add(
                (
                    trial.outcome_hash,
                    trial.raw_hash,
                    trial.state_hash,
                    trial.tool_sequence_hash,
                )
            )
    assert {len(found) for found in by_case.values()} == {1}


def test_the_job_is_timed_in_rounds_and_costs_compute_but_no_tokens(tmp_path: Path) -> None:
    trial = next(t for t in read_run(run_toy(tmp_path)).trials if t.approach == "job")
    assert trial.timing is not None
    assert trial.timing.rounds >= 5
    assert 0 < trial.timing.min_s <= trial.timing.median_s <= trial.timing.max_s
    assert trial.dollars.api == 0.0
    assert trial.dollars.compute == pytest.approx(trial.timing.median_s * 0.10 / 3600)
    assert trial.usage.total == 0


def test_a_local_model_costs_compute_dollars_and_no_api_dollars(tmp_path: Path) -> None:
    trial = next(t for t in read_run(run_toy(tmp_path)).trials if t.approach == "agent")
    assert trial.dollars.api is None
    assert trial.dollars.reason
    assert trial.dollars.compute == pytest.approx(trial.working_s * 0.10 / 3600)
    assert trial.working_s == pytest.approx(1.0, abs=0.1)  # two steps of half a second each
    assert trial.provenance.dollars == "assumed"


def test_a_call_that_was_cut_off_costs_time_and_its_tokens_are_unknown(tmp_path: Path) -> None:
    plan = toy_plan(ScriptedModel([always_even], delay_s=0.2))
    hurried = replace(plan.settings, limits=Limits(seconds=0.05))
    run_plan(replace(plan, settings=hurried), tmp_path / "run")
    trial = next(t for t in read_run(tmp_path / "run").trials if t.approach == "agent")
    assert trial.cause == "time_limit"
    assert trial.usage.input is None
    assert trial.working_s >= 0.04
    assert trial.dollars.compute == pytest.approx(trial.working_s * 0.10 / 3600)


def test_the_job_batch_is_timed_and_verified(tmp_path: Path) -> None:
    (batch,) = read_run(run_toy(tmp_path)).batches
    assert (batch.records, batch.passed, batch.failed) == (50, 50, 0)
    assert batch.seconds > 0


def test_trials_on_record_are_not_run_again(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    plan = toy_plan()
    run_plan(plan, folder)
    journal = (folder / "journal.jsonl").read_text().splitlines(keepends=True)
    half = [line for line in journal if '"kind":"trial"' in line][: len(journal) // 2]
    (folder / "journal.jsonl").write_text("".join(half))
    done = {trial.id for trial in read_run(folder).trials}
    watcher = run_plan(toy_plan(), folder, done=done)
    assert {trial.id for trial in watcher.trials}.isdisjoint(done)
    again = read_run(folder)
    assert again.finished
    assert Counter(t.id for t in again.trials) == Counter(t.id for t in plan.trials())


def test_agent_and_hybrid_alternate_case_by_case() -> None:
    plan = toy_plan()
    first = [t for t in plan.modelled(plan.models[0]) if t.repeat == 0]
    pairs = [tuple(t.approach for t in first[i : i + 2]) for i in range(0, len(first), 2)]
    assert pairs[0] == ("agent", "hybrid")
    assert pairs[1] == ("hybrid", "agent")
    assert all(first[i].case == first[i + 1].case for i in range(0, len(first), 2))


def test_the_model_is_closed_even_if_a_trial_breaks_the_run(tmp_path: Path) -> None:
    model = ScriptedModel([BenchError("the recording lacks this")])
    with pytest.raises(BenchError, match="the recording lacks this"):
        run_plan(toy_plan(model), tmp_path / "run")
    assert model.closed
    assert not read_run(tmp_path / "run").finished


def test_at_most_as_many_trials_at_once_as_the_model_serves(tmp_path: Path) -> None:
    class Counting(ScriptedModel):
        now = most = 0

        async def reply(self, request):  # type: ignore[no-untyped-def]
            type(self).now += 1
            type(self).most = max(self.most, self.now)
            try:
                await asyncio.sleep(0.005)
                return await super().reply(request)
            finally:
                type(self).now -= 1

    run_plan(toy_plan(Counting([always_even], concurrency=3)), tmp_path / "run")
    assert Counting.most == 3


def test_no_database_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    run_toy(tmp_path)
    assert list((tmp_path / "temporary").iterdir()) == []


CHILD = """
import sys
from pathlib import Path
from bench.journal import read_run
from tests.running import always_even, run_plan, toy_plan
from tests.scripted import ScriptedModel

folder = Path(sys.argv[1])
done = {t.id for t in read_run(folder).trials} if folder.exists() else set()
run_plan(toy_plan(ScriptedModel([always_even], delay_s=0.01)), folder, done=done)
"""


def test_a_killed_run_resumes_without_losing_or_repeating_a_trial(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    kills = 0
    for _ in range(60):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(folder)], cwd=Path.cwd())
        journal = folder / "journal.jsonl"
        before = journal.stat().st_size if journal.exists() else 0
        deadline = time.monotonic() + 60
        while child.poll() is None and time.monotonic() < deadline:
            grown = journal.stat().st_size if journal.exists() else 0
            if kills < 4 and grown > before + 3_000 * (kills + 1):
                os.kill(child.pid, signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.002)
        if child.wait() == 0:
            break
    assert kills >= 2, "the run was over before it could be killed"
    recorded = read_run(folder)
    assert recorded.finished
    assert Counter(t.id for t in recorded.trials) == Counter(t.id for t in toy_plan().trials())
    steps = Counter((s.trial, s.attempt, s.task, s.step) for s in read_steps(folder))
    assert set(steps.values()) == {1}


def test_ids_are_hashes_of_content() -> None:
    from bench.hashing import content_hash

    assert content_hash({"b": 1, "a": [1]}) == content_hash({"a": (1,), "b": 1})
    assert content_hash("é") == hashlib.sha256('"é"'.encode()).hexdigest()


def test_plain_code_has_a_phase_of_its_own_before_any_model_works(tmp_path: Path) -> None:
    plan = toy_plan()
    watcher = run_plan(plan, tmp_path / "run")
    assert watcher.phases == [
        ("plain code", len(plan.plain())),
        ("scripted", len(plan.modelled(plan.models[0]))),
    ]
    uses_model = [trial.model is not None for trial in watcher.trials]
    assert uses_model == sorted(uses_model)

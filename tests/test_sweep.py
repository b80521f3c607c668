"""One run at several settings: planned, resumed, and kept apart from the run's own figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

import scenarios
from bench.analysis import summarise
from bench.cli import invoke
from bench.errors import BenchError
from bench.journal import read_run
from bench.runner import Plan
from bench.sweep import check, parse
from bench.types import Case, Scenario, Sweep, Trial
from tests.running import always_even, run_plan, toy_plan
from tests.scripted import ScriptedModel
from tests.toy import TOY, Toy


class Sized(Toy):
    """The toy with cases of several numbers."""

    def __init__(self, records: int = 1) -> None:
        self.records = records

    def resized(self, records: int) -> Scenario:
        return Sized(records)

    def cases(self, counts: Mapping[str, int], seed: int) -> list[Case]:
        if self.records == 1:
            return super().cases(counts, seed)
        return [
            self._case(f"{stratum}-{number:04d}-{self.records}", stratum, ["12"] * self.records)
            for stratum, count in counts.items()
            for number in range(count)
        ]


def swept(parameter: str, *values: int, model: ScriptedModel | None = None) -> Plan:
    plan = toy_plan(model, repeats=1)
    return replace(plan, settings=replace(plan.settings, sweep=Sweep(parameter, values)))


def test_values_may_be_written_as_powers_of_ten_and_come_in_order() -> None:
    assert parse("records=1e4,1e2,1e3") == Sweep("records", (100, 1_000, 10_000))
    assert parse("concurrency=8, 1") == Sweep("concurrency", (1, 8))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("records", "write PARAMETER=VALUE,VALUE"),
        ("temperature=0,1", "one of records, concurrency, repeats, batch"),
        ("records=100,many", "'many' is no whole number from 1"),
        ("records=1.5,2", "'1.5' is no whole number"),
        ("records=0,2", "'0' is no whole number"),
        ("records=nan,2", "'nan' is no whole number"),
        ("records=1e9,2", "'1e9' is no whole number"),
        ("records=100", "needs two values at least"),
        ("records=100,1e2", "needs two values at least"),
    ],
)
def test_a_sweep_that_is_none_is_one_clear_line(text: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        parse(text)


def test_a_scenario_without_a_size_of_its_cases_cannot_be_swept_over_it() -> None:
    with pytest.raises(BenchError, match="the cases of toy have no size to choose"):
        check(Sweep("batch", (1, 2)), [TOY])
    check(Sweep("batch", (1, 2)), [Sized()])


def test_records_time_the_job_in_a_batch_of_each_size(tmp_path: Path) -> None:
    run_plan(swept("records", 10, 50, 200), tmp_path / "run")
    recorded = read_run(tmp_path / "run")
    assert [batch.records for batch in recorded.batches] == [50, 10, 200]
    assert recorded.swept == []
    assert all(batch.passed == batch.records for batch in recorded.batches)


def test_concurrency_runs_the_models_trials_once_more_at_each_value(tmp_path: Path) -> None:
    model = ScriptedModel([always_even], concurrency=8, delay_s=0.05)
    plan = swept("concurrency", 1, 4, model=model)
    run_plan(plan, tmp_path / "run")
    recorded = read_run(tmp_path / "run")
    points = Counter((trial.point, trial.approach) for trial in recorded.swept)
    assert points == {
        (point, approach): 6
        for point in ("concurrency=1", "concurrency=4")
        for approach in ("agent", "hybrid")
    }
    assert len(recorded.recorded) == len(plan.trials()) == recorded.manifest.planned_trials
    assert {trial.id for trial in recorded.recorded} == {trial.id for trial in plan.trials()}
    assert most_at_once(recorded.swept, "concurrency=1") == 1
    assert most_at_once(recorded.swept, "concurrency=4") == 4
    agent = next(c for c in summarise(tmp_path / "run").curves if c.approach == "agent")
    assert [point.value for point in agent.points] == [1, 4]
    assert agent.seconds is not None
    assert agent.seconds.low is None  # two points have no interval


def most_at_once(trials: list[Trial], point: str) -> int:
    spans = [(t.started, t.started + t.wall_s) for t in trials if t.point == point]
    return max(sum(begin <= start < end for begin, end in spans) for start, _ in spans)


def test_a_sweeps_trials_do_not_count_in_the_figures_of_the_run(tmp_path: Path) -> None:
    model = ScriptedModel([always_even], concurrency=8)
    run_plan(swept("concurrency", 1, 4, model=model), tmp_path / "swept")
    run_plan(toy_plan(repeats=1), tmp_path / "plain")
    with_sweep, plain = summarise(tmp_path / "swept"), summarise(tmp_path / "plain")
    assert [(r.trials, r.tokens_in) for r in with_sweep.rows] == [
        (r.trials, r.tokens_in) for r in plain.rows
    ]
    assert with_sweep.lost_calls == 0
    assert with_sweep.trials == with_sweep.planned_trials


def test_a_sweep_that_was_killed_goes_on_with_the_points_that_are_missing(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run_plan(swept("concurrency", 1, 2), folder)
    lines = (folder / "journal.jsonl").read_text().splitlines(keepends=True)
    cut = next(n for n, line in enumerate(lines) if '"point":"concurrency=2"' in line)
    (folder / "journal.jsonl").write_text("".join(lines[: cut + 1]))
    done = {trial.id for trial in read_run(folder).recorded}
    watcher = run_plan(swept("concurrency", 1, 2), folder, done=done)
    assert {trial.point for trial in watcher.trials} == {"concurrency=2"}
    again = read_run(folder)
    assert Counter(t.id for t in again.recorded) == Counter(
        t.id for t in swept("concurrency", 1, 2).trials()
    )


def test_batch_runs_cases_of_each_size_with_job_and_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(scenarios.SCENARIOS, "toy", "tests.test_sweep:SIZED")
    command = ["run", "toy", "-m", "reference", "--cases", "2", "--sweep", "batch=2,5"]
    assert invoke([*command, "--results", str(tmp_path)]) == 0
    folder = (tmp_path / "latest").resolve()
    recorded = read_run(folder)
    assert {(t.point, t.records) for t in recorded.swept} == {("batch=2", 2), ("batch=5", 5)}
    curves = {curve.approach: curve for curve in summarise(folder).curves}
    assert [point.value for point in curves["job"].points] == [2, 5]
    assert curves["agent"].points[0].seconds is None  # the reference has no time
    assert curves["agent"].points[0].tokens
    text = (folder / "report.md").read_text()
    assert "Points along records a case" in text
    assert "each record, by records a case" in text


SIZED = Sized()


def test_repeats_run_as_often_as_the_largest_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(scenarios.SCENARIOS, "toy", "tests.toy:TOY")
    command = ["run", "toy", "-m", "reference", "--cases", "3", "--sweep", "repeats=1,2,4"]
    assert invoke([*command, "--results", str(tmp_path)]) == 0
    summary = summarise((tmp_path / "latest").resolve())
    assert summary.repeats == 4
    agent = next(curve for curve in summary.curves if curve.approach == "agent")
    tokens = [point.tokens or 0.0 for point in agent.points]
    assert tokens == pytest.approx([tokens[0], 2 * tokens[0], 4 * tokens[0]])
    assert agent.tokens is not None
    assert agent.tokens.value == pytest.approx(1.0)


def test_a_wrong_sweep_ends_with_code_2_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results"
    for text in ("speed=1,2", "batch=1,2"):
        arguments = ["run", "billing_webhooks", "-m", "reference", "--sweep", text]
        assert invoke([*arguments, "--results", str(results)]) == 2
        said = capsys.readouterr().err
        assert said.startswith("error: --sweep")
        assert said.count("\n") == 1
    assert not results.exists()

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.analysis.queries import Queries, QueryTally
from bench.analysis.summary import summarise
from bench.journal import Run, read_run, read_steps
from bench.report import outline
from bench.report.transcripts import tell
from bench.types import Step
from tests.running import run_toy


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return read_run(run_toy(tmp_path_factory.mktemp("results")))


def rows_of(run: Run, steps: list[Step]) -> dict[tuple[str, str | None], Queries]:
    tally = QueryTally(run.trials, {"engine": "SQLite", "version": "3"})
    assert list(tally.passing(steps)) == steps
    return {(row.approach, row.tool): row for row in tally.rows()}


def test_each_tool_and_the_job_tell_how_long_they_waited(run: Run) -> None:
    steps = list(read_steps(run.folder))
    found = rows_of(run, steps)
    looks = [
        tool
        for step in steps
        for tool in step.tools
        if tool.name == "look" and "/agent/" in step.trial
    ]
    look = found["agent", "look"]
    assert look.calls == len(looks)
    assert look.statements == 1
    assert look.p50_s is not None
    assert 0 < look.p50_s <= look.max_s == max(tool.query_s or 0.0 for tool in looks)
    assert look.share is not None
    assert 0 < look.share < 1
    assert look.p99_s is None
    assert look.reasons["p99_s"] == "fewer than 299 calls"
    job = found["job", None]
    assert job.calls == sum(trial.approach == "job" for trial in run.trials)
    assert job.statements == 2  # what is pending, and the labels
    assert {row.engine for row in found.values()} == {"SQLite"}


def test_a_slower_call_shows_and_a_killed_attempts_does_not(run: Run) -> None:
    steps = list(read_steps(run.folder))
    number = next(i for i, s in enumerate(steps) if s.tools and "/agent/" in s.trial)
    slow = replace(steps[number].tools[0], query_s=9.0, duration_s=9.5)
    later = replace(steps[number], tools=(slow,))
    name = slow.name
    assert rows_of(run, [*steps, later])["agent", name].max_s == 9.0
    killed = replace(later, attempt="before the kill")
    assert rows_of(run, [*steps, killed])["agent", name] == rows_of(run, steps)["agent", name]


def test_runs_that_did_not_count_have_no_such_figures(run: Run) -> None:
    old = [
        replace(step, tools=tuple(replace(t, queries=None, query_s=None) for t in step.tools))
        for step in read_steps(run.folder)
    ]
    assert {key for key in rows_of(run, old) if key[1]} == set()


def test_the_report_and_the_transcript_show_them(run: Run, tmp_path: Path) -> None:
    summary = summarise(run.folder)
    assert summary.database == run.manifest.database
    (scenario,) = outline.outline(summary, ())
    tables = [table for section in scenario.sections for table in section.tables]
    (shown,) = [table for table in tables if table.title.startswith("Time in the database: SQLite")]
    assert {row[1].text for row in shown.rows} == {"a whole case", "look", "label"}
    trial = next(trial for trial in run.trials if trial.approach == "agent")
    told = tell(trial, list(read_steps(run.folder, trial)))
    assert any("of it in one statement" in block.small for block in told.blocks)
    assert "statements" in dict(told.facts)["database"]

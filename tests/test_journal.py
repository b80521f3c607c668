"""A run's folder: nothing complete is lost, nothing broken passes silently."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from bench.errors import BenchError, JournalError
from bench.hashing import canonical_json
from bench.journal import (
    JOURNAL,
    MANIFEST,
    Journal,
    encode,
    read_manifest,
    read_run,
    read_steps,
)
from tests.running import run_toy


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    folder = run_toy(tmp_path)
    run = read_run(folder)
    assert run.finished
    assert not run.torn
    assert len(run.trials) == run.manifest.planned_trials
    agent = next(trial for trial in run.trials if trial.approach == "agent")
    steps = list(read_steps(folder, agent))
    assert len(steps) == agent.steps == 2
    assert sum(step.usage.input or 0 for step in steps) == agent.usage.input


def test_a_torn_last_line_is_dropped_on_reading_and_cut_off_on_resuming(tmp_path: Path) -> None:
    folder = run_toy(tmp_path)
    journal = folder / JOURNAL
    whole = journal.read_bytes()
    lines = whole.splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-2]) + lines[-2][:40])
    run = read_run(folder)
    assert run.torn
    assert len(run.trials) == sum(b'"kind":"trial"' in line for line in lines[:-2])
    Journal(folder).close()
    assert journal.read_bytes() == b"".join(lines[:-2])


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (b"{oops\n", "not a JSON object"),
        (b'{"kind":"trial"}\n', "id: Field required"),
        (b'{"kind":"poem"}\n', "unknown kind 'poem'"),
    ],
)
def test_a_broken_line_in_the_middle_is_named(tmp_path: Path, broken: bytes, message: str) -> None:
    folder = run_toy(tmp_path)
    journal = folder / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:2], broken, *lines[2:]]))
    with pytest.raises(JournalError, match=rf"journal\.jsonl:3: .*{message}"):
        read_run(folder)


def test_a_trial_that_stands_twice_is_refused(tmp_path: Path) -> None:
    folder = run_toy(tmp_path)
    journal = folder / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines, lines[0]]))
    with pytest.raises(JournalError, match="stands there twice"):
        read_run(folder)


def test_another_schema_version_is_refused_with_the_mend(tmp_path: Path) -> None:
    folder = run_toy(tmp_path)
    raw = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**raw, "schema_version": 99}))
    with pytest.raises(JournalError, match="schema version 99, this program reads"):
        read_manifest(folder)


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no run there"):
        read_run(tmp_path)


def test_one_process_at_a_time_holds_a_run(tmp_path: Path) -> None:
    folder = run_toy(tmp_path)
    first = Journal(folder)
    with pytest.raises(BenchError, match="another process is writing"):
        Journal(folder)
    first.close()
    Journal(folder).close()


def test_model_output_with_lone_surrogates_survives(tmp_path: Path) -> None:
    folder = run_toy(tmp_path, text="\udce9 and \x00 and 💸")
    assert read_run(folder).finished
    assert any("💸" in step.text for step in read_steps(folder))


def test_a_line_holds_what_its_dataclass_holds(tmp_path: Path) -> None:
    folder = run_toy(tmp_path)
    lines = [json.loads(line) for line in (folder / JOURNAL).read_text().splitlines()]
    for trial in read_run(folder).trials:
        (line,) = (each for each in lines if each.get("id") == trial.id)
        assert encode("trial", trial) == (canonical_json(line) + "\n").encode()
        assert line == {"kind": "trial", **json.loads(canonical_json(asdict(trial)))}
    for step in read_steps(folder):
        assert json.loads(encode("step", step)) == {
            "kind": "step",
            **json.loads(canonical_json(asdict(step))),
        }

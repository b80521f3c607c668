"""The command line: what a person types, what they read, and the code with which it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

import scenarios
from bench.cli import invoke
from bench.journal import read_run
from tests.running import run_toy

TOY = ("toy", "-m", "reference")


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(scenarios.SCENARIOS, "toy", "tests.toy:TOY")


def bench(*arguments: str | Path) -> int:
    return invoke([str(argument) for argument in arguments])


def test_a_run_ends_with_a_report_and_latest_leads_to_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("run", *TOY, "--cases", "2", "--results", tmp_path) == 0
    latest = tmp_path / "latest"
    assert read_run(latest.resolve()).finished
    for name in ("report.md", "report.html", "summary.json"):
        assert (latest / name).stat().st_size > 0
    said = capsys.readouterr().out
    assert "report.html" in said
    assert "modelled" in said


def test_latest_leads_back_to_the_run_before_when_a_run_fails(tmp_path: Path) -> None:
    assert bench("run", *TOY, "--cases", "2", "--results", tmp_path) == 0
    before = (tmp_path / "latest").resolve()
    replay = ("toy", "-m", f"replay/{before.name}", "--results", tmp_path)
    assert bench("run", *replay, "--cases", "4") == 2
    unfinished = [path for path in tmp_path.iterdir() if not path.is_symlink() and path != before]
    assert [read_run(folder).finished for folder in unfinished] == [False]
    assert (tmp_path / "latest").resolve() == before
    assert bench("run", *replay, "--cases", "2") == 0
    assert (tmp_path / "latest").resolve() not in (before, *unfinished)


def test_a_finished_run_is_not_continued_but_an_interrupted_one_is(tmp_path: Path) -> None:
    arguments = ("run", *TOY, "--cases", "2", "--results", tmp_path)
    assert bench(*arguments) == 0
    folder = (tmp_path / "latest").resolve()
    lines = (folder / "journal.jsonl").read_text().splitlines(keepends=True)
    (folder / "journal.jsonl").write_text("".join(lines[:5]))
    assert bench(*arguments) == 0
    assert (tmp_path / "latest").resolve() == folder
    assert len(read_run(folder).trials) == sum('"kind":"trial"' in line for line in lines)
    time.sleep(1.1)  # a run is named after the second in which it began
    assert bench(*arguments) == 0
    assert (tmp_path / "latest").resolve() != folder


def test_strata_may_be_named_with_commas_or_one_by_one(tmp_path: Path) -> None:
    for number, how in enumerate((["digits,words"], ["digits", "words"])):
        options = [each for name in how for each in ("--strata", name)]
        results = tmp_path / str(number)
        assert bench("run", *TOY, "-a", "agent", *options, "--results", results) == 0
        trials = read_run((results / "latest").resolve()).trials
        assert {trial.stratum for trial in trials} == {"digits", "words"}


def test_a_copy_put_aside_does_not_keep_a_run_from_being_continued(tmp_path: Path) -> None:
    arguments = ("run", *TOY, "--cases", "2", "--results", tmp_path)
    assert bench(*arguments) == 0
    folder = (tmp_path / "latest").resolve()
    shutil.copytree(folder, tmp_path / "reference")
    lines = (folder / "journal.jsonl").read_text().splitlines(keepends=True)
    (folder / "journal.jsonl").write_text("".join(lines[:5]))
    assert bench(*arguments) == 0
    assert (tmp_path / "latest").resolve() == folder
    assert read_run(folder).finished


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nonsense"], "no scenario 'nonsense'; there are billing_webhooks"),
        (["run", "toy", "-a", "robot"], "no approach 'robot'; there are always_skip"),
        (["run", "toy", "--strata", "odd"], "no stratum 'odd'; there are digits, words"),
        (["run", "toy", "--full", "--smoke"], "exclude each other"),
        (
            ["run", "billing_webhooks", "--hostile", "--strata", "renewal"],
            "no attack in --strata; add hostile_text, hostile_twin",
        ),
        (["run", "toy", "--protocol", "telepathy"], "there are native, action"),
        (["run", "toy", "-m", "local/missing.gguf"], "missing.gguf"),
        (["run", "toy", "-m", "replay/nowhere"], "no run there"),
        (["run", "toy", "-m", "replay/"], "name the run to replay"),
        (["run", "toy", "-m", "replay/#reference"], "name the run to replay"),
        (["run", "toy", "-m", "no-such-model-9000"], "no-such-model-9000"),
        (["report", "nowhere"], "no such run"),
        (["show", "x", "--run", "nowhere"], "no such run"),
        (["models", "pull", "gpt-5.5"], "no local model 'gpt-5.5'; there are smollm2-135m"),
    ],
)
def test_bad_input_is_one_clear_line_and_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    results = [] if arguments[0] == "models" else ["--results", str(tmp_path / "results")]
    assert bench(*arguments, *results) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "results").exists()


def test_a_results_folder_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results").write_text("a file, not a folder")
    assert bench("run", *TOY, "--results", tmp_path / "results") == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_corrupt_journal_line_is_named_with_its_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run_toy(tmp_path)
    lines = (folder / "journal.jsonl").read_text().splitlines(keepends=True)
    (folder / "journal.jsonl").write_text("".join([lines[0], "garbage\n", *lines[1:]]))
    assert bench("report", "run", "--results", tmp_path) == 2
    assert "journal.jsonl:2: not a JSON object" in capsys.readouterr().err


def test_show_prints_one_transcript(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_toy(tmp_path)
    trial = "toy/agent/scripted/words-0000/0"
    assert bench("show", trial, "--run", "run", "--results", tmp_path) == 0
    said = capsys.readouterr().out
    assert "Label the number words-0000/0." in said
    assert "twelve" in said


def test_show_wants_a_trial_that_is_unique(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_toy(tmp_path)
    assert bench("show", "agent", "--run", "run", "--results", tmp_path) == 2
    assert "give more of the id" in capsys.readouterr().err


def test_list_names_scenarios_approaches_and_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_toy(tmp_path)
    assert bench("list", "--results", tmp_path) == 0
    said = capsys.readouterr().out
    for name in ("billing_webhooks", "csv_reconciliation", "hybrid", "scripted"):
        assert name in said


def test_doctor_tells_which_keys_are_set_without_showing_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-mine")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    assert bench("doctor", "--results", tmp_path) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "OPENAI_API_KEY is set" in said
    assert "ANTHROPIC_API_KEY is not set" in said
    assert "secret-of-mine" not in said


@pytest.mark.parametrize("command", [[], ["run"], ["report"], ["show"], ["models"], ["doctor"]])
def test_every_command_has_help_with_an_example(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(*command, "--help") == 0
    said = capsys.readouterr().out
    assert "Usage" in said
    if command:
        assert "bench " + command[0] in said.split("Usage", 1)[1].split("\n", 1)[1]


def test_the_version_is_the_installed_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("--version") == 0
    assert capsys.readouterr().out == f"agent-or-job {version('agent-or-job')}\n"


def test_ctrl_c_ends_with_130_one_line_and_a_run_that_goes_on(tmp_path: Path) -> None:
    script = (
        "import sys, scenarios\n"
        "scenarios.SCENARIOS['toy'] = 'tests.toy:TOY'\n"
        "import bench.session\n"
        "from tests.scripted import ScriptedModel\n"
        "from tests.running import always_even\n"
        "bench.session.open_model = lambda name, **_: ScriptedModel([always_even], delay_s=0.05)\n"
        "from bench.cli import invoke\n"
        "sys.exit(invoke())\n"
    )
    arguments = ["run", "toy", "-m", "reference", "--cases", "20", "--results", str(tmp_path)]
    child = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and child.poll() is None:
        traces = list(tmp_path.glob("latest/traces.jsonl"))
        if traces and traces[0].stat().st_size > 0:
            break
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130, said
    assert said.strip() == (
        "stopped; nothing is lost: the same command goes on where this one stopped"
    )
    journal = tmp_path / "latest" / "journal.jsonl"
    lines = journal.read_text().splitlines()
    assert lines
    assert all(json.loads(line)["kind"] != "finished" for line in lines)

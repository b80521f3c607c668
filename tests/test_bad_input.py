"""What a user mistypes: one line that names what is wrong and the mend, and exit code 2."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import scenarios
from bench.cli import app, invoke
from tests.running import run_toy


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(scenarios.SCENARIOS, "toy", "tests.toy:TOY")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    run_toy(folder)
    (folder / "file").write_text("of no use")
    torn = folder / "torn"
    run_toy(torn)
    (torn / "run" / "traces.jsonl").write_bytes(b"\xff\x00\n" + b"{}\n")
    return folder


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("run toy -m ''", "--model '': give a name"),
        ("run toy -m direct/x --base-url localhost:80", "--base-url localhost:80: give an address"),
        (
            "run toy -m direct/x --base-url http://localhost --max-usd 1 --allow-unpriced --yes",
            "--max-usd needs a price: no price is known for direct/x",
        ),
        ("run toy -m reference --cases 1 --results {results}/file", "choose another folder"),
        ("report run --min-success 95", "--min-success 95: Input should be less than or equal"),
        ("report run --economics none.toml", "none.toml: cannot be read (No such file or"),
        ("export run --out {results}/file/x.csv", "name another file with --out"),
        ("export run --to parquet --out {results}/file/x.parquet", "name another file with --out"),
        ("export torn/run --table steps", "delete the line (its transcript then lacks that step)"),
        ("forecast toy --models ,", "--models: name one or more"),
        ("forecast toy --models nope", "check the name, or put its price into a file"),
        ("doctor --results {results}/file", ""),
        ("scenario job billing_webhooks --database mysql://u:hunter2@host/db", "mysql://…: cannot"),
        (
            "scenario serve billing_webhooks --secret s --port 0 --database mysql://u:hunter2@h/db",
            "mysql://…: cannot be opened",
        ),
        (
            "scenario serve billing_webhooks --secret s --host 192.0.2.1 --port 0 --database {db}",
            "choose another --host or --port",
        ),
    ],
)
def test_a_mistake_is_one_line_with_its_mend_and_code_2(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, said: str
) -> None:
    words = command.format(results=results, db=tmp_path / "db.sqlite").split()
    arguments = [word.strip("'") for word in words]
    if "--results" not in arguments and arguments[0] in ("run", "report", "export"):
        arguments += ["--results", str(results)]
    assert invoke(arguments) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.err.count("\n") <= 1
    assert "hunter2" not in told.out + told.err


def test_a_gate_finds_out_before_it_runs_that_its_report_cannot_be_written(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["gate", "billing_webhooks", "-m", "reference", "--cases", "1"]
    arguments += ["--strata", "renewal", "--results", str(tmp_path)]
    assert invoke([*arguments, "--output", str(results / "file" / "gate")]) == 2
    assert "cannot be made" in capsys.readouterr().err
    assert not list(tmp_path.glob("*-base"))


def commands() -> list[list[str]]:
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    found = [[command.name or command.callback.__name__] for command in app.registered_commands]  # type: ignore[union-attr]
    for name, group in groups.items():
        found += [
            [str(name), command.name or command.callback.__name__]  # type: ignore[union-attr]
            for command in group.registered_commands
        ]
    return found


def test_every_command_explains_itself_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(commands()) >= 15
    for command in commands():
        assert invoke([*command, "--help"]) == 0
        told = capsys.readouterr().out
        assert re.search(rf"Examples?:\s+(\w+=\S+ )?bench {' '.join(command)}", told), command


def test_a_group_alone_shows_what_it_can_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["scenario"]) == 0
    assert "serve" in capsys.readouterr().out

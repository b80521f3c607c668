from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from bench.analysis import load, load_steps
from bench.cli import invoke
from bench.journal import read_run
from tests.synthetic import LOCAL, Shape, write_run

SHAPE = Shape(
    scenarios=("billing_webhooks",), models=((LOCAL, 0.6, 2.4),), text="=HYPERLINK(1)", ordinary=4
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_run(tmp_path / "results" / "run", SHAPE)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def exported(folder: Path, *options: str) -> int:
    return invoke(["export", "run", "--results", str(folder.parent), *options])


def test_every_trial_is_a_row_of_the_csv(folder: Path) -> None:
    assert exported(folder) == 0
    rows = rows_of(folder / "trials.csv")
    trials = read_run(folder).trials
    assert [row["id"] for row in rows] == [trial.id for trial in trials]
    assert [row["tokens_input"] for row in rows] == [str(t.usage.input) for t in trials]
    job = next(n for n, trial in enumerate(trials) if trial.approach == "job")
    assert rows[job]["model"] == ""
    assert float(rows[job]["usd_compute"]) == pytest.approx(trials[job].dollars.compute)


def test_json_keeps_the_unknown_as_null(folder: Path) -> None:
    assert exported(folder, "--to", "json", "--out", str(folder / "out" / "t.json")) == 0
    rows = json.loads((folder / "out" / "t.json").read_text("utf-8"))
    trials = read_run(folder).trials
    assert [row["model"] for row in rows] == [trial.model for trial in trials]
    assert rows[0]["usd_reason"] is None


def test_parquet_reads_back_as_it_was(folder: Path) -> None:
    pytest.importorskip("pyarrow", reason="pip install pyarrow")
    assert exported(folder, "--to", "parquet") == 0
    again = pd.read_parquet(folder / "trials.parquet")
    assert again["id"].tolist() == load(folder)["id"].tolist()
    assert again["working_s"].tolist() == load(folder)["working_s"].tolist()


def test_without_pyarrow_the_mend_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ImportError("no engine")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", missing)
    assert exported(folder, "--to", "parquet") == 2
    assert "pip install pyarrow" in capsys.readouterr().err
    assert [path.name for path in folder.glob("*trials*")] == []


def test_a_spreadsheet_gets_no_formula_from_a_model(folder: Path) -> None:
    path = folder / "traces.jsonl"
    path.write_text(path.read_text().replace('"text":"{', '"text":"=1+{'))
    assert exported(folder, "--table", "steps") == 0
    rows = rows_of(folder / "steps.csv")
    assert len(rows) == len(load_steps(folder)) > 0
    assert {row["text"][:3] for row in rows} == {"'=1"}


def test_every_column_is_documented(folder: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "export.md").read_text("utf-8")
    for part, frame in (("Trials", load(folder)), ("Steps", load_steps(folder))):
        section = page.split(f"## {part}")[1].split("\n## ")[0]
        named = {
            n
            for line in section.splitlines()
            for n in re.findall("`(\\w+)`", line.split("|")[1] if "|" in line else "")
        }
        assert named == set(frame.columns)


@pytest.mark.parametrize("options", [("--to", "xlsx"), ("--table", "records")])
def test_an_unknown_format_or_table_names_the_known_ones(
    folder: Path, options: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exported(folder, *options) == 2
    assert "there are" in capsys.readouterr().err

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.report import ReportPaths, write_report
from tests.synthetic import Shape, write_run


def test_a_report_is_written_from_the_run_folder_alone(written: ReportPaths) -> None:
    folder = written.html.parent
    assert {path.name for path in folder.iterdir()} == {
        "manifest.json",
        "journal.jsonl",
        "traces.jsonl",
        "report.html",
        "report.md",
        "summary.json",
        "charts",
        "transcripts",
    }
    linked = {failure.example for failure in written.summary.failures}
    differing = [case for row in written.summary.determinism for case in row.differing[:3]]
    linked |= {trial for case in differing for trial in (case.first, case.second)}
    assert len(written.transcripts) == len(linked)


def test_a_new_report_replaces_the_old_one(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Shape(scenarios=("billing_webhooks",), models=()))
    (folder / "charts").mkdir()
    (folder / "charts" / "old.svg").write_text("old")
    paths = write_report(folder)
    assert not (folder / "charts" / "old.svg").exists()
    assert paths.transcripts == ()
    assert "No trial failed." in paths.markdown.read_text()
    assert "No model was called." in paths.html.read_text()


def test_a_run_without_a_trial_says_what_to_do(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Shape(models=()))
    (folder / "journal.jsonl").write_text("")
    with pytest.raises(BenchError, match="no trial on record yet; repeat the command"):
        write_report(folder)


def test_a_report_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    shape = Shape(scenarios=("billing_webhooks",), models=(), ordinary=2)
    folder = write_run(tmp_path / "run", shape)
    (folder / "report.html").mkdir()
    with pytest.raises(BenchError, match=r"the report cannot be written \(Is a directory\)"):
        write_report(folder)

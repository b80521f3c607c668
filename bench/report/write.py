"""Writes everything that belongs to a run's report into the run's folder."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.analysis.assumptions import Assumptions, load_assumptions
from bench.analysis.rows import Summary
from bench.analysis.summary import candidates_of, summarise_run
from bench.errors import BenchError
from bench.journal import read_run, read_steps
from bench.report import differences, export, html, markdown
from bench.report.app import FOLDER, app_data, in_table_order
from bench.report.charts import charts
from bench.report.charts.drawing import Chart
from bench.report.transcripts import Transcript, all_transcripts
from bench.types import Step


@dataclass(frozen=True)
class ReportPaths:
    """What was written, and the figures in it."""

    html: Path
    markdown: Path
    summary_json: Path
    charts: tuple[Path, ...]
    transcripts: tuple[Path, ...]
    beside: tuple[Path, ...]
    """Scripts with the transcripts of a run too large for one file."""
    summary: Summary


def write_report(folder: Path, assumptions: Assumptions | None = None) -> ReportPaths:
    """Write ``report.html``, ``report.md``, ``summary.json``, ``charts/`` and ``transcripts/``.

    Reads the journal and the traces, nothing else. The decision rests on ``assumptions``, or on the
    documented defaults. Files of an earlier report are replaced.
    Raises ``JournalError`` if the run cannot be read, ``BenchError`` if nothing can be written.
    """
    run = read_run(folder)
    if not run.trials:
        raise BenchError(f"{folder}: no trial on record yet; repeat the command of the run first")
    assumptions = assumptions or load_assumptions()
    steps: Counter[tuple[str, str]] = Counter()
    summary = summarise_run(run, _counted(read_steps(folder), steps), assumptions)
    candidates = candidates_of(run, assumptions)
    drawn = charts(summary, run.trials, candidates)
    examples = [failure.example for failure in summary.failures]
    for _, case in differences.wanted(summary.determinism):
        examples += [case.first, case.second]
    trials = in_table_order(run.trials)
    kept = dict.fromkeys(examples)
    told: dict[str, Transcript] = {}
    all_told = _keeping(all_transcripts(folder, trials, steps), kept, told)
    data = app_data(candidates, assumptions, trials, all_told)
    told = {name: told[name] for name in kept}
    try:
        return ReportPaths(
            html=_write(folder / "report.html", html.render(summary, drawn, told, data)),
            markdown=_write(folder / "report.md", markdown.render(summary, drawn, told)),
            summary_json=_write(folder / "summary.json", export.to_json(summary)),
            charts=_charts(folder / "charts", drawn),
            transcripts=_transcripts(folder / "transcripts", told),
            beside=_beside(folder / FOLDER, data.files),
            summary=summary,
        )
    except OSError as error:
        raise BenchError(
            f"{folder}: the report cannot be written ({error.strerror}); make room or mend the "
            "folder's permissions, then 'bench report' writes it again"
        ) from None


def _counted(steps: Iterable[Step], counts: Counter[tuple[str, str]]) -> Iterator[Step]:
    for step in steps:
        counts[step.trial, step.attempt] += 1
        yield step


def _keeping(
    transcripts: Iterable[Transcript], wanted: Container[str], kept: dict[str, Transcript]
) -> Iterator[Transcript]:
    for transcript in transcripts:
        if transcript.trial.id in wanted:
            kept[transcript.trial.id] = transcript
        yield transcript


def _charts(folder: Path, drawn: tuple[Chart, ...]) -> tuple[Path, ...]:
    _empty(folder, "*.svg", "*.png")
    written = []
    for chart in drawn:
        written.append(_write(folder / f"{chart.name}.svg", chart.svg))
        written.append(_write(folder / f"{chart.name}.png", chart.png))
    return tuple(written)


def _transcripts(folder: Path, told: dict[str, Transcript]) -> tuple[Path, ...]:
    _empty(folder, "*.md")
    return tuple(
        _write(folder / f"{transcript.name}.md", markdown.render_transcript(transcript))
        for transcript in told.values()
    )


def _beside(folder: Path, files: dict[str, str]) -> tuple[Path, ...]:
    if not files:
        shutil.rmtree(folder, ignore_errors=True)
        return ()
    _empty(folder, "*.js")
    return tuple(_write(folder / name, script) for name, script in files.items())


def _empty(folder: Path, *patterns: str) -> None:
    folder.mkdir(exist_ok=True)
    for pattern in patterns:
        for old in folder.glob(pattern):
            old.unlink()


def _write(path: Path, content: str | bytes) -> Path:
    """Whole or not at all: a reader never sees half a file."""
    temporary = path.with_name(f".{path.name}")
    if isinstance(content, bytes):
        temporary.write_bytes(content)
    else:
        temporary.write_text(content, "utf-8", "backslashreplace", "\n")
    temporary.replace(path)
    return path

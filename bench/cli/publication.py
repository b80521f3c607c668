"""Where a comparison goes: terminal, Markdown, JSON, JUnit, transcripts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import BenchError

if TYPE_CHECKING:
    from rich.console import Console

    from bench.duel import Side
    from bench.gate import Gate, GateSettings

TRANSCRIPTS = 20


def publish(
    folders: Mapping[Side, Path],
    settings: GateSettings,
    console: Console,
    folder: Path,
    link_base: str,
    step_summary: Path | None,
) -> Gate:
    """Print what the two runs say, and write it with the transcripts of flipped cases."""
    from bench.duel import SIDES
    from bench.gate import compare, junit, read_side, terminal
    from bench.gate.calibration import calibrated
    from bench.gate.export import to_json
    from bench.gate.markdown import render

    base, head = (read_side(folders[side]) for side in SIDES)
    found = calibrated(compare(base, head, settings), base, head)
    console.print(terminal.render(found))
    links = _transcripts(folders, found, folder, link_base)
    comment = render(found, links)
    write(folder / "gate.md", comment)
    write(folder / "gate.json", to_json(found))
    write(folder / "gate.xml", junit.render(found))
    append(step_summary, comment)
    console.print(f"report: {folder / 'gate.md'}", markup=False, highlight=False)
    return found


def _transcripts(
    folders: Mapping[Side, Path], found: Gate, folder: Path, link_base: str
) -> dict[tuple[str, str], str]:
    """Write the transcripts of flipped cases, both sides, and say where they are."""
    from bench.gate.baseline import is_baseline
    from bench.hashing import content_hash
    from bench.journal import read_run, read_steps
    from bench.report.markdown import render_transcript
    from bench.report.transcripts import tell

    links: dict[tuple[str, str], str] = {}
    for side, folder_of_run in folders.items():
        if is_baseline(folder_of_run):
            continue  # it keeps no transcripts
        trials = {trial.id: trial for trial in read_run(folder_of_run).trials}
        for comparison in found.comparisons:
            for flip in comparison.flips[:TRANSCRIPTS]:
                name = flip.base_trial if side == "base" else flip.head_trial
                path = f"transcripts/{flip.case}-{content_hash(name)[:8]}-{side}.md"
                steps = list(read_steps(folder_of_run, trials[name]))
                write(folder / path, render_transcript(tell(trials[name], steps)))
                links[side, name] = f"{link_base.rstrip('/')}/{path}" if link_base else path
    return links


def make_folder(folder: Path) -> None:
    """Make a folder where it is missing. Raises ``BenchError``."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchError(
            f"{folder}: cannot be made ({error.strerror}); name another folder"
        ) from None


def write(path: Path | None, text: str) -> None:
    """Write a file, its folder included, if one is asked for. Raises ``BenchError``."""
    if path is None:
        return
    make_folder(path.parent)
    try:
        path.write_text(text, "utf-8", "replace")
    except OSError as error:
        raise BenchError(f"{path}: cannot be written ({error.strerror})") from None


def append(path: Path | None, text: str) -> None:
    """Append to a file, if one is asked for. Raises ``BenchError``."""
    if path is None:
        return
    try:
        with path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as error:
        raise BenchError(f"{path}: cannot be written ({error.strerror})") from None

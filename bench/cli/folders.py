"""Where runs lie, and their reports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.errors import BenchError

if TYPE_CHECKING:
    from rich.console import Console

    from bench.analysis.assumptions import Assumptions

RESULTS = Path("results")

Results = Annotated[Path, typer.Option("--results", help="Folder that holds the runs.")]
RunName = Annotated[str, typer.Argument(help="A run's name or folder; the latest by default.")]


def find_run(name: str, results: Path) -> Path:
    """The folder of the run that the user named. Raises ``BenchError`` if there is none."""
    folder = Path(name) if Path(name).is_dir() and "/" in name else results / name
    if not folder.is_dir():
        raise BenchError(
            f"{folder}: no such run; 'bench list' shows the runs, 'bench run' makes one"
        )
    return folder.resolve() if folder.is_symlink() else folder


def point_latest(folder: Path) -> None:
    """Let results/latest lead to the newest run."""
    latest = folder.parent / "latest"
    try:
        latest.unlink(missing_ok=True)
        latest.symlink_to(folder.name)
    except OSError as error:
        raise BenchError(f"{latest}: cannot be made ({error.strerror}); move it away") from None


@contextmanager
def latest_unless_failed(folder: Path) -> Iterator[None]:
    """Let results/latest lead to the run that is under way; if it ends with an error, back to the
    run before, if there is one."""
    latest = folder.parent / "latest"
    before = latest.resolve() if latest.is_symlink() else None
    point_latest(folder)
    try:
        yield
    except BenchError:
        if before is not None and before.is_dir():
            point_latest(latest.with_name(before.name))
        raise


def make_report(folder: Path, console: Console, assumptions: Assumptions | None = None) -> None:
    """Write a run's report and print its table."""
    from bench.report import terminal_table, write_report

    written = write_report(folder, assumptions)
    console.print(terminal_table(written.summary))
    console.print(f"report: {written.html}", markup=False, highlight=False)

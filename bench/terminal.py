"""What a person sees on the terminal while the program works."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from bench.watcher import Ended

RATED_EVERY_S = 0.25
"""Between two looks at the speed, which rich works out from the last thousand trials."""

MARKS = {
    "pass": "[green]pass[/]",
    "deferred": "[yellow]deferred[/]",
    "fail": "[red]fail[/]",
    "unknown": "done",
}


class RunProgress:
    """A bar for each phase of a run: how many trials, how fast, how long still."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<22}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[last]}"),
            console=console,
        )
        self._task: TaskID | None = None
        self._rated = 0.0

    def __enter__(self) -> RunProgress:
        self._progress.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._progress.stop()

    def phase(self, title: str, trials: int) -> None:
        """Start a bar."""
        self._task = self._progress.add_task(title, total=trials, rate="", last="")

    def trial(self, trial: Ended) -> None:
        """Advance the bar, saying what has just ended."""
        if self._task is None:
            return
        last = f"{trial.approach} {trial.case} {MARKS[trial.status]}"
        self._progress.update(self._task, advance=1, last=last)
        now = time.monotonic()
        if now - self._rated < RATED_EVERY_S:
            return
        self._rated = now
        speed = self._progress.tasks[self._task].speed
        if speed:
            rate = f"{speed:.1f}/s" if speed >= 1 else f"{60 * speed:.1f}/min"
            self._progress.update(self._task, rate=rate)


class Download:
    """A bar for a download: told how many bytes are there, of how many."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task
        self._note = ""

    def __call__(self, done: int, total: int, note: str) -> None:
        """Show the state; a note that changes is printed on a line of its own."""
        if note and note != self._note:
            self._note = note
            self._progress.console.print(f"  {note}", markup=False, highlight=False)
        self._progress.update(self._task, completed=done, total=total)


@contextmanager
def download_bar(console: Console, title: str, total: int) -> Iterator[Download]:
    """A progress bar for one download."""
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    with progress:
        yield Download(progress, progress.add_task(title, total=total))

"""``bench bless``: keep a run as the baseline of later ones."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from bench.cli.folders import RESULTS, Results, RunName, find_run
from bench.errors import BenchError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def bless(
    run: RunName = "latest",
    name: Annotated[
        str, typer.Option(help="Name of the baseline; an earlier one of that name is replaced.")
    ] = "main",
    by: Annotated[
        str | None, typer.Option(help="Who blesses it; git's user.name by default.")
    ] = None,
    note: Annotated[str, typer.Option(help="Why, in a few words.")] = "",
    results: Results = RESULTS,
) -> None:
    """Keep a run as a baseline, in results/baseline, small enough to review and commit.

    Example: bench bless latest --name nightly --note "as released in November"
    """
    from rich.console import Console

    from bench.gate import baseline, comparable, read_side

    if not NAME.fullmatch(name):
        raise BenchError(f"--name {name}: letters, digits, dots, dashes and underscores only")
    side = read_side(find_run(run, results))
    folder = results / baseline.FOLDER / name
    blessed = baseline.bless(
        side.run,
        side.snapshots,
        folder,
        key=comparable.key(side),
        by=by or _somebody(),
        note=note,
    )
    console = Console(highlight=False)
    size = sum(path.stat().st_size for path in folder.iterdir())
    console.print(
        f"{folder}: run {blessed.run}, blessed by {blessed.by}; {size / 1024:,.0f} KiB to commit",
        markup=False,
        soft_wrap=True,
    )
    if any(plan.own for plan in side.run.manifest.scenarios) and not side.run.manifest.redacted:
        console.print(
            "It names records of your own: look at it before you commit it.", style="bold"
        )
    console.print(
        f"later: bench compare --baseline {name} RUN, or bench gate --baseline {name}",
        markup=False,
        style="dim",
    )


def _somebody() -> str:
    """Git's user name, else the system's."""
    import getpass
    import subprocess

    try:
        told = subprocess.run(
            ["git", "config", "user.name"], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        told = ""
    if told:
        return told
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise BenchError("nobody is known to git or to the system; say who with --by") from None

"""``bench doctor``: what is here, what is missing, how to mend it."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli.folders import RESULTS, Results


def doctor(
    results: Results = RESULTS,
    database: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A PostgreSQL database to look at: docs/postgresql.md."),
    ] = None,
) -> None:
    """Say what is installed, which models and keys are there, and how to mend what is missing.

    Example: bench doctor --database postgresql+psycopg://me@localhost/scratch
    """
    from rich.console import Console

    from bench.doctor import examine

    console = Console()
    findings = examine(results, database)
    for finding in findings:
        mark = {"ok": "[green]ok[/]  ", "note": "[yellow]note[/]", "bad": "[red]bad[/] "}
        console.print(f"{mark[finding.state]}  ", end="")
        console.print(finding.text, markup=False, highlight=False)
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(2)

"""``bench doctor``: what is here, what is missing, how to mend it."""

from __future__ import annotations

import typer

from bench.cli.folders import RESULTS, Results


def doctor(results: Results = RESULTS) -> None:
    """Say what is installed, which models and keys are there, and how to mend what is missing.

    Example: bench doctor
    """
    from rich.console import Console

    from bench.doctor import examine

    console = Console()
    findings = examine(results)
    for finding in findings:
        mark = {"ok": "[green]ok[/]  ", "note": "[yellow]note[/]", "bad": "[red]bad[/] "}
        console.print(f"{mark[finding.state]}  ", end="")
        console.print(finding.text, markup=False, highlight=False)
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(2)

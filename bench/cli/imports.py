"""``bench import``: other people's agents as runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.folders import RESULTS, Results, make_report, point_latest
from bench.cli.options import Prices, as_typed


def import_(
    files: Annotated[list[Path], typer.Argument(help="Result files; several make one run.")],
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Name of the model, if not the file's.")
    ] = None,
    scenario: Annotated[
        str | None, typer.Option("--scenario", "-s", help="Name of the scenario, likewise.")
    ] = None,
    scorer: Annotated[
        str | None, typer.Option(help="Which score of an inspect_ai log says what is right.")
    ] = None,
    prices: Prices = None,
    results: Results = RESULTS,
) -> None:
    """Make a run of an agent's results elsewhere, and report on it: determinism, pass^k, cost.

    Takes result files of τ-bench and τ²-bench (.json) and logs of inspect_ai (.json, .eval):
    docs/importing.md says what becomes of what.

    Example: bench import logs/2026-11-24_popularity.eval
    """
    from rich.console import Console

    from bench.imports import import_files
    from bench.metering.prices import price_table

    folder = import_files(
        files,
        results,
        price_table(prices),
        command=as_typed(),
        model=model,
        scenario=scenario,
        scorer=scorer,
    )
    point_latest(folder)
    console = Console()
    console.print(f"imported: {folder}", markup=False, highlight=False)
    make_report(folder, console)

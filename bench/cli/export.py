"""``bench export``: a run as a table for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.folders import RESULTS, Results, RunName, find_run
from bench.errors import BenchError


def export(
    run: RunName = "latest",
    to: Annotated[str, typer.Option("--to", help="csv, parquet or json.")] = "csv",
    table: Annotated[str, typer.Option(help="trials (one row each) or steps.")] = "trials",
    out: Annotated[
        Path | None, typer.Option(help="File to write; in the run's folder by default.")
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Write a run's trials or steps as a table: docs/export.md lists the columns.

    Example: bench export latest --to csv --out trials.csv
    """
    from bench.report.tabular import KINDS, TABLES, export_table

    if to not in KINDS:
        raise BenchError(f"no format {to!r}; there are {', '.join(KINDS)}")
    if table not in TABLES:
        raise BenchError(f"no table {table!r}; there are {', '.join(TABLES)}")
    folder = find_run(run, results)
    path = out or folder / f"{table}.{to}"
    rows = export_table(folder, to, table, path)
    typer.echo(f"{path}: {rows:,} {table}")

"""Executing a run: agree on its cost, run it, report. For every command that makes one."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bench.cli.folders import latest_unless_failed, make_report
from bench.cli.models import fetch
from bench.errors import BenchError

if TYPE_CHECKING:
    from rich.console import Console

    from bench.metering.expected import Expected
    from bench.session import Options, Session


@dataclass(frozen=True)
class Done:
    """A run that has been executed and reported, as far as its budget went."""

    folder: Path
    planned: int
    undone: int
    """Trials that were not run for lack of budget."""


def execute(
    options: Options, *, workers: int = 1, allow_unpriced: bool = False, yes: bool = False
) -> Done:
    """Fetch models, agree on the cost, run, report."""
    import asyncio

    from rich.console import Console

    from bench import runner
    from bench.metering.expected import write_expected
    from bench.models.keys import load_keys
    from bench.redaction import Redacted, key_file, read_key
    from bench.session import hosted, meter, model_names, prepare
    from bench.terminal import RunProgress
    from bench.workers import Workers

    if options.redact and workers > 1:
        raise BenchError("--redact needs a process of its own: leave --workers out")
    console = Console()
    load_keys(Path())
    for name in model_names(options):
        fetch(name, console)
    session = prepare(options)
    expected: list[Expected] = []
    if hosted(session.plan.models):
        expected = _agree_on_cost(session, console, allow_unpriced=allow_unpriced, yes=yes)
    key = read_key(key_file()) if options.redact else None
    journal = session.open()
    record = journal if key is None else Redacted(journal, key)
    spending = None
    try:
        write_expected(session.folder, expected)
        spending = meter(session, options.max_usd)
        total = len(session.plan.trials())
        recorded = session.recorded
        state = f", {len(recorded.done)} on record already" if recorded else ""
        console.print(f"{session.folder}: {total} trials{state}", highlight=False)
        with latest_unless_failed(session.folder), RunProgress(console) as progress:
            undone = asyncio.run(
                runner.run(
                    session.plan,
                    record,
                    progress,
                    done=recorded.done if recorded else (),
                    timed=recorded.timed if recorded else (),
                    executor=Workers(workers, journal, spending),
                )
            )
        if spending is not None and undone:
            spending.leave_undone(undone)
    finally:
        journal.close()
        if spending is not None:
            spending.close()
    make_report(session.folder, console)
    if undone:
        console.print(
            f"stopped at --max-usd {options.max_usd:g}: {len(undone)} of {total} trials were not "
            "run for lack of budget (spending.jsonl lists them); the same command with a higher "
            "--max-usd goes on"
        )
    return Done(session.folder, total, len(undone))


def _agree_on_cost(
    session: Session, console: Console, *, allow_unpriced: bool, yes: bool
) -> list[Expected]:
    """Show what the hosted models' share of a run will cost, and ask before spending. Returns the
    forecasts."""
    import asyncio

    from rich.table import Table

    from bench.forecast import forecast
    from bench.metering.expected import Expected
    from bench.session import hosted

    table = Table(title="forecast from ideal calls; a real model takes detours", box=None)
    for column in ("model", "trials", "tokens in", "of them cached", "out", "USD", "USD, no cache"):
        table.add_column(column, justify="left" if column == "model" else "right")
    unpriced = []
    expected = []
    for model in hosted(session.plan.models):
        cost = asyncio.run(forecast(session.plan, model.priced_as or model.name, session.ideal))
        if cost.usd is None:
            unpriced.append(model.name)
        expected.append(Expected(model.name, *cost.range, cost.groups))
        table.add_row(
            model.name,
            f"{cost.trials:,}",
            f"{cost.tokens_in:,}",
            f"{cost.tokens_cached:,}",
            f"{cost.tokens_out:,}",
            "unknown" if cost.usd is None else f"{cost.usd:.4f}",
            "unknown" if cost.usd_cold is None else f"{cost.usd_cold:.4f}",
        )
    if unpriced and not allow_unpriced:
        raise BenchError(
            f"no price is known for {', '.join(unpriced)}; check the name, give a price with "
            "--prices FILE, or allow it with --allow-unpriced"
        )
    console.print(table)
    if yes:
        return expected
    if not sys.stdin.isatty():
        raise BenchError("this run costs money and nobody is there to agree; add --yes")
    if not typer.confirm("Spend that?"):
        raise typer.Exit(0)
    return expected

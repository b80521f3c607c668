"""``bench gate --self-test``: made-up comparisons, decided by the gate and by others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bench.cli.folders import find_run

if TYPE_CHECKING:
    from rich.console import Console

    from bench.gate import GateSettings

STRATA = 4


def simulate(
    console: Console,
    settings: GateSettings,
    *,
    journals: int,
    seed: int,
    run: str | None,
    results: Path,
) -> None:
    """Print false-alarm rates, power and cases of each rule in each world. Exits with 1 if a
    promise is broken beyond doubt."""
    from rich.table import Table

    from bench.gate import selftest
    from bench.journal import read_run

    worlds = list(selftest.WORLDS)
    if run is not None:
        worlds.append(selftest.resampled(read_run(find_run(run, results)).trials, run))
    table = Table(title=f"{journals:,} comparisons a row, {STRATA} strata, seed {seed}")
    table.add_column("world")
    for column in ("cases,\nfixed", *selftest.RULES, "no\nevidence", "cases,\nsequential", "saved"):
        table.add_column(column, justify="right")
    tallies = []
    for world in worlds:
        cases = selftest.planned_cases(world, settings) or 400
        each = -(-cases // STRATA)
        tally = selftest.run(
            world, settings, journals=journals, strata=STRATA, each=each, seed=seed
        )
        tallies.append(tally)
        table.add_row(
            world.name,
            f"{tally.fixed:,}",
            *(f"{tally.rate(rule):.1%}" for rule in selftest.RULES),
            f"{tally.cleared / journals:.1%}",
            f"{tally.cases:,.0f}",
            f"{1 - tally.cases / tally.fixed:.0%}",
        )
    console.print(table)
    console.print(
        "Alarms by rule: false ones where nothing changed, power elsewhere. 'no evidence', 'cases' "
        "and 'saved' are the sequential gate's, beside a fixed one with as many cases as it needs: "
        "10 points lost are seen, and nothing changed is cleared, nine times out of ten.",
        style="dim",
    )
    if broken := list(selftest.broken_promises(tallies, settings.alpha)):
        for each_broken in broken:
            console.print(each_broken, style="bold red", markup=False)
        raise typer.Exit(1)

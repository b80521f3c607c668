"""``bench gate --self-test``: made-up comparisons, decided by the gate and by others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bench.cli.folders import find_run

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from bench.gate import GateSettings
    from bench.gate.selftest import Tally

NOTHING_PLANNED = 400
"""Cases where no number of them would do what is asked of a fixed gate."""
WORLD_WIDTH = 27


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
    from rich.progress import track

    from bench.gate import selftest
    from bench.gate.worlds import WORLDS, resampled
    from bench.journal import read_run

    worlds = list(WORLDS)
    if run is not None:
        worlds.append(resampled(read_run(find_run(run, results)).trials, run))
    tallies = []
    for world in track(worlds, "simulating", console=console, transient=True):
        each = -(-(selftest.planned_cases(world, settings) or NOTHING_PLANNED) // world.strata)
        tallies.append(selftest.run(world, settings, journals=journals, each=each, seed=seed))
    console.print(_alarms(tallies, seed))
    console.print(
        "Where nothing changed alarms are false; elsewhere they are the power. All rules but "
        "'sequential' see as many cases as a fixed gate needs to see 10 points lost and to clear "
        "an unchanged prompt, nine times out of ten; 'sequential' at most a quarter more.",
        style="dim",
    )
    console.print(_savings(tallies))
    for told in _promises(tallies):
        console.print(told, highlight=False)
    if broken := list(selftest.broken_promises(tallies, settings.alpha)):
        for each_broken in broken:
            console.print(each_broken, style="bold red", markup=False)
        raise typer.Exit(1)


def _alarms(tallies: Sequence[Tally], seed: int) -> Table:
    from bench.gate.selftest import RULES

    table = _table(
        f"alarms in {tallies[0].journals:,} simulated comparisons a row, seed {seed}",
        *("cases", *(rule.replace(" ", "\n").replace("-", "-\n") for rule in RULES)),
    )
    for tally in tallies:
        rates = (f"{tally.rate(rule):.1%}" for rule in RULES)
        table.add_row(tally.world.name, f"{tally.fixed:,}", *rates)
    return table


def _savings(tallies: Sequence[Tally]) -> Table:
    table = _table(
        "the sequential gate, on average",
        *("no\nevidence", "cases,\nfixed", "cases,\nsequential", "tokens\nsaved"),
    )
    for tally in tallies:
        table.add_row(
            tally.world.name,
            f"{tally.cleared / tally.journals:.1%}",
            f"{tally.fixed:,}",
            f"{tally.cases:,.0f}",
            f"{tally.saved:.0%}",
        )
    return table


def _table(title: str, *columns: str) -> Table:
    """Fits into 80 columns."""
    from rich.table import Table

    table = Table(title=title, box=None, padding=(0, 1), pad_edge=False)
    table.add_column("world", max_width=WORLD_WIDTH, overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _promises(tallies: Sequence[Tally]) -> list[str]:
    """All comparisons in which nothing had changed, together."""
    from bench.gate.selftest import BEYOND_DOUBT, OURS

    still = [tally for tally in tallies if tally.world.unchanged]
    journals = sum(tally.journals for tally in still)
    told = []
    for rule in OURS:
        alarms = sum(tally.alarms[rule] for tally in still)
        least = max(tally.at_least(rule) for tally in still)
        told.append(
            f"{rule}: {alarms:,} false alarms in {journals:,} comparisons "
            f"({alarms / journals:.1%}); "
            f"in the worst row at least {least:.1%} ({BEYOND_DOUBT:.0%} lower bound)"
        )
    return told

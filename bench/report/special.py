"""The tables that a run adds in the terminal when it was about more than the usual cases."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from bench.analysis.rows import Summary
from bench.report.tables import changes, mistakes
from bench.report.tables.cells import Cell, Table

NAMES = 2
"""Columns that name the row, and so are kept in one piece."""


def special(summary: Summary, scenario: str) -> list[RenderableType]:
    """Drift and the repair it called for, attacks, guards that were off; nothing in an ordinary
    run."""
    chosen: tuple[tuple[Table | None, tuple[str, ...]], ...] = (
        (
            changes.drift_table(summary, scenario, ("all", "changed")),
            ("deferred", "wrong without entry", "provenance"),
        ),
        (changes.repair_table(summary, scenario), ()),
        (mistakes.attack_table(summary, scenario), ("attacks",)),
    )
    if summary.attacked or not summary.guards:
        chosen = (*chosen, (mistakes.guard_table(summary, scenario), ()))
    return [_shown(table, leave_out) for table, leave_out in chosen if table is not None]


def _shown(table: Table, leave_out: Sequence[str]) -> RenderableType:
    """A report's table for 80 columns: the second line of a cell below the first."""
    shown = RichTable(
        title=table.title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        expand=False,
    )
    kept = [n for n, column in enumerate(table.columns) if column.title not in leave_out]
    for number in kept:
        column = table.columns[number]
        shown.add_column(
            _narrow(column.title, [row[number] for row in table.rows]),
            justify=column.align,
            no_wrap=number < NAMES,
        )
    for row in table.rows:
        cells = []
        for number in kept:
            text = Text(row[number].text)
            if row[number].small:
                text.append(f"\n{row[number].small}", style="dim")
            cells.append(text)
        shown.add_row(*cells)
    return shown


def _narrow(title: str, cells: Sequence[Cell]) -> str:
    """The title in lines no longer than its longest word, or than what stands below it."""
    below = (len(line) for cell in cells for line in (cell.text, cell.small))
    return "\n".join(wrap(title, max([*below, *map(len, title.split()), 1])))

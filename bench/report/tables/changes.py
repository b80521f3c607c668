"""Tables of what a change of the world did, and how large the repair was."""

from __future__ import annotations

from collections.abc import Collection

from bench.analysis.drift import Drifted
from bench.analysis.rows import Summary
from bench.report import numbers
from bench.report.tables.cells import LEFT, WHO, Cell, Column, Table, label

WORLDS = {
    "none": "before",
    "shape": "new shape",
    "rules": "new rules",
    "rules_repaired": "repaired",
}
PARTS = {
    "all": "all",
    "changed": "made for it",
    "others": "the other cases",
}
NOT_WORDED = "this scenario does not say what stands in its books"


def drift_table(
    summary: Summary, scenario: str, parts: Collection[str] | None = None
) -> Table | None:
    """Every approach before and after, in all parts or those named; None without drift."""
    rows = [
        row
        for row in summary.drifted
        if row.scenario == scenario and (parts is None or row.part in parts)
    ]
    if not rows:
        return None
    return Table(
        title="Before and after the change",
        columns=(
            WHO,
            Column("world", LEFT),
            Column("right", LEFT),
            Column("deferred"),
            Column("wrong"),
            Column("wrong entries"),
            Column("wrong without entry"),
            Column("change, points"),
            Column("cases"),
            Column("provenance", LEFT),
        ),
        rows=tuple(_cells(row) for row in rows),
        caption="The same cases, before and after. Right, deferred and wrong are shares of records "
        "with 95% intervals; a wrong entry is a record with something wrong in the books; the "
        "change counts whole cases, paired. In “new rules” nothing was "
        "repaired yet. “Made for it”: cases in which the "
        "change matters. Only like is compared with like: repaired with repaired.",
    )


def _cells(row: Drifted) -> tuple[Cell, ...]:
    right = Cell(numbers.UNKNOWN, note="no usable trial")
    if row.success is not None and row.success_low is not None and row.success_high is not None:
        right = Cell(
            numbers.percent(row.success),
            small=numbers.percent_range(row.success_low, row.success_high),
            bar=(row.success_low, row.success, row.success_high),
            approach=row.approach,
        )
    change = Cell("") if row.world == "none" else Cell(numbers.UNKNOWN, note="a single case")
    if row.difference is not None:
        change = Cell(
            _points(row.difference),
            small=f"{_points(row.difference_low or 0.0)} to {_points(row.difference_high or 0.0)}",
        )
    return (
        Cell(label(row.approach, None), small=row.model or "", approach=row.approach),
        Cell(WORLDS[row.world], small=PARTS.get(row.part, row.part.replace("_", " "))),
        right,
        Cell(numbers.percent(row.deferred)),
        Cell(numbers.percent(row.failed)),
        _entries(row.wrong_entries),
        _entries(row.missing_entries),
        change,
        Cell(numbers.count(row.cases)),
        Cell(row.provenance or numbers.UNKNOWN),
    )


def _points(share: float) -> str:
    return f"{share * 100:+.0f}".replace("-0", "+0").replace("-", "−")


def _entries(count: int | None) -> Cell:
    return Cell(numbers.count(count), note=NOT_WORDED if count is None else "")


def repair_table(summary: Summary, scenario: str) -> Table | None:
    """How large the repair was; None if nothing was repaired."""
    rows = [row for row in summary.repairs if row.scenario == scenario]
    if not rows:
        return None
    whose = {"job": "job", "policy": "agent", "tools": "agent (guards)"}
    return Table(
        title="The size of the repair",
        columns=(
            Column("repair of", LEFT),
            Column("file", LEFT),
            Column("lines added"),
            Column("lines removed"),
            Column("tokens added"),
            Column("tokens removed"),
        ),
        rows=tuple(
            (
                Cell(
                    whose[row.part],
                    approach={"job": "job"}.get(row.part, "agent"),
                ),
                Cell(row.file),
                Cell(numbers.count(row.lines_added)),
                Cell(numbers.count(row.lines_removed)),
                Cell(numbers.count(row.tokens_added)),
                Cell(numbers.count(row.tokens_removed)),
            )
            for row in rows
        ),
        caption="Counted from the scenario's files: lines of a diff without blank ones, their "
        "tokens with tiktoken. The hybrid needs all of it. Guards that know amounts have to be "
        "told new rules too, and those are code.",
    )

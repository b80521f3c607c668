"""What tables are made of, and the cells that several of them show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from bench.analysis.determinism import Determinism
from bench.analysis.failures import Failure
from bench.analysis.queries import Queries
from bench.analysis.rows import Row, RowProvenance, Summary
from bench.analysis.samples import ALL
from bench.analysis.steps import Steps
from bench.report import numbers


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure or word."""

    text: str
    small: str = ""
    """A second, smaller line: an interval, mostly."""
    bar: tuple[float, float, float] | None = None
    """(low, value, high), shares to be drawn where drawing is possible."""
    note: str = ""
    """Why a figure is unknown: becomes a footnote."""
    approach: str = ""
    """The approach whose colour the cell wears."""
    trial: str = ""
    """A trial whose transcript the cell links to."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading."""

    title: str
    align: Literal["left", "right"] = "right"


@dataclass(frozen=True)
class Table:
    """A table with what has to be said about it."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    prose: bool = False
    """Its cells are sentences: where it is narrow, better one below the other."""
    notes: tuple[str, ...] = field(init=False)
    """The distinct footnotes, in order of appearance."""

    def __post_init__(self) -> None:
        notes = dict.fromkeys(cell.note for row in self.rows for cell in row if cell.note)
        object.__setattr__(self, "notes", tuple(notes))

    def mark(self, cell: Cell) -> str:
        """The letter of the cell's footnote, or nothing."""
        return self.mark_of(cell.note) if cell.note else ""

    def mark_of(self, note: str) -> str:
        """The letter of a footnote."""
        return letter(self.notes.index(note))


def letter(number: int) -> str:
    """a, b, … z, aa, ab, …"""
    text = ""
    number += 1
    while number:
        number, digit = divmod(number - 1, 26)
        text = chr(ord("a") + digit) + text
    return text


LEFT: Literal["left"] = "left"
WHO = Column("approach", LEFT)


def who(row: Row | Determinism | Steps | Failure | Queries) -> Cell:
    """Whose figures follow: the approach, its model below."""
    return Cell(label(row.approach, None), small=row.model or "", approach=row.approach)


def label(approach: str, model: str | None) -> str:
    """An approach with its model, for a heading."""
    name = approach.replace("_", " ")
    return f"{name} · {model}" if model else name


def success_cell(row: Row) -> Cell:
    """Success with its interval."""
    if row.success is None or row.success_low is None or row.success_high is None:
        return Cell(numbers.UNKNOWN, note=row.reasons.get("success", ""))
    note = ""
    if row.mix_covered is not None and row.mix_covered < 0.9995:
        note = f"rests on {numbers.percent(row.mix_covered)} of the production mix"
    return Cell(
        numbers.percent(row.success),
        note=note,
        small=numbers.percent_range(row.success_low, row.success_high),
        bar=(row.success_low, row.success, row.success_high),
        approach=row.approach,
    )


def dollar_cell(row: Row) -> Cell:
    """Dollars per 1,000 records with their interval and kind."""
    if row.usd_per_1k_records is None:
        return Cell(numbers.UNKNOWN, note=row.reasons.get("usd_per_1k_records", ""))
    kind = "API" if row.usd_kind == "api" else "compute"
    if row.usd_low is None:
        return Cell(
            numbers.dollars(row.usd_per_1k_records), small=kind, note=row.reasons.get("usd_low", "")
        )
    spread = numbers.dollar_range(row.usd_low, row.usd_high)
    return Cell(
        numbers.dollars(row.usd_per_1k_records),
        small=f"{spread} {kind}",
        note=_partly_known(row.usd_trials, row, "dollars"),
    )


def _partly_known(known: int, row: Row, what: str) -> str:
    """That a mean leaves some trials out because the file that they come from does. A job's
    repeats are left to its calibrated rounds instead."""
    if row.model is None or known in (0, row.trials):
        return ""
    return f"mean of the {known:,} of {row.trials:,} trials whose {what} are known"


def per_success_cell(row: Row) -> Cell:
    """Dollars per 1,000 passed records; infinite where none passes."""
    reason = row.reasons.get("cost_per_success", "")
    if row.cost_per_success is None:
        return Cell(numbers.INFINITE if "infinite" in reason else numbers.UNKNOWN, note=reason)
    return Cell(numbers.dollars(row.cost_per_success * 1000))


def tokens_cell(row: Row) -> Cell:
    """Tokens of a record, prompt and output together, the cached part below."""
    if row.tokens_in_per_record is None or row.tokens_out_per_record is None:
        return Cell(numbers.UNKNOWN, note=row.reasons.get("tokens_in", ""))
    total = row.tokens_in_per_record + row.tokens_out_per_record
    cached = row.tokens_cached_per_record
    small = f"{numbers.count(cached)} cached" if cached else ""
    note = _partly_known(row.tokens_trials, row, "tokens")
    return Cell(numbers.count(total), small=small, note=note)


def provenance(found: RowProvenance) -> str:
    """The provenance of a row in as few words as are true."""
    figures = {"success": found.success, "tokens": found.tokens, "time": found.time}
    kinds = dict.fromkeys(value for value in figures.values() if value is not None)
    if len(kinds) == 1:
        text: str = next(iter(kinds))
    else:
        text = ", ".join(f"{name} {value}" for name, value in figures.items() if value)
    money = found.dollars
    said = text or numbers.UNKNOWN
    return said if money is None or money == said else f"{said}, $ {money.replace('_', ' ')}"


def kinds(rows: Sequence[Row]) -> str:
    """Where the successes of the rows come from, by model where that differs."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.provenance.success is not None:
            names = found.setdefault(row.provenance.success, [])
            names += [] if (name := label(row.approach, row.model)) in names else [name]
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(f"{', '.join(names)}: {kind}" for kind, names in found.items())


def told(summary: Summary, scenario: str) -> str:
    """Where counts over all trials come from, as a sentence."""
    rows = [r for r in summary.rows if (r.scenario, r.stratum) == (scenario, ALL)]
    return f"Provenance: {kinds([row for row in rows if not row.baseline])}."

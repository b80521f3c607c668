"""The table of who was recognised."""

from __future__ import annotations

from bench.analysis.pairs import Share
from bench.analysis.rows import Summary
from bench.report import numbers
from bench.report.tables.cells import LEFT, WHO, Cell, Column, Table, label


def pairs_table(summary: Summary, scenario: str) -> Table:
    """Row accuracy, precision, recall and F1 of each approach."""
    return Table(
        title="Who is who",
        columns=(
            WHO,
            Column("rows right", LEFT),
            Column("precision", LEFT),
            Column("recall", LEFT),
            Column("F1", LEFT),
            Column("provenance", LEFT),
        ),
        rows=tuple(
            (
                Cell(label(each.approach, None), small=each.model or "", approach=each.approach),
                _share(each.row_accuracy, "no record"),
                _share(each.precision, "put no record to anybody"),
                _share(each.recall, "no record belongs to anybody on file"),
                _share(each.f1, "neither"),
                Cell(each.provenance or numbers.UNKNOWN),
            )
            for each in summary.pairs
            if each.scenario == scenario
        ),
        caption="In the sample as drawn, where rare kinds of rows count more than in production. "
        "Precision: of the rows put to somebody on file, the share put to the right one. Recall: "
        "of the rows of somebody on file, the share put to them; a row left to a human is not. "
        "95% intervals over cases.",
    )


def _share(share: Share | None, why: str) -> Cell:
    if share is None or share.low is None or share.high is None:
        return Cell(numbers.UNKNOWN, note=why)
    return Cell(
        numbers.percent(share.value),
        small=numbers.percent_range(share.low, share.high),
        bar=(share.low, share.value, share.high),
    )

"""Tables of who decides like whom, and of the records in dispute."""

from __future__ import annotations

from bench.analysis.rows import Summary
from bench.report import numbers
from bench.report.tables.cells import LEFT, Cell, Column, Table

SHOWN = 50
"""Disputed records in a report; ``summary.json`` has them all."""


def agreement_table(summary: Summary, scenario: str) -> Table:
    """Each pair of approaches."""
    return Table(
        title="Who decides like whom",
        columns=(
            Column("approach", LEFT),
            Column("beside", LEFT),
            Column("records"),
            Column("decided alike", LEFT),
            Column("provenance", LEFT),
        ),
        rows=tuple(
            (
                Cell(each.first),
                Cell(each.second),
                Cell(numbers.count(each.records)),
                Cell(numbers.UNKNOWN, note="no record that both handled")
                if each.share is None or each.share_low is None or each.share_high is None
                else Cell(
                    f"{each.alike} ({numbers.percent(each.share)})",
                    small=numbers.percent_range(each.share_low, each.share_high),
                    bar=(each.share_low, each.share, each.share_high),
                ),
                Cell(each.provenance or numbers.UNKNOWN),
            )
            for each in summary.agreements
            if each.scenario == scenario
        ),
        caption="Records with the same decision, amount and currency, in each case's "
        "first execution; 95% intervals over cases. Agreement is not correctness: both may be "
        "wrong.",
    )


def disputes_table(summary: Summary, scenario: str) -> Table:
    """The records that approaches decided differently."""
    found = [each for each in summary.disputes if each.scenario == scenario]
    approaches = list(dict.fromkeys(told.approach for each in found for told in each.decisions))
    more = f" {len(found) - SHOWN} more stand in summary.json." if len(found) > SHOWN else ""
    rows = []
    for each in found[:SHOWN]:
        told = {one.approach: one.decision for one in each.decisions}
        rows.append(
            (
                Cell(each.record, small=each.case),
                *(Cell(told.get(name, numbers.UNKNOWN)) for name in approaches),
            )
        )
    return Table(
        title="Disputed records",
        columns=(Column("record", LEFT), *(Column(name, LEFT) for name in approaches)),
        rows=tuple(rows),
        caption="What each approach decided; look these up first." + more,
    )

"""The picture of what the size of a file does to each of its rows, from several runs.

    bench run csv_reconciliation -m MODEL -a agent --sweep batch=1,10,50
    bench run csv_reconciliation -m MODEL -a agent --sweep batch=1,10,50 --option conversation=row
    python -m tests.benchmarks.batch_size PICTURE.png RUN RUN ...

Prints the figures as a Markdown table, too.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.analysis.scaling import PER_RECORDS, Curve
from bench.analysis.summary import summarise
from bench.journal import read_manifest
from bench.report import numbers
from bench.report.charts.batch import batch_chart
from bench.report.tables.cells import label

SCENARIO = "csv_reconciliation"
WAYS = {"file": "a file at a time", "row": "a row at a time"}


def curves(folder: Path) -> list[tuple[str, Curve]]:
    """The curves of a run, each with how its agent worked."""
    (plan,) = read_manifest(folder).scenarios
    way = WAYS[plan.options.get("conversation", "file")]
    return [(way, curve) for curve in summarise(folder).curves if curve.scenario == SCENARIO]


def table(found: list[tuple[str, Curve]]) -> list[str]:
    """The figures, a line for each curve and size."""
    lines = ["| agent | rows a file | rows in all | tokens a row | rows right |"]
    lines.append("| --- | ---: | ---: | ---: | --- |")
    for way, curve in found:
        for point in curve.points:
            tokens = None if point.tokens is None else point.tokens / PER_RECORDS
            right = numbers.percent_range(point.success_low, point.success_high)
            lines.append(
                f"| {label(curve.model or curve.approach, None)}, {way} | {point.value} "
                f"| {point.records} | {numbers.count(tokens)} "
                f"| {numbers.percent(point.success)} ({right}) |"
            )
    return lines


if __name__ == "__main__":
    found = [each for folder in sys.argv[2:] for each in curves(Path(folder))]
    chart = batch_chart(SCENARIO, found)
    assert chart is not None, "none of the runs swept over batch"
    Path(sys.argv[1]).write_bytes(chart.png)
    print("\n".join(table(found)))

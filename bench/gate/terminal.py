"""A comparison on the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.gate.result import Comparison, Gate, Metric, SideInfo, Verdict
from bench.gate.sentences import (
    HEADLINES,
    TITLES,
    change,
    family,
    figure,
    headline,
    interval,
    least,
    p_value,
    title,
    trust,
)

STYLES = {
    Verdict.REGRESSION: "bold red",
    Verdict.IMPROVED: "bold green",
    Verdict.NO_EVIDENCE: "green",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.NOT_COMPARABLE: "yellow",
}
FLIPS = 8


def render(gate: Gate) -> RenderableType:
    """One block a comparison, the verdict of all last, where the eye is."""
    parts: list[RenderableType] = [
        _text(f"base {_side(gate.base)}\nhead {_side(gate.head)}", style="dim")
    ]
    for comparison in gate.comparisons:
        parts += _comparison(comparison, sequential=gate.sequential)
    parts.append(
        _text(
            f"p {family(gate)}. Metrics in brackets are advice and do not decide.",
            style="dim",
        )
    )
    parts.append(_text(gate.sentence, style=STYLES[gate.verdict]))
    return Group(*parts)


def _side(side: SideInfo) -> str:
    if side.baseline is None:
        return side.run
    blessed = side.baseline
    return f"{side.run}: baseline {blessed.name}, blessed {blessed.blessed[:10]} by {blessed.by}"


def _comparison(comparison: Comparison, *, sequential: bool) -> list[RenderableType]:
    head = _text(f"\n{title(comparison)}: ", style="bold")
    head.append(headline(comparison.verdict, comparison.more_cases), STYLES[comparison.verdict])
    parts: list[RenderableType] = [head, _text(comparison.sentence)]
    parts += [_text(f"• {notice}", style="dim") for notice in comparison.notices]
    if comparison.metrics:
        parts.append(_metrics(comparison))
    if told := trust(comparison, sequential=sequential):
        parts.append(_text(told, style="dim"))
    fallen = [stratum for stratum in comparison.strata if stratum.collapsed]
    parts += [
        _text(
            f"stratum {each.name} collapsed: {each.base:.0%} → {each.head:.0%} of {each.pairs}",
            style=STYLES[Verdict.REGRESSION],
        )
        for each in fallen
    ]
    for flip in comparison.flips[:FLIPS]:
        mark = "lost  " if flip.head < flip.base else "gained"
        parts.append(_text(f"{mark} {flip.case}: {flip.reason}", style="dim"))
    if len(comparison.flips) > FLIPS:
        parts.append(_text(f"and {len(comparison.flips) - FLIPS} more flipped cases", style="dim"))
    return parts


def _metrics(comparison: Comparison) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("metric")
    for heading in ("base", "head", "change", "interval", "matters\nfrom", "p"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for metric in comparison.metrics:
        if metric.change is not None:
            _row(table, metric)
    return table


def _row(table: Table, metric: Metric) -> None:
    name = TITLES[metric.name]
    verdict = metric.verdict
    table.add_row(
        Text(name if metric.gated else f"[{name}]"),
        figure(metric, metric.base),
        figure(metric, metric.head),
        change(metric),
        interval(metric),
        least(metric),
        p_value(metric.p_adjusted),
        _text(HEADLINES[verdict], style=STYLES[verdict] if metric.gated else "dim")
        if verdict
        else "—",
    )


def _text(value: str, style: str = "") -> Text:
    """Text without control characters: names and reasons are not ours, and a terminal obeys."""
    return Text("".join(c for c in value if c in "\n\t" or c.isprintable()), style=style)

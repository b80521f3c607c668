"""Success against dollars, one point an approach and model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from bench.analysis.rows import Row
from bench.analysis.samples import MIX
from bench.report import numbers, palette
from bench.report.charts.drawing import Chart, drawn, legend
from bench.report.tables.cells import label

LINE = 0.085
"""Height of a line of names above a plot of shares, as a share."""

PLACES = (("right", 1.0, 0.82), ("center", 0.5, 0.5), ("left", 0.01, 0.18))
"""Where the name of a line may stand: its alignment, its place, and its middle, as shares of the
width."""


def cost_chart(scenario: str, rows: Sequence[Row], where: str) -> Chart | None:
    """Draw the rows of one stratum; None if none has both success and dollars."""
    known = [row for row in rows if row.success is not None and not row.baseline]
    shown = [row for row in known if row.usd_per_1k_records is not None]
    prices = [price for row in shown for price in (row.usd_low, row.usd_per_1k_records) if price]
    if not prices:
        return None
    title = f"{scenario}: success and dollars {where}"
    unpriced = [label(row.approach, row.model) for row in known if row not in shown]
    missing = f"Not drawn, dollars unknown: {', '.join(unpriced)}" if unpriced else ""
    top = 1.05 + LINE * len(shown)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.set_xscale("log")
        dearest = max(row.usd_high or row.usd_per_1k_records or 0.0 for row in shown)
        axes.set_xlim(min(prices) / 4, dearest * 4)
        axes.set_ylim(-0.03, top)
        yardsticks = [row for row in rows if row.baseline and row.success is not None]
        _yardsticks(axes, yardsticks, shown)
        for row in shown:
            _point(axes, row)
        axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
        axes.xaxis.set_major_locator(LogLocator(numticks=6))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: dollar_tick(x)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.0%}"))
        axes.set_xlabel("dollars per 1,000 records (log scale)")
        axes.set_ylabel("records that came out right")
        _names(axes, shown)
        kinds = {row.usd_kind for row in shown}
        words = {"api": "API dollars", "compute": "compute dollars (assumed machine price)"}
        handles = [
            Line2D([], [], marker=palette.MARKERS[kind], color=palette.MUTED, ls="", label=text)
            for kind, text in words.items()
            if kind in kinds
        ]
        if any(row.provenance.success != "measured" for row in shown):
            handles.append(
                Line2D(
                    [],
                    [],
                    marker="o",
                    color=palette.MUTED,
                    mfc=palette.PAPER,
                    ls="",
                    label="hollow: not measured",
                )
            )
        legend(figure, handles, title="\n".join(wrap(missing, 58)))

    kind = "cost-mix" if rows[0].stratum == MIX else "cost-all"
    alt = "; ".join(
        f"{label(row.approach, row.model)}: {numbers.percent(row.success)} "
        f"({numbers.percent_range(row.success_low, row.success_high)}) at "
        f"{numbers.dollars(row.usd_per_1k_records)} {row.usd_kind}"
        for row in shown
    )
    alt = f"{alt}. {missing}" if missing else alt
    return drawn(scenario, kind, title, alt, draw, height=0.9 + 1.9 * top)


def _point(axes: Axes, row: Row) -> None:
    assert row.success is not None
    x, y = _x(axes, row), row.success
    colour = palette.colour(row.approach)
    left = x if row.usd_low is None else max(row.usd_low, axes.get_xlim()[0])
    across = [[x - left], [(row.usd_high or x) - x]]
    up = [[y - (row.success_low or 0)], [(row.success_high or 0) - y]]
    axes.errorbar(
        x, y, xerr=across, yerr=up, color=colour, alpha=0.55, elinewidth=1.3, capsize=0, zorder=2
    )
    marker = palette.MARKERS[row.usd_kind]
    inside, edge = colour, palette.PAPER
    if row.provenance.success != "measured":
        inside, edge = edge, inside
    axes.plot(x, y, marker, ms=8, color=inside, mec=edge, mew=1.2, zorder=3, clip_on=False)


def _names(axes: Axes, rows: Sequence[Row]) -> None:
    """Write each point's name above the plot, one a line, tied to its point.

    The outermost points get the topmost lines and every name reaches inwards, so that no tie
    crosses the name of another point further out.
    """
    place = {id(row): _across(axes, row) for row in rows}
    inwards = sorted(rows, key=lambda row: abs(place[id(row)] - 0.5))
    for line, row in enumerate(inwards):
        x, level = _x(axes, row), 1.09 + LINE * line
        colour = palette.colour(row.approach)
        tie = [row.success or 0, level]
        axes.plot([x, x], tie, color=palette.OTHER, lw=0.7, ls=(0, (1, 2)), zorder=1)
        axes.text(
            x,
            level,
            label(row.approach, row.model) + ("" if row.usd_per_1k_records else " ($0)"),
            ha="left" if place[id(row)] < 0.5 else "right",
            va="center",
            fontsize=8,
            color=colour,
            bbox={"facecolor": palette.PAPER, "edgecolor": "none", "pad": 0.8},
            zorder=4,
        )


def _yardsticks(axes: Axes, rows: Sequence[Row], points: Sequence[Row]) -> None:
    """Dotted lines for doing nothing; where two nearly coincide, they share one label, which keeps
    to where no point lies near."""
    said: list[tuple[float, str]] = []
    for row in sorted(rows, key=lambda row: row.success or 0):
        share = row.success or 0.0
        axes.axhline(share, color=palette.OTHER, lw=1, ls=(0, (2, 3)), zorder=1)
        words = f"{label(row.approach, None)} {numbers.percent(share)}"
        if said and share - said[-1][0] < 0.07:
            said[-1] = (share, f"{said[-1][1]}, {words}")
        else:
            said.append((share, words))
    for share, words in said:
        below = share > 0.8  # above it, the points of good approaches are in the way
        near = [_across(axes, p) for p in points if abs((p.success or 0.0) - share) < 0.15]
        side, x, _ = min(PLACES, key=lambda place: sum(abs(n - place[2]) < 0.22 for n in near))
        axes.annotate(
            words,
            (x, share),
            xycoords=("axes fraction", "data"),
            xytext=(0, -2 if below else 2),
            textcoords="offset points",
            ha=side,
            va="top" if below else "bottom",
            fontsize=7.5,
            color=palette.MUTED,
        )


def _x(axes: Axes, row: Row) -> float:
    """Where a row stands: what costs nothing stands at the left edge of a log scale."""
    return max(row.usd_per_1k_records or 0.0, axes.get_xlim()[0])


def _across(axes: Axes, row: Row) -> float:
    """The same as a share of the width."""
    low, high = (math.log10(end) for end in axes.get_xlim())
    return (math.log10(_x(axes, row)) - low) / (high - low)


def dollar_tick(value: float) -> str:
    """$0.01, $1, $1,000."""
    return f"${value:,.0f}" if value >= 1 else f"${value:.9f}".rstrip("0")

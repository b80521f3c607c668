"""The Pareto front: success in production against what a month costs in all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from bench.analysis.decision import Decision, Option
from bench.report import numbers, palette
from bench.report.charts.cost import dollar_tick
from bench.report.charts.drawing import Chart, drawn, legend
from bench.report.recommendation import money
from bench.report.tables.cells import label

SHAPES = ("o", "^", "D", "v", "P")
"""Of the models, in order; what uses none has a square."""


def pareto_chart(decision: Decision) -> Chart | None:
    """Draw the options whose success and cost are known; None with fewer than two."""
    shown = [o for o in decision.options if o.success is not None and o.total and not o.reason]
    if len(shown) < 2:
        return None
    models = dict.fromkeys(option.model for option in shown if option.model)
    shapes = dict(zip(models, cycle(SHAPES), strict=False))
    constrained = any(option.checks for option in shown)
    front = sorted((o for o in shown if o.pareto), key=lambda o: o.total or 0.0)
    title = f"{decision.scenario}: right in production and dollars a month"

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.set_xscale("log")
        _front(axes, front)
        for option in shown:
            _point(axes, option, shapes.get(option.model or "", "s"), constrained=constrained)
        low = min(option.total_low or option.total or 1.0 for option in shown)
        high = max(option.total_high or option.total or 1.0 for option in shown)
        axes.set_xlim(low / 1.6, high * 1.6)
        worst = min(option.success_low or 0.0 for option in shown)
        axes.set_ylim(max(-0.03, math.floor(worst * 10 - 0.5) / 10), 1.03)
        axes.xaxis.set_major_locator(LogLocator(numticks=6))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: dollar_tick(x)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.0%}"))
        axes.set_xlabel("dollars a month in all (log scale)")
        axes.set_ylabel("records that come out right")
        legend(
            figure,
            [*_names(shown, shapes), *_marks(shown, constrained=constrained)],
        )

    alt = "; ".join(
        f"{label(option.approach, option.model)}: {numbers.percent(option.success)} "
        f"({numbers.percent_range(option.success_low, option.success_high)}) at "
        f"{money(option.total)} a month ({money(option.total_low)} to {money(option.total_high)})"
        + (", on the front" if option.pareto else "")
        + (f", {option.verdict}" if constrained else "")
        for option in shown
    )
    return drawn(decision.scenario, "pareto", title, alt, draw, height=3.9)


def _front(axes: Axes, front: Sequence[Option]) -> None:
    """Steps: to be more often right costs what the next option on the front costs."""
    if not front:
        return
    low, high = 1e-12, 1e12
    xs = [front[0].total or low, *(o.total or low for o in front), high]
    ys = [-1.0, *(o.success or 0.0 for o in front), front[-1].success or 0.0]
    axes.step(xs, ys, where="post", color=palette.OTHER, lw=1.2, ls=(0, (1, 2)), zorder=1)


def _point(axes: Axes, option: Option, shape: str, *, constrained: bool) -> None:
    x, y = option.total or 0.0, option.success or 0.0
    colour = palette.colour(option.approach)
    axes.errorbar(
        x,
        y,
        xerr=[[x - (option.total_low or x)], [(option.total_high or x) - x]],
        yerr=[[y - (option.success_low or y)], [(option.success_high or y) - y]],
        color=colour,
        alpha=0.5,
        elinewidth=1.2,
        capsize=0,
        zorder=2,
    )
    inside = colour
    if constrained and option.verdict != "feasible":
        inside = palette.PAPER
    axes.plot(x, y, shape, ms=8, color=inside, mec=colour, mew=1.4, zorder=3, clip_on=False)
    if constrained and option.verdict == "infeasible":
        axes.plot(x, y, "x", ms=5, color=colour, mew=1.4, zorder=4, clip_on=False)


def _names(shown: Sequence[Option], shapes: dict[str, str]) -> list[Line2D]:
    return [
        Line2D(
            [],
            [],
            marker=shapes.get(option.model or "", "s"),
            color=palette.colour(option.approach),
            ls="",
            label=label(option.approach, option.model),
        )
        for option in shown
    ]


def _marks(shown: Sequence[Option], *, constrained: bool) -> list[Line2D]:
    handles = [Line2D([], [], color=palette.OTHER, ls=(0, (1, 2)), label="Pareto front")]
    if not constrained:
        return handles
    verdicts = {option.verdict for option in shown}
    looks = {
        "feasible": ("filled: feasible", "o", palette.MUTED),
        "undecided": ("hollow: undecided", "o", palette.PAPER),
        "infeasible": ("crossed: infeasible", "x", palette.MUTED),
    }
    return handles + [
        Line2D([], [], marker=mark, color=palette.MUTED, mfc=inside, ls="", label=text)
        for verdict, (text, mark, inside) in looks.items()
        if verdict in verdicts
    ]

"""What the number of records in a case does to each of them: tokens, and whether it is right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bench.analysis.scaling import PER_RECORDS, Curve, CurvePoint
from bench.report import numbers, palette
from bench.report.charts.decision_map import short
from bench.report.charts.drawing import Chart, drawn, legend
from bench.report.charts.scaling import SHAPES
from bench.report.tables.cells import label
from bench.report.tables.scaling import VALUES

STYLES = ("-", (0, (4, 2)), (0, (1, 1.5)))
"""Of several ways of working, in order."""
SPREAD = 0.04
"""How far, on the logarithmic axis, curves are set apart so that none hides another."""

Told = tuple[str, Curve]
"""How the agent worked, empty if there is but one way, and what came of it."""


def batch_chart(scenario: str, curves: Sequence[Told]) -> Chart | None:
    """Draw the curves of one scenario's sweep over batch; None without one."""
    if not curves:
        return None
    models = dict(zip(dict.fromkeys(c.model for _, c in curves if c.model), cycle(SHAPES)))
    ways = dict(zip(dict.fromkeys(way for way, _ in curves), cycle(STYLES)))
    values = sorted({point.value for _, curve in curves for point in curve.points})

    def draw(figure: Figure) -> None:
        tokens, right = figure.subplots(2, 1, sharex=True)
        handles = []
        for number, (way, curve) in enumerate(curves):
            look = {
                "color": palette.colour(curve.approach),
                "marker": models.get(curve.model or "", "s"),
                "ms": 4.5,
                "mfc": palette.colour(curve.approach)
                if curve.provenance == "measured"
                else palette.PAPER,
                "ls": ways[way],
                "lw": 1.4,
            }
            aside = 10 ** (SPREAD * (number - (len(curves) - 1) / 2))
            if any(point.tokens for point in curve.points):
                _line(tokens, curve, look, _tokens, 1.0)
            _line(right, curve, look, lambda point: point.success, aside)
            _intervals(right, curve, look["color"], aside)
            handles.append(Line2D([], [], label=_name(way, curve), **look))  # type: ignore[arg-type]
        tokens.set_ylim(bottom=0)
        tokens.set_ylabel("tokens a record")
        tokens.yaxis.set_major_formatter(FuncFormatter(lambda y, _: short(y)))
        right.set_ylim(-0.03, 1.03)
        right.set_ylabel("records right")
        right.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.0%}"))
        right.set_xscale("log")
        right.set_xlabel(f"{VALUES['batch']} (log scale)")
        right.xaxis.set_minor_locator(NullLocator())
        right.xaxis.set_major_locator(FixedLocator(values))
        right.xaxis.set_major_formatter(FuncFormatter(lambda x, _: short(x)))
        figure.align_ylabels([tokens, right])
        hollow = any(curve.provenance != "measured" for _, curve in curves)
        legend(
            figure,
            handles,
            title="bars: 95% over cases" + ("; hollow: not measured" if hollow else ""),
        )

    alt = ". ".join(_told(way, curve) for way, curve in curves)
    title = f"{scenario}: each record, by records a case"
    return drawn(scenario, "scaling", title, alt, draw, height=4.2 + 0.16 * len(curves))


def _line(axes: Axes, curve: Curve, look: dict[str, object], figure: object, aside: float) -> None:
    assert callable(figure)
    found = [(point.value * aside, figure(point)) for point in curve.points]
    known = [(x, y) for x, y in found if y is not None]
    axes.plot([x for x, _ in known], [y for _, y in known], zorder=3, **look)  # type: ignore[arg-type]


def _intervals(axes: Axes, curve: Curve, colour: object, aside: float) -> None:
    for point in curve.points:
        if point.success_low is not None and point.success_high is not None:
            x = point.value * aside
            axes.vlines(x, point.success_low, point.success_high, colors=colour, alpha=0.5)  # type: ignore[arg-type]


def _tokens(point: CurvePoint) -> float | None:
    return None if point.tokens is None else point.tokens / PER_RECORDS


def _name(way: str, curve: Curve) -> str:
    name = label(curve.approach, curve.model)
    return f"{name}, {way}" if way else name


def _told(way: str, curve: Curve) -> str:
    said = []
    for point in curve.points:
        tokens = _tokens(point)
        amount = "tokens unknown" if tokens is None else f"{tokens:,.0f} tokens a record"
        right = numbers.percent(point.success)
        said.append(f"at {point.value} records a case {amount}, {right} right")
    return f"{_name(way, curve)}: " + ", ".join(said)

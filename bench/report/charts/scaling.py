"""How time, tokens and dollars grow: what was measured solid, what was not dashed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from bench.analysis.projection import Projection
from bench.analysis.scaling import PER_RECORDS, Curve
from bench.report import numbers, palette
from bench.report.charts.cost import dollar_tick
from bench.report.charts.decision_map import short
from bench.report.charts.drawing import Chart, drawn, legend
from bench.report.charts.latency import steps, tick
from bench.report.tables.cells import label
from bench.report.tables.scaling import VALUES

FIGURES = {"seconds": "time", "tokens": "tokens", "usd": "dollars"}
SHAPES = ("o", "^", "D", "v", "P")
"""Of the models, in order; the job has a square."""

DURATIONS = (1e-3, 0.1, 10, 600, 36_000, 864_000)
"""Seconds that have a name of their own: 1 ms, 100 ms, 10 s, 10 min, 10 h, 10 days."""

Line = tuple[list[float], list[float]]


def scaling_chart(
    scenario: str, curves: Sequence[Curve], projections: Sequence[Projection]
) -> Chart | None:
    """Draw the curves of one scenario; None without a sweep."""
    if not curves:
        return None
    parameter = curves[0].parameter
    shown = [f for f in FIGURES if any(_measured(curve, f)[0] for curve in curves)]
    if not shown:
        return None
    shapes = dict(zip(dict.fromkeys(c.model for c in curves if c.model), cycle(SHAPES)))

    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        for axes, what in zip(panels, shown, strict=True):
            axes.set_xscale("log")
            axes.set_yscale("log")
            for curve in curves:
                _draw(axes, curve, what, projections, shapes.get(curve.model or "", "s"))
            _label(axes, what)
        figure.align_ylabels(panels)
        last = panels[-1]
        last.set_xlabel(f"{VALUES[parameter]} (log scale)")
        last.xaxis.set_minor_locator(NullLocator())
        last.xaxis.set_major_formatter(FuncFormatter(lambda x, _: short(x)))
        if parameter != "records":
            values = sorted({point.value for curve in curves for point in curve.points})
            last.xaxis.set_major_locator(FixedLocator(values))
        per = "" if parameter == "records" else f" per {PER_RECORDS:,} records"
        handles = [
            Line2D(
                [],
                [],
                color=palette.colour(curve.approach),
                marker=shapes.get(curve.model or "", "s"),
                ms=5,
                mfc=palette.colour(curve.approach)
                if curve.provenance == "measured"
                else palette.PAPER,
                label=label(curve.approach, curve.model),
            )
            for curve in curves
        ]
        if parameter == "records":
            handles.append(
                Line2D(
                    [],
                    [],
                    color=palette.MUTED,
                    ls=(0, (4, 3)),
                    label="extrapolated, production mix",
                )
            )
        hollow = any(curve.provenance != "measured" for curve in curves)
        legend(
            figure,
            handles,
            title=f"solid: measured{per}{'; hollow: not measured' if hollow else ''}",
        )

    title = f"{scenario}: how it grows with {VALUES[parameter]}"
    alt = ". ".join(_told(curve, what) for what in shown for curve in curves if _told(curve, what))
    alt = ". ".join(filter(None, (alt, *(_projected(each) for each in projections))))
    return drawn(scenario, "scaling", title, alt, draw, height=1.5 + 1.7 * len(shown))


def _measured(curve: Curve, what: str) -> Line:
    found = [(point.value, getattr(point, what)) for point in curve.points]
    known = [(float(x), y) for x, y in found if y]
    return [x for x, _ in known], [y for _, y in known]


def _draw(
    axes: Axes, curve: Curve, what: str, projections: Sequence[Projection], shape: str
) -> None:
    colour = palette.colour(curve.approach)
    xs, ys = _measured(curve, what)
    if xs:
        inside = colour if curve.provenance == "measured" else palette.PAPER
        axes.plot(xs, ys, color=colour, marker=shape, ms=4.5, mfc=inside, lw=1.5, zorder=3)
    if curve.parameter != "records":
        return
    of = [p for p in projections if (p.approach, p.model) == (curve.approach, curve.model)]
    beyond = [
        (float(p.records), getattr(p, what), p)
        for p in of
        if p.extrapolated and getattr(p, what) and p.records > (xs[-1] if xs else 0)
    ]
    if not beyond:
        return
    # A batch goes on from its largest size; cases from where their records end, in the mix.
    first, amount, _ = beyond[0]
    measured = max((point.value for point in curve.points), default=1)
    start = (
        (xs[-1], ys[-1]) if curve.model is None and xs else (measured, amount * measured / first)
    )
    axes.plot(
        [start[0], *(x for x, _, _ in beyond)],
        [start[1], *(y for _, y, _ in beyond)],
        color=colour,
        lw=1.3,
        ls=(0, (4, 3)),
        zorder=2,
    )
    for x, y, each in beyond:
        low, high = getattr(each, f"{what}_low", None), getattr(each, f"{what}_high", None)
        if low and high:
            # An interval without width can miss its own centre by a rounding error.
            reach = [[max(0.0, y - low)], [max(0.0, high - y)]]
            axes.errorbar(x, y, reach, color=colour, alpha=0.55, elinewidth=1.3)


def _label(axes: Axes, what: str) -> None:
    axes.set_ylabel(FIGURES[what])
    low, high = axes.get_ylim()
    # Within one decade there may be no power of ten to name.
    durations = [each for each in DURATIONS if low <= each <= high]
    axes.yaxis.set_major_locator(
        FixedLocator(durations)
        if what == "seconds" and len(durations) > 2
        else LogLocator(subs=steps(low, high), numticks=6)
    )
    axes.yaxis.set_minor_locator(NullLocator())
    said = {
        "seconds": lambda y, _: tick(numbers.seconds(y)),
        "tokens": lambda y, _: short(y),
        "usd": lambda y, _: dollar_tick(y),
    }
    axes.yaxis.set_major_formatter(FuncFormatter(said[what]))
    axes.tick_params(axis="y", labelsize=8)


def _told(curve: Curve, what: str) -> str:
    xs, ys = _measured(curve, what)
    if not xs:
        return ""
    exponent = getattr(curve, what)
    power = f", exponent {exponent.value:.2f}" if exponent else ""
    return (
        f"{label(curve.approach, curve.model)}, {FIGURES[what]}: {_amount(what, ys[0])} at "
        f"{xs[0]:,.0f} to {_amount(what, ys[-1])} at {xs[-1]:,.0f}{power}"
    )


def _projected(each: Projection) -> str:
    if each.seconds is None:
        return ""
    return (
        f"{label(each.approach, each.model)}: {each.records:,} records in "
        f"{numbers.seconds(each.seconds)}{' (extrapolated)' if each.extrapolated else ''}"
    )


def _amount(what: str, value: float) -> str:
    if what == "seconds":
        return numbers.seconds(value)
    return numbers.dollars(value) if what == "usd" else f"{value:,.0f}"

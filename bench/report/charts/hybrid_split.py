"""The hybrid's curve over the share of exceptional records, and the random split it has to beat."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bench.analysis.chord import SHARES, Chord
from bench.report import numbers, palette
from bench.report.charts.cost import dollar_tick
from bench.report.charts.drawing import Chart, drawn, legend
from bench.report.tables.cells import label

FINEST = 1e-5
"""Smallest share of records wrong, and of a dollar, that the scales resolve; nought has a place."""
DASHES = (0, (3, 2))


@dataclass(frozen=True)
class _Line:
    name: str
    colour: str
    shape: str
    size: float
    width: float
    """Of the line. Where two coincide, the thicker one and its hollow mark stay in sight around the
    other: setting them apart sideways would make sloping lines look higher or lower."""
    style: str | tuple[int, tuple[int, int]]
    right: Callable[[Chord], float]
    usd: Callable[[Chord], float | None]


def hybrid_charts(scenario: str, chords: Sequence[Chord]) -> tuple[Chart, ...]:
    """One for each model that ran as agent and as hybrid."""
    models = dict.fromkeys(chord.model for chord in chords)
    return tuple(
        _chart(scenario, [chord for chord in chords if chord.model == model], number)
        for number, model in enumerate(models, 1)
    )


def _chart(scenario: str, chords: Sequence[Chord], number: int) -> Chart:
    points = sorted(chords, key=lambda chord: chord.exceptional)
    model = points[0].model
    lines = _lines(model)
    priced = all(chord.hybrid_usd is not None for chord in points)
    natural = next(chord.exceptional for chord in points if chord.production)

    def draw(figure: Figure) -> None:
        panels = list(figure.subplots(1 + priced, 1, sharex=True, squeeze=False)[:, 0])
        _success(panels[0], points, lines)
        if priced:
            _cost(panels[1], points, lines)
        for axes in panels:
            axes.axvline(natural, color=palette.OTHER, lw=1, ls=(0, (1, 2)), zorder=1)
            axes.yaxis.set_minor_locator(NullLocator())
        axes = panels[-1]
        axes.set_xscale("log")
        axes.set_xlim(points[0].exceptional / 1.35, points[-1].exceptional * 1.35)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_locator(FixedLocator(SHARES))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.1%}".replace(".0%", "%")))
        axes.set_xlabel("exceptional records (log scale)")
        figure.align_ylabels(panels)
        handles = [
            *(Line2D([], [], label=each.name, **_look(each)) for each in lines),  # type: ignore[arg-type]
            Line2D(
                [],
                [],
                color=palette.OTHER,
                lw=1,
                ls=(0, (1, 2)),
                label=f"production mix: {numbers.percent(natural)} exceptional",
            ),
        ]
        legend(
            figure,
            handles,
            title="bars: 95% of the hybrid's difference from the split"
            + ("" if priced else "; dollars unknown"),
        )

    title = f"{scenario}: hybrid against a random split"
    alt = f"With {model}, by share of exceptional records. " + "; ".join(map(_told, points))
    height = 5.6 if priced else 3.6
    return drawn(scenario, "hybrid-split", title, alt, draw, height=height, number=number)


def _lines(model: str) -> tuple[_Line, ...]:
    colour = palette.colour
    return (
        _Line("job", colour("job"), "s", 8, 2.8, "-", lambda c: c.job, lambda c: c.job_usd),
        _Line(
            label("agent", model), colour("agent"), "o", 5, 1.2, "-",
            lambda c: c.agent, lambda c: c.agent_usd,
        ),
        _Line(
            label("hybrid", model), colour("hybrid"), "D", 4.5, 1.2, "-",
            lambda c: c.hybrid, lambda c: c.hybrid_usd,
        ),
        _Line(
            "random split, as many to the agent as the hybrid hands on",
            palette.MUTED, "x", 6, 1.2, DASHES,
            lambda c: c.line, lambda c: c.line_usd,
        ),
    )  # fmt: skip


def _success(axes: Axes, points: Sequence[Chord], lines: Sequence[_Line]) -> None:
    """By the share that is wrong, downwards: 99.9% and 99.99% are as far apart as 90% and 99%."""
    rows = [(each, [max(0.0, 1 - each.right(c)) for c in points]) for each in lines]
    finest = _finest(value for _, values in rows for value in values)
    axes.set_yscale("symlog", linthresh=finest, linscale=0.6)
    worst = max(value for _, values in rows for value in values)
    bars = [(1 - c.line - c.gain_high, 1 - c.line - c.gain_low) for c in points]
    _draw(axes, points, rows, bars)
    axes.set_ylim(min(1.0, worst * 1.5) or finest, -0.1 * finest)
    axes.yaxis.set_major_locator(FixedLocator([0, *_tens(finest, 1.0)]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * (1 - y):.7g}%"))
    axes.set_ylabel("records right (log of wrong)")


def _cost(axes: Axes, points: Sequence[Chord], lines: Sequence[_Line]) -> None:
    rows = [(each, [each.usd(c) or 0.0 for c in points]) for each in lines]
    amounts = [value for _, values in rows for value in values]
    finest = _finest(amounts)
    axes.set_yscale("symlog", linthresh=finest, linscale=0.6)
    bars = [
        ((c.line_usd or 0.0) - (c.saving_high or 0.0), (c.line_usd or 0.0) - (c.saving_low or 0.0))
        for c in points
    ]
    _draw(axes, points, rows, bars)
    lowest = min(*amounts, *(low for low, _ in bars))
    axes.set_ylim(-0.1 * finest if lowest <= 0 else lowest / 1.6, max(amounts) * 1.8 or finest)
    axes.yaxis.set_major_locator(FixedLocator([0, *_tens(finest, max(amounts))]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: dollar_tick(y) if y else "$0"))
    axes.set_ylabel("expected $ a record (log)")


def _draw(
    axes: Axes,
    points: Sequence[Chord],
    rows: Sequence[tuple[_Line, Sequence[float]]],
    bars: Sequence[tuple[float, float]],
) -> None:
    """The lines, and the hybrid's intervals; an end below nought is drawn at nought."""
    for each, values in rows:
        xs = [chord.exceptional for chord in points]
        axes.plot(xs, values, zorder=3, clip_on=False, **_look(each))  # type: ignore[arg-type]
        if each.shape == "D":
            below = [max(0.0, y - max(0.0, low)) for y, (low, _) in zip(values, bars, strict=True)]
            above = [max(0.0, high - y) for y, (_, high) in zip(values, bars, strict=True)]
            axes.errorbar(
                xs, values, yerr=[below, above], fmt="none",
                ecolor=each.colour, elinewidth=1.8, capsize=0, zorder=4,
            )  # fmt: skip


def _look(line: _Line) -> dict[str, object]:
    return {
        "color": line.colour,
        "marker": line.shape,
        "mfc": "none" if line.shape == "s" else line.colour,
        "ms": line.size,
        "lw": line.width,
        "ls": line.style,
    }


def _finest(values: Iterable[float]) -> float:
    """The power of ten under the smallest value above nought."""
    least = min((value for value in values if value > FINEST), default=1e-3)
    return float(10 ** math.floor(math.log10(least) + 1e-9))


def _tens(low: float, high: float) -> list[float]:
    first, last = round(math.log10(low)), math.ceil(math.log10(high or low))
    return [10.0**power for power in range(first, last + 1)]


def _told(chord: Chord) -> str:
    said = (
        f"{numbers.percent(chord.exceptional)}{' (production)' if chord.production else ''}: right "
        f"job {numbers.percent(chord.job)}, agent {numbers.percent(chord.agent)}, hybrid "
        f"{numbers.percent(chord.hybrid)}, split {numbers.percent(chord.line)} "
        f"({WORDS[chord.success]} the split)"
    )
    if chord.hybrid_usd is None:
        return said
    dollars = ", ".join(
        f"{name} {numbers.dollars(usd)}"
        for name, usd in (
            ("job", chord.job_usd),
            ("agent", chord.agent_usd),
            ("hybrid", chord.hybrid_usd),
            ("split", chord.line_usd),
        )
    )
    return f"{said}; expected a record {dollars} ({COSTS[chord.cost]} the split)"


WORDS = {
    "above": "hybrid above",
    "below": "hybrid below",
    "undecided": "undecided whether above",
}
COSTS = {
    "above": "hybrid cheaper than",
    "below": "hybrid dearer than",
    "undecided": "undecided whether cheaper than",
}

"""What a number of records would cost on each model: billed, cold, and the range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from bench.report import palette
from bench.report.charts.drawing import Chart, drawn, legend


@dataclass(frozen=True)
class Bar:
    """One model's dollars."""

    model: str
    billed: float
    cold: float
    low: float
    high: float


def forecast_chart(scenario: str, records: int, bars: Sequence[Bar]) -> Chart:
    """One line a model, the dearest on top."""
    ordered = sorted(bars, key=lambda bar: bar.billed)
    title = f"{scenario}: {records:,} records, forecast"

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.set_xscale("log")
        for place, bar in enumerate(ordered):
            axes.plot(
                [bar.low, bar.high],
                [place, place],
                color=palette.CACHED,
                lw=7,
                solid_capstyle="butt",
                zorder=1,
            )
            axes.plot(bar.cold, place, marker="D", ms=4.5, color=palette.FRESH, ls="")
            axes.plot(bar.billed, place, marker="o", ms=6, color=palette.INK, ls="")
        axes.set_yticks(range(len(ordered)), [bar.model for bar in ordered])
        axes.set_ylim(-0.6, len(ordered) - 0.4)
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_locator(LogLocator(numticks=6))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"${x:,g}"))
        axes.set_xlabel("API dollars (log scale), modelled")
        legend(
            figure,
            [
                Line2D([], [], marker="o", color=palette.INK, ls="", label="with prompts cached"),
                Line2D([], [], marker="D", color=palette.FRESH, ls="", label="nothing cached"),
                Line2D([], [], color=palette.CACHED, lw=7, label="range"),
            ],
            most=3,
        )

    alt = "; ".join(
        f"{bar.model}: ${bar.billed:,.2f} billed, ${bar.cold:,.2f} with nothing cached, "
        f"${bar.low:,.2f} to ${bar.high:,.2f}"
        for bar in reversed(ordered)
    )
    return drawn(scenario, "forecast", title, alt, draw, height=1.3 + 0.32 * len(ordered))

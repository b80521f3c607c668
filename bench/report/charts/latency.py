"""How long cases take, on a log axis: every measured time, and the median."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bench.analysis.latency import seconds
from bench.report import numbers, palette
from bench.report.charts.drawing import Chart, drawn
from bench.report.tables.cells import label
from bench.types import Trial

DOTS = 300
"""Times drawn for one approach: more would hide each other and weigh on the report."""


def thinned(values: Sequence[float]) -> Sequence[float]:
    """Sorted values, or so many of them evenly spaced by rank, the extremes among them."""
    if len(values) <= DOTS:
        return values
    return [values[round(n * (len(values) - 1) / (DOTS - 1))] for n in range(DOTS)]


def latency_chart(scenario: str, trials: Sequence[Trial]) -> Chart | None:
    """Draw the measured times of usable trials; None if there are none."""
    groups: dict[tuple[str, str | None], list[Trial]] = {}
    for trial in trials:
        if not trial.approach.startswith("always"):
            groups.setdefault((trial.approach, trial.model), []).append(trial)
    found = {who: sorted(seconds(having).values()) for who, having in groups.items()}
    found = {who: values for who, values in found.items() if values}
    if not found:
        return None
    title = f"{scenario}: seconds a case takes"

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, ((approach, _), values) in enumerate(found.items()):
            colour = palette.colour(approach)
            # A fixed zigzag keeps equal times apart without a random jitter.
            shown = thinned(values)
            spread = [place + 0.13 * ((n * 7) % 5 - 2) / 2 for n in range(len(shown))]
            axes.plot(shown, spread, "o", ms=3.6, color=colour, alpha=0.55, mew=0)
            middle = median(values)
            axes.plot([middle] * 2, [place - 0.3, place + 0.3], color=colour, lw=2.2)
            axes.annotate(
                f"{numbers.seconds(middle)}",
                (middle, place - 0.32),
                ha="center",
                va="bottom",
                fontsize=8,
                color=colour,
            )
        axes.set_xscale("log")
        axes.set_yticks(
            range(len(found)),
            [_two_lines(a, m) + f"\nn = {len(v)}" for (a, m), v in found.items()],
        )
        axes.set_ylim(len(found) - 0.45, -0.7)
        axes.yaxis.grid(False)
        ends = [values[end] for values in found.values() for end in (0, -1)]
        axes.xaxis.set_major_locator(LogLocator(subs=steps(min(ends), max(ends)), numticks=8))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: tick(numbers.seconds(x))))
        most = max(len(values) for values in found.values())
        some = f"; at most {DOTS} dots each, evenly spread over n" if most > DOTS else ""
        axes.set_xlabel(f"working time (log scale); bar: median{some}")
        axes.tick_params(axis="y", length=0, labelsize=8)

    alt = "; ".join(
        f"{label(*who)}: median {numbers.seconds(median(values))}, from "
        f"{numbers.seconds(values[0])} to {numbers.seconds(values[-1])}, n = {len(values)}"
        for who, values in found.items()
    )
    return drawn(scenario, "latency", title, alt, draw, height=0.9 + 0.52 * len(found))


def _two_lines(approach: str, model: str | None) -> str:
    return f"{label(approach, None)}\n{model}" if model else label(approach, None)


def steps(low: float, high: float) -> Sequence[float]:
    """Where a log axis has its marks within a decade, so that there are always several."""
    return (1,) if high >= 30 * low else (1, 2, 5) if high >= 5 * low else range(1, 10)


def tick(text: str) -> str:
    """A figure on an axis: 10 ms, not 10.0 ms."""
    return re.sub(r"\.0+(?=\D|$)", "", text)

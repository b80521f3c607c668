"""Agreement of the trials of a case, in four respects."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from bench.analysis.determinism import Agreement, Determinism
from bench.report import numbers, palette
from bench.report.charts.drawing import Chart, drawn, legend
from bench.report.tables.cells import label

MEASURES = (
    ("outcome", "same outcome"),
    ("raw", "same raw output"),
    ("tools", "same tool calls"),
    ("state", "same final state"),
)


def determinism_chart(scenario: str, rows: Sequence[Determinism]) -> Chart | None:
    """Draw the rows with figures; None if there are none."""
    shown = [row for row in rows if row.outcome is not None]
    if not shown:
        return None
    title = f"{scenario}: do {shown[0].repeats} trials of a case agree?"
    step = 0.8 / len(shown)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, (name, _) in enumerate(MEASURES):
            for number, row in enumerate(shown):
                found = getattr(row, name)
                if found is None:
                    continue
                y = place + (number - (len(shown) - 1) / 2) * step
                colour = palette.colour(row.approach)
                axes.plot([found.low, found.high], [y, y], color=colour, lw=1.4, alpha=0.5)
                axes.plot(
                    found.share,
                    y,
                    _shape(row, shown),
                    ms=6,
                    color=colour,
                    mec=palette.PAPER,
                    mew=0.8,
                    clip_on=False,
                    zorder=3,
                )
        axes.set_yticks(range(len(MEASURES)), [text for _, text in MEASURES])
        axes.set_ylim(len(MEASURES) - 0.45, -0.55)
        axes.set_xlim(0, 1)
        axes.yaxis.grid(False)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0%}"))
        axes.set_xlabel(f"repeated cases that agree (n = {shown[0].cases}), 95% interval")
        axes.tick_params(axis="y", length=0)
        legend(
            figure,
            [
                Line2D(
                    [],
                    [],
                    marker=_shape(row, shown),
                    color=palette.colour(row.approach),
                    ls="",
                    label=label(row.approach, row.model),
                )
                for row in shown
            ],
        )

    alt = "; ".join(
        f"{label(row.approach, row.model)}: "
        + ", ".join(f"{text} {_share(getattr(row, name))}" for name, text in MEASURES)
        for row in shown
    )
    return drawn(scenario, "determinism", title, alt, draw, height=1.3 + 0.16 * 4 * len(shown))


def _share(found: Agreement | None) -> str:
    return numbers.percent(found.share) if found else "not on record"


def _shape(row: Determinism, rows: Sequence[Determinism]) -> str:
    """One marker for each model, the same in every approach."""
    models = list(dict.fromkeys(other.model for other in rows))
    return "sovD^P"[models.index(row.model) % 6]

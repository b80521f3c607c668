"""Volume × changes a month: the cheapest approach's region, and where the data cannot decide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullLocator
from numpy.typing import NDArray

from bench.analysis.assumptions import Assumptions
from bench.analysis.decision_map import CHANGES, DECIDED, VOLUMES, decision_map
from bench.analysis.rates import Candidate
from bench.report import palette
from bench.report.charts.drawing import Chart, drawn, legend
from bench.report.tables.cells import label


def decision_map_chart(
    scenario: str, candidates: Sequence[Candidate], assumptions: Assumptions
) -> Chart | None:
    """Draw the map; None unless there is something to choose."""
    if len(candidates) < 2:
        return None
    found = decision_map(candidates, assumptions)
    open_ = found.certainty < DECIDED
    winners = np.unique(found.winners)
    title = f"{scenario}: the cheapest approach a month"

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.set_xscale("log")
        axes.set_yscale("log")
        for number, each in enumerate(candidates):
            here = found.winners == number
            if here.any():
                axes.contourf(
                    VOLUMES,
                    CHANGES,
                    here.astype(float),
                    levels=[0.5, 1.5],
                    colors=[palette.colour(each.approach)],
                    alpha=0.75,
                )
                _outline(axes, here)
                if sum(each.approach == candidates[n].approach for n in winners) > 1:
                    _name(axes, here, each.model or each.approach)
        if open_.any():
            axes.contourf(
                VOLUMES,
                CHANGES,
                open_.astype(float),
                levels=[0.5, 1.5],
                colors="none",
                hatches=["////"],
            )
        axes.plot(
            assumptions.volume.records_per_month,
            max(assumptions.changes.per_month, CHANGES[0]),
            "o",
            ms=7,
            color=palette.PAPER,
            mec=palette.INK,
            mew=1.5,
            clip_on=False,
        )
        axes.grid(False)
        axes.set_xlabel("records a month (log scale)")
        axes.set_ylabel("changes of the rules a month (log)")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: short(x)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_minor_locator(NullLocator())
        handles = [
            Patch(
                facecolor=palette.colour(each.approach),
                alpha=0.75,
                label=label(each.approach, each.model),
            )
            for number, each in enumerate(candidates)
            if (found.winners == number).any()
        ]
        handles.append(
            Patch(facecolor="none", edgecolor=palette.INK, hatch="////", label="data cannot decide")
        )
        legend(figure, handles)

    cells = found.winners.size
    parts = [
        f"{label(each.approach, each.model)} in {np.sum(found.winners == n) / cells:.0%} of the map"
        for n, each in enumerate(candidates)
    ]
    alt = (
        "100 to 100 million records a month by 0.1 to 100 changes a month, log scales. Cheapest "
        f"by the estimate: {', '.join(parts)}. In {open_.mean():.0%} of the map no approach is the "
        f"cheapest in {DECIDED:.0%} of the draws. The circle marks the assumed volume and changes"
    )
    return drawn(scenario, "decision-map", title, alt, draw, height=3.6)


def _outline(axes: Axes, here: NDArray[np.bool_]) -> None:
    """A light line around a region: two models of one approach have the same colour."""
    if not here.all():
        shape = here.astype(float)
        axes.contour(VOLUMES, CHANGES, shape, levels=[0.5], colors=palette.PAPER, linewidths=1.2)


def _name(axes: Axes, here: NDArray[np.bool_], words: str) -> None:
    """Write a region's model into its middle."""
    changes, volumes = np.nonzero(here)
    middle = len(changes) // 2
    axes.text(
        VOLUMES[int(np.median(volumes[changes == changes[middle]]))],
        CHANGES[int(changes[middle])],
        words,
        ha="center",
        va="center",
        fontsize=7.5,
        bbox={"facecolor": palette.PAPER, "edgecolor": "none", "pad": 1.2},
        zorder=4,
    )


def short(value: float) -> str:
    """A number on an axis: 10k, 1M."""
    for limit, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g}{unit}"
    return f"{value:g}"

"""Tokens of the model calls, by their place in the conversation."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from bench.analysis.steps import Steps
from bench.report import palette
from bench.report.charts.drawing import Chart, drawn, legend
from bench.report.tables.cells import label

MOST_NAMES = 12
"""Bars that have room for their figures; of more, every second, third, … has one."""


def tokens_chart(scenario: str, steps: Sequence[Steps]) -> Chart | None:
    """Draw the agent's calls, the hybrid's if there is no agent; None without known tokens."""
    known = [row for row in steps if row.by_place]
    agents = [row for row in known if row.approach == "agent"] or known
    if not agents:
        return None
    title = f"{scenario}: tokens of a model call"
    longest = max(len(row.by_place) for row in agents)
    every = math.ceil(longest / MOST_NAMES)
    classes: tuple[tuple[str, str, str], ...] = (
        ("cached", "prompt, cached", palette.CACHED),
        ("fresh", "prompt, not cached", palette.FRESH),
        ("output", "generated", palette.OUTPUT),
    )

    def draw(figure: Figure) -> None:
        grid = figure.subplots(len(agents), 1, squeeze=False)
        for axes, row in zip(grid[:, 0], agents, strict=True):
            bottom = [0.0] * len(row.by_place)
            for name, text, colour in classes:
                heights = [float(getattr(place, name)) for place in row.by_place]
                axes.bar(
                    [place.step for place in row.by_place],
                    heights,
                    bottom=bottom,
                    width=0.62,
                    color=colour,
                    label=text,
                )
                bottom = [low + height for low, height in zip(bottom, heights, strict=True)]
            for place, top in list(zip(row.by_place, bottom, strict=True))[::every]:
                axes.annotate(
                    f"{place.output:.0f}",
                    (place.step, top),
                    xytext=(0, 2),
                    textcoords="offset points",
                    ha="center",
                    fontsize=7,
                    color=palette.MUTED,
                )
            name = label(row.approach, row.model)
            if row.provenance_tokens != "measured":
                name += f" ({row.provenance_tokens})"
            axes.set_title(name, fontsize=8.5, fontweight="normal")
            axes.set_xlim(0.4, longest + 0.6)
            axes.margins(y=0.12)
            named = row.by_place[::every]
            axes.set_xticks([p.step for p in named], [f"{p.step}\n({p.calls})" for p in named])
            axes.tick_params(axis="x", labelsize=8)
            axes.xaxis.grid(False)
            axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}"))
            axes.set_ylabel("tokens")
        grid[-1, 0].set_xlabel("call of a conversation (how many)\non top: tokens generated")
        legend(figure, grid[0, 0].get_legend_handles_labels()[0], most=3)

    alt = "; ".join(
        f"{label(row.approach, row.model)}: "
        + ", ".join(
            f"call {place.step} {place.cached + place.fresh:.0f} in ({place.cached:.0f} cached) "
            f"{place.output:.0f} out"
            for place in row.by_place
        )
        for row in agents
    )
    return drawn(scenario, "tokens", title, alt, draw, height=0.8 + 1.8 * len(agents))

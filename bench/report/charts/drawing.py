"""What all charts share: their look, and how they become SVG and PNG."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import wrap

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from bench.report import palette

WIDTH = 4.0
"""Inches: shown 370 pixels wide, as on a phone, the text has 10 pixels and more."""

PNG_DPI = 200

STYLE: dict[str, object] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": palette.INK,
    "text.parse_math": False,
    "axes.edgecolor": palette.RULE,
    "axes.labelcolor": palette.MUTED,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": palette.RULE,
    "grid.linewidth": 0.6,
    "xtick.color": palette.RULE,
    "ytick.color": palette.RULE,
    "xtick.labelcolor": palette.MUTED,
    "ytick.labelcolor": palette.INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.facecolor": palette.PAPER,
    "axes.facecolor": "none",
    "savefig.facecolor": palette.PAPER,
    "svg.hashsalt": "agent-or-job",
    "svg.fonttype": "none",
}


TITLE = 54
"""Letters of a title in a line."""
LEGEND = 270 / 4.8
"""Letters of a legend in a line: points of width by points of a letter."""
HANDLE = 8
"""Letters that a mark and the space around it take the room of."""


@dataclass(frozen=True)
class Chart:
    """A drawn chart."""

    scenario: str
    kind: str
    """``cost-mix``, ``cost-all``, ``latency``, ``tokens``, ``scaling``,
    ``determinism``, ``pareto``, ``decision-map`` or ``hybrid-split``."""
    title: str
    alt: str
    """What it shows, with its figures, for those who cannot see it."""
    svg: str
    png: bytes
    number: int = 1
    """Of several of a kind, one a model."""

    @property
    def name(self) -> str:
        """File name without extension."""
        return f"{self.kind}-{self.scenario}" + (f"-{self.number}" if self.number > 1 else "")


def legend(figure: Figure, handles: Sequence[Artist], *, title: str = "", most: int = 2) -> None:
    """Below the chart, in as many columns as its labels have room for, and at ``most`` so many."""
    longest = max(len(str(handle.get_label())) for handle in handles)
    figure.legend(
        handles=handles,
        loc="outside lower left",
        ncols=max(1, min(most, int(LEGEND // (longest + HANDLE)))),
        title=title or None,
        alignment="left",
        title_fontsize=8,
    )


def drawn(
    scenario: str,
    kind: str,
    title: str,
    alt: str,
    draw: Callable[[Figure], None],
    *,
    height: float,
    number: int = 1,
) -> Chart:
    """Draw a chart of that height in inches and save it: the same bytes for the same figures."""
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(WIDTH, height), dpi=PNG_DPI, layout="constrained")
        figure.suptitle(
            "\n".join(wrap(title, TITLE)), x=0.01, ha="left", fontsize=9, fontweight="bold"
        )
        draw(figure)
        # The canvases draw once each; ``savefig`` would draw and lay out everything twice.
        png = io.BytesIO()
        FigureCanvasAgg(figure).print_png(png, metadata={"Software": None})  # type: ignore[no-untyped-call]
        figure.set_layout_engine("none")
        svg = io.StringIO()
        FigureCanvasSVG(figure).print_svg(  # type: ignore[no-untyped-call]
            svg, metadata={"Date": None, "Creator": None}
        )
    return Chart(
        scenario=scenario,
        kind=kind,
        title=title,
        alt=f"{title}. {alt}",
        # Text stays text; where matplotlib's own font is missing, its nearest relative serves.
        svg=svg.getvalue().replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif"),
        png=png.getvalue(),
        number=number,
    )

"""What all charts share: their look, and how they become SVG and PNG."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from bench.report import palette

WIDTH = 4.5
"""Inches: shown 390 pixels wide, the text is still readable."""

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
        figure.suptitle(title, x=0.01, ha="left", fontsize=9, fontweight="bold")
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

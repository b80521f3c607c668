"""Colours and marks, the same for each approach everywhere.

The three approaches wear blue, vermilion and green of Okabe and Ito's palette, which people with
any kind of colour vision can tell apart: https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

APPROACHES = {"job": "#0072b2", "agent": "#d55e00", "hybrid": "#009e73"}
OTHER = "#7b8794"
"""Yardsticks, and approaches added later."""

INK = "#1c2733"
MUTED = "#5b6875"
RULE = "#d5dbe1"
PAPER = "#ffffff"

CACHED = "#b9cadb"
FRESH = "#5f8fbe"
OUTPUT = "#e69f00"

MARKERS = {"api": "o", "compute": "s"}
"""By the kind of dollars."""

VARIABLES = {
    APPROACHES["job"]: "--job",
    APPROACHES["agent"]: "--agent",
    APPROACHES["hybrid"]: "--hybrid",
    OTHER: "--other",
    INK: "--ink",
    MUTED: "--muted",
    RULE: "--rule",
    PAPER: "--paper",
    CACHED: "--cached",
    FRESH: "--fresh",
    OUTPUT: "--output",
}
"""Colour → the CSS variable that stands for it in the HTML report, light and dark."""


def colour(approach: str) -> str:
    """The colour of an approach."""
    return APPROACHES.get(approach, OTHER)

"""The report as one self-contained HTML file: no script, no outside request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from bench.analysis.rows import Row, Summary
from bench.analysis.samples import ALL, MIX
from bench.report import numbers, palette
from bench.report.charts.drawing import Chart
from bench.report.outline import outline, setting
from bench.report.transcripts import Transcript

_HEAD = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_SIZE = re.compile(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>')
_FONT = re.compile(r"font-family: [^;\"]+;? ?")


def render(summary: Summary, charts: Sequence[Chart], transcripts: Mapping[str, Transcript]) -> str:
    """The whole report. Everything from a run is text: jinja2 escapes it."""
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        summary=summary,
        style=Markup(_template("report.css")),
        scenarios=outline(summary, charts),
        heads={s.name: headline(summary, s.name) for s in summary.scenarios},
        setting=setting(summary),
        transcripts=transcripts,
        inline=inline_svg,
        numbers=numbers,
        known=tuple(palette.APPROACHES),
    )


def _template(name: str) -> str:
    return files("bench.report").joinpath("templates", name).read_text("utf-8")


def headline(summary: Summary, scenario: str) -> list[Row]:
    """The rows for the figures at the top: the production mix, yardsticks left out."""
    rows = [r for r in summary.rows if r.scenario == scenario and r.drift == "none"]
    chosen = [r for r in rows if r.stratum == MIX] or [r for r in rows if r.stratum == ALL]
    return [row for row in chosen if not row.baseline]


def inline_svg(chart: Chart) -> Markup:
    """The chart as an SVG element: coloured by the page's CSS variables, its ids made unique
    within the page, described for screen readers."""
    text = _METADATA.sub("", _HEAD.sub("", chart.svg))
    prefix = f"{chart.name}-"
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', text))
    text = re.sub(r' id="([^"]*)"', lambda m: f' id="{prefix}{m[1]}"' if m[1] in used else "", text)
    text = re.sub(r'(url\(#|href="#)', rf"\1{prefix}", text)
    text = _FONT.sub("", text)
    for colour, variable in palette.VARIABLES.items():
        text = text.replace(f"fill: {colour}", f"fill: var({variable})")
        text = text.replace(f"stroke: {colour}", f"stroke: var({variable})")
    opening = (
        f'<svg viewBox="\\1" role="img" aria-label="{escape(chart.alt)}" '
        f'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    return Markup(_SIZE.sub(opening, text, count=1))

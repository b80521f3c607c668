"""The report as a small application in one HTML file: no server, no outside request.

The script is our own: tabs, a sortable table of fifty rows and one map are less code than the glue
and the licence texts of libraries for them would be, and it needs no network to be read.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from bench.analysis.rows import Row, Summary
from bench.analysis.samples import ALL, MIX
from bench.report import numbers, palette
from bench.report.app import AppData
from bench.report.charts.drawing import Chart
from bench.report.differences import divergences
from bench.report.outline import outline, setting
from bench.report.tables.cells import provenance
from bench.report.transcripts import Transcript

_HEAD = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_SIZE = re.compile(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>')
_FONT = re.compile(r"font-family: [^;\"]+;? ?")


TABS = (
    ("overview", "Overview"),
    ("success", "Success"),
    ("cost", "Cost"),
    ("latency", "Latency"),
    ("determinism", "Determinism"),
    ("economics", "Economics"),
    ("claims", "Claims"),
    ("trials", "Trials"),
    ("setting", "How it was made"),
)
"""Name and title of each part."""
VERDICTS = ("supported", "contradicted", "undecided", "not measured here")
"""Of the claims: shown as what they are."""
SCRIPTS = ("economics.js", "app.js", "trials.js")


def render(
    summary: Summary,
    charts: Sequence[Chart],
    transcripts: Mapping[str, Transcript],
    data: AppData,
) -> str:
    """The whole report. Everything from a run is text: jinja2 escapes it, and the script puts it on
    the page as text. ``transcripts``: those of differing trials, at least."""
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = "\n".join(_template(name) for name in SCRIPTS)
    differing = divergences(summary.determinism, transcripts)
    return environment.get_template("report.html.j2").render(
        summary=summary,
        style=Markup(_template("report.css")),
        script=Markup(script),
        policy=content_policy(script, beside=bool(data.files)),
        data=data,
        tabs=TABS,
        scenarios=outline(summary, charts),
        differing={
            s.name: [d for d in differing if d.left.trial.startswith(f"{s.name}/")]
            for s in summary.scenarios
        },
        heads={s.name: headline(summary, s.name) for s in summary.scenarios},
        setting=setting(summary),
        inline=inline_svg,
        breakable=breakable,
        led=led,
        verdicts=VERDICTS,
        provenance=provenance,
        numbers=numbers,
        known=tuple(palette.APPROACHES),
    )


def content_policy(script: str, *, beside: bool) -> str:
    """What the page may do: run this very script, and with ``beside`` those that lie beside it; ask
    for nothing. A second wall behind the escaping."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    scripts = f"'sha256-{digest}'" + (" 'self' file:" if beside else "")
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {scripts}"


def _template(name: str) -> str:
    return files("bench.report").joinpath("templates", name).read_text("utf-8")


def headline(summary: Summary, scenario: str) -> list[Row]:
    """The rows for the figures at the top: the production mix, yardsticks left out."""
    rows = [r for r in summary.rows if r.scenario == scenario and r.drift == "none"]
    chosen = [r for r in rows if r.stratum == MIX] or [r for r in rows if r.stratum == ALL]
    return [row for row in chosen if not row.baseline]


def breakable(text: str) -> Markup:
    """Names with underscores may be broken behind each, as words may at a blank."""
    return Markup("_<wbr>").join(escape(part) for part in text.split("_"))


def led(sentence: str) -> Markup:
    """A sentence whose first words, up to a colon, say what it is about."""
    head, colon, rest = sentence.partition(": ")
    if not colon or "(" in head:
        return escape(sentence)
    return Markup("<b>{}:</b> {}").format(head, rest)


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

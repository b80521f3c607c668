"""The report as Markdown, and its transcripts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from bench.analysis.rows import Summary
from bench.report.charts.drawing import Chart
from bench.report.differences import Divergence, divergences
from bench.report.outline import Section, outline, said, setting
from bench.report.tables.cells import Cell, Table
from bench.report.transcripts import Transcript

_SPECIAL = re.compile(r"([\\`*_\[\]|~#])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def render(summary: Summary, charts: Sequence[Chart], transcripts: Mapping[str, Transcript]) -> str:
    """The whole report. Transcripts and charts are linked by relative paths."""
    differing = divergences(summary.determinism, transcripts)
    lines = [f"# Agent or job? {escape(summary.run)}", ""]
    lines += [f"> {escape(said(notice))}  " for notice in summary.notices]
    lines.append("")
    for scenario in outline(summary, charts):
        lines += [f"## {escape(scenario.name)}", ""]
        for section in scenario.sections:
            lines += _section(section, transcripts)
            if section.title == "Determinism":
                lines += _differences(
                    [d for d in differing if d.left.trial.startswith(f"{scenario.name}/")]
                )
    lines += ["## How this run was made", ""]
    lines += [f"- **{escape(what)}**: {escape(value)}" for what, value in setting(summary)]
    lines += [f"- **note**: {escape(note)}" for note in summary.notes]
    lines += ["", "### Provenance", ""]
    lines += [f"- `{word}`: {escape(meaning)}" for word, meaning in summary.provenances.items()]
    return "\n".join(lines) + "\n"


def _section(section: Section, transcripts: Mapping[str, Transcript]) -> Iterable[str]:
    yield from (f"### {section.title}", "")
    for paragraph in section.paragraphs:
        yield from (escape(paragraph), "")
    if section.folded is not None:
        yield from (f"<details><summary>{escape(section.folded.sentence)}</summary>", "")
        yield from (escape(section.folded.text), "", "</details>", "")
    for chart in section.charts:
        yield from (f"![{escape(chart.alt)}](charts/{chart.name}.svg)", "")
    for table in section.tables:
        yield from _table(table, transcripts, titled=table.title != section.title)


def _table(table: Table, transcripts: Mapping[str, Transcript], *, titled: bool) -> Iterable[str]:
    if titled:
        yield from (f"#### {escape(table.title)}", "")
    yield "| " + " | ".join(escape(column.title) for column in table.columns) + " |"
    yield "|" + "|".join("---" if c.align == "left" else "---:" for c in table.columns) + "|"
    for row in table.rows:
        yield "| " + " | ".join(_cell(table, cell, transcripts) for cell in row) + " |"
    yield ""
    for note in table.notes:
        yield f"<sup>{table.mark_of(note)}</sup> {escape(note)}  "
    if table.notes:
        yield ""
    if table.caption:
        yield from (f"_{escape(table.caption)}_", "")


def _cell(table: Table, cell: Cell, transcripts: Mapping[str, Transcript]) -> str:
    text = escape(cell.text)
    transcript = transcripts.get(cell.trial)
    if transcript is not None:
        text = f"[{text}](transcripts/{transcript.name}.md)"
    if cell.note:
        text += f"<sup>{table.mark(cell)}</sup>"
    return f"{text}<br><sub>{escape(cell.small)}</sub>" if cell.small else text


def _differences(found: Sequence[Divergence]) -> Iterable[str]:
    if found:
        yield from ("#### Where two trials of a case part", "")
    for each in found:
        yield (
            f"**{escape(each.who)}, {escape(each.case)}**: differs in {each.differs}; the first "
            f"{each.same} utterances are equal, then"
        )
        yield ""
        for side in (each.left, each.right):
            yield f"- trial `{side.trial}` ({side.status}), {escape(side.title)}:"
            yield ""
            yield from (fence(f"{side.before}⟦here⟧{side.after}"), "")


def render_transcript(transcript: Transcript) -> str:
    """One trial, with everything that a model or a file said inside code fences."""
    lines = [f"# {escape(transcript.trial.id)}", ""]
    lines += [f"- **{what}**: {escape(value)}" for what, value in transcript.facts]
    lines += ["", "## Verdict", ""]
    lines += [f"- {escape(line)}" for line in transcript.verdict]
    lines += ["", "## What happened", ""]
    for block in transcript.blocks:
        small = f" ({escape(block.small)})" if block.small else ""
        mark = " ✗" if block.bad else ""
        title = f": {escape(block.title)}" if block.title else ""
        lines += [f"**{block.role}**{title}{small}{mark}", "", fence(block.text), ""]
    return "\n".join(lines)


def escape(text: str) -> str:
    """Untrusted text as Markdown that shows it literally, on one line."""
    plain = re.sub(r"[&<>]", lambda match: _ENTITIES[match.group()], " ".join(text.split()))
    return _SPECIAL.sub(r"\\\1", plain)


def fence(text: str) -> str:
    """Untrusted text as a code block that it cannot close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}text\n{text}\n{ticks}"

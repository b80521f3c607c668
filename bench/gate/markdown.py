"""A comparison as Markdown for a pull request's comment: short above, folds below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from bench.gate.result import Comparison, Flip, Gate, Metric, SideInfo, Spent, Verdict
from bench.gate.sentences import (
    HEADLINES,
    TITLES,
    change,
    family,
    figure,
    headline,
    interval,
    least,
    p_value,
    title,
    trust,
)
from bench.report import numbers
from bench.report.markdown import escape

Links: TypeAlias = Mapping[tuple[str, str], str]

LONGEST = 60_000
"""Characters. GitHub refuses a comment of 65,536."""
FLIPS = (200, 80, 30, 10, 3, 0)
"""Flipped cases shown of each comparison; as many as fit."""
MARKS = {
    Verdict.REGRESSION: "❌",
    Verdict.IMPROVED: "✅",
    Verdict.NO_EVIDENCE: "✅",
    Verdict.INCONCLUSIVE: "❔",
    Verdict.NOT_COMPARABLE: "❔",
}


def render(gate: Gate, links: Links | None = None) -> str:
    """The whole comparison in fewer than 60,000 characters: fewer flipped cases where they do not
    fit, then only the gravest comparisons. ``links`` leads from (side, trial) to a transcript."""
    links = links or {}
    for most in FLIPS:
        text = _whole(gate, gate.comparisons, most, links)
        if len(text) < LONGEST:
            return text
    gravest = sorted(gate.comparisons, key=lambda each: each.verdict is not Verdict.REGRESSION)
    for number in range(len(gravest) - 1, -1, -1):
        text = _whole(gate, gravest[:number], 0, links)
        if len(text) < LONGEST:
            return text
    return (
        f"## {MARKS[gate.verdict]} {HEADLINES[gate.verdict]}\n\nToo much to show: see gate.json.\n"
    )


def _whole(gate: Gate, shown: Sequence[Comparison], flips: int, links: Links) -> str:
    lines = [f"## {MARKS[gate.verdict]} {escape(gate.sentence)}", ""]
    lines += [f"base {_side(gate.base)}  ", f"head {_side(gate.head)}", ""]
    for comparison in shown:
        lines += _comparison(comparison, flips, links, sequential=gate.sequential)
    if len(shown) < len(gate.comparisons):
        hidden = len(gate.comparisons) - len(shown)
        lines += [f"{hidden} more comparisons did not fit here; gate.json holds them.", ""]
    lines += _how(gate)
    return "\n".join(lines) + "\n"


def _comparison(
    comparison: Comparison, flips: int, links: Links, *, sequential: bool
) -> Iterator[str]:
    said = headline(comparison.verdict, comparison.more_cases)
    yield from (f"### {MARKS[comparison.verdict]} {escape(title(comparison))}: {said}", "")
    yield from (f"{escape(comparison.sentence)}", "")
    for notice in comparison.notices:
        yield from (f"> {escape(notice)}", "")
    if comparison.metrics:
        yield from _metrics(comparison, sequential=sequential)
    if comparison.strata:
        fallen = sum(stratum.collapsed for stratum in comparison.strata)
        told = f", {fallen} collapsed" if fallen else ""
        yield from _fold(f"Strata ({len(comparison.strata)}{told})", [*_strata(comparison)])
    if comparison.flips:
        lost = sum(flip.head < flip.base for flip in comparison.flips)
        gained = len(comparison.flips) - lost
        yield from _fold(
            f"Flipped cases ({lost} lost, {gained} gained)", [*_flips(comparison, flips, links)]
        )


def _metrics(comparison: Comparison, *, sequential: bool) -> Iterator[str]:
    yield "| metric | base | head | change | interval | matters from | p | verdict |"
    yield "|---|---:|---:|---:|---:|---:|---:|---|"
    for metric in comparison.metrics:
        if metric.change is not None:
            yield _metric(metric)
    yield ""
    for metric in comparison.metrics:
        if metric.reason is not None and metric.gated:
            yield f"- {TITLES[metric.name]}: {escape(metric.reason)}"
    yield from (f"- this check: base {_spent(comparison.base)}; head {_spent(comparison.head)}",)
    if told := trust(comparison, sequential=sequential):
        yield f"- {told}"
    yield ""


def _metric(metric: Metric) -> str:
    verdict = HEADLINES[metric.verdict] if metric.verdict else "—"
    if metric.verdict is Verdict.REGRESSION and metric.gated:
        verdict = f"**{verdict}**"
    name = TITLES[metric.name]
    cells = (
        name if metric.gated else f"_{name}_ (advice)",
        figure(metric, metric.base),
        figure(metric, metric.head),
        change(metric),
        interval(metric),
        least(metric),
        p_value(metric.p_adjusted).replace("<", "&lt;"),
        verdict,
    )
    return f"| {' | '.join(cells)} |"


def _strata(comparison: Comparison) -> Iterator[str]:
    yield "| stratum | cases | base | head | change | interval | p | |"
    yield "|---|---:|---:|---:|---:|---:|---:|---|"
    for each in comparison.strata:
        cells = (
            escape(each.name),
            str(each.pairs),
            numbers.percent(each.base),
            numbers.percent(each.head),
            change(each),
            interval(each),
            p_value(each.p_adjusted).replace("<", "&lt;"),
            "**collapsed**" if each.collapsed else "",
        )
        yield f"| {' | '.join(cells)} |"


def _flips(comparison: Comparison, most: int, links: Links) -> Iterator[str]:
    heading = "transcripts" if links else "trial (the same id in both runs)"
    yield f"| | case | base | head | what was wrong | {heading} |"
    yield "|---|---|---:|---:|---|---|"
    for flip in comparison.flips[:most]:
        trial = flip.base_trial
        if flip.head_trial != trial:
            trial = f"{flip.base_trial}, {flip.head_trial}"
        cells = (
            "lost" if flip.head < flip.base else "gained",
            escape(flip.case),
            numbers.percent(flip.base),
            numbers.percent(flip.head),
            escape(flip.reason),
            _linked(flip, links) or escape(trial),
        )
        yield f"| {' | '.join(cells)} |"
    if len(comparison.flips) > most:
        yield from ("", f"{len(comparison.flips) - most} more are in gate.json.")


def _linked(flip: Flip, links: Links) -> str:
    sides = (("base", flip.base_trial), ("head", flip.head_trial))
    return " · ".join(f"[{key[0]}](<{links[key]}>)" for key in sides if key in links)


def _fold(summary: str, lines: list[str]) -> Iterator[str]:
    yield from (f"<details><summary>{summary}</summary>", "", *lines, "", "</details>", "")


def _how(gate: Gate) -> Iterator[str]:
    yield from _fold(
        "How this was decided",
        [
            "Cases are paired, repeats are averaged within a case first, and every stratum counts "
            "the same. A regression needs a loss that matters and "
            f"p ≤ {gate.settings.alpha:g} {family(gate)}. *No evidence* means "
            "that a loss that matters is excluded; *inconclusive* means that it is neither shown "
            "nor excluded.",
            "",
            "A flipped case's two transcripts: `bench show TRIAL --run BASE` and "
            "`bench show TRIAL --run HEAD`.",
        ],
    )


def _side(side: SideInfo) -> str:
    if side.baseline is not None:
        blessed = side.baseline
        note = f": {escape(blessed.note)}" if blessed.note else ""
        return (
            f"**baseline {escape(blessed.name)}** (run {escape(side.run)} of {side.created}, "
            f"blessed {blessed.blessed[:10]} by {escape(blessed.by)}{note})"
        )
    commit = f", commit `{escape(side.git_commit[:12])}`" if side.git_commit else ""
    dirty = " with uncommitted changes" if side.git_dirty else ""
    return f"**{escape(side.run)}** ({escape(side.created)}{commit}{dirty})"


def _spent(spent: Spent) -> str:
    usd = "dollars unknown or none"
    if spent.usd is not None:
        usd = f"{numbers.dollars(spent.usd)} billed, {numbers.dollars(spent.usd_cold)} uncached"
    return f"{numbers.count(spent.trials)} trials, {numbers.count(spent.tokens)} tokens, {usd}"

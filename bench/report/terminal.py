"""The tables that end a run, for the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from bench.analysis.figures import BASELINES
from bench.analysis.rows import Row, Summary
from bench.analysis.samples import ALL, MIX
from bench.report import numbers
from bench.report.outline import said
from bench.report.recommendation import check_words, headline
from bench.report.special import special
from bench.report.tables.cells import label, provenance, who
from bench.report.tables.economics import decision_of

DISPUTES = 12
"""Disputed records on the terminal."""
STYLES = {"job": "blue", "agent": "red", "hybrid": "green"}


def terminal_table(summary: Summary) -> RenderableType:
    """One table a scenario, the production mix beside the balanced sample, and the notices.

    Narrow enough for 80 columns; figures by stratum stand in the written report.
    """
    parts: list[RenderableType] = [Text("")]
    for scenario in summary.scenarios:
        if any((r.scenario, r.stratum) == (scenario.name, ALL) for r in summary.rows):
            parts += [_table(summary, scenario.name), _evidence(summary, scenario.name)]
        parts += _agreement(summary, scenario.name)
        parts += _pairs(summary, scenario.name)
        parts += special(summary, scenario.name)
        decision = decision_of(summary, scenario.name)
        if decision is not None:
            parts.append(Text(headline(decision), style="bold"))
            checks = [(o.name, c) for o in decision.options for c in o.checks]
            parts += [Text(f"  {name}: {check_words(check)}.") for name, check in checks]
        parts.append(Text(""))
    parts += [Text(f"• {said(notice)}", style="dim") for notice in summary.notices]
    return Group(*parts)


def _agreement(summary: Summary, scenario: str) -> list[Text]:
    """Who decides like whom, and the first records in dispute; nothing on generated records."""
    lines = [
        Text(
            f"{each.first} and {each.second} decide alike: {each.alike} of {each.records} "
            f"({numbers.percent_range(each.share_low, each.share_high)})"
        )
        for each in summary.agreements
        if each.scenario == scenario
    ]
    found = [each for each in summary.disputes if each.scenario == scenario]
    if found:
        lines.append(Text(f"{len(found)} in dispute:", style="bold"))
    for each in found[:DISPUTES]:
        told = ", ".join(f"{one.approach}: {one.decision}" for one in each.decisions)
        lines.append(Text(f"  {each.record}  {told}"))
    if len(found) > DISPUTES:
        lines.append(Text(f"  and {len(found) - DISPUTES} more, in the report"))
    return lines


def _pairs(summary: Summary, scenario: str) -> list[Text]:
    """Who was recognised, a line each; nothing where that is not the question."""
    where = "" if _own(summary, scenario) else ", in the sample"
    return [
        Text(
            f"{label(each.approach, each.model)}{where}: "
            + ", ".join(
                f"{name} {numbers.percent(share.value)} "
                f"({numbers.percent_range(share.low, share.high)})"
                for name, share in (
                    ("precision", each.precision),
                    ("recall", each.recall),
                    ("F1", each.f1),
                )
                if share is not None
            ),
            style="dim" if each.approach in BASELINES else "",
        )
        for each in summary.pairs
        if each.scenario == scenario
    ]


def _own(summary: Summary, scenario: str) -> bool:
    return any(each.own for each in summary.scenarios if each.name == scenario)


def _table(summary: Summary, scenario: str) -> RichTable:
    table = RichTable(
        title=scenario, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=0
    )
    table.add_column("approach", overflow="fold")
    # A user's own records are the mix, so that the two shares would be the same.
    own = _own(summary, scenario)
    shares = (
        ("right\non your\nrecords",) if own else ("right\nin pro-\nduction", "right\nin\nsample")
    )
    for heading in (
        *shares,
        "deferred\n+ failed",
        "$ per\n1,000\nrecords",
        "tokens\na record",
        "p50\na case",
        "same\noutcome",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    rows = {
        (row.approach, row.model, row.stratum): row
        for row in summary.rows
        if row.scenario == scenario and row.drift == "none"
    }
    for approach, model in dict.fromkeys((a, m) for a, m, _ in rows):
        mix, sample = rows.get((approach, model, MIX)), rows.get((approach, model, ALL))
        row = mix or sample
        if row is None:
            continue
        name = Text(who(row).text, style=STYLES.get(approach, "dim"))
        if model:
            name.append(f"\n{model}", style="dim")
        tokens = None
        if row.tokens_in_per_record is not None and row.tokens_out_per_record is not None:
            tokens = row.tokens_in_per_record + row.tokens_out_per_record
        table.add_row(
            name,
            *((_success(sample),) if own else (_success(mix), _success(sample))),
            f"{numbers.percent(row.deferred)}\n+ {numbers.percent(row.failed)}",
            _dollars(row),
            numbers.count(tokens),
            numbers.seconds(row.p50_s),
            numbers.percent(sample.determinism_outcome) if sample else numbers.UNKNOWN,
        )
    return table


def _evidence(summary: Summary, scenario: str) -> Text:
    """Where the figures come from, in one line."""
    found: dict[str, list[str]] = {}
    for row in summary.rows:
        if (row.scenario, row.stratum, row.drift) != (scenario, ALL, "none"):
            continue
        if not row.baseline:
            name = label(row.approach, row.model)
            found.setdefault(provenance(row.provenance), []).append(name)
    said = "; ".join(f"{', '.join(names)}: {kind}" for kind, names in found.items())
    text = f"95% intervals over cases. {said}."
    if any(_partly(row) for row in summary.rows if row.scenario == scenario):
        text += " *: part of the production mix was not measured."
    return Text(text, style="dim")


def _partly(row: Row) -> bool:
    return row.mix_covered is not None and row.mix_covered < 0.9995


def _success(row: Row | None) -> Text:
    if row is None or row.success is None:
        return Text(numbers.UNKNOWN)
    text = Text(numbers.percent(row.success) + ("*" if _partly(row) else ""))
    text.append(f"\n{numbers.percent_range(row.success_low, row.success_high)}", style="dim")
    return text


def _dollars(row: Row) -> Text:
    text = Text(numbers.dollars(row.usd_per_1k_records))
    if row.usd_per_1k_records is not None:
        text.append("\nAPI" if row.usd_kind == "api" else "\ncompute", style="dim")
    return text

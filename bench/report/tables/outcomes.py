"""Tables of what came out: success and cost, by stratum, and what a hybrid hands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.analysis.dollars import CASES_OF_TWO_KINDS
from bench.analysis.rows import Row, ScenarioInfo, Summary
from bench.analysis.samples import ALL, MIX
from bench.report import numbers
from bench.report.tables.cells import (
    LEFT,
    WHO,
    Cell,
    Column,
    Table,
    dollar_cell,
    kinds,
    label,
    per_success_cell,
    provenance,
    success_cell,
    tokens_cell,
    who,
)

FEW_DOLLARS = (
    "An interval of dollars speaks of the kinds of cases that were seen: with fewer than 29 there "
    "may be none of a kind that is one in ten, and if it is dear, the truth lies above."
)


def outcome_table(summary: Summary, scenario: str, stratum: str, *, own: bool = False) -> Table:
    """Success, dollars and time of every approach, for the mix or for the whole sample, which with
    ``own`` are the user's own records."""
    rows = [
        r for r in summary.rows if (r.scenario, r.stratum, r.drift) == (scenario, stratum, "none")
    ]
    weighted = stratum == MIX
    return Table(
        title="Production mix" if weighted else "Your records" if own else "Balanced sample",
        columns=(
            WHO,
            Column("success", LEFT),
            Column("whole cases right"),
            Column("deferred"),
            Column("failed"),
            Column("to a human"),
            Column("$ per 1,000 records"),
            Column("$ per 1,000 successes"),
            Column("tokens per record"),
            Column("p50 a case"),
            *(() if weighted else (Column("cases"), Column("trials"))),
            Column("provenance", LEFT),
        ),
        rows=tuple(
            (
                who(row),
                success_cell(row),
                Cell(numbers.percent(row.trial_success)),
                Cell(numbers.percent(row.deferred)),
                Cell(numbers.percent(row.failed)),
                Cell(numbers.percent(row.reviewed)),
                dollar_cell(row),
                per_success_cell(row),
                tokens_cell(row),
                Cell(numbers.seconds(row.p50_s), note=row.reasons.get("p50_s", "")),
                *(
                    ()
                    if weighted
                    else (Cell(numbers.count(row.cases)), Cell(numbers.count(row.trials)))
                ),
                Cell(provenance(row.provenance)),
            )
            for row in rows
        ),
        caption=_outcome_caption(rows, weighted),
    )


def _outcome_caption(rows: Sequence[Row], weighted: bool) -> str:
    said = ["Shares of records, unless stated otherwise; 95% intervals."]
    if weighted:
        said.append("Strata are re-weighted to how often they occur in production.")
    else:
        said.append("Every record of the sample counts the same; repeats of a case are averaged.")
    kinds = {row.usd_kind for row in rows if not row.baseline}
    if "compute" in kinds:
        said.append("“compute” dollars are working time × the assumed price of a machine hour.")
    if "api" in kinds:
        said.append("“API” dollars are paid to a provider. The two are different money.")
    if any(row.usd_low is not None and row.cases < CASES_OF_TWO_KINDS for row in rows):
        said.append(FEW_DOLLARS)
    return " ".join(said)


def strata_table(summary: Summary, scenario: ScenarioInfo) -> Table:
    """Success of every approach in every stratum that was measured."""
    rows = [r for r in summary.rows if r.scenario == scenario.name and r.stratum not in (MIX, ALL)]
    groups = list(dict.fromkeys((row.approach, row.model) for row in rows))
    found = {(row.stratum, row.drift, row.approach, row.model): row for row in rows}
    lines = list(dict.fromkeys((row.stratum, row.drift) for row in rows))
    info = {stratum.name: stratum for stratum in scenario.strata}
    body = []
    for name, drift in lines:
        stratum = info[name]
        kind = "ordinary" if stratum.ordinary else "free text" if stratum.free_text else ""
        kind = "attacks" if stratum.hostile else kind
        cells = [Cell(_in_world(name, drift), small=stratum.title)]
        for group in groups:
            row = found.get((name, drift, *group))
            cells.append(_stratum_cell(row) if row else Cell(numbers.UNKNOWN, note="not run"))
        cells += [
            Cell(kind),
            Cell(numbers.percent(stratum.weight)),
            Cell(numbers.count(stratum.cases)),
        ]
        body.append(tuple(cells))
    return Table(
        title="Success by stratum",
        columns=(
            Column("stratum", LEFT),
            *(Column(label(*group), LEFT) for group in groups),
            Column("kind", LEFT),
            Column("in the mix"),
            Column("cases"),
        ),
        rows=tuple(body),
        caption="Share of records that came out right in the cases of each stratum, with 95% "
        "intervals. “free text” strata hinge on a fact in prose: rules must defer there. "
        f"A case's other records are ordinary ones and count with it. Provenance: {kinds(rows)}.",
    )


def _in_world(name: str, drift: str) -> str:
    return name if drift == "none" else f"{name} ({drift_words(drift)})"


def drift_words(drift: str) -> str:
    """In which changed world, for a heading."""
    return {"rules": "rules changed", "rules_repaired": "rules changed, repaired"}.get(
        drift, f"{drift} drift"
    )


def _stratum_cell(row: Row) -> Cell:
    """Success, and how much of the rest was left to a human instead of done wrongly."""
    cell = success_cell(row)
    if not row.deferred:
        return cell
    return replace(cell, small=f"{cell.small}, {numbers.percent(row.deferred)} deferred")


def flags_table(summary: Summary, scenario: str) -> Table | None:
    """What the hybrid's job part hands to the agent; None without a hybrid."""
    rows = [r for r in summary.rows if r.scenario == scenario and r.flag_rate is not None]
    if not rows:
        return None
    first = (rows[0].approach, rows[0].model)
    rows = [r for r in rows if (r.approach, r.model) == first]
    overall = [r for r in rows if r.stratum in (MIX, ALL)]
    flagged = [r for r in rows if r.stratum not in (MIX, ALL) and r.flag_rate]
    names = {MIX: "production mix", ALL: "balanced sample"}
    return Table(
        title="What the hybrid hands to the agent",
        columns=(Column("stratum", LEFT), Column("records flagged", LEFT), Column("cases")),
        rows=tuple(
            (
                Cell(_in_world(names.get(row.stratum, row.stratum), row.drift)),
                Cell(
                    numbers.percent(row.flag_rate),
                    bar=(0.0, row.flag_rate or 0.0, row.flag_rate or 0.0),
                    approach=row.approach,
                ),
                Cell(numbers.count(row.cases)),
            )
            for row in (*overall, *flagged)
        ),
        caption="Strata that are not listed are decided by the job alone. "
        f"Provenance: {kinds(rows)}.",
    )

"""Tables of money and of the decision."""

from __future__ import annotations

from bench.analysis.decision import Decision
from bench.analysis.rows import Summary
from bench.analysis.sensitivity import Influence
from bench.report import numbers
from bench.report.recommendation import (
    break_even_words,
    check_words,
    cost_parts,
    money,
    plain,
    points,
)
from bench.report.tables.cells import LEFT, WHO, Cell, Column, Table, label


def decision_of(summary: Summary, scenario: str) -> Decision | None:
    """The decision on a scenario; None if nothing but yardsticks ran."""
    found = next((d for d in summary.decisions if d.scenario == scenario), None)
    return found if found is not None and found.options else None


def cost_table(decision: Decision) -> Table:
    """Dollars a month by part."""
    body = []
    for option in decision.options:
        parts = cost_parts(option)
        note = option.reason or "" if option.cost is None else ""
        spread = f"{money(option.total_low)}–{money(option.total_high)}"
        body.append(
            (
                Cell(label(option.approach, None), option.model or "", approach=option.approach),
                Cell(money(option.total), "" if option.cost is None else spread, note=note),
                *(Cell(money(value)) for _, value in parts),
                Cell("yes" if option.pareto else "no"),
                Cell(option.verdict if option.checks else "no constraint set"),
                Cell(option.provenance or numbers.UNKNOWN, note=option.reason or ""),
            )
        )
    return Table(
        title="What a month costs",
        columns=(
            WHO,
            Column("in all"),
            Column("processing"),
            Column("errors"),
            Column("review"),
            Column("changes"),
            Column("build"),
            Column("on the Pareto front"),
            Column("constraints", LEFT),
            Column("success is", LEFT),
        ),
        rows=tuple(body),
        caption="Processing is in the kind of dollars that the tables of cost name; volume, hours "
        "and the price of an error are assumed. The interval carries what the run leaves uncertain "
        "about mistakes, reviews and dollars. Pareto front: no other is both more often right and "
        "cheaper a month.",
    )


def break_even_table(decision: Decision) -> Table | None:
    """Where each pair changes places."""
    rows = []
    for found, unit in (
        *((each, "records a month") for each in decision.break_even_volume),
        *((each, "changes a month") for each in decision.break_even_changes),
    ):
        rows.append(
            (
                Cell(unit),
                Cell(break_even_words(found, unit)),
                Cell(numbers.percent(found.certainty)),
            )
        )
    if not rows:
        return None
    return Table(
        title="Break-even",
        columns=(
            Column("as this grows", LEFT),
            Column("what happens (95% interval)", LEFT),
            Column("outcomes with a break-even"),
        ),
        rows=tuple(rows),
        prose=True,
    )


def influence_table(decision: Decision) -> Table | None:
    """What the decision hangs on."""
    if not decision.influences:
        return None
    return Table(
        title="What the decision hangs on most",
        columns=(
            Column("input", LEFT),
            Column("value"),
            Column("from – to"),
            Column("lead at the low value"),
            Column("lead at the high value"),
            Column("cheapest then", LEFT),
            Column("changes at"),
        ),
        rows=tuple(
            (
                Cell(
                    each.input.replace(A_RECORD, "dollars for 1,000 records"),
                    small="measured" if each.measured else "assumed",
                ),
                Cell(_input(each, each.value)),
                Cell(
                    f"{_input(each, min(each.low, each.value))} – "
                    f"{_input(each, max(each.high, each.value))}"
                ),
                Cell(money(each.margin_low)),
                Cell(money(each.margin_high)),
                Cell(
                    each.winner_low
                    if each.winner_low == each.winner_high
                    else f"{each.winner_low}, then {each.winner_high}"
                ),
                Cell(
                    numbers.UNKNOWN if each.switch is None else _input(each, each.switch),
                    note=""
                    if each.switch is not None
                    else "measured: more cases would narrow it"
                    if each.measured
                    else "nowhere within a factor of 1,000",
                ),
            )
            for each in decision.influences
        ),
        caption="Each input moved alone: assumed ones to a third and to three times their value, "
        "measured ones over what the run leaves open. Lead: dollars a month by which the cheapest "
        "option is ahead of the next; negative where it no longer is.",
    )


A_RECORD = "dollars a record"
"""As the decision calls it; tables count by the thousand."""


def _input(found: Influence, value: float) -> str:
    """A value of an input; the run's own are shares of records, or dollars a record."""
    if not found.measured:
        return plain(value)
    dollars = found.input.startswith(A_RECORD)
    return numbers.dollars(value * 1000) if dollars else numbers.percent(value)


def chord_table(decision: Decision) -> Table | None:
    """Hybrid against random routing."""
    if not decision.chords:
        return None
    return Table(
        title="Does the hybrid beat a random split?",
        columns=(
            Column("exceptional records", LEFT),
            Column("gain in points"),
            Column("success", LEFT),
            Column("cost", LEFT),
            Column("to the agent"),
            Column("job right"),
            Column("agent right"),
            Column("hybrid right"),
            Column("split right"),
            Column("job, $ a record"),
            Column("agent, $ a record"),
            Column("hybrid, $ a record"),
            Column("split, $ a record"),
        ),
        rows=tuple(
            (
                Cell(
                    numbers.percent(each.exceptional),
                    small=f"{each.model}{', production' if each.production else ''}",
                ),
                Cell(points(each.gain), f"{points(each.gain_low)} to {points(each.gain_high)}"),
                Cell({"above": "better", "below": "worse"}.get(each.success, each.success)),
                Cell({"above": "cheaper", "below": "dearer"}.get(each.cost, each.cost)),
                Cell(numbers.percent(each.to_agent)),
                Cell(numbers.percent(each.job)),
                Cell(numbers.percent(each.agent)),
                Cell(numbers.percent(each.hybrid)),
                Cell(numbers.percent(each.line)),
                Cell(numbers.dollars(each.job_usd)),
                Cell(numbers.dollars(each.agent_usd)),
                Cell(numbers.dollars(each.hybrid_usd)),
                Cell(numbers.dollars(each.line_usd)),
            )
            for each in decision.chords
        ),
        caption="Sending as many records to the agent at random, and the rest to the job, needs no "
        "hybrid; it has to do better. The same trials, re-weighted to each share of exceptional "
        "records. Dollars: processing, errors and reviews.",
    )


def comparison_table(decision: Decision) -> Table | None:
    """Are differences more than chance?"""
    if not decision.comparisons:
        return None
    return Table(
        title="Approaches on the same cases",
        columns=(
            Column("second against first", LEFT),
            Column("cases"),
            Column("only first right"),
            Column("only second right"),
            Column("difference in points"),
            Column("p (Holm)"),
            Column("test", LEFT),
        ),
        rows=tuple(
            (
                Cell(f"{each.second} against {each.first}"),
                Cell(numbers.count(each.cases)),
                Cell(plain(each.lost)),
                Cell(plain(each.gained)),
                Cell(points(each.difference), f"{points(each.low)} to {points(each.high)}"),
                Cell(numbers.significant(each.p_holm, 2)),
                Cell({"mcnemar": "exact McNemar", "sign_flip": "paired sign flip"}[each.test]),
            )
            for each in decision.comparisons
        ),
        caption="Whole cases right in the sample, repeats averaged; p is corrected for all "
        "comparisons of the scenario.",
    )


def check_table(decision: Decision) -> Table | None:
    """The constraints that are set."""
    rows = [
        (
            Cell(label(option.approach, None), option.model or "", approach=option.approach),
            Cell(check.verdict),
            Cell(check_words(check)),
        )
        for option in decision.options
        for check in option.checks
    ]
    if not rows:
        return None
    return Table(
        "Constraints",
        (WHO, Column("verdict", LEFT), Column("figures", LEFT)),
        tuple(rows),
        prose=True,
    )


def claims_table(summary: Summary, scenario: str) -> Table | None:
    """The scorecard."""
    found = [claim for claim in summary.claims if claim.scenario == scenario]
    if not found:
        return None
    several = len({claim.model for claim in found}) > 1
    return Table(
        title="Scorecard of claims",
        columns=(
            Column("claim", LEFT),
            Column("verdict here", LEFT),
            Column("figure", LEFT),
            Column("how tested", LEFT),
        ),
        rows=tuple(
            (
                Cell(
                    f"{claim.number}. {claim.claim}", small=(claim.model or "") if several else ""
                ),
                Cell(claim.verdict),
                Cell(claim.figure, small=claim.provenance),
                Cell(claim.test),
            )
            for claim in found
        ),
        prose=True,
        caption="For the model that ran, on this scenario; not a verdict on all models. The claims "
        "are others' words. Most name no threshold: those under “how tested” are our choice, and "
        "another choice may give another verdict. Below each figure: where it comes from.",
    )

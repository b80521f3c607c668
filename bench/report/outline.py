"""What the report says, in which order: the same for Markdown and HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.analysis.decision import Decision
from bench.analysis.notices import counted
from bench.analysis.rows import Notice, ScenarioInfo, Summary
from bench.analysis.samples import ALL, MIX
from bench.report import numbers, recommendation
from bench.report.charts.drawing import Chart
from bench.report.tables import (
    agreement,
    changes,
    conduct,
    economics,
    mistakes,
    outcomes,
    pairs,
    scaling,
)
from bench.report.tables.cells import Table


@dataclass(frozen=True)
class Folded:
    """What few want to read, behind one sentence."""

    sentence: str
    text: str


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    tab: str
    """The part of the HTML report that it belongs to."""
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    folded: Folded | None = None


@dataclass(frozen=True)
class ScenarioOutline:
    """Everything on one scenario."""

    name: str
    sections: tuple[Section, ...]
    own: bool = False
    """On a user's own records."""


def outline(summary: Summary, charts: Sequence[Chart]) -> tuple[ScenarioOutline, ...]:
    """The scenarios, each with its sections, headline first."""
    return tuple(
        ScenarioOutline(
            scenario.name,
            tuple(_sections(summary, scenario, [c for c in charts if c.scenario == scenario.name])),
            own=scenario.own,
        )
        for scenario in summary.scenarios
        if any(row.scenario == scenario.name for row in summary.rows)
    )


def _sections(summary: Summary, scenario: ScenarioInfo, charts: Sequence[Chart]) -> list[Section]:
    def drawn(*kinds: str) -> tuple[Chart, ...]:
        return tuple(chart for kind in kinds for chart in charts if chart.kind == kind)

    def present(*found: Table | None) -> tuple[Table, ...]:
        return tuple(table for table in found if table is not None and table.rows)

    name = scenario.name
    calls = conduct.steps_table(summary, name)
    failed = conduct.failures_table(summary, name)
    if scenario.own:
        costs = Section(
            "Your records" if scenario.judged else "Cost and reviews",
            "cost",
            ("Every record of yours counts the same.",),
            present(outcomes.outcome_table(summary, name, ALL, own=True)),
            drawn("cost-all"),
        )
        first = [_agreement(summary, name), costs]
    else:
        first = _success(summary, scenario, drawn)
    return [
        *_decision(summary, name, drawn),
        *first,
        *_pairs(summary, name),
        *_drift(summary, name),
        *_mistakes(summary, name),
        Section(
            "Time and tokens",
            "latency",
            () if calls else ("No model was called.",),
            present(conduct.time_table(summary, name), calls, conduct.queries_table(summary, name)),
            drawn("latency", "tokens"),
        ),
        *_scaling(summary, name, drawn("scaling")),
        Section(
            "Determinism",
            "determinism",
            DETERMINISM,
            present(
                conduct.determinism_table(summary, name),
                conduct.pass_table(summary, name),
                conduct.agreement_by_stratum(summary, name),
            ),
            drawn("determinism"),
        ),
        Section("Failures", "success", () if failed else ("No trial failed.",), present(failed)),
        *_claims(summary, scenario),
    ]


def _agreement(summary: Summary, name: str) -> Section:
    """Who decides like whom, on a user's own records."""
    compared = [each for each in summary.agreements if each.scenario == name]
    disputed = sum(each.scenario == name for each in summary.disputes)
    if not compared:
        said = "One approach alone has nobody to agree with: give several, or leave --approach out."
    elif disputed:
        said = f"{counted(disputed, 'record')} decided differently by some, listed below."
    else:
        said = "All approaches decided every record alike."
    return Section(
        "Agreement",
        "overview",
        (said,),
        tuple(
            table
            for table in (
                agreement.agreement_table(summary, name),
                agreement.disputes_table(summary, name),
            )
            if table.rows
        ),
    )


def _success(
    summary: Summary, scenario: ScenarioInfo, drawn: Callable[..., tuple[Chart, ...]]
) -> list[Section]:
    """Success and cost, for the production mix and by stratum."""

    def present(*found: Table | None) -> tuple[Table, ...]:
        return tuple(table for table in found if table is not None and table.rows)

    name = scenario.name
    decision = economics.decision_of(summary, name)
    return [
        Section(
            "Success and cost",
            "cost",
            IMPORTED
            if summary.imported
            else (
                "First as it would be in production, then in the sample as drawn, where rare "
                f"strata count more. The strata measured make up {_covered(scenario)} of the "
                "production mix, whose weights are assumed; they stand in the scenario's mix.toml.",
            ),
            present(
                outcomes.outcome_table(summary, name, MIX),
                outcomes.outcome_table(summary, name, ALL),
            ),
            drawn("cost-mix", "cost-all"),
        ),
        Section(
            "By stratum",
            "success",
            (),
            present(
                outcomes.strata_table(summary, scenario),
                outcomes.flags_table(summary, name),
                None if decision is None else economics.comparison_table(decision),
            ),
            folded=_unmeasured(scenario),
        ),
    ]


def _claims(summary: Summary, scenario: ScenarioInfo) -> list[Section]:
    """The scorecard; nothing where success is not known."""
    table = economics.claims_table(summary, scenario.name)
    if not scenario.judged or table is None or not table.rows:
        return []
    said = "What is often said of jobs and agents, held against this run."
    return [Section("Claims", "claims", (said,), (table,))]


def _decision(
    summary: Summary, name: str, drawn: Callable[..., tuple[Chart, ...]]
) -> list[Section]:
    """What to build, and what it costs; nothing if only yardsticks ran."""
    decision = economics.decision_of(summary, name)
    if decision is None or summary.assumptions is None:
        return []

    def present(*found: Table | None) -> tuple[Table, ...]:
        return tuple(table for table in found if table is not None)

    return [
        Section(
            "What to build",
            "overview",
            (
                recommendation.headline(decision),
                *recommendation.sentences(decision, summary.assumptions),
            ),
            present(economics.check_table(decision), economics.cost_table(decision)),
            drawn("pareto"),
        ),
        Section(
            "Economics",
            "economics",
            (
                "Monthly cost = volume × (dollars a record + wrong × cost of an error + reviewed × "
                "minutes × hourly rate) + changes × hours × hourly rate + build ÷ months.",
            ),
            present(economics.break_even_table(decision), economics.influence_table(decision)),
            drawn("decision-map"),
        ),
        *_split(decision, drawn("hybrid-split")),
    ]


def _split(decision: Decision, charts: tuple[Chart, ...]) -> list[Section]:
    """Whether the hybrid earns its name; nothing if no model ran as agent and as hybrid."""
    table = economics.chord_table(decision)
    if table is None:
        return []
    said = (
        "Above the dashed line in the upper panel the hybrid is more often right than a random "
        "split, below it in the lower panel it is cheaper. Where its bar reaches the dashed line, "
        "the run does not decide. The split lies between job and agent.",
    )
    return [Section(table.title, "economics", said, (table,), charts)]


def _scaling(summary: Summary, name: str, drawn: tuple[Chart, ...]) -> list[Section]:
    """How it grows; nothing if only yardsticks ran."""
    found = (
        scaling.projection_table(summary, name),
        scaling.exponent_table(summary, name),
        scaling.curve_table(summary, name),
    )
    tables = tuple(table for table in found if table is not None)
    return [Section("Scaling", "latency", (), tables, drawn)] if tables else []


def _pairs(summary: Summary, name: str) -> list[Section]:
    """Who was recognised; nothing where that is not the question."""
    table = pairs.pairs_table(summary, name)
    said = (
        "Softer than success, which wants all of a record right: whether records were put to those "
        "they belong to.",
    )
    return [Section("Recognition", "success", said, (table,))] if table.rows else []


def _drift(summary: Summary, name: str) -> list[Section]:
    """What a change of the world did; nothing where there was none."""
    tables = (changes.drift_table(summary, name), changes.repair_table(summary, name))
    present = tuple(table for table in tables if table is not None)
    said = (
        "Drifted cases are twins of undrifted ones. They count here and in the tables by stratum, "
        "not in the production mix, the sample, or what is recommended.",
    )
    return [Section("Drift", "success", said, present)] if present else []


def _mistakes(summary: Summary, name: str) -> list[Section]:
    """Attacks on the model, and what guards stopped."""
    attacked = (mistakes.attack_table(summary, name), mistakes.attack_list(summary, name))
    sections = {
        "Attacks": tuple(table for table in attacked if table is not None),
        "Guards": tuple(table for table in [mistakes.guard_table(summary, name)] if table),
    }
    return [Section(title, "success", (), found) for title, found in sections.items() if found]


def _covered(scenario: ScenarioInfo) -> str:
    return numbers.percent(min(1.0, round(scenario.mix_covered, 9)))


IMPORTED = (
    "A record is a task. Means of dollars and tokens are over the trials that have them; how many "
    "those are stands beside them where it is not all.",
)

DETERMINISM = (
    "Every trial of a case starts from the same database and, as long as the replies agree, sends "
    "byte-identical requests. Four things can then be the same or not:",
    "Outcome: what was decided on each record (TARa@N). Raw output: the model's texts and calls, "
    "or the job's decision log (TARr@N). Tool calls: names and arguments in order, or the job's "
    "database writes. Final state: the business tables, without surrogate keys, clocks and free "
    "text.",
    "The job is the control: if it were below 100%, the harness would leak.",
)


def said(notice: Notice) -> str:
    """A notice, with the scenario that it is about."""
    return f"{notice.scenario}: {notice.text}" if notice.scenario else notice.text


def _unmeasured(scenario: ScenarioInfo) -> Folded | None:
    """The part of the mix that has no case; strata without weight are no part of it."""
    mixed = [stratum for stratum in scenario.strata if stratum.weight > 0]
    left = [stratum for stratum in mixed if stratum.name in scenario.unmeasured]
    if not left:
        return None
    share = numbers.percent(sum(stratum.weight for stratum in left))
    return Folded(
        f"Unmeasured in this run: {len(left)} of {counted(len(mixed), 'stratum', 'strata')}, "
        f"{share} of the mix.",
        ", ".join(f"{each.name} {numbers.percent(each.weight)}" for each in left),
    )


def setting(summary: Summary) -> tuple[tuple[str, str], ...]:
    """(what, value) lines on how the run was made."""
    commit = summary.git_commit or "unknown"
    dirty = {True: ", with local changes", False: "", None: ""}[summary.git_dirty]
    lines = [
        ("command", summary.command),
        ("started", summary.created),
        ("trials", f"{summary.trials} of {summary.planned_trials} planned"),
        ("machine", _listed(summary.machine)),
        ("program", f"commit {commit}{dirty}"),
        ("versions", _listed(summary.versions)),
        (
            "sampling",
            f"temperature {summary.temperature:g}, seed {summary.seed}, {summary.repeats} trials "
            f"of each repeated case, {summary.concurrency} at once",
        ),
        ("machine hour", f"{numbers.dollars(summary.usd_per_machine_hour)} (assumed)"),
        ("price table", _listed(summary.price_table)),
    ]
    if summary.imported:
        # Nothing ran here: what the files do not say is not said.
        kept = ("command", "started", "trials", "price table")
        lines = [line for line in lines if line[0] in kept]
        lines.append(("imported from", ", ".join(summary.imported)))
    for model in summary.models:
        money = "API" if model.usd_kind == "api" else "compute"
        lines.append(
            (
                f"model {model.name}",
                f"{model.provenance}, {model.protocol} tool calls, {money} dollars; "
                + _listed({k: v for k, v in model.identity.items() if k != "name"}),
            )
        )
    lines += [
        (
            f"scenario {scenario.name}",
            f"version {scenario.version}; "
            + _listed({key: value[:12] for key, value in scenario.hashes.items()})
            + f"; {numbers.count(scenario.prompt_tokens)} static prompt tokens (counted)",
        )
        for scenario in summary.scenarios
    ]
    return tuple((what, value.strip().removesuffix(";")) for what, value in lines)


def _listed(values: Mapping[str, object]) -> str:
    known = {key.replace("_", " "): value for key, value in values.items() if value is not None}
    return ", ".join(
        f"{key} ({_listed(value)})" if isinstance(value, Mapping) else f"{key} {value}"
        for key, value in known.items()
    )

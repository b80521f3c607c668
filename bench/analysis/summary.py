"""A run's journal and traces → all figures of the run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from bench.analysis.agreement import agreements, disputes
from bench.analysis.assumptions import Assumptions, load_assumptions
from bench.analysis.attacks import attacked, attacks
from bench.analysis.books import worded
from bench.analysis.claims import claims
from bench.analysis.decision import candidates, decide
from bench.analysis.determinism import determinism
from bench.analysis.dollars import DollarKind, dollar_kind
from bench.analysis.drift import drifted, repairs
from bench.analysis.failures import failures
from bench.analysis.figures import BASELINES, figures
from bench.analysis.foresight import foresights, sentence
from bench.analysis.guards import guarded
from bench.analysis.notices import notices
from bench.analysis.pairs import pairs
from bench.analysis.projection import projections
from bench.analysis.queries import QueryTally
from bench.analysis.rates import Candidate
from bench.analysis.rows import (
    SCHEMA_VERSION,
    Batch,
    ModelInfo,
    Notice,
    ScenarioInfo,
    StratumInfo,
    Summary,
)
from bench.analysis.scaling import curves
from bench.analysis.spending import spending_notices
from bench.analysis.steps import measure_steps
from bench.journal import Run, ScenarioPlan, read_run, read_steps
from bench.metering.prices import price_table
from bench.types import BatchTiming, Provenance, Step, Trial

PROVENANCES: dict[Provenance, str] = {
    "measured": "observed in this run",
    "counted": "counted here with a tokenizer, because the provider reported nothing",
    "list_price": "tokens of this run × a dated price table",
    "assumed": "rests on an input of yours or on a documented default",
    "replayed": "answers taken from an earlier run",
    "modelled": "played by the reference, which has no intelligence: a forecast, not a result",
}


def summarise(folder: Path, assumptions: Assumptions | None = None) -> Summary:
    """All figures of the run in ``folder``. Raises ``JournalError`` if it cannot be read."""
    return summarise_run(read_run(folder), read_steps(folder), assumptions)


def summarise_run(
    run: Run, steps: Iterable[Step], assumptions: Assumptions | None = None
) -> Summary:
    """All figures of a run as read back, with its traces. The decision rests on ``assumptions``,
    or on the documented defaults."""
    assumptions = assumptions or load_assumptions()
    manifest = run.manifest
    kinds = _dollar_kinds(run.trials)
    swept = {trial.attempt for trial in run.swept}
    thoughtful = [trial for trial in run.trials if trial.approach not in BASELINES]
    tally = QueryTally(thoughtful, manifest.database)
    counted = tally.passing(s for s in steps if s.attempt not in swept)
    measured_steps, lost = measure_steps(run.trials, counted)
    groups = [
        (plan, approach, model, found)
        for plan in manifest.scenarios
        for approach, model, found in _groups(run.trials, plan.name)
    ]
    own = [plan for plan in manifest.scenarios if plan.own]
    compared = {
        plan.name: [group[1:] for group in groups if group[0] is plan and group[1] not in BASELINES]
        for plan in own
    }
    hit = [attacks(found) for _, approach, _, found in groups if approach not in BASELINES]
    summary = Summary(
        schema_version=SCHEMA_VERSION,
        run=manifest.run,
        created=manifest.created,
        finished=run.finished,
        trials=len(run.recorded),
        planned_trials=manifest.planned_trials,
        lost_calls=lost,
        command=manifest.command,
        git_commit=manifest.git_commit,
        git_dirty=manifest.git_dirty,
        seed=manifest.seed,
        temperature=manifest.temperature,
        repeats=manifest.repeats,
        concurrency=manifest.concurrency,
        rpm=manifest.rpm,
        tpm=manifest.tpm,
        usd_per_machine_hour=manifest.usd_per_machine_hour,
        machine=manifest.machine,
        versions=manifest.versions,
        price_table=manifest.price_table,
        models=tuple(
            ModelInfo(
                name=model.name,
                protocol=model.protocol,
                provenance=_provenance(model.provenance),
                usd_kind=kinds.get(model.name, "api"),
                identity=model.identity,
            )
            for model in manifest.models
        ),
        scenarios=tuple(_scenario(plan) for plan in manifest.scenarios),
        rows=tuple(
            row
            for plan, _, model, found in groups
            for row in figures(
                plan, found, kinds[model], manifest.repeats, known_only=bool(manifest.imported)
            )
        ),
        batches=tuple(_batch(batch, manifest.usd_per_machine_hour) for batch in run.batches),
        determinism=tuple(
            determinism(found, manifest.repeats)
            for _, approach, _, found in groups
            if approach not in BASELINES
        ),
        steps=tuple(measured_steps),
        database=manifest.database,
        queries=tuple(tally.rows()),
        failures=tuple(
            failure
            for _, approach, _, found in groups
            if approach not in BASELINES
            for failure in failures(found)
        ),
        agreements=tuple(
            each for plan in own for each in agreements(compared[plan.name], plan.name)
        ),
        disputes=tuple(each for plan in own for each in disputes(compared[plan.name], plan.name)),
        drifted=tuple(
            row
            for plan, approach, _, found in groups
            if approach not in BASELINES
            for row in drifted(plan, found, worded=worded(run.trials))
        ),
        repairs=tuple(row for plan in manifest.scenarios for row in repairs(plan)),
        guards=manifest.guards,
        guarded=tuple(
            row
            for _, approach, _, found in groups
            if approach not in BASELINES and not manifest.imported
            for row in guarded(found, worded=worded(run.trials))
        ),
        attacked=tuple(row for found in hit for row in attacked(found)),
        attacks=tuple(attack for found in hit for attack in found),
        pairs=tuple(row for plan, _, _, found in groups for row in pairs(plan, found)),
        notices=(),
        provenances=PROVENANCES,
        notes=manifest.notes,
        imported=manifest.imported,
        redacted=manifest.redacted,
        forecasts=foresights(run),
    )
    foretold = (Notice(None, sentence(each)) for each in summary.forecasts)
    told = (*notices(summary, torn=run.torn), *foretold, *spending_notices(run))
    # Of an imported run nobody knows what else could be built, or at what volume.
    deciding = () if manifest.imported else manifest.scenarios
    decisions = tuple(
        decide(
            plan,
            [
                (approach, model, found)
                for owner, approach, model, found in groups
                if owner is plan and approach not in BASELINES
            ],
            kinds,
            summary.rows,
            summary.determinism,
            assumptions,
        )
        for plan in deciding
        if plan.judged
    )
    summary = replace(
        summary,
        notices=told,
        assumptions=assumptions,
        decisions=decisions,
        curves=tuple(
            curve for plan in manifest.scenarios for curve in curves(run, kinds, plan.name)
        ),
        projections=tuple(
            projection
            for plan in deciding
            for projection in projections(
                run,
                plan,
                [
                    (approach, model, found)
                    for owner, approach, model, found in groups
                    if owner is plan and approach not in BASELINES
                ],
                kinds,
            )
        ),
    )
    if not deciding:
        return summary
    return replace(summary, claims=tuple(claims(summary, decisions, run.trials, price_table())))


def candidates_of(run: Run, assumptions: Assumptions) -> dict[str, list[Candidate]]:
    """Scenario → what could be built, with the draws that carry its uncertainty; nothing that is
    modelled, nothing whose cost is unknown."""
    kinds = _dollar_kinds(run.trials)
    found: dict[str, list[Candidate]] = {}
    for plan in () if run.manifest.imported else run.manifest.scenarios:
        groups = [g for g in _groups(run.trials, plan.name) if g[0] not in BASELINES]
        if not plan.judged:
            found[plan.name] = []
            continue
        rated = [one for _, one in candidates(plan, groups, kinds, assumptions)]
        found[plan.name] = [
            one for one in rated if isinstance(one, Candidate) and one.provenance != "modelled"
        ]
    return found


def _groups(
    trials: Sequence[Trial], scenario: str
) -> list[tuple[str, str | None, tuple[Trial, ...]]]:
    """The trials of each approach × model, in order of first appearance: yardsticks last."""
    found: dict[tuple[str, str | None], list[Trial]] = {}
    for trial in trials:
        if trial.scenario == scenario:
            found.setdefault((trial.approach, trial.model), []).append(trial)
    ordered = sorted(found.items(), key=lambda item: _order(item[0][0]))
    return [(approach, model, tuple(having)) for (approach, model), having in ordered]


def _order(approach: str) -> int:
    known = ("job", "agent", "hybrid")
    if approach in BASELINES:
        return len(known) + 1 + BASELINES.index(approach)
    return known.index(approach) if approach in known else len(known)


def _dollar_kinds(trials: Sequence[Trial]) -> dict[str | None, DollarKind]:
    by_model: dict[str | None, list[Trial]] = {}
    for trial in trials:
        by_model.setdefault(trial.model, []).append(trial)
    return {model: dollar_kind(having) for model, having in by_model.items()}


def _batch(batch: BatchTiming, usd_per_hour: float) -> Batch:
    return Batch(
        scenario=batch.scenario,
        records=batch.records,
        rounds=batch.rounds,
        seconds=batch.seconds,
        records_per_s=batch.records / batch.seconds if batch.seconds else float("inf"),
        usd=batch.seconds / 3600 * usd_per_hour,
        passed=batch.passed,
        deferred=batch.deferred,
        failed=batch.failed,
        unknown=batch.unknown,
    )


def _scenario(plan: ScenarioPlan) -> ScenarioInfo:
    return ScenarioInfo(
        name=plan.name,
        version=plan.version,
        strata=tuple(
            StratumInfo(
                name=stratum.name,
                title=stratum.title,
                ordinary=stratum.ordinary,
                free_text=stratum.free_text,
                drift=stratum.drift,
                weight=stratum.weight,
                cases=stratum.cases,
                hostile=stratum.hostile,
            )
            for stratum in plan.strata
        ),
        mix_covered=sum(stratum.weight for stratum in plan.strata if stratum.cases),
        unmeasured=tuple(stratum.name for stratum in plan.strata if not stratum.cases),
        hashes={
            "data": plan.dataset_hash,
            "prompt": plan.prompt_hash,
            "policy": plan.policy_hash,
            "tools": plan.tools_hash,
        },
        prompt_tokens=plan.prompt_tokens,
        own=plan.own,
        judged=plan.judged,
    )


def _provenance(word: str) -> Provenance:
    return next((known for known in PROVENANCES if known == word), "modelled")

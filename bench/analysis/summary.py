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
from bench.analysis.dollars import DollarKind, dollar_kind, dollars, tokens
from bench.analysis.drift import drifted, repairs
from bench.analysis.failures import failures
from bench.analysis.guards import guarded
from bench.analysis.latency import latency
from bench.analysis.notices import notices
from bench.analysis.projection import projections
from bench.analysis.rates import Candidate
from bench.analysis.rows import (
    SCHEMA_VERSION,
    Batch,
    ModelInfo,
    Row,
    RowProvenance,
    ScenarioInfo,
    StratumInfo,
    Summary,
)
from bench.analysis.samples import (
    ALL,
    Sample,
    condition,
    everyday_of,
    mixed,
    pooled,
    weakest,
)
from bench.analysis.scaling import curves
from bench.analysis.spending import spending_notices
from bench.analysis.steps import measure_steps
from bench.analysis.success import success
from bench.journal import Run, ScenarioPlan, read_run, read_steps
from bench.metering.prices import price_table
from bench.types import BatchTiming, Provenance, Step, Trial

CONDITIONS = ("none", "shape", "rules", "rules_repaired")
"""The worlds in which a trial can have run."""
BASELINES = ("always_skip", "always_defer")
"""The yardsticks: approaches without thought."""
UNJUDGED = "no truth was given, so nobody knows"
HYBRIDS = ("hybrid",)
"""Approaches in which one part hands records on to another."""

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
    measured_steps, lost = measure_steps(run.trials, (s for s in steps if s.attempt not in swept))
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
            for row in _rows(
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
            if approach not in BASELINES
            for row in guarded(found, worded=worded(run.trials))
        ),
        attacked=tuple(row for found in hit for row in attacked(found)),
        attacks=tuple(attack for found in hit for attack in found),
        notices=(),
        provenances=PROVENANCES,
        notes=manifest.notes,
        imported=manifest.imported,
        redacted=manifest.redacted,
    )
    told = (*notices(summary, torn=run.torn), *spending_notices(run))
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
    return replace(
        summary,
        notices=told,
        assumptions=assumptions,
        decisions=decisions,
        claims=tuple(claims(summary, decisions, run.trials, price_table())) if deciding else (),
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


def _rows(
    plan: ScenarioPlan,
    trials: Sequence[Trial],
    kind: DollarKind,
    repeats: int,
    *,
    known_only: bool,
) -> Iterable[Row]:
    def row(sample: Sample, drift: str) -> Row:
        return _row(sample, drift, kind, repeats, known_only=known_only)

    everyday = everyday_of(plan, trials)
    mix = mixed([(stratum.name, stratum.weight) for stratum in plan.strata], everyday)
    if mix.everything:
        yield row(mix, "none")
    for drift in CONDITIONS:
        pool = everyday if drift == "none" else [t for t in trials if condition(t) == drift]
        if pool:
            yield row(pooled(ALL, pool), drift)
    for stratum in plan.strata:
        for drift in CONDITIONS:
            found = [t for t in trials if t.stratum == stratum.name and condition(t) == drift]
            if found:
                yield row(pooled(stratum.name, found), drift)


def _row(sample: Sample, drift: str, kind: DollarKind, repeats: int, *, known_only: bool) -> Row:
    first = sample.everything[0]
    trials = sample.trials
    outcome = success(sample, hands_on=first.approach in HYBRIDS)
    money = dollars(sample, kind, known_only=known_only)
    prompt = tokens(sample, lambda trial: trial.usage.input, known_only=known_only)
    cached = tokens(sample, lambda trial: trial.usage.cached_input, known_only=known_only)
    output = tokens(sample, lambda trial: trial.usage.output, known_only=known_only)
    time = latency(sample)
    agreement = determinism(sample.everything, repeats)
    reasons = {f"p{q * 100:.0f}_s": reason for q, reason in time.reasons.items()}
    if time.per_record is None:
        reasons["records_per_s"] = time.reasons[0.5]
    if outcome.passed is None:
        reasons["success"] = UNJUDGED if any(t.unknown for t in trials) else "no usable trial"
    if money.reason is not None:
        reasons["usd_per_1k_records"] = money.reason
    if money.interval_reason is not None:
        reasons["usd_low"] = reasons["usd_high"] = money.interval_reason
    for name, count in (("in", prompt), ("cached", cached), ("out", output)):
        if count.per_record is None:
            reasons[f"tokens_{name}"] = (
                "not reported for every trial" if trials else "no usable trial"
            )
    per_success = None
    if money.per_record is not None and outcome.passed is not None:
        if outcome.passed > 0:
            per_success = money.per_record / outcome.passed
        else:
            reasons["cost_per_success"] = "infinite: no record passed"
    elif money.per_record is not None and trials:
        reasons["cost_per_success"] = UNJUDGED
    elif money.reason is not None:
        reasons["cost_per_success"] = money.reason
    if sample.weighted:
        agreement = replace(agreement, outcome=None, state=None)
        reasons["determinism_outcome"] = "not re-weighted; see stratum all"
    elif agreement.reason is not None:
        reasons["determinism_outcome"] = agreement.reason
    return Row(
        scenario=first.scenario,
        approach=first.approach,
        model=first.model,
        stratum=sample.name,
        drift=drift,
        baseline=first.approach in BASELINES,
        cases=len({trial.case for trial in trials}),
        trials=len(trials),
        infrastructure=len(sample.everything) - len(trials),
        records=sum(trial.records for trial in trials),
        repeats=repeats,
        repeated_cases=agreement.cases,
        mix_covered=sample.covered if sample.weighted else None,
        success=outcome.passed,
        success_low=outcome.interval.low if outcome.interval else None,
        success_high=outcome.interval.high if outcome.interval else None,
        deferred=outcome.deferred,
        failed=outcome.failed,
        reviewed=outcome.reviewed,
        flag_rate=outcome.flagged,
        trial_success=outcome.trials,
        tokens_in=prompt.total,
        tokens_cached=cached.total,
        tokens_out=output.total,
        tokens_in_per_record=prompt.per_record,
        tokens_cached_per_record=cached.per_record,
        tokens_out_per_record=output.per_record,
        usd_kind=kind,
        usd=money.total,
        usd_per_1k_records=_scaled(money.per_record, 1000),
        usd_trials=money.known,
        tokens_trials=prompt.known,
        usd_low=_scaled(money.interval.low, 1000) if money.interval else None,
        usd_high=_scaled(money.interval.high, 1000) if money.interval else None,
        cost_per_success=per_success,
        time_observations=time.observations,
        p50_s=time.quantiles[0.5],
        p90_s=time.quantiles[0.9],
        p95_s=time.quantiles[0.95],
        p99_s=time.quantiles[0.99],
        records_per_s=1 / time.per_record if time.per_record else None,
        determinism_outcome=agreement.outcome.share if agreement.outcome else None,
        determinism_state=agreement.state.share if agreement.state else None,
        provenance=RowProvenance(
            success=weakest(trial.provenance.success for trial in trials),
            tokens=weakest(trial.provenance.tokens for trial in trials),
            dollars=weakest(trial.provenance.dollars for trial in trials),
            time=weakest(trial.provenance.time for trial in trials) if time.observations else None,
        ),
        reasons=reasons,
    )


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


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

"""One approach's trials → its rows of the summary: for the mix, the sample and each stratum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.analysis.determinism import determinism
from bench.analysis.dollars import DollarKind, dollars, tokens
from bench.analysis.latency import latency
from bench.analysis.rows import Row, RowProvenance
from bench.analysis.samples import (
    ALL,
    HYBRIDS,
    Sample,
    by_stratum,
    condition,
    everyday_of,
    mixed,
    pooled,
    weakest,
)
from bench.analysis.success import success
from bench.journal import ScenarioPlan
from bench.types import Trial

CONDITIONS = ("none", "shape", "rules", "rules_repaired")
"""The worlds in which a trial can have run."""
BASELINES = ("always_skip", "always_defer")
"""The yardsticks: approaches without thought."""
UNJUDGED = "no truth was given, so nobody knows"


def figures(
    plan: ScenarioPlan,
    trials: Sequence[Trial],
    kind: DollarKind,
    repeats: int,
    *,
    known_only: bool,
) -> Iterable[Row]:
    """The rows of one approach × model. With ``known_only``, means of dollars and tokens are over
    the trials that have them; else one unknown makes the mean unknown."""

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
    of = by_stratum(trials)
    for stratum in plan.strata:
        for drift in CONDITIONS:
            found = [t for t in of.get(stratum.name, ()) if condition(t) == drift]
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

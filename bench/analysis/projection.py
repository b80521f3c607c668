"""What 10,000 and 1,000,000 records would take, at the run's concurrency and rate limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from scipy import stats

from bench.analysis.documented import Documented
from bench.analysis.dollars import DollarKind, calibrated, shown_interval
from bench.analysis.samples import ALL, Sample, clusters, mixed, pooled
from bench.analysis.statistics import Interval, weighted_ratio
from bench.journal import Run, ScenarioPlan
from bench.types import BatchTiming, Provenance, Trial

RECORDS = (10_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Projection(Documented):
    """One approach × model on that many records of the production mix."""

    scenario: str
    """Name of the scenario."""
    approach: str
    """Name of the approach."""
    model: str | None
    """Name of the model; null for approaches that use none."""
    records: int
    """How many."""
    basis: str
    """What it is worked out from."""
    extrapolated: bool
    """False where a batch of exactly that many records was timed."""
    concurrency: int
    """Cases at once; 1 where this machine does the work itself."""
    seconds: float | None
    """Null with a reason."""
    seconds_low: float | None
    """Lower end of its 95 % interval; null where there is none."""
    seconds_high: float | None
    """Upper end."""
    bound_by: str | None
    """``work``, ``requests a minute`` or ``tokens a minute``: what takes longest."""
    tokens: float | None
    """Prompt and output tokens."""
    usd: float | None
    """Dollars."""
    usd_kind: DollarKind
    """Which money."""
    usd_low: float | None
    """Lower end of its 95 % interval."""
    usd_high: float | None
    """Upper end."""
    provenance: Provenance
    """Of what it is worked out from."""
    reason: str | None
    """Why there is no time."""


def projections(
    run: Run,
    plan: ScenarioPlan,
    groups: Sequence[tuple[str, str | None, Sequence[Trial]]],
    kinds: dict[str | None, DollarKind],
) -> Iterator[Projection]:
    """For each approach × model of a scenario, yardsticks left out."""
    batches = [batch for batch in run.batches if batch.scenario == plan.name]
    for approach, model, trials in groups:
        weights = [(stratum.name, stratum.weight) for stratum in plan.strata]
        undrifted = [trial for trial in trials if trial.drift == "none"]
        sample = mixed(weights, undrifted)
        if not sample.trials:
            sample = pooled(ALL, undrifted)
        for records in RECORDS:
            if model is None and approach == "job" and batches:
                yield _of_job(records, batches, run.manifest.usd_per_machine_hour)
            elif sample.trials:
                yield _of_cases(records, sample, kinds[model], run)


def _of_job(records: int, batches: Sequence[BatchTiming], usd_per_hour: float) -> Projection:
    seconds, interval, basis = _batch_seconds(records, batches)
    hourly = usd_per_hour / 3600
    return Projection(
        scenario=batches[0].scenario,
        approach="job",
        model=None,
        records=records,
        basis=basis,
        extrapolated=all(batch.records != records for batch in batches),
        concurrency=1,
        seconds=seconds,
        seconds_low=interval.low if interval else None,
        seconds_high=interval.high if interval else None,
        bound_by="work",
        tokens=0,
        usd=seconds * hourly,
        usd_kind="compute",
        usd_low=interval.low * hourly if interval else None,
        usd_high=interval.high * hourly if interval else None,
        provenance="measured",
        reason=None,
    )


def _batch_seconds(
    records: int, batches: Sequence[BatchTiming]
) -> tuple[float, Interval | None, str]:
    """As timed, else by the power law through three sizes or more, else in proportion to the
    largest batch. The interval is that of a new batch about the law (prediction, Student's t)."""
    exact = next((batch for batch in batches if batch.records == records), None)
    if exact is not None:
        return exact.seconds, None, f"a batch of {records:,} records"
    largest = max(batches, key=lambda batch: batch.records)
    if len(batches) < 3:
        seconds = largest.seconds * records / largest.records
        return seconds, None, f"in proportion to a batch of {largest.records:,} records"
    seconds, interval = new_batch([(b.records, b.seconds) for b in batches], records)
    return (
        seconds,
        interval,
        f"the power law through batches of {min(b.records for b in batches):,} to "
        f"{largest.records:,} records",
    )


def new_batch(timed: Sequence[tuple[float, float]], records: float) -> tuple[float, Interval]:
    """Seconds of one more batch, by the power law through three or more ``(records, seconds)``,
    and the 95 % interval of that single batch (prediction, Student's t on logarithms)."""
    xs = [math.log(size) for size, _ in timed]
    ys = [math.log(seconds) for _, seconds in timed]
    fit = stats.linregress(xs, ys)
    n, mean = len(xs), sum(xs) / len(xs)
    residual = sum((y - fit.intercept - fit.slope * x) ** 2 for x, y in zip(xs, ys, strict=True))
    away = (math.log(records) - mean) ** 2 / sum((x - mean) ** 2 for x in xs)
    half = stats.t.ppf(0.975, n - 2) * math.sqrt(residual / (n - 2) * (1 + 1 / n + away))
    centre = fit.intercept + fit.slope * math.log(records)
    return math.exp(centre), Interval(math.exp(centre - half), math.exp(centre + half))


def _of_cases(records: int, sample: Sample, kind: DollarKind, run: Run) -> Projection:
    manifest, first = run.manifest, sample.trials[0]
    timed = calibrated(sample)
    at_once = manifest.concurrency if kind == "api" and first.model is not None else 1
    measured = all(trial.provenance.time == "measured" for trial in sample.trials)
    work = _per_record(
        timed, lambda t: t.working_s if t.timing is None else t.timing.median_s, 1 / at_once
    )
    tokens = _per_record(sample, lambda t: t.usage.total)
    limits = {"work": work}
    if manifest.rpm and first.model is not None:
        calls = _per_record(sample, lambda t: t.steps, 60 / manifest.rpm)
        limits["requests a minute"] = calls
    if manifest.tpm and first.model is not None:
        limits["tokens a minute"] = _per_record(sample, lambda t: t.usage.total, 60 / manifest.tpm)
    known = {name: found for name, found in limits.items() if found is not None}
    bound = max(known, key=lambda name: known[name][0], default=None) if measured else None
    seconds, interval = known[bound] if bound is not None else (None, None)
    usd = _per_record(timed, lambda t: t.dollars.api if kind == "api" else t.dollars.compute)
    cases = len({trial.case for trial in sample.trials})
    return Projection(
        scenario=first.scenario,
        approach=first.approach,
        model=first.model,
        records=records,
        basis=f"{cases} {'case' if cases == 1 else 'cases'}, in the production mix"
        if sample.weighted
        else f"{cases} cases, as drawn",
        extrapolated=True,
        concurrency=at_once,
        seconds=None if seconds is None else seconds * records,
        seconds_low=interval.low * records if interval else None,
        seconds_high=interval.high * records if interval else None,
        bound_by=bound,
        tokens=None if tokens is None else tokens[0] * records,
        usd=None if usd is None else usd[0] * records,
        usd_kind=kind,
        usd_low=usd[1].low * records if usd and usd[1] else None,
        usd_high=usd[1].high * records if usd and usd[1] else None,
        provenance=first.provenance.success,
        reason=None if measured else f"{first.provenance.time} trials have no time of their own",
    )


def _per_record(
    sample: Sample, amount: Callable[[Trial], float | None], factor: float = 1.0
) -> tuple[float, Interval | None] | None:
    """A figure a record with its interval over cases; None where a trial's is unknown."""
    values = {trial.id: amount(trial) for trial in sample.trials}
    known = {name: value * factor for name, value in values.items() if value is not None}
    if len(known) < len(values):
        return None
    parts = [(part.weight, clusters(part.trials, known)) for part in sample.parts]
    estimate = weighted_ratio(parts)
    if estimate is None:
        return None
    return estimate, shown_interval(sample, parts)[0]

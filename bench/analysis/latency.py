"""How long a trial takes. Only measured times count; a job's come from its calibrated rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.analysis.samples import Sample, by_case, clusters
from bench.analysis.statistics import observations_needed, percentile, weighted_ratio
from bench.types import Trial

QUANTILES = (0.5, 0.9, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Latency:
    """Working seconds: waiting for rate limits and back-off is left out."""

    observations: int
    quantiles: dict[float, float | None]
    per_record: float | None
    reasons: dict[float, str]
    """Quantile → why it is not shown."""


def latency(sample: Sample) -> Latency:
    """Measure a sample."""
    parts = [(part.weight, seconds(part.trials)) for part in sample.parts]
    values = [value for _, found in parts for value in found.values()]
    if not values:
        reason = _why_none(sample.trials)
        return Latency(0, dict.fromkeys(QUANTILES), None, dict.fromkeys(QUANTILES, reason))
    weights = (
        [weight / len(found) for weight, found in parts for _ in found] if sample.weighted else None
    )
    quantiles = {q: percentile(values, q, weights) for q in QUANTILES}
    return Latency(
        observations=len(values),
        quantiles=quantiles,
        per_record=weighted_ratio(
            [
                (part.weight, clusters(part.trials, found))
                for part, (_, found) in zip(sample.parts, parts, strict=True)
            ]
        ),
        reasons={
            q: f"fewer than {observations_needed(q)} observations"
            for q, value in quantiles.items()
            if value is None
        },
    )


def seconds(trials: Sequence[Trial]) -> dict[str, float]:
    """Trial id → seconds, for the trials whose time was measured.

    Without a model: the median of the calibrated rounds, once a case. With one: working time of
    every trial, failed ones included.
    """
    measured = [trial for trial in trials if trial.provenance.time == "measured"]
    found = {trial.id: trial.working_s for trial in measured if trial.model is not None}
    for repeats in by_case(trial for trial in measured if trial.model is None):
        timed = next((trial for trial in repeats if trial.timing is not None), None)
        if timed is not None and timed.timing is not None:
            found[timed.id] = timed.timing.median_s
    return found


def _why_none(trials: Sequence[Trial]) -> str:
    if not trials:
        return "no usable trial"
    if any(trial.provenance.time == "measured" for trial in trials):
        return "not timed in calibrated rounds"
    kinds = " and ".join(sorted({trial.provenance.time for trial in trials}))
    return f"{kinds} trials have no time of their own"

"""What a pilot, a few cases on the real model, says of a forecast from ideal calls."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import scenarios
from bench.configured import configured
from bench.forecast import Scaled, play, priced_name, total_or_none
from bench.journal import Run, ScenarioPlan, read_steps
from bench.manifest import Settings
from bench.metering.prices import Price, PriceTable, cost, price
from bench.plan import plan_scenario
from bench.runner import Plan
from bench.session import ideal_calls
from bench.types import Cause, Scenario, Trial
from bench.types import Dollars as Usd

MOST_LOG = 30.0
"""Of a spread: more is the same as unknown."""


@dataclass(frozen=True)
class Ratio:
    """What was used ÷ what the ideal calls would have used, over all cases."""

    value: float
    spread: float
    """Its 95 % interval goes from value ÷ spread to value × spread."""


@dataclass(frozen=True)
class Correction:
    """What a pilot of one model on one scenario found."""

    run: str
    cases: int
    steps: Ratio
    tokens_in: Ratio
    tokens_out: Ratio
    cached: float
    """Share of the prompt tokens that came from the provider's cache."""
    written: float
    """Share that was written to it."""
    usd: Ratio | None
    """None if the dollars of a trial are unknown."""
    usd_cold: Ratio | None
    step_s: tuple[float, float]
    """Seconds a step, waiting left out: the ends of the mean's 95 % interval."""


def ratio(pairs: Sequence[tuple[float, float]]) -> Ratio | None:
    """Σ used ÷ Σ ideal over cases, with the interval of ``log_ratio_half_width``. None below two
    cases, or where nothing is ideal or used."""
    import numpy as np

    from bench.sampling import log_ratio_half_width

    used, ideal = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    if len(pairs) < 2 or used.sum() <= 0 or ideal.sum() <= 0:
        return None
    half = log_ratio_half_width(ideal, used, 0.95)
    return Ratio(float(used.sum() / ideal.sum()), math.exp(min(half, MOST_LOG)))


async def corrections(
    recorded: Run, model: str, table: PriceTable, *, priced_as: str | None = None
) -> dict[str, Correction]:
    """Scenario → what the agent's trials of ``model`` in a recorded run say. Cases count as the
    production mix has them; trials that the provider broke are left out. Scenarios with fewer than
    two usable cases are missing."""
    found = {}
    name = priced_name(priced_as or model, table)
    for plan in recorded.manifest.scenarios:
        trials = [
            trial
            for trial in recorded.trials
            if (trial.scenario, trial.approach, trial.model) == (plan.name, "agent", model)
            and trial.cause is not Cause.INFRASTRUCTURE
            and trial.everyday
        ]
        if trials:
            ideal = await _ideal(recorded, plan, name, table)
            priced = _priced(recorded, trials, price(name, table))
            correction = _correction(recorded.manifest.run, plan, priced, ideal)
            if correction is not None:
                found[plan.name] = correction
    return found


def _priced(recorded: Run, trials: Sequence[Trial], known: Price) -> list[Trial]:
    """The trials with dollars by the forecast's price table, which may not be the run's."""
    wanted = {trial.attempt: Usd(0.0, 0.0, None) for trial in trials}
    for step in read_steps(recorded.folder):
        if (so_far := wanted.get(step.attempt)) is not None:
            billed, cold = cost(step.usage, known)
            wanted[step.attempt] = Usd(
                total_or_none((so_far.api, billed)), total_or_none((so_far.api_cold, cold)), None
            )
    return [
        trial if trial.usage.total is None else replace(trial, dollars=wanted[trial.attempt])
        for trial in trials
    ]


async def _ideal(
    recorded: Run, plan: ScenarioPlan, name: str, table: PriceTable
) -> Mapping[str, Trial]:
    """Case → the trial that the ideal calls make of it, priced as the model."""
    scenario: Scenario = configured(scenarios.scenario(plan.name), plan.options)
    counts = {stratum.name: stratum.cases for stratum in plan.strata if stratum.cases}
    cases = plan_scenario(scenario, counts, seed=recorded.manifest.seed, repeated=0)
    settings = Settings(approaches=("agent",), repeats=1, seed=recorded.manifest.seed)
    played = await play(Plan((cases,), (), settings, table), name, ideal_calls((cases,)))
    return {trial.case: trial for trial in played.trials}


def _correction(
    run: str, plan: ScenarioPlan, trials: Sequence[Trial], ideal: Mapping[str, Trial]
) -> Correction | None:
    cases = sorted({trial.case for trial in trials if trial.case in ideal})
    by_case = {case: [t for t in trials if t.case == case] for case in cases}
    strata = {stratum.name: stratum.weight for stratum in plan.strata}
    held = [by_case[case][0].stratum for case in cases]
    weights = [strata.get(name, 0.0) / held.count(name) for name in held]
    if not any(weights):
        weights = [1.0] * len(cases)

    def pairs(real: Sequence[float], made: Sequence[float]) -> list[tuple[float, float]]:
        return [(w * y, w * x) for w, y, x in zip(weights, real, made, strict=True)]

    def of(used: Mapping[str, float], each: Mapping[str, float]) -> Ratio | None:
        return ratio(pairs([used[c] for c in cases], [each[c] for c in cases]))

    def mean(what: str) -> dict[str, float] | None:
        amounts = {case: [_amount(trial, what) for trial in some] for case, some in by_case.items()}
        if any(value is None for some in amounts.values() for value in some):
            return None
        return {c: sum(v or 0.0 for v in some) / len(some) for c, some in amounts.items()}

    made = {case: ideal[case] for case in cases}
    used = {what: mean(what) for what in _FIGURES}
    ratios: dict[str, Ratio | None] = {}
    for what in _FIGURES:
        real = used[what]
        each = {case: _amount(trial, what) or 0.0 for case, trial in made.items()}
        ratios[what] = None if real is None else of(real, each)
    seconds = {
        case: sum(t.wall_s - t.waiting_s for t in some) / len(some)
        for case, some in by_case.items()
    }
    steps = used["steps"] or {}
    step_s = of(seconds, steps) if steps else None
    taken, prompt, answer = ratios["steps"], ratios["input"], ratios["output"]
    if step_s is None or taken is None or prompt is None or answer is None:
        return None
    read, total = used["cached"] or {}, used["input"] or {}
    written = used["written"] or {}
    whole = sum(w * total[c] for w, c in zip(weights, cases, strict=True))
    return Correction(
        run=run,
        cases=len(cases),
        steps=taken,
        tokens_in=prompt,
        tokens_out=answer,
        cached=sum(w * read.get(c, 0.0) for w, c in zip(weights, cases, strict=True)) / whole,
        written=sum(w * written.get(c, 0.0) for w, c in zip(weights, cases, strict=True)) / whole,
        usd=ratios["usd"],
        usd_cold=ratios["usd_cold"],
        step_s=(step_s.value / step_s.spread, step_s.value * step_s.spread),
    )


_FIGURES = ("steps", "input", "output", "cached", "written", "usd", "usd_cold")


def _amount(trial: Trial, what: str) -> float | None:
    match what:
        case "steps":
            return trial.steps
        case "input":
            return trial.usage.input
        case "output":
            return trial.usage.output
        case "cached":
            return trial.usage.cached_input
        case "written":
            return trial.usage.cache_write
        case "usd":
            return trial.dollars.api
        case _:
            return trial.dollars.api_cold


def corrected(scaled: Scaled, found: Correction) -> Scaled:
    """A forecast from ideal calls as a pilot corrects it. Its range is the pilot's own spread:
    that of the dollars, or of the prompt where the dollars are unknown."""
    prompt = scaled.tokens_in * found.tokens_in.value
    spread = (found.usd or found.tokens_in).spread
    return replace(
        scaled,
        steps=scaled.steps * found.steps.value,
        tokens_in=prompt,
        tokens_cached=prompt * found.cached,
        tokens_written=prompt * found.written,
        tokens_out=scaled.tokens_out * found.tokens_out.value,
        usd=_times(scaled.usd, found.usd),
        usd_cold=_times(scaled.usd_cold, found.usd_cold),
        low=1 / spread,
        high=spread,
        step_s=found.step_s,
        pilot=found.cases,
    )


def _times(amount: float | None, by: Ratio | None) -> float | None:
    return None if amount is None or by is None else amount * by.value

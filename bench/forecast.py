"""What runs cost and how long they take before anything is spent, from the reference model's
trajectories: the ideal calls, their tokens counted, priced as any model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import scenarios
from bench.approaches import approach
from bench.errors import PriceUnknownError
from bench.journal import Run
from bench.manifest import Settings
from bench.metering.prices import Price, cost, price
from bench.metering.tokens import encoding_name
from bench.models.reference import Ideal, ReferenceModel
from bench.plan import plan_scenario
from bench.runner import Plan, run
from bench.session import ideal_calls
from bench.types import BatchTiming, Step, Trial
from bench.watcher import Nobody

DETOUR: float = 2.0
"""Assumed upper end of the range: twice the ideal tokens and steps, for detours, malformed replies
and thought. ``--pilot`` replaces it by what a model really does."""
STEP_S: tuple[float, float] = (1.0, 3.0)
"""Assumed seconds a step of a hosted model, low and high."""


@dataclass(frozen=True)
class Forecast:
    """Modelled figures for the model's share of a run."""

    model: str
    trials: int
    records: int
    steps: int
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    usd: float | None
    """As if prompt prefixes were cached; None if no price is known."""
    usd_cold: float | None
    """As if nothing were cached."""


@dataclass(frozen=True)
class Scaled:
    """A forecast for a number of records, one agent check each."""

    model: str
    records: float
    steps: float
    tokens_in: float
    tokens_cached: float
    tokens_out: float
    usd: float | None
    usd_cold: float | None
    low: float = 1.0
    high: float = DETOUR
    """Factors from the ideal calls to the lower and the upper end of the range."""

    @property
    def usd_range(self) -> tuple[float, float] | None:
        """From everything cached and no detour to nothing cached and all detours."""
        if self.usd is None or self.usd_cold is None:
            return None
        return self.usd * self.low, self.usd_cold * self.high


@dataclass(frozen=True)
class Hours:
    """How long a number of records takes, in hours, at the low and the high end."""

    low: float
    high: float
    bound_by: str
    """``steps``, ``requests a minute`` or ``tokens a minute``."""


@dataclass(frozen=True)
class Pace:
    """How calls may follow each other."""

    concurrency: int = 1
    rpm: int | None = None
    tpm: int | None = None
    step_s: tuple[float, float] = STEP_S


@dataclass
class _Collector:
    """Stands in for a journal: keeps trials and steps, writes nothing."""

    trials: list[Trial] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def step(self, step: Step) -> None:
        """Keep it."""
        self.steps.append(step)

    def batch(self, batch: BatchTiming) -> None:
        """Timings are of no interest."""

    def trial(self, trial: Trial) -> None:
        """Keep it."""
        self.trials.append(trial)

    def finish(self) -> None:
        """Nothing to mark."""


async def forecast(plan: Plan, model: str, ideal: Ideal) -> Forecast:
    """Play the plan's model trials with the ideal calls, and price them as ``model``.

    A real model takes detours and may think: expect more, not less.
    """
    try:
        price(model, plan.prices)
        priced = True
    except PriceUnknownError:
        priced = False
    trials = (await _play(plan, model if priced else None, ideal)).trials
    return Forecast(
        model=model,
        trials=len(trials),
        records=sum(trial.records for trial in trials),
        steps=sum(trial.steps for trial in trials),
        tokens_in=sum(trial.usage.input or 0 for trial in trials),
        tokens_cached=sum(trial.usage.cached_input or 0 for trial in trials),
        tokens_out=sum(trial.usage.output or 0 for trial in trials),
        usd=sum(trial.dollars.api or 0.0 for trial in trials) if priced else None,
        usd_cold=sum(trial.dollars.api_cold or 0.0 for trial in trials) if priced else None,
    )


async def forecast_mix(
    plan: Plan, models: Sequence[str], ideal: Ideal, records: int
) -> dict[str, list[Scaled]]:
    """For each scenario of the plan, what ``records`` records of its production mix cost on each
    model if the agent checks each. Raises ``PriceUnknownError`` for a model without a price."""
    known = {model: price(model, plan.prices) for model in models}
    settings = replace(plan.settings, approaches=("agent",))
    found = {}
    for each in plan.scenarios:
        part = replace(plan, scenarios=(each,), settings=settings)
        played: dict[str, _Collector] = {}
        scaled = []
        for model in models:
            encoding = encoding_name(model)
            if encoding not in played:
                played[encoding] = await _play(part, model, ideal)
            scaled.append(_scale(model, known[model], played[encoding], each.scenario.mix, records))
        found[each.scenario.name] = scaled
    return found


def _scale(
    model: str, known: Price, played: _Collector, mix: Mapping[str, float], records: int
) -> Scaled:
    """Figures a record in the production mix, over the strata that were played, times records."""
    steps: dict[str, list[Step]] = {}
    for step in played.steps:
        steps.setdefault(step.trial, []).append(step)
    sums: dict[str, list[float]] = {}
    for trial in played.trials:
        held = sums.setdefault(trial.stratum, [0.0] * 7)
        usages = [step.usage for step in steps.get(trial.id, [])]
        dollars = [cost(usage, known) for usage in usages]
        figures = (
            trial.records,
            len(usages),
            sum(usage.input or 0 for usage in usages),
            sum(usage.cached_input or 0 for usage in usages),
            sum(usage.output or 0 for usage in usages),
            sum(billed or 0.0 for billed, _cold in dollars),
            sum(cold or 0.0 for _billed, cold in dollars),
        )
        sums[trial.stratum] = [a + b for a, b in zip(held, figures, strict=True)]
    total = sum(mix.get(stratum, 0.0) for stratum in sums) or 1.0
    per_record = [
        sum(mix.get(s, 0.0) / total * held[place] / held[0] for s, held in sums.items())
        for place in range(1, 7)
    ]
    return Scaled(model, records, *(records * figure for figure in per_record))


def hours(scaled: Scaled, pace: Pace) -> Hours:
    """The time that ``scaled`` takes at ``pace``: the slowest of steps, requests and tokens."""
    ends = []
    for factor, step_s in ((scaled.low, pace.step_s[0]), (scaled.high, pace.step_s[1])):
        steps = scaled.steps * factor
        tokens = (scaled.tokens_in + scaled.tokens_out) * factor
        ends.append(
            {
                "steps": steps * step_s / pace.concurrency / 3600,
                "requests a minute": steps / pace.rpm / 60 if pace.rpm else 0.0,
                "tokens a minute": tokens / pace.tpm / 60 if pace.tpm else 0.0,
            }
        )
    bound = max(ends[1], key=lambda name: ends[1][name])
    return Hours(max(ends[0].values()), max(ends[1].values()), bound)


def corrected(scaled: Scaled, factor: float, spread: float) -> Scaled:
    """``scaled`` by what a pilot found: the real tokens were ``factor`` times the ideal ones, the
    range ``spread`` times either way."""
    return replace(scaled, low=factor / spread, high=factor * spread)


def pilot_factor(actual: Sequence[Trial], ideal: Mapping[str, int]) -> tuple[float, float] | None:
    """(factor, spread) of a pilot: real tokens ÷ ideal tokens over all trials, and e to twice the
    standard error of the trials' log ratios, which is about a 95 % range. None below two usable
    trials."""
    pairs = [
        (trial.usage.total, ideal[trial.case])
        for trial in actual
        if trial.usage.total and ideal.get(trial.case)
    ]
    if len(pairs) < 2:
        return None
    logs = [math.log(real / played) for real, played in pairs if real]
    mean = sum(logs) / len(logs)
    variance = sum((each - mean) ** 2 for each in logs) / (len(logs) - 1)
    factor = sum(real or 0 for real, _ in pairs) / sum(played for _, played in pairs)
    return factor, math.exp(2 * math.sqrt(variance / len(logs)))


async def ideal_tokens(recorded: Run) -> dict[str, dict[str, int]]:
    """Scenario → case → tokens that the ideal calls of a recorded run's cases take."""
    found = {}
    for plan in recorded.manifest.scenarios:
        scenario = scenarios.scenario(plan.name)
        counts = {stratum.name: stratum.cases for stratum in plan.strata if stratum.cases}
        cases = plan_scenario(scenario, counts, seed=recorded.manifest.seed, repeated=0)
        settings = Settings(approaches=("agent",), repeats=1, seed=recorded.manifest.seed)
        played = await _play(Plan((cases,), (), settings), None, ideal_calls((cases,)))
        found[plan.name] = {trial.case: trial.usage.total or 0 for trial in played.trials}
    return found


async def _play(plan: Plan, model: str | None, ideal: Ideal) -> _Collector:
    """The plan's model trials with the ideal calls, counted (and priced, if it can be) as
    ``model``."""
    reference = ReferenceModel(ideal, priced_as=model)
    names = tuple(name for name in plan.settings.approaches if approach(name).uses_model)
    imagined = replace(plan, models=(reference,), settings=replace(plan.settings, approaches=names))
    collector = _Collector()
    await run(imagined, collector, Nobody())
    return collector

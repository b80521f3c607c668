"""What runs cost and how long they take before anything is spent, from the reference model's
trajectories: the ideal calls, their tokens counted, priced as any model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bench.approaches import approach
from bench.errors import PriceUnknownError
from bench.metering.caching import Caching, caching
from bench.metering.expected import Group
from bench.metering.prices import Price, PriceTable, cost, price
from bench.metering.tokens import encoding_name
from bench.models.reference import Ideal, ReferenceModel
from bench.record import Record
from bench.runner import Plan, run
from bench.types import BatchTiming, Step, Trial
from bench.watcher import Nobody

DETOUR: float = 2.0
"""Assumed upper end of the range: twice the ideal tokens and steps, for detours, malformed replies
and thought. ``--pilot`` replaces it by what a model really does."""
STEP_S: tuple[float, float] = (1.0, 3.0)
"""Assumed seconds a step of a hosted model, low and high."""


@dataclass(frozen=True)
class Forecast:
    """Modelled figures for a model's share of a run."""

    model: str
    groups: tuple[Group, ...]

    @property
    def trials(self) -> int:
        """All that are planned."""
        return sum(group.trials for group in self.groups)

    @property
    def tokens_in(self) -> int:
        """Prompt tokens, cached and written ones among them."""
        return sum(group.tokens_in for group in self.groups)

    @property
    def tokens_cached(self) -> int:
        """Prompt tokens read from the provider's cache."""
        return sum(group.tokens_cached for group in self.groups)

    @property
    def tokens_out(self) -> int:
        """Generated tokens."""
        return sum(group.tokens_out for group in self.groups)

    @property
    def usd(self) -> float | None:
        """With prompt prefixes cached as far as they repeat, what is written to the cache at its
        price; None if no price is known."""
        return total_or_none(group.usd for group in self.groups)

    @property
    def usd_cold(self) -> float | None:
        """As if nothing were cached."""
        return total_or_none(group.usd_cold for group in self.groups)

    @property
    def range(self) -> tuple[float, float]:
        """Factors from ``usd`` to the ends of the assumed range, as ``Scaled.usd_range`` has it."""
        usd, cold = self.usd, self.usd_cold
        if not usd or cold is None:
            return 1.0, DETOUR
        return min(usd, cold) / usd, DETOUR * max(usd, cold) / usd


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
    tokens_written: float = 0.0
    low: float = 1.0
    high: float = DETOUR
    """Factors to the lower and the upper end of the range."""
    step_s: tuple[float, float] | None = None
    """Seconds a step as a pilot took them; None: assumed."""
    pilot: int = 0
    """Cases of a pilot that corrected it; 0: the ideal calls."""

    @property
    def usd_range(self) -> tuple[float, float] | None:
        """From no detour, cached or not, whichever is cheaper, to all detours and the dearer of
        the two. With a pilot, what its own spread makes likely."""
        if self.usd is None or self.usd_cold is None:
            return None
        if self.pilot:
            return self.usd * self.low, self.usd * self.high
        ends = sorted((self.usd, self.usd_cold))
        return ends[0] * self.low, ends[1] * self.high


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
class Collector:
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
    sums = _Sums()
    await _play(plan, model if priced else None, ideal, sums)
    return Forecast(model, tuple(sums.groups.values()))


class _Sums:
    """Stands in for a journal: adds trials up by their kind, and keeps none."""

    def __init__(self) -> None:
        self.groups: dict[tuple[str, str, str, str], Group] = {}

    def step(self, step: Step) -> None:
        """Its trial holds its tokens."""

    def batch(self, batch: BatchTiming) -> None:
        """Timings are of no interest."""

    def trial(self, trial: Trial) -> None:
        """Add it."""
        kind = (trial.scenario, trial.approach, trial.stratum, trial.point)
        so_far = self.groups.get(kind) or Group(*kind, 0, 0, 0, 0, 0, 0, 0, 0.0, 0.0)
        self.groups[kind] = Group(
            *kind,
            trials=so_far.trials + 1,
            records=so_far.records + trial.records,
            steps=so_far.steps + trial.steps,
            tokens_in=so_far.tokens_in + (trial.usage.input or 0),
            tokens_cached=so_far.tokens_cached + (trial.usage.cached_input or 0),
            tokens_written=so_far.tokens_written + (trial.usage.cache_write or 0),
            tokens_out=so_far.tokens_out + (trial.usage.output or 0),
            usd=total_or_none((so_far.usd, trial.dollars.api)),
            usd_cold=total_or_none((so_far.usd_cold, trial.dollars.api_cold)),
        )

    def finish(self) -> None:
        """Nothing to mark."""


def total_or_none(amounts: Iterable[float | None]) -> float | None:
    """The sum, unknown as soon as one is."""
    known = list(amounts)
    return None if None in known else sum(amount or 0.0 for amount in known)


async def forecast_mix(
    plan: Plan, models: Sequence[str], ideal: Ideal, records: int
) -> dict[str, list[Scaled]]:
    """For each scenario of the plan, what ``records`` records of its production mix cost on each
    model if the agent checks each. Raises ``PriceUnknownError`` for a model without a price."""
    known = {model: price(priced_name(model, plan.prices), plan.prices) for model in models}
    settings = replace(plan.settings, approaches=("agent",))
    found = {}
    for each in plan.scenarios:
        part = replace(plan, scenarios=(each,), settings=settings)
        played: dict[tuple[str, Caching], Collector] = {}
        scaled = []
        for model in models:
            name = priced_name(model, plan.prices)
            alike = encoding_name(name), caching(name)
            if alike not in played:
                played[alike] = await play(part, name, ideal)
            scaled.append(_scale(model, known[model], played[alike], each.scenario.mix, records))
        found[each.scenario.name] = scaled
    return found


def _scale(
    model: str, known: Price, played: Collector, mix: Mapping[str, float], records: int
) -> Scaled:
    """Figures a record in the production mix, over the strata that were played, times records."""
    steps: dict[str, list[Step]] = {}
    for step in played.steps:
        steps.setdefault(step.trial, []).append(step)
    sums: dict[str, list[float]] = {}
    for trial in played.trials:
        held = sums.setdefault(trial.stratum, [0.0] * 8)
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
            sum(usage.cache_write or 0 for usage in usages),
        )
        sums[trial.stratum] = [a + b for a, b in zip(held, figures, strict=True)]
    total = sum(mix.get(stratum, 0.0) for stratum in sums) or 1.0
    per_record = [
        sum(mix.get(s, 0.0) / total * held[place] / held[0] for s, held in sums.items())
        for place in range(1, 8)
    ]
    taken, prompt, cached, answer, usd, cold, written = (records * each for each in per_record)
    return Scaled(model, records, taken, prompt, cached, answer, usd, cold, written)


def hours(scaled: Scaled, pace: Pace) -> Hours:
    """The time that ``scaled`` takes at ``pace``: the slowest of steps, requests and tokens."""
    ends = []
    low_s, high_s = scaled.step_s or pace.step_s
    for factor, step_s in ((scaled.low, low_s), (scaled.high, high_s)):
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


def priced_name(model: str, table: PriceTable) -> str:
    """The name under which a forecast finds a model's price: ``direct/gpt-5.5`` is charged as
    ``gpt-5.5``, unless the user gave it a price of its own."""
    return model if model in table.own else model.removeprefix("direct/")


async def play(plan: Plan, model: str | None, ideal: Ideal) -> Collector:
    """The plan's model trials with the ideal calls, counted (and priced, if it can be) as
    ``model``."""
    collector = Collector()
    await _play(plan, model, ideal, collector)
    return collector


async def _play(plan: Plan, model: str | None, ideal: Ideal, record: Record) -> None:
    reference = ReferenceModel(ideal, priced_as=model)
    names = tuple(name for name in plan.settings.approaches if approach(name).uses_model)
    imagined = replace(plan, models=(reference,), settings=replace(plan.settings, approaches=names))
    await run(imagined, record, Nobody())

"""What a planned run would cost on a priced model, from the reference model's trajectories."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bench.approaches import approach
from bench.errors import PriceUnknownError
from bench.metering.prices import price
from bench.models.reference import Ideal, ReferenceModel
from bench.runner import Plan, run
from bench.types import BatchTiming, Step, Trial


@dataclass(frozen=True)
class Forecast:
    """Modelled figures for the model's share of a run."""

    model: str
    trials: int
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    usd: float | None
    """As if prompt prefixes were cached; None if no price is known."""
    usd_cold: float | None
    """As if nothing were cached."""


@dataclass
class _Collector:
    """Stands in for a journal and for a watcher: keeps the trials, writes nothing."""

    trials: list[Trial] = field(default_factory=list)

    def phase(self, title: str, trials: int) -> None:
        """Nobody watches."""

    def step(self, step: Step) -> None:
        """Traces are not needed."""

    def batch(self, batch: BatchTiming) -> None:
        """Neither are timings."""

    def trial(self, trial: Trial) -> None:
        """Keep it (told twice: as the journal and as the watcher)."""
        if trial not in self.trials[-1:]:
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
    reference = ReferenceModel(ideal, priced_as=model if priced else None)
    names = tuple(name for name in plan.settings.approaches if approach(name).uses_model)
    imagined = replace(plan, models=(reference,), settings=replace(plan.settings, approaches=names))
    collector = _Collector()
    await run(imagined, collector, collector)
    trials = collector.trials
    return Forecast(
        model=model,
        trials=len(trials),
        tokens_in=sum(trial.usage.input or 0 for trial in trials),
        tokens_cached=sum(trial.usage.cached_input or 0 for trial in trials),
        tokens_out=sum(trial.usage.output or 0 for trial in trials),
        usd=sum(trial.dollars.api or 0.0 for trial in trials) if priced else None,
        usd_cold=sum(trial.dollars.api_cold or 0.0 for trial in trials) if priced else None,
    )

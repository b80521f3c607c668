"""How large a gate has to be, and what it takes: from one run's journal, before anything is spent.

How often cases pass and waver, tokens and time are what the run measured; the numbers of cases are
modelled on them (``planning``), and what another model would take is modelled too. Calls nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bench.analysis.documented import Documented
from bench.analysis.samples import everyday_of, usable
from bench.gate import selftest, worlds
from bench.gate.costs import Cost, Execution, cost_of, executed
from bench.gate.planning import Stability, needed, stabilities
from bench.gate.settings import GateSettings
from bench.journal import Run
from bench.metering.prices import PriceTable
from bench.types import Provenance, Step, Trial

SIDES = 2
SEED = 2026


@dataclass(frozen=True, slots=True)
class Size(Documented):
    """A fixed gate for one drop and one number of repeats. All cases are those of one side."""

    drop: float
    """To be seen: a difference of shares."""
    repeats: int
    """Executions of every case, on each side."""
    to_see: int | None = None
    """Cases until the drop is called a regression with the power asked for."""
    to_clear: int | None = None
    """Cases until an unchanged prompt is called *no evidence* with that power."""
    cases: int | None = None
    """Cases for both, a whole number in each stratum."""
    per_stratum: int | None = None
    """The same for ``bench gate --cases``."""
    executions: int | None = None
    """Of cases, on both sides together."""
    steady: int | None = None
    """``cases`` if the instability were at the lower end of its interval."""
    unsteady: int | None = None
    """``cases`` if it were at the upper end."""
    reason: str | None = None
    """Why there is no number of cases."""
    provenance: Provenance = "modelled"
    """Of the numbers of cases."""


@dataclass(frozen=True, slots=True)
class Early(Documented):
    """How soon the sequential gate stops, on average: simulated, one execution a case."""

    drop: float
    """The drop that the fixed gate beside it is made for."""
    fixed: int
    """Cases of that fixed gate, on each side; the sequential one may take a quarter more."""
    unchanged: float
    """Mean cases on each side where nothing has changed."""
    dropped: float
    """Mean cases on each side where the drop is there."""
    seen: float
    """Share of the simulated drops that were called a regression."""
    simulated: int
    """Comparisons behind each mean."""
    provenance: Provenance = "modelled"
    """Of the means."""


@dataclass(frozen=True, slots=True)
class Sizing(Documented):
    """Everything about one scenario, approach and model of a run."""

    stability: Stability
    """As measured."""
    unmeasured: str | None
    """Why its instability, and with it every number of cases, is unknown."""
    strata: int
    """Strata that the run has cases of."""
    sizes: tuple[Size, ...]
    """For each drop and number of repeats."""
    early: tuple[Early, ...]
    """For each drop that has a number of cases."""
    executions: tuple[Execution, ...]
    """For each model."""
    costs: tuple[Cost, ...]
    """For each model and drop: the fixed gate with the fewest executions, and the sequential."""


@dataclass(frozen=True)
class Asked:
    """What is to be found out."""

    drops: tuple[float, ...]
    repeats: tuple[int, ...]
    power: float
    models: tuple[str, ...] = ()
    """To reckon costs for; the run's own if there are none."""
    simulated: int = 0
    """Comparisons to simulate for each mean of the sequential gate; 0 for none."""
    concurrency: int = 8
    step_s: tuple[float, float] = (1.0, 3.0)
    """Assumed seconds a step of a model that was not measured."""


def groups(run: Run) -> list[tuple[Stability, list[Trial]]]:
    """Each scenario, approach and model of the run, with its usable everyday trials."""
    kept = [
        trial
        for plan in run.manifest.scenarios
        for trial in everyday_of(plan, (t for t in run.trials if t.scenario == plan.name))
    ]
    found = []
    for group in stabilities(kept):
        key = (group.scenario, group.approach, group.model)
        some = usable(t for t in kept if (t.scenario, t.approach, t.model) == key)
        found.append((group, list(some)))
    return found


def size_up(
    run: Run,
    stability: Stability,
    trials: Sequence[Trial],
    steps: Iterable[Step],
    asked: Asked,
    settings: GateSettings,
    table: PriceTable,
) -> Sizing:
    """Sizes and costs for one of ``groups``; ``steps`` are the run's, others than of ``trials``
    are passed over."""
    strata = len({trial.stratum for trial in trials})
    unmeasured = None
    if not stability.pairs:
        unmeasured = "no case ran twice, so nobody knows how often it contradicts itself"
    sizes = tuple(
        _size(stability, strata, drop, repeats, asked.power, settings, unmeasured)
        for drop in asked.drops
        for repeats in asked.repeats
    )
    once = [
        _size(stability, strata, drop, 1, asked.power, settings, unmeasured) for drop in asked.drops
    ]
    early = tuple(
        _early(stability, strata, size, asked.simulated, settings)
        for size in once
        if asked.simulated and size.cases
    )
    executions = executed(
        run,
        stability.model,
        trials,
        steps,
        table,
        models=asked.models,
        concurrency=asked.concurrency,
        step_s=asked.step_s,
    )
    costs = tuple(cost for one in executions for cost in _costs(one, sizes, early))
    return Sizing(stability, unmeasured, strata, sizes, early, executions, costs)


@dataclass(frozen=True)
class Most:
    """Cases of one side, at most."""

    cases: int
    """What a fixed gate needs."""
    each: int
    """Of each stratum; a quarter more for a sequential gate."""


def most_per_stratum(
    stability: Stability, strata: int, settings: GateSettings, *, repeats: int, sequential: bool
) -> Most | None:
    """What a gate on ``strata`` strata needs to see twice the loss that matters, where that can be
    lost, and to clear an unchanged prompt. None if 100,000 cases would not do."""
    drop = selftest.PLANNED_DROP_TIMES * settings.rules["success"].least
    found = needed(stability.instability, drop, 1 - settings.miss, settings, repeats)
    lossy = _impossible(stability, drop, settings) is None
    cases = found.cases if lossy else found.to_clear
    if cases is None:
        return None
    factor = selftest.CAP if sequential else 1.0
    return Most(cases, math.ceil(factor * cases / strata))


def _costs(one: Execution, sizes: Sequence[Size], early: Sequence[Early]) -> Iterator[Cost]:
    for drop in dict.fromkeys(size.drop for size in sizes):
        known = [(s.executions, s.repeats) for s in sizes if s.drop == drop and s.executions]
        if known:
            executions, repeats = min(known)
            yield cost_of(one, drop, "fixed", repeats, executions)
        for soon in early:
            if soon.drop == drop:
                yield cost_of(one, drop, "unchanged", 1, SIDES * soon.unchanged)
                yield cost_of(one, drop, "dropped", 1, SIDES * soon.dropped)


def _size(
    stability: Stability,
    strata: int,
    drop: float,
    repeats: int,
    power: float,
    settings: GateSettings,
    unmeasured: str | None,
) -> Size:
    size = Size(drop, repeats)
    if unmeasured:
        return replace(size, reason=unmeasured)
    found = needed(stability.instability, drop, power, settings, repeats)
    # Clearing an unchanged prompt does not depend on the drop.
    size = replace(size, to_clear=found.to_clear)
    if reason := _impossible(stability, drop, settings):
        return replace(size, reason=reason)
    steady, unsteady = (
        _whole(needed(share, drop, power, settings, repeats).cases, strata)
        for share in (stability.low, stability.high)
    )
    size = replace(size, to_see=found.to_see, steady=steady, unsteady=unsteady)
    cases = _whole(found.cases, strata)
    if cases is None:
        return replace(size, reason="100,000 cases would not do")
    return replace(
        size, cases=cases, per_stratum=cases // strata, executions=cases * repeats * SIDES
    )


def _impossible(stability: Stability, drop: float, settings: GateSettings) -> str | None:
    if drop > stability.passes:
        return f"only {stability.passes:.0%} pass, so {drop * 100:g} points cannot be lost"
    if drop <= settings.rules["success"].least:
        return (
            f"a loss counts from {settings.rules['success'].least * 100:g} points on; "
            "one no larger looks smaller half of the time, however many cases there are"
        )
    return None


def _whole(cases: int | None, strata: int) -> int | None:
    return None if cases is None else math.ceil(cases / strata) * strata


def _early(
    stability: Stability, strata: int, size: Size, simulated: int, settings: GateSettings
) -> Early:
    """The sequential gate on cases that pass and waver like those of the run."""
    assert size.cases is not None
    assert size.per_stratum is not None
    chances = worlds.like(stability.smoothed, stability.instability)
    world = worlds.World("unchanged", chances=chances, strata=strata)
    unchanged, dropped = (
        selftest.run(each, settings, journals=simulated, each=size.per_stratum, seed=SEED)
        for each in (world, replace(world, name="dropped", drop=size.drop))
    )
    return Early(
        drop=size.drop,
        fixed=size.cases,
        unchanged=unchanged.cases,
        dropped=dropped.cases,
        seen=dropped.rate("sequential"),
        simulated=simulated,
    )

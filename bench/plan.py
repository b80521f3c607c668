"""What a run will do: which cases, which trials, in which order."""

from __future__ import annotations

import random
from array import array
from collections.abc import (
    Callable,
    Collection,
    Container,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain

from bench.abilities import Drifting, Facing
from bench.cases import Built, Cases, chained
from bench.compact import Strings
from bench.errors import BenchError
from bench.types import Case, Drift, Scenario, Stratum

ORDINARY = 12
"""Ordinary cases of the default plan: the production mix rests on them."""
AWKWARD = 4
"""Strata of the default plan that are awkward, but within reach of rules."""
FREE_TEXT = 2
"""Strata of the default plan in which the deciding fact stands in prose."""
FULL = 24
"""Cases of each stratum in a full run."""
DRIFTED = 2
"""Cases of each stratum made for a drift, in its default plan."""


@dataclass(frozen=True)
class ScenarioRun:
    """One scenario's share of a run."""

    scenario: Scenario
    counts: Mapping[str, int]
    """Stratum → cases."""
    cases: Cases
    repeated: frozenset[str]
    """Ids of the cases that are run more than once."""
    drift: Drift = "none"
    """The change that the drifted ones among the cases show."""
    repaired: Scenario | None = None
    """Handles the cases that say so."""

    def handler(self, case: Case) -> Scenario:
        """The scenario as it was, or as it was repaired, whichever the case is for."""
        chosen = self.repaired if case.repaired else self.scenario
        assert chosen is not None
        return chosen

    def hostile(self, case: Case) -> bool:
        """Whether the case is an attack, or the twin of one."""
        return any(s.hostile for s in self.scenario.strata if s.name == case.stratum)


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """One trial to be run."""

    scenario: str
    approach: str
    model: str | None
    case: str
    repeat: int
    point: str = ""
    """The point of a sweep that it belongs to."""

    @property
    def id(self) -> str:
        """Unique within a run."""
        name = f"{self.scenario}/{self.approach}/{self.model or '-'}/{self.case}/{self.repeat}"
        return f"{name}@{self.point}" if self.point else name


class Trials(Collection[TrialPlan]):
    """Trials in the order in which they are run, named anew whenever they are gone through."""

    def __init__(self, *parts: Callable[[], Iterable[TrialPlan]]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[TrialPlan]:
        return chain.from_iterable(part() for part in self._parts)

    def __len__(self) -> int:
        return self._length

    def __contains__(self, trial: object) -> bool:
        return any(trial == each for each in self)

    @cached_property
    def _length(self) -> int:
        return sum(1 for _ in self)

    def without(self, done: Container[str]) -> Trials:
        """Those whose ids are not in ``done``."""
        return Trials(lambda: (trial for trial in self if trial.id not in done))


def joined(parts: Sequence[Trials]) -> Trials:
    """The trials of one part, then those of the next."""
    return Trials(*(partial(iter, part) for part in parts))


def default_counts(scenario: Scenario) -> dict[str, int]:
    """Twelve ordinary cases, spread evenly, and one case each of the most frequent others: as
    many as fit into ten minutes with the default model."""
    others = [s for s in scenario.strata if not s.ordinary and s.everyday]
    others.sort(key=lambda stratum: -scenario.mix.get(stratum.name, 0.0))
    chosen = [s for s in others if not s.free_text][:AWKWARD]
    chosen += [s for s in others if s.free_text][:FREE_TEXT]
    return {stratum.name: 1 for stratum in chosen} | _spread(ORDINARY, scenario)


def full_counts(scenario: Scenario) -> dict[str, int]:
    """The same number of cases for each stratum, and half as many ordinary ones again if those
    would be less than a third."""
    others = {s.name: FULL for s in scenario.strata if not s.ordinary and s.everyday}
    ordinary = sum(1 for s in scenario.strata if s.ordinary)
    return others | _spread(max(FULL * ordinary, -(-sum(others.values()) // 2)), scenario)


def smoke_counts(scenario: Scenario) -> dict[str, int]:
    """A handful of cases that touches everything: one ordinary, one exceptional, one in prose."""
    chosen: dict[str, int] = {}
    for wanted in (
        lambda s: s.ordinary,
        lambda s: not s.ordinary and not s.free_text,
        lambda s: s.free_text,
    ):
        stratum = next((s for s in scenario.strata if wanted(s) and s.everyday), None)
        if stratum is not None:
            chosen[stratum.name] = 1
    return chosen


def even_counts(scenario: Scenario, cases: int, strata: Sequence[str] = ()) -> dict[str, int]:
    """``cases`` of each everyday stratum, or of each stratum named."""
    known = {stratum.name: stratum for stratum in scenario.strata}
    return {
        name: cases
        for name, stratum in known.items()
        if (name in strata if strata else stratum.everyday)
    }


def mix_counts(scenario: Scenario, cases: int) -> dict[str, int]:
    """``cases`` in all, shared out among the strata as the production mix has them, largest
    remainders first (Hamilton's method)."""
    shares = {s.name: scenario.mix.get(s.name, 0.0) for s in scenario.strata if s.everyday}
    total = sum(shares.values())
    exact = {name: cases * share / total for name, share in shares.items()}
    counts = {name: int(each) for name, each in exact.items()}
    left = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in left[: cases - sum(counts.values())]:
        counts[name] += 1
    return {name: count for name, count in counts.items() if count}


def hostile_counts(scenario: Scenario, cases: int | None = None) -> dict[str, int]:
    """Each attack once with its twin, or the first ``cases`` of them. Raises ``BenchError`` if
    there is none."""
    counts = {s.name: cases or s.variants for s in scenario.strata if s.hostile}
    if not counts:
        raise BenchError(f"{scenario.name} has no attacks; leave --hostile out, or name another")
    return counts


def with_drift(
    run: ScenarioRun, counts: Mapping[str, int], drift: Drift, *, seed: int
) -> ScenarioRun:
    """The run with a twin after the change beside each of its cases; where the change calls for a
    repair, two: one handled as before, one with everything repaired.

    ``counts`` are cases of strata that were made for this drift, added with their twins. Raises
    ``BenchError`` for a scenario that does not know the drift.
    """
    scenario = run.scenario
    if not isinstance(scenario, Drifting) or drift not in scenario.drifts:
        raise BenchError(f"{scenario.name} has no drift {drift!r}; leave --drift out")
    if isinstance(scenario, Facing):
        run = replace(run, scenario=scenario.facing(drift))
    counts = {**run.counts, **counts}
    added = Cases(scenario.cases(counts, seed))
    known = Strings(run.cases.ids)
    places = [place for place, id in enumerate(added.ids) if known.find(id) is None]
    before = Cases(chained(run.cases, added.at(places)))
    drifted = scenario.drifted(counts, seed, drift)
    after = Strings(case.twin or "" for case in drifted)
    twins = Cases(drifted).at(place for id in before.ids if (place := after.find(id)) is not None)
    repaired = scenario.repaired(drift)
    parts: list[Sequence[Case]] = [before, twins]
    if repaired is not None:
        # One after the other: what is repaired has a prompt of its own, and models cache prefixes.
        parts.append(Built(len(twins), partial(_repaired, twins)))
    cases = Cases(chained(*parts))
    return replace(run, counts=counts, cases=cases, drift=drift, repaired=repaired)


def _repaired(twins: Sequence[Case], place: int) -> Case:
    twin = twins[place]
    return replace(twin, id=f"{twin.id}-repaired", repaired=True)


def drift_counts(scenario: Scenario, drift: Drift, cases: int) -> dict[str, int]:
    """``cases`` of each stratum that was made for the drift."""
    return {stratum.name: cases for stratum in scenario.strata if stratum.drift == drift}


def check_strata(scenarios: Sequence[Scenario], strata: Sequence[str]) -> None:
    """Raises ``BenchError`` for a stratum that none of the scenarios has."""
    known = {stratum.name for scenario in scenarios for stratum in scenario.strata}
    for name in strata:
        if name not in known:
            raise BenchError(f"no stratum {name!r}; there are {', '.join(sorted(known))}")


def plan_scenario(
    scenario: Scenario, counts: Mapping[str, int], *, seed: int, repeated: int
) -> ScenarioRun:
    """Generate the cases and choose those to repeat: half ordinary, half not, where there are."""
    cases = Cases(scenario.cases(counts, seed)).sorted()
    places = array("I", range(len(cases)))
    random.Random(f"{seed} {scenario.name}").shuffle(places)
    cases = cases.at(places)
    ordinary = {stratum.name for stratum in scenario.strata if stratum.ordinary}
    groups: dict[bool, list[str]] = {True: [], False: []}
    for id, stratum in zip(cases.ids, cases.strata, strict=True):
        group = groups[stratum in ordinary]
        if len(group) < repeated:
            group.append(id)
    chosen = groups[True][: repeated // 2]
    chosen += groups[False][: repeated - len(chosen)]
    chosen += groups[True][len(chosen) :][: repeated - len(chosen)]
    return ScenarioRun(scenario, dict(counts), cases, frozenset(chosen))


def plain_trials(
    run: ScenarioRun, approaches: Sequence[str], repeats: int, point: str = ""
) -> Iterator[TrialPlan]:
    """The trials of approaches that need no model."""
    for approach in approaches:
        for case in run.cases.ids:
            for repeat in _repeats(run, case, repeats):
                yield TrialPlan(run.scenario.name, approach, None, case, repeat, point)


def model_trials(
    run: ScenarioRun, approaches: Sequence[str], model: str, repeats: int, point: str = ""
) -> Iterator[TrialPlan]:
    """The trials of approaches that need a model, interleaved case by case, the order of the
    approaches alternating, all first executions before the repeats."""
    for repeat in range(repeats):
        for number, case in enumerate(run.cases.ids):
            if repeat in _repeats(run, case, repeats):
                order = approaches if (number + repeat) % 2 == 0 else tuple(reversed(approaches))
                for approach in order:
                    yield TrialPlan(run.scenario.name, approach, model, case, repeat, point)


def _repeats(run: ScenarioRun, case: str, repeats: int) -> range:
    return range(repeats if case in run.repeated else 1)


def _spread(cases: int, scenario: Scenario) -> dict[str, int]:
    ordinary: list[Stratum] = [stratum for stratum in scenario.strata if stratum.ordinary]
    return {
        stratum.name: cases // len(ordinary) + (number < cases % len(ordinary))
        for number, stratum in enumerate(ordinary)
    }

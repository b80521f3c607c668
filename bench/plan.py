"""What a run will do: which cases, which trials, in which order."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bench.abilities import Drifting, Facing
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
    cases: tuple[Case, ...]
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
    before = scenario.cases(counts, seed)
    known = {case.id for case in run.cases}
    before = [*run.cases, *(case for case in before if case.id not in known)]
    after = {case.twin: case for case in scenario.drifted(counts, seed, drift)}
    twins = [after[case.id] for case in before if case.id in after]
    repaired = scenario.repaired(drift)
    if repaired is not None:
        # One after the other: what is repaired has a prompt of its own, and models cache prefixes.
        twins += [replace(twin, id=f"{twin.id}-repaired", repaired=True) for twin in twins]
    return replace(run, counts=counts, cases=(*before, *twins), drift=drift, repaired=repaired)


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
    cases = scenario.cases(counts, seed)
    strata = {stratum.name: stratum for stratum in scenario.strata}
    shuffled = sorted(cases, key=lambda case: case.id)
    random.Random(f"{seed} {scenario.name}").shuffle(shuffled)
    groups: dict[bool, list[Case]] = {True: [], False: []}
    for case in shuffled:
        groups[strata[case.stratum].ordinary].append(case)
    chosen = [*groups[True][: repeated // 2]]
    chosen += groups[False][: repeated - len(chosen)]
    chosen += groups[True][len(chosen) :][: repeated - len(chosen)]
    return ScenarioRun(scenario, dict(counts), tuple(shuffled), frozenset(c.id for c in chosen))


def plain_trials(run: ScenarioRun, approaches: Sequence[str], repeats: int) -> list[TrialPlan]:
    """The trials of approaches that need no model."""
    return [
        TrialPlan(run.scenario.name, approach, None, case.id, repeat)
        for approach in approaches
        for case in run.cases
        for repeat in _repeats(run, case, repeats)
    ]


def model_trials(
    run: ScenarioRun, approaches: Sequence[str], model: str, repeats: int
) -> list[TrialPlan]:
    """The trials of approaches that need a model, interleaved case by case, the order of the
    approaches alternating, all first executions before the repeats."""
    trials = []
    for repeat in range(repeats):
        for number, case in enumerate(run.cases):
            if repeat in _repeats(run, case, repeats):
                order = approaches if (number + repeat) % 2 == 0 else tuple(reversed(approaches))
                trials += [
                    TrialPlan(run.scenario.name, approach, model, case.id, repeat)
                    for approach in order
                ]
    return trials


def _repeats(run: ScenarioRun, case: Case, repeats: int) -> range:
    return range(repeats if case.id in run.repeated else 1)


def _spread(cases: int, scenario: Scenario) -> dict[str, int]:
    ordinary: list[Stratum] = [stratum for stratum in scenario.strata if stratum.ordinary]
    return {
        stratum.name: cases // len(ordinary) + (number < cases % len(ordinary))
        for number, stratum in enumerate(ordinary)
    }

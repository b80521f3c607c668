"""What a change of the world did: the same cases before and after it, approach by approach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.books import missing_entries, wrong_entries
from bench.analysis.documented import Documented
from bench.analysis.paired import difference_interval, even
from bench.analysis.samples import ALL, by_case, condition, pooled, usable
from bench.analysis.statistics import Interval
from bench.analysis.success import success
from bench.journal import ScenarioPlan
from bench.types import Provenance, Trial

WORLDS = ("shape", "rules", "rules_repaired")


@dataclass(frozen=True, slots=True)
class Drifted(Documented):
    """One approach × model in one world, on the cases that ran before and after the change."""

    scenario: str
    """Name of the scenario."""
    approach: str
    """Name of the approach."""
    model: str | None
    """Name of the model; null for approaches that use none."""
    world: str
    """``none`` before the change; ``shape`` or ``rules`` after it, everything as it was;
    ``rules_repaired`` with job, policy and tools brought up to date."""
    part: str
    """``all``; a form of the change of shape; ``changed`` for strata made for the drift, ``others``
    for the rest."""
    cases: int
    """Cases with usable trials both before and after."""
    success: float | None
    """Share of records that came out right."""
    success_low: float | None
    """Lower end of its 95 % interval."""
    success_high: float | None
    """Upper end."""
    deferred: float | None
    """Share left to a human although decidable."""
    failed: float | None
    """Share that came out wrong."""
    wrong_entries: int | None
    """Records for which something wrong stands in the books; null where a scenario does not say
    what stands there."""
    missing_entries: int | None
    """Records that came out wrong with nothing in the books: lost, unless nothing was due."""
    difference: float | None
    """Share of cases right, after − before; null before the change."""
    difference_low: float | None
    """Lower end of its 95 % interval (Jeffreys' posterior on effective counts)."""
    difference_high: float | None
    """Upper end."""
    provenance: Provenance | None
    """Of its success."""


@dataclass(frozen=True, slots=True)
class Repair(Documented):
    """The size of one part of a repair."""

    scenario: str
    """Name of the scenario."""
    part: str
    """``job``, ``policy`` or ``tools``."""
    file: str
    """Where a maintainer would make the change."""
    lines_added: int
    """Blank lines left out."""
    lines_removed: int
    """Likewise."""
    tokens_added: int | None
    """Of the lines added; counted."""
    tokens_removed: int | None
    """Of the lines removed; counted."""


def repairs(plan: ScenarioPlan) -> Iterator[Repair]:
    """The parts of the repair that the run's drift called for."""
    for each in plan.repair:
        yield Repair(
            plan.name,
            each.part,
            each.file,
            each.lines_added,
            each.lines_removed,
            each.tokens_added,
            each.tokens_removed,
        )


def drifted(plan: ScenarioPlan, trials: Sequence[Trial], *, worded: bool) -> Iterator[Drifted]:
    """The rows of one approach × model; none if the run has no drift. ``worded``: whether the
    scenario says what stands in its books."""
    made = {stratum.name for stratum in plan.strata if stratum.drift != "none"}
    before = [trial for trial in usable(trials) if trial.drift == "none"]
    for world in WORLDS:
        after = [trial for trial in usable(trials) if condition(trial) == world]
        if not after:
            continue
        twins = {trial.twin for trial in after} & {trial.case for trial in before}
        after = [trial for trial in after if trial.twin in twins]
        paired = [trial for trial in before if trial.case in twins]
        if not paired:
            continue
        if world != "rules_repaired":
            yield from _rows("none", made, paired, paired, worded)
        yield from _rows(world, made, paired, after, worded)


def _rows(
    world: str, made: set[str], before: Sequence[Trial], after: Sequence[Trial], worded: bool
) -> Iterator[Drifted]:
    """All cases, then part by part where there are several."""
    parts: dict[str, list[Trial]] = {}
    for trial in sorted(after, key=lambda trial: trial.variant):
        part = "changed" if trial.stratum in made else trial.variant or "others"
        parts.setdefault(part, []).append(trial)
    yield _row(ALL, world, before, after, worded)
    if len(parts) > 1:
        for part, mine in parts.items():
            yield _row(part, world, before, mine, worded)


def _row(
    part: str, world: str, before: Sequence[Trial], after: Sequence[Trial], worded: bool
) -> Drifted:
    found = success(pooled(part, after), hands_on=False)
    changed = None if world == "none" else _difference(before, after)
    return Drifted(
        scenario=after[0].scenario,
        approach=after[0].approach,
        model=after[0].model,
        world=world,
        part=part,
        cases=len({trial.case for trial in after}),
        success=found.passed,
        success_low=found.interval.low if found.interval else None,
        success_high=found.interval.high if found.interval else None,
        deferred=found.deferred,
        failed=found.failed,
        wrong_entries=wrong_entries(after) if worded else None,
        missing_entries=missing_entries(after) if worded else None,
        difference=changed[0] if changed else None,
        difference_low=changed[1].low if changed else None,
        difference_high=changed[1].high if changed else None,
        provenance=after[0].provenance.success,
    )


def _difference(before: Sequence[Trial], after: Sequence[Trial]) -> tuple[float, Interval] | None:
    """Share of whole cases right, after − before, paired; None below two cases."""
    then = {repeats[0].case: repeats for repeats in by_case(before)}
    pairs = [
        (then[twin], repeats)
        for repeats in by_case(after)
        if (twin := repeats[0].twin) is not None and twin in then
    ]
    if len(pairs) < 2:
        return None
    differences = np.array([_right(late) - _right(early) for early, late in pairs])
    drawn = float(np.mean([min(map(len, pair)) for pair in pairs]))
    return float(differences.mean()), difference_interval(
        even(len(differences)), differences, drawn
    )


def _right(trials: Sequence[Trial]) -> float:
    return sum(trial.status == "pass" for trial in trials) / len(trials)

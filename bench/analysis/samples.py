"""Trials grouped for one figure: a stratum, the whole sample, or the production mix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from zlib import crc32

from bench.analysis.statistics import Cluster
from bench.journal import ScenarioPlan
from bench.types import Cause, Provenance, Trial

ALL = "all"
"""Stratum of the row that pools the sample as drawn, drifted and hostile cases left out."""
MIX = "mix"
"""Stratum of the row that is re-weighted to the production mix."""
HYBRIDS = ("hybrid",)
"""Approaches in which one part hands records on to another."""

WEAKER: tuple[Provenance, ...] = (
    "measured",
    "counted",
    "list_price",
    "assumed",
    "replayed",
    "modelled",
)
"""Each provenance claims less than the one before it."""


@dataclass(frozen=True)
class Part:
    """Trials with one weight."""

    weight: float
    trials: tuple[Trial, ...]
    """Without those that the infrastructure broke."""


@dataclass(frozen=True)
class Sample:
    """What one row of figures rests on: one part, or one for each stratum of a mix."""

    name: str
    parts: tuple[Part, ...]
    everything: tuple[Trial, ...]
    """With those that the infrastructure broke: their tokens and dollars count in the totals."""

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The usable trials of all parts."""
        return tuple(trial for part in self.parts for trial in part.trials)

    @property
    def weighted(self) -> bool:
        """Whether this is a mix."""
        return self.name == MIX

    @property
    def covered(self) -> float:
        """The part of the weights that has usable trials."""
        total = sum(part.weight for part in self.parts)
        return sum(part.weight for part in self.parts if part.trials) / total if total else 0.0

    @property
    def seed(self) -> int:
        """A seed for what is simulated: the same in every process, and for all approaches, so
        that equal outcomes get equal intervals."""
        return crc32(f"{self.everything[0].scenario}/{self.name}".encode())


def pooled(name: str, trials: Iterable[Trial]) -> Sample:
    """A sample in which every record counts the same."""
    everything = tuple(trials)
    return Sample(name, (Part(1.0, usable(everything)),), everything)


def mixed(weights: Sequence[tuple[str, float]], trials: Sequence[Trial]) -> Sample:
    """A sample re-weighted by ``(stratum, weight)``; strata without trials keep their weight."""
    wanted = [(stratum, weight) for stratum, weight in weights if weight > 0]
    names = {stratum for stratum, _ in wanted}
    of = by_stratum(trials)
    return Sample(
        MIX,
        tuple(Part(weight, usable(of.get(stratum, ()))) for stratum, weight in wanted),
        tuple(trial for trial in trials if trial.stratum in names),
    )


def by_stratum(trials: Iterable[Trial]) -> dict[str, list[Trial]]:
    """The trials of each stratum, in their order."""
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        found.setdefault(trial.stratum, []).append(trial)
    return found


def usable(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """The trials that say something about the approach."""
    return tuple(trial for trial in trials if trial.cause is not Cause.INFRASTRUCTURE)


def everyday_of(plan: ScenarioPlan, trials: Iterable[Trial]) -> list[Trial]:
    """The trials on which headline figures rest: neither drifted nor hostile, and of no stratum
    that was made for a drift."""
    made = {stratum.name for stratum in plan.strata if stratum.drift != "none"}
    return [trial for trial in trials if trial.everyday and trial.stratum not in made]


def condition(trial: Trial) -> str:
    """The world in which it ran: ``none``, ``shape``, ``rules``, or ``rules_repaired``."""
    return f"{trial.drift}_repaired" if trial.repaired else trial.drift


def by_case(trials: Iterable[Trial]) -> Iterator[tuple[Trial, ...]]:
    """The trials of each case: its repeats."""
    for _, repeats in groupby(sorted(trials, key=_CASE), key=_CASE):
        yield tuple(repeats)


_CASE = attrgetter("case")


def clusters(trials: Iterable[Trial], values: dict[str, float]) -> list[Cluster]:
    """One cluster a case, from a value for each trial id; trials without a value are left out.

    A case's repeats are averaged first, so that repeated cases do not count more than others.
    """
    found = []
    for repeats in by_case(trial for trial in trials if trial.id in values):
        if len(repeats) == 1:  # most of a large run, which would spend a third of its time below
            records = repeats[0].records
            found.append(Cluster(float(values[repeats[0].id]), float(records), records))
            continue
        size = sum(trial.records for trial in repeats) / len(repeats)
        value = sum(values[trial.id] for trial in repeats) / len(repeats)
        found.append(Cluster(value, size, sum(trial.records for trial in repeats)))
    return found


def weakest(provenances: Iterable[Provenance]) -> Provenance | None:
    """The provenance that claims least; None if there is none."""
    return max(provenances, key=WEAKER.index, default=None)

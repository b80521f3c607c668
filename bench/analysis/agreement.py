"""Where approaches decide alike on a user's own records, and on which they do not.

Needs no truth: it says who agrees with whom, never who is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from bench.analysis.documented import Documented
from bench.analysis.samples import usable, weakest
from bench.analysis.statistics import Cluster, share_interval
from bench.types import Provenance, Trial

Group = tuple[str, str | None, Sequence[Trial]]
"""Approach, model, trials."""


@dataclass(frozen=True, slots=True)
class Agreement(Documented):
    """How often two approaches decided alike, over the records that both handled."""

    scenario: str
    """Name of the scenario."""
    first: str
    """An approach, with its model."""
    second: str
    """Another one."""
    records: int
    """Records that both have handled, each case's first execution."""
    alike: int
    """Of those, with the same decision, amount and currency included."""
    share: float | None
    """Alike ÷ records."""
    share_low: float | None
    """Lower end of its 95 % interval over cases."""
    share_high: float | None
    """Upper end."""
    provenance: Provenance | None
    """Of the weaker of both."""


@dataclass(frozen=True, slots=True)
class Told(Documented):
    """What one approach decided."""

    approach: str
    """The approach, with its model."""
    decision: str
    """As the database holds it; ``undecided`` if it was left."""


@dataclass(frozen=True, slots=True)
class Dispute(Documented):
    """A record on which approaches did not decide alike."""

    scenario: str
    """Name of the scenario."""
    case: str
    """The record's case."""
    record: str
    """Id of the record: for a delivery, its line in ``events.jsonl``."""
    decisions: tuple[Told, ...]
    """What each approach decided."""


def agreements(groups: Sequence[Group], scenario: str) -> Iterator[Agreement]:
    """Each pair of approaches × models."""
    for first, second in combinations(groups, 2):
        ours, theirs = decided(first[2]), decided(second[2])
        by_case: dict[str, list[bool]] = {}
        for place in ours.keys() & theirs.keys():
            by_case.setdefault(place[0], []).append(ours[place] == theirs[place])
        same = [alike for case in by_case.values() for alike in case]
        interval = share_interval(
            [Cluster(sum(case), len(case), len(case)) for _, case in sorted(by_case.items())]
        )
        yield Agreement(
            scenario=scenario,
            first=_name(first),
            second=_name(second),
            records=len(same),
            alike=sum(same),
            share=sum(same) / len(same) if same else None,
            share_low=interval.low if interval else None,
            share_high=interval.high if interval else None,
            provenance=weakest(
                trial.provenance.success for _, _, trials in (first, second) for trial in trials
            ),
        )


def disputes(groups: Sequence[Group], scenario: str) -> Iterator[Dispute]:
    """The records that were not decided alike by all, in their order."""
    told = [(_name(group), decided(group[2])) for group in groups]
    places = dict.fromkeys(place for _, decisions in told for place in decisions)
    for place in sorted(places, key=lambda place: (_natural(place[1]), place[0])):
        having = [(name, decisions[place]) for name, decisions in told if place in decisions]
        if len({decision for _, decision in having}) > 1:
            yield Dispute(scenario, *place, tuple(Told(*one) for one in having))


def decided(trials: Sequence[Trial]) -> Mapping[tuple[str, str], str]:
    """(case, record) → what was decided, in each case's first execution."""
    return {
        (trial.case, record.record): record.decision
        for trial in usable(trials)
        if trial.repeat == 0
        for record in trial.verdict.records
    }


def _name(group: Group) -> str:
    approach, model, _ = group
    return f"{approach} with {model}" if model else approach


def _natural(record: str) -> tuple[int, str]:
    """line_9 before line_10."""
    number = record.rpartition("_")[2]
    return (int(number) if number.isascii() and number.isdigit() else 0, record)

"""How well an approach finds who is who: pairs of a record with somebody on file.

Softer than success, which wants all of a record right: a pair is right if the record was put to the
person it belongs to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.analysis.documented import Documented
from bench.analysis.samples import by_case, everyday_of, usable, weakest
from bench.analysis.statistics import Cluster, ratio, share_interval
from bench.journal import ScenarioPlan
from bench.types import Pair, Provenance, RecordVerdict, Trial


@dataclass(frozen=True, slots=True)
class Share(Documented):
    """A share with its 95 % interval over cases."""

    value: float
    """The share."""
    low: float | None
    """Lower end."""
    high: float | None
    """Upper end."""


@dataclass(frozen=True, slots=True)
class Pairs(Documented):
    """Records put to somebody on file, in the sample as drawn, where every record counts the same
    and repeats of a case are averaged."""

    scenario: str
    """Name of the scenario."""
    approach: str
    """Name of the approach."""
    model: str | None
    """Name of the model; null for approaches that use none."""
    records: int
    """Records of the sample, each case's repeats counted."""
    due: float
    """Of one execution of each case: records that belong to somebody on file."""
    linked: float
    """Likewise: records that were put to somebody."""
    right: float
    """Likewise: records that were put to the right one."""
    row_accuracy: Share | None
    """Records that came out right in everything; null without records."""
    precision: Share | None
    """Right ÷ linked; null where nothing was linked."""
    recall: Share | None
    """Right ÷ due; a record left to a human is not found."""
    f1: Share | None
    """Harmonic mean of the two: 2 × right ÷ (linked + due)."""
    provenance: Provenance | None
    """Of the verdicts."""


LINKED: tuple[Pair, ...] = ("found", "wrong", "invented")
DUE: tuple[Pair, ...] = ("found", "wrong", "missed")


def pairs(plan: ScenarioPlan, trials: Sequence[Trial]) -> Iterator[Pairs]:
    """One approach × model; nothing where no record belongs to anybody or was put to anybody."""
    found = usable(everyday_of(plan, trials))
    counts = [
        tuple(_mean(case, kind) for kind in (_passed, _right, _linked, _due, _records))
        for case in by_case(found)
    ]
    if not any(linked or due for _, _, linked, due, _ in counts):
        return
    sizes = [len(case) for case in by_case(found)]
    yield Pairs(
        scenario=found[0].scenario,
        approach=found[0].approach,
        model=found[0].model,
        records=sum(trial.records for trial in found),
        due=sum(due for _, _, _, due, _ in counts),
        linked=sum(linked for _, _, linked, _, _ in counts),
        right=sum(right for _, right, _, _, _ in counts),
        row_accuracy=_share([(passed, size) for passed, _, _, _, size in counts], sizes),
        precision=_share([(right, linked) for _, right, linked, _, _ in counts], sizes),
        recall=_share([(right, due) for _, right, _, due, _ in counts], sizes),
        f1=_share([(right, (linked + due) / 2) for _, right, linked, due, _ in counts], sizes),
        provenance=weakest(trial.provenance.success for trial in found),
    )


def _share(parts: Sequence[tuple[float, float]], repeats: Sequence[int]) -> Share | None:
    """Σ value ÷ Σ size over the cases that have any, with the house's interval of shares."""
    clusters = [
        Cluster(value, size, math.ceil(size * times))
        for (value, size), times in zip(parts, repeats, strict=True)
        if size
    ]
    share, interval = ratio(clusters), share_interval(clusters)
    if share is None:
        return None
    return Share(share, interval.low if interval else None, interval.high if interval else None)


def _mean(case: Sequence[Trial], counts: Callable[[RecordVerdict], bool]) -> float:
    return sum(counts(r) for trial in case for r in trial.verdict.records) / len(case)


def _passed(record: RecordVerdict) -> bool:
    return record.status == "pass"


def _right(record: RecordVerdict) -> bool:
    return record.pair == "found"


def _linked(record: RecordVerdict) -> bool:
    return record.pair in LINKED


def _due(record: RecordVerdict) -> bool:
    return record.pair in DUE


def _records(_record: RecordVerdict) -> bool:
    return True

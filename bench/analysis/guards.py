"""Mistakes that a guard stopped, apart from those that reached the books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.analysis.books import missing_entries, wrong_entries
from bench.analysis.documented import Documented
from bench.analysis.samples import usable
from bench.types import Trial


@dataclass(frozen=True, slots=True)
class Guarded(Documented):
    """One approach × model, over all its trials, drifted and hostile ones too."""

    scenario: str
    """Name of the scenario."""
    approach: str
    """Name of the approach."""
    model: str | None
    """Name of the model; null for approaches that use none."""
    trials: int
    """Usable trials."""
    records: int
    """Their records."""
    refusals: int
    """Acts that a guard refused."""
    kinds: Mapping[str, int]
    """Guard → refusals, most frequent first."""
    trials_guarded: int
    """Trials in which a guard refused something."""
    passed_guarded: int
    """Of these, trials that came out right in the end."""
    wrong_entries: int | None
    """Records with something wrong in the books; null where the scenario does not say what stands
    there."""
    missing_entries: int | None
    """Records that came out wrong with nothing in the books."""


def guarded(trials: Sequence[Trial], *, worded: bool) -> Iterator[Guarded]:
    """The row of one approach × model. ``worded``: whether the scenario says what stands in its
    books."""
    found = usable(trials)
    if not found:
        return
    kinds: Counter[str] = Counter()
    for trial in found:
        # Runs of before guards had names know how many refusals there were, not which.
        kinds.update(trial.guards or ({"refused": trial.guarded} if trial.guarded else {}))
    stopped = [trial for trial in found if trial.guarded]
    yield Guarded(
        scenario=found[0].scenario,
        approach=found[0].approach,
        model=found[0].model,
        trials=len(found),
        records=sum(trial.records for trial in found),
        refusals=kinds.total(),
        kinds=dict(sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))),
        trials_guarded=len(stopped),
        passed_guarded=sum(trial.status == "pass" for trial in stopped),
        wrong_entries=wrong_entries(found) if worded else None,
        missing_entries=missing_entries(found) if worded else None,
    )

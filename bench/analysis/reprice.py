"""What a run's tokens cost at other prices, or on another model. Calls nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import PriceUnknownError
from bench.journal import read_run, read_steps
from bench.metering.prices import Price, PriceTable, cost, price
from bench.metering.usage import read_usage
from bench.types import Step, Usage


@dataclass(frozen=True)
class Repriced:
    """The calls of one approach with one model."""

    scenario: str
    approach: str
    model: str
    calls: int
    usage: Usage
    recorded: float | None
    """US dollars as the journal has them."""
    billed: float | None
    """US dollars anew. None with a reason."""
    cold: float | None
    """The same with nothing cached."""
    reason: str | None
    """Why dollars are unknown, or what is not in them."""


def reprice(
    folder: Path, table: PriceTable, *, as_model: str | None = None, batch: bool = False
) -> list[Repriced]:
    """Price each call on record by ``table``: as the model that made it, or as ``as_model``.

    Token classes are read from the provider's own usage object where the traces hold it, so that a
    mended reading of it mends old runs too. Raises ``PriceUnknownError`` for an unknown
    ``as_model``, and ``JournalError`` for a run that cannot be read.
    """
    if as_model is not None:
        price(as_model, table, batch=batch)
    run = read_run(folder)
    trials = {(t.id, t.attempt): t for t in run.trials if t.model is not None}
    groups: dict[tuple[str, str, str], _Calls] = {}
    recorded: dict[tuple[str, str, str], float | None] = {}
    for trial in trials.values():
        key = (trial.scenario, trial.approach, str(trial.model))
        if key not in groups:
            groups[key] = _Calls(as_model or key[2].removeprefix("reference/"), table, batch=batch)
        before = recorded.get(key, 0.0)
        known = before is not None and trial.dollars.api is not None
        recorded[key] = (before or 0.0) + (trial.dollars.api or 0.0) if known else None
    known_usage: dict[tuple[str, str], bool] = {}
    for step in read_steps(folder):
        execution = (step.trial, step.attempt)
        found = trials.get(execution)
        if found is not None:
            groups[found.scenario, found.approach, str(found.model)].add(step)
            known = step.usage.total is not None
            known_usage[execution] = known_usage.get(execution, True) and known
    rows = []
    for key, calls in groups.items():
        own = [t for t in trials.values() if (t.scenario, t.approach, str(t.model)) == key]
        missing = sum(trial.steps for trial in own) - calls.count
        cut = sum(t.usage.total is None and known_usage.get((t.id, t.attempt), True) for t in own)
        row = calls.row(key, recorded[key])
        if missing:
            row = replace(row, billed=None, cold=None, reason=f"{key[2]}: {_lacking(missing)}")
        elif cut and row.reason is None:
            row = replace(row, reason=f"{key[2]}: {_cut(cut, len(own))}")
        rows.append(row)
    return rows


def _lacking(missing: int) -> str:
    return f"traces.jsonl lacks {missing:,} of the calls that the journal counts; restore the file"


def _cut(cut: int, trials: int) -> str:
    return (
        f"{cut:,} of {trials:,} trials had a call cut off, whose tokens nobody knows: the dollars "
        "anew are those of the other calls"
    )


class _Calls:
    """Adds up calls of one approach with one model as they are read, since traces are large."""

    def __init__(self, model: str, table: PriceTable, *, batch: bool) -> None:
        self.count = 0
        self._usage = Usage()
        self._billed = self._cold = 0.0
        self._unpriced = self._uncold = 0
        self._price: Price | None = None
        self._why = ""
        try:
            self._price = price(model, table, batch=batch)
        except PriceUnknownError as error:
            self._why = f"{error}, or name another model with --as"

    def add(self, step: Step) -> None:
        usage = (read_usage(step.raw_usage) if step.raw_usage else None) or step.usage
        self.count += 1
        self._usage = self._usage + usage
        if self._price is None:
            return
        billed, cold = cost(usage, self._price)
        self._billed += billed or 0.0
        self._cold += cold or 0.0
        self._unpriced += billed is None
        self._uncold += cold is None

    def row(self, key: tuple[str, str, str], recorded: float | None) -> Repriced:
        if self._price is None:
            return Repriced(*key, self.count, self._usage, recorded, None, None, self._why)
        reason = None
        if self._unpriced:
            reason = f"{key[2]}: the tokens of {self._unpriced} calls have no price"
        return Repriced(
            *key,
            calls=self.count,
            usage=self._usage,
            recorded=recorded,
            billed=None if self._unpriced else self._billed,
            cold=None if self._uncold else self._cold,
            reason=reason,
        )

"""The metrics of one scenario, approach and model: figures, change, interval, p."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal
from zlib import crc32

import numpy as np

from bench.analysis.paired import (
    FEWEST,
    cautious_interval,
    difference_interval,
    even,
    log_ratio,
    log_ratio_interval,
)
from bench.analysis.samples import weakest
from bench.analysis.significance import DRAWS, EXACT_UP_TO, Floats, mcnemar, sign_flip
from bench.analysis.statistics import Interval
from bench.gate.pairs import Pair, collapsed, stratum_weights
from bench.types import Provenance, Trial

Kind = Literal["share", "ratio"]
UNJUDGED: dict[str, tuple[Provenance, ...]] = {
    "success": ("modelled", "replayed"),
    "strata": ("modelled", "replayed"),
    "tokens": ("replayed",),
    "dollars": ("replayed",),
    "dollars_billed": ("replayed",),
}
"""Metric → provenances that cannot tell what an edited prompt does."""


@dataclass(frozen=True)
class Measured:
    """A metric before it is judged. ``change`` is None with a reason where nothing is known."""

    name: str
    kind: Kind
    unit: str
    base: float | None = None
    head: float | None = None
    change: float | None = None
    interval: Interval | None = None
    allowed: Interval | None = None
    """What a verdict goes by where that is wider than ``interval``: of shares, see
    ``cautious_interval``."""
    test: str | None = None
    p: float | None = None
    pairs: int = 0
    """Cases that it rests on; those that are known where some are unknown."""
    share: float = 1.0
    """Of the cases compared that are among those pairs."""
    provenance: Provenance | None = None
    exact: bool = False
    """No chance is involved."""
    reason: str | None = None
    open: str | None = None
    """Why nothing can be concluded yet, where neither p nor interval says so."""
    later: Callable[[float, float], Interval | None] | None = None
    """(times as many cases like these, confidence) → what a verdict would go by then."""

    @property
    def held_back(self) -> bool:
        """Whether its provenance forbids a judgement."""
        return self.provenance in UNJUDGED.get(self.name, ())


def success(pairs: Sequence[Pair], confidence: float) -> Measured:
    """Share of cases that pass as a whole, every stratum counting the same."""
    weights = stratum_weights(pairs)
    base, head = collapsed(pairs, lambda trial: float(trial.status == "pass"))
    found = _shares("success", "cases passed", weights, base, head, _repeats(pairs), confidence)
    return _with_provenance(found, pairs, lambda trial: trial.provenance.success)


def determinism(pairs: Sequence[Pair], confidence: float) -> Measured:
    """Share of repeated cases whose repeats all decide alike; every case counts the same."""
    nothing = Measured("determinism", "share", "cases stable")
    repeated = [pair for pair in pairs if len(pair.base) > 1]
    if not repeated:
        return _without(nothing, "no case was repeated")
    if _provenance(repeated, lambda trial: trial.provenance.success) != "measured":
        return _without(nothing, "only measured answers can differ between repeats")

    def stable(trials: Sequence[Trial]) -> float:
        return float(len({trial.outcome_hash for trial in trials}) == 1)

    base = np.array([stable(pair.base) for pair in repeated])
    head = np.array([stable(pair.head) for pair in repeated])
    weights = even(len(repeated))
    found = _shares(nothing.name, nothing.unit, weights, base, head, 1.0, confidence)
    return _with_provenance(found, repeated, lambda trial: trial.provenance.success)


def tokens(pairs: Sequence[Pair], confidence: float) -> Measured:
    """All tokens of a case."""
    return _amounts(
        Measured("tokens", "ratio", "tokens"),
        pairs,
        lambda trial: trial.usage.total,
        lambda trial: trial.provenance.tokens,
        confidence,
    )


def dollars(pairs: Sequence[Pair], confidence: float, *, billed: bool) -> Measured:
    """API dollars of a case: as billed, or as if no prompt had been cached."""
    found = _amounts(
        Measured("dollars_billed" if billed else "dollars", "ratio", "USD"),
        pairs,
        lambda trial: trial.dollars.api if billed else trial.dollars.api_cold,
        lambda trial: trial.provenance.dollars,
        confidence,
    )
    why = next((t.dollars.reason for p in pairs for t in p.head + p.base if t.dollars.reason), None)
    return _without(found, why) if found.change is None and why else found


def latency(pairs: Sequence[Pair], confidence: float, *, one_engine: bool = True) -> Measured:
    """Working seconds of a case, if ``one_engine`` kept the databases of both sides."""
    nothing = Measured("latency", "ratio", "s")
    if any(trial.model is None for pair in pairs for trial in pair.base):
        return _without(nothing, "a job is timed in a phase of its own: see 'bench report'")
    if _provenance(pairs, lambda trial: trial.provenance.time) != "measured":
        return _without(nothing, "only measured answers take time")
    if not one_engine:  # held against a limit of the user's, that is unknown, not well
        return replace(nothing, reason="on different database engines", pairs=len(pairs))
    return _amounts(
        nothing,
        pairs,
        lambda trial: trial.working_s,
        lambda trial: trial.provenance.time,
        confidence,
    )


def prompt_tokens(base: int | None, head: int | None, *, used: bool) -> Measured:
    """Tokens of system prompt and tool descriptions, before any case."""
    nothing = Measured("prompt_tokens", "ratio", "tokens", exact=True, provenance="counted")
    if not used:
        return _without(nothing, "the approach uses no model")
    if not base or head is None:
        return _without(nothing, "the manifest does not hold them")
    change = head / base - 1
    return Measured(
        nothing.name,
        nothing.kind,
        nothing.unit,
        base=base,
        head=head,
        change=change,
        interval=Interval(change, change),
        provenance="counted",
        exact=True,
    )


def _shares(
    name: str,
    unit: str,
    weights: Floats,
    base: Floats,
    head: Floats,
    repeats: float,
    confidence: float,
) -> Measured:
    change = head - base
    plain = bool(np.isin(change, (-1, 0, 1)).all()) and bool(np.ptp(weights) < 1e-12)
    moved = int(np.count_nonzero(change))
    if plain:
        test = "exact McNemar"
        p = mcnemar(int(np.sum(change < 0)), int(np.sum(change > 0)))
    else:
        test = _named(moved)
        p = sign_flip(weights * change, seed=_seed(name))
    return Measured(
        name,
        "share",
        unit,
        base=float(np.sum(weights * base)),
        head=float(np.sum(weights * head)),
        change=float(np.sum(weights * change)),
        interval=difference_interval(weights, change, repeats, confidence),
        allowed=cautious_interval(weights, change, repeats, confidence),
        test=test,
        p=p,
        pairs=len(change),
        later=lambda more, level: cautious_interval(weights, change, repeats, level, more),
    )


def _amounts(
    nothing: Measured,
    pairs: Sequence[Pair],
    value: Callable[[Trial], float | None],
    provenance: Callable[[Trial], Provenance],
    confidence: float,
) -> Measured:
    base, head = collapsed(pairs, value)
    unknown = int(np.count_nonzero(np.isnan(base) | np.isnan(head)))
    if unknown:
        why = f"unknown for {unknown} of {len(pairs)} cases"
        return replace(nothing, reason=why, pairs=int(np.count_nonzero(base + head > 0)))
    weights = stratum_weights(pairs)
    held = int(np.count_nonzero(base + head > 0))
    if not base.any() or not head.any():
        return _without(nothing, "none on a side: no ratio can be formed")
    seed = _seed(nothing.name)
    centre = log_ratio(weights, base, head)

    @cache
    def at(level: float) -> Interval | None:
        return log_ratio_interval(weights, base, head, level)

    def later(more: float, level: float) -> Interval | None:
        wide = at(level)
        if wide is None:
            return None
        shrink = 1 / math.sqrt(more)
        return _relative(
            Interval(
                centre - (centre - wide.low) * shrink if math.isfinite(wide.low) else -math.inf,
                centre + (wide.high - centre) * shrink,
            )
        )

    return Measured(
        nothing.name,
        "ratio",
        nothing.unit,
        base=float(np.sum(weights * base)),
        head=float(np.sum(weights * head)),
        change=math.expm1(centre),
        interval=later(1.0, confidence),
        test=_named(int(np.count_nonzero(head - base))),
        p=sign_flip(weights * (head - base), seed=seed),
        pairs=held,
        share=held / len(pairs),
        provenance=_provenance(pairs, provenance),
        reason=None if at(confidence) else f"{held} cases hold any; an interval needs {FEWEST}",
        later=later,
    )


def _relative(logs: Interval) -> Interval:
    return Interval(math.expm1(logs.low), math.expm1(min(logs.high, 30.0)))


def _named(moved: int) -> str:
    if moved <= EXACT_UP_TO:
        return "sign-flip permutation, exact"
    return f"sign-flip permutation, {DRAWS:,} draws"


def _repeats(pairs: Sequence[Pair]) -> float:
    return sum(len(pair.base) for pair in pairs) / len(pairs)


def _provenance(pairs: Sequence[Pair], of: Callable[[Trial], Provenance]) -> Provenance | None:
    return weakest(of(trial) for pair in pairs for trial in (*pair.base, *pair.head))


def _with_provenance(
    found: Measured, pairs: Sequence[Pair], of: Callable[[Trial], Provenance]
) -> Measured:
    return replace(found, provenance=_provenance(pairs, of))


def _without(nothing: Measured, reason: str) -> Measured:
    return replace(nothing, change=None, reason=reason)


def _seed(name: str) -> int:
    return crc32(name.encode())

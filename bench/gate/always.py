"""The metrics of a comparison that stopped when it was decided: tests that allow such a stop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from bench.analysis.statistics import Interval
from bench.gate.metrics import Measured
from bench.gate.sequential import Look
from bench.gate.strata import StratumMeasured, still_open, worst_stratum

BETS = "e-process: bets on the pairs"
SIGNS = "e-process: bets on the signs of the log ratios"


def strata(measured: Sequence[StratumMeasured], look: Look) -> list[StratumMeasured]:
    """Each stratum with the p-value of its bets in place of the one for a fixed number."""
    found = []
    for stratum in measured:
        seen = look.strata.get(stratum.name)
        p = math.exp(-seen.log) if seen else None
        adjusted = None if p is None else min(1.0, p * len(look.testable))
        found.append(replace(stratum, p=p, p_adjusted=adjusted))
    return found


def metrics(
    measured: Sequence[Measured], by_stratum: Sequence[StratumMeasured], look: Look
) -> tuple[list[Measured], dict[str, float]]:
    """The metrics with evidence that may be looked at always, and for each tested one a p-value
    that compares with alpha after sharing alpha out."""
    found: list[Measured] = []
    adjusted: dict[str, float] = {}
    for each in measured:
        made, p = each, None
        if each.name in look.shares.metrics and each.change is not None:
            made, p = _strata(each, by_stratum, look) if each.name == "strata" else _one(each, look)
        found.append(made)
        if p is not None and not made.held_back:
            adjusted[each.name] = p
    return found, adjusted


def _one(measured: Measured, look: Look) -> tuple[Measured, float]:
    name = measured.name
    seen = look.success if name == "success" else look.amount(name)
    change = look.change(name)
    loss = change < 0 if name == "success" else change > 0
    low, high = look.limits(name)
    p = seen.p(loss=loss)
    settings = look.shares.settings
    made = replace(
        measured,
        change=change,
        interval=Interval(min(low, change), max(high, change)),
        allowed=None,
        test=BETS if name == "success" else SIGNS,
        p=p,
        reason=None,
    )
    return made, min(1.0, p * settings.alpha / look.shares.of(name, loss=loss))


def _strata(
    measured: Measured, by_stratum: Sequence[StratumMeasured], look: Look
) -> tuple[Measured, float | None]:
    made = worst_stratum(by_stratum, look.shares.settings.rules["strata"], measured)
    if made.p is None:
        return made, None
    unclear = [name for name, each in look.strata.items() if not each.excluded]
    made = replace(
        made,
        test=f"e-process, the worst of {len(look.testable)} strata",
        open=still_open(unclear),
    )
    share = look.shares.of("strata", loss=True)
    assert made.p is not None
    return made, min(1.0, made.p * look.shares.settings.alpha / share)

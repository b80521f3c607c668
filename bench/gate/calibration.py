"""What a gate of this size can be trusted with: the self-test, run for one comparison's own cases.

Simulated in the process, so it is modelled: cases pass and waver as often as those compared do,
and the number of simulated comparisons is told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bench.gate import selftest
from bench.gate.comparable import Side
from bench.gate.result import Calibration, Comparison, Gate, Seen
from bench.gate.settings import GateSettings
from bench.gate.worlds import World, executed, like

SIMULATED = 200
"""Comparisons for each figure: a second or two in all."""
SEED = 5


def calibrated(gate: Gate, base: Side, head: Side, simulated: int = SIMULATED) -> Gate:
    """The comparison with what its design can see, for each part that could be compared."""
    plans = (head if head.run.manifest.sequential else base).scenarios
    number = len(gate.comparisons)
    return replace(
        gate,
        comparisons=tuple(
            replace(
                each,
                calibration=_of(
                    each,
                    [s.cases for s in plans[each.scenario].strata if s.cases],
                    base.run.manifest.repeats,
                    gate,
                    number,
                    simulated,
                ),
            )
            for each in gate.comparisons
        ),
    )


def _of(
    found: Comparison,
    planned: Sequence[int],
    repeats: int,
    gate: Gate,
    comparisons: int,
    simulated: int,
) -> Calibration | None:
    success = next((metric for metric in found.metrics if metric.name == "success"), None)
    if success is None or success.base is None or success.provenance != "measured":
        return None
    cases = sum(planned) if gate.sequential else found.pairs
    strata = len(planned) if gate.sequential else len(found.strata)
    # A change moves cases one way; what moves the other way is chance, and half of all chance.
    lost = sum(flip.head < flip.base for flip in found.flips)
    chance = 2 * min(lost, len(found.flips) - lost)
    wavering = (chance + 0.5) / (found.pairs + 1)
    share = (success.base * found.pairs + 0.5) / (found.pairs + 1)
    world = World("", chances=like(share, wavering), strata=strata, repeats=repeats)
    settings = gate.settings
    least = settings.rules["success"].least

    def rate(drop: float, wanted: str) -> float:
        each = replace(world, drop=drop)
        verdicts = [
            _decided(each, settings, cases, gate.sequential, comparisons, number)
            for number in range(simulated)
        ]
        return sum(verdict == wanted for verdict in verdicts) / simulated

    drops = [drop for drop in (2 * least, 4 * least) if drop <= share]
    return Calibration(
        simulated=simulated,
        cases=cases,
        wavering=wavering,
        false_alarms=rate(0.0, "alarm"),
        seen=tuple(Seen(drop, rate(drop, "alarm")) for drop in drops),
    )


def _decided(
    world: World,
    settings: GateSettings,
    cases: int,
    sequential: bool,
    comparisons: int,
    number: int,
) -> str:
    each = max(1, math.ceil(cases / world.strata))
    seen = executed(world, np.random.default_rng([SEED, number]), each * world.strata)
    if sequential:
        return selftest.sequential(seen, world, settings, comparisons)[0]
    return "alarm" if selftest.fixed_alarm(seen, world, settings, comparisons) else "open"

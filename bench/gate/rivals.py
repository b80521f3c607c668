"""Rules in use elsewhere, to be held against the gate on the same data: alarm or not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from scipy import stats

from bench.gate.settings import GateSettings
from bench.gate.worlds import Executed, World

MEAN_MORE = 0.05
"""As in ``--benchmark-compare-fail=mean:5%``."""


def threshold(world: World, seen: Executed, settings: GateSettings) -> bool:
    """A fixed pass rate that the head has to reach, as prompt-testing actions ask for it: what
    matters below the true rate, which somebody has to know."""
    return bool(seen.head.mean() < world.share - settings.rules["success"].least)


def compare_fail(world: World, seen: Executed, settings: GateSettings) -> bool:  # noqa: ARG001
    """pytest-benchmark's rule on the mean, of tokens."""
    base, head = seen.sizes
    return bool(head.mean() > base.mean() * (1 + MEAN_MORE))


def unpaired_z(world: World, seen: Executed, settings: GateSettings) -> bool:  # noqa: ARG001
    """Two proportions as if their cases had nothing in common."""
    pooled = (seen.base.mean() + seen.head.mean()) / 2
    error = math.sqrt(max(1e-12, 2 * pooled * (1 - pooled) / len(seen.base)))
    p = 2 * stats.norm.sf(abs(seen.head.mean() - seen.base.mean()) / error)
    return bool(p <= settings.alpha)


RIVALS: Mapping[str, Callable[[World, Executed, GateSettings], bool]] = {
    "threshold": threshold,
    "compare-fail": compare_fail,
    "unpaired z": unpaired_z,
}

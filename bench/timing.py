"""Timing of plain code with calibrated rounds, as pytest-benchmark does it.

A job changes its database, so every round starts from a fresh state (pytest-benchmark's
"pedantic" mode with a set-up): https://pytest-benchmark.readthedocs.io/en/latest/pedantic.html
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from bench.types import Timing

T = TypeVar("T")

MIN_ROUNDS = 5
MAX_ROUNDS = 25
TARGET_S = 0.1
"""Working time for one case's rounds, set-up left out."""


def time_rounds(
    fresh: Callable[[], AbstractContextManager[T]],
    work: Callable[[T], object],
    *,
    min_rounds: int = MIN_ROUNDS,
    max_rounds: int = MAX_ROUNDS,
    target_s: float = TARGET_S,
) -> Timing:
    """Time ``work`` on states from ``fresh``: one warm-up round decides how many are counted.

    The garbage collector rests during a round. Seconds, with the clock's resolution of
    nanoseconds.
    """
    first = _round(fresh, work)
    rounds = max(min_rounds, min(max_rounds, int(target_s / max(first, 1e-9))))
    durations = [_round(fresh, work) for _ in range(rounds)]
    return Timing(
        rounds=rounds,
        min_s=min(durations),
        median_s=statistics.median(durations),
        max_s=max(durations),
    )


def _round(fresh: Callable[[], AbstractContextManager[T]], work: Callable[[T], object]) -> float:
    with fresh() as state:
        enabled = gc.isenabled()
        gc.disable()
        try:
            started = time.perf_counter_ns()
            work(state)
            return (time.perf_counter_ns() - started) / 1e9
        finally:
            if enabled:
                gc.enable()

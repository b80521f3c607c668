"""The billing job on 10,000 deliveries, held against the least that any program must do: read the
same rows and write one for each, with bare SQL and no decision.

Both are timed in turns, in the same run, so that a busy machine slows both alike.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from statistics import median

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.database import Template
from bench.types import Workspace
from scenarios.billing_webhooks import SCENARIO

DELIVERIES = 10_000
ROUNDS = 5
ALLOWED = 8.0
"""Times the CPU seconds of the bare program. Measured: 3.5 (Python 3.11, two busy cores)."""


def bare(workspace: Workspace) -> None:
    """Read all that is pending, log a decision on each, mark it as processed."""
    with sqlite3.connect(str(workspace.engine.url.database)) as connection:
        rows = connection.execute(
            "SELECT * FROM pending_events WHERE status = 'pending' ORDER BY sequence"
        ).fetchall()
        connection.executemany(
            "INSERT INTO decisions VALUES (?, 'ignored', 'no_change')", [(row[0],) for row in rows]
        )
        connection.execute("UPDATE pending_events SET status = 'processed'")
    connection.close()
    assert len(rows) == DELIVERIES


def job(workspace: Workspace) -> None:
    report = SCENARIO.job(workspace, unsure="review")
    assert len(report.decisions) == DELIVERIES


@pytest.mark.slow
def test_the_job_is_not_much_slower_than_reading_and_writing(benchmark: BenchmarkFixture) -> None:
    case = SCENARIO.batch(DELIVERIES, 2026)
    cpu: dict[Callable[[Workspace], None], list[float]] = {bare: [], job: []}
    wall: dict[Callable[[Workspace], None], list[float]] = {bare: [], job: []}
    with Template(SCENARIO, 2026) as template:

        def both() -> None:
            for work in (bare, job):
                with template.workspace(case) as workspace:
                    started, clock = time.process_time(), time.perf_counter()
                    work(workspace)
                    cpu[work].append(time.process_time() - started)
                    wall[work].append(time.perf_counter() - clock)

        both()
        for seconds in (*cpu.values(), *wall.values()):
            seconds.clear()
        benchmark.pedantic(both, rounds=ROUNDS)
    ratio = median(cpu[job]) / median(cpu[bare])
    benchmark.extra_info |= {
        "deliveries": DELIVERIES,
        "job CPU s": round(median(cpu[job]), 3),
        "job wall s": round(median(wall[job]), 3),
        "bare CPU s": round(median(cpu[bare]), 3),
        "ratio": round(ratio, 1),
    }
    print(f"\n{benchmark.extra_info}")
    if not benchmark.disabled:
        assert ratio < ALLOWED

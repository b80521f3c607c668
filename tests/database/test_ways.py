"""Every way of running, on a server: what is decided, asked and left is as on SQLite."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import runner
from bench.database.server import open_server
from bench.journal import Run, read_run
from bench.manifest import POSTGRESQL
from bench.session import Options, prepare
from bench.sweep import parse
from bench.workers import Workers
from tests.database.test_places import schemas
from tests.database.test_run import calls, ends
from tests.fault_server import MODEL, FaultPlan, FaultServer
from tests.postgres import Cluster
from tests.running import Quiet
from tests.test_hosted_run import agent_plan, run_into

SCENARIOS = Path(__file__).parents[2] / "scenarios"
BILLING, CSV = "billing_webhooks", "csv_reconciliation"
WAYS: dict[str, dict[str, Any]] = {
    "without guards": {
        "scenarios": (BILLING,),
        "strata": ("duplicate_delivery", "renewal"),
        "guards": False,
    },
    "through HTTP": {
        "scenarios": (BILLING,),
        "strata": ("duplicate_delivery", "bad_signature"),
        "through_http": True,
    },
    "own events": {"scenarios": (BILLING,), "data": SCENARIOS / BILLING / "example"},
    "own customers": {
        "scenarios": (CSV,),
        "data": SCENARIOS / CSV / "example",
        "options": {"rows": "10"},
    },
    "a sweep": {
        "scenarios": (BILLING,),
        "strata": ("renewal",),
        "sweep": parse("concurrency=1,2"),
    },
    "another shape": {"scenarios": (CSV,), "strata": ("twins",), "drift": "shape"},
    "other rules": {"scenarios": (BILLING,), "strata": ("crew_plan",), "drift": "rules"},
    "attacks": {"scenarios": (CSV,), "strata": ("hostile_cell",), "hostile": True},
}


def ran(results: Path, way: dict[str, Any], database: str | None) -> Run:
    """The run of the reference's agent in that way."""
    made = prepare(
        Options(
            results,
            models=("reference",),
            approaches=("agent",),
            repeats=1,
            database=database,
            **way,
        )
    )
    journal = made.open()
    try:
        executor = Workers(1, journal)
        asyncio.run(runner.run(made.plan, journal, Quiet(), executor=executor))
    finally:
        journal.close()
    return read_run(made.folder)


def everything(run: Run) -> Any:
    assert run.finished
    swept = replace(run, trials=run.swept)
    return ends(run), ends(swept), calls(run)


@pytest.mark.parametrize("way", WAYS)
def test_a_run_on_a_server_ends_as_on_sqlite(
    cluster: Cluster, database: str, tmp_path: Path, way: str
) -> None:
    before = schemas(cluster, database)
    lite = ran(tmp_path / "lite", WAYS[way], None)
    served = ran(tmp_path / "served", WAYS[way], cluster.url(database))
    assert served.manifest.database["engine"] == POSTGRESQL
    assert any(trial.queries for trial in served.trials)
    assert everything(served) == everything(lite)
    assert schemas(cluster, database) == before


def test_two_processes_on_a_server_record_what_one_does_on_sqlite(
    cluster: Cluster, database: str, tmp_path: Path
) -> None:
    before = schemas(cluster, database)
    served = []
    for folder, workers in ((tmp_path / "one", 1), (tmp_path / "two", 2)):
        with FaultServer(faults=FaultPlan(0.2, MODEL, seed=4)) as provider:
            plan = agent_plan(provider.url, 40, concurrency=8)
            if workers == 2:
                server = open_server(cluster.url(database))
                settings = replace(plan.settings, database=POSTGRESQL)
                plan = replace(plan, server=server, settings=settings)
            run_into(plan, folder, "s", None, workers)
        served.append(read_run(folder))
    lite, crowd = served
    assert (lite.finished, crowd.finished) == (True, True)
    assert crowd.manifest.database["engine"] == POSTGRESQL
    assert ends(crowd) == ends(lite)
    assert schemas(cluster, database) == before

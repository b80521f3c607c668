"""A gate whose trials' databases are on a server: both sides, and as on SQLite."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import scenarios
from bench.cli import invoke
from bench.duel import SIDES, Duel, prepare_duel, prepare_rerun, run_duel
from bench.gate import bless, compare, load_settings, read_side
from bench.journal import read_run
from bench.session import Options
from bench.types import Wording
from tests.database.test_places import schemas
from tests.database.test_run import ends
from tests.postgres import Cluster
from tests.running import Quiet

BEFORE = {"toy": Wording("Say whether numbers are odd or even. {{policy}}", "Look first.")}


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(scenarios.SCENARIOS, "toy", "tests.toy:TOY")


def asked(results: Path, database: str | None) -> Options:
    return Options(
        results=results,
        scenarios=("toy",),
        approaches=("agent", "hybrid"),
        models=("reference",),
        cases=3,
        repeats=1,
        database=database,
    )


def fought(duel: Duel) -> dict[str, Any]:
    """By side, what became of its trials."""
    asyncio.run(run_duel(duel, Quiet(), lambda *_: False))
    return {side: ends(read_run(duel.folders[side])) for side in duel.sides}


def test_both_sides_run_on_the_server_and_end_as_on_sqlite(
    cluster: Cluster, database: str, tmp_path: Path
) -> None:
    before = schemas(cluster, database)
    url = cluster.url(database)
    lite = prepare_duel(asked(tmp_path / "lite", None), BEFORE, sequential=False)
    served = prepare_duel(asked(tmp_path / "served", url), BEFORE, sequential=False)
    assert fought(served) == fought(lite)
    for side in SIDES:
        told = read_run(served.folders[side]).manifest.database
        assert told["engine"] == "PostgreSQL"
        assert told["version"] == served.plans[side].server.version  # type: ignore[union-attr]
    assert schemas(cluster, database) == before

    # Against one of the same wording on the other engine: the same, but for the times.
    sides = [read_side(duel.folders["head"]) for duel in (lite, served)]
    for comparison in compare(sides[0], sides[1], load_settings()).comparisons:
        assert comparison.differences == ()
        assert any("times cannot" in notice for notice in comparison.notices)


def test_a_baseline_of_sqlite_is_held_against_a_head_on_the_server(
    cluster: Cluster, database: str, tmp_path: Path
) -> None:
    lite = prepare_duel(asked(tmp_path, None), BEFORE, sequential=False)
    ended = fought(lite)["head"]
    side = read_side(lite.folders["head"])
    folder = tmp_path / "baseline" / "main"
    bless(side.run, side.snapshots, folder, key="", by="Ada")
    duel = prepare_rerun(asked(tmp_path, cluster.url(database)), read_side(folder).run)
    assert fought(duel)["head"] == ended
    assert read_run(duel.folders["head"]).manifest.database["engine"] == "PostgreSQL"


def test_a_bad_address_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    address = "mysql://me:hunter2@host/db"
    arguments = ["gate", "billing_webhooks", "--database", address, "--results", str(tmp_path)]
    assert invoke(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: --database: give postgresql+psycopg://")
    assert said.count("\n") == 1
    assert "hunter2" not in said

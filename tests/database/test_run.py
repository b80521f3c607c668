"""``bench run --database``: whole runs on a server, as a user starts, kills and mistypes them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import scenarios
from bench.cli import invoke
from bench.journal import Run, read_run, read_steps
from tests.database.test_places import schemas
from tests.postgres import PASSWORD, Cluster

SMOKE = ("run", "--smoke", "-m", "reference", "--repeats", "2", "--max-trial-seconds", "60")
CLOCKS = {
    *("attempt", "started", "wall_s", "working_s", "waiting_s", "dollars", "timing", "query_s"),
    *("duration_s",),
}


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 0, said
    return said


def only_run(results: Path) -> Run:
    return read_run((results / "latest").resolve())


def plain(value: Any) -> Any:
    """Without clocks and what an engine's SQL looks like."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__ if name not in CLOCKS}


def ends(run: Run) -> dict[str, Any]:
    found = {}
    for trial in run.trials:
        found[trial.id] = plain(trial)
        if trial.model is None or trial.approach == "hybrid":
            # The job's sequence is its SQL, which each engine writes in its own way.
            found[trial.id].pop("tool_sequence")
            found[trial.id].pop("tool_sequence_hash")
    return found


def calls(run: Run) -> dict[tuple[str, int, int], Any]:
    """Every tool call of every trial, with its arguments and what it gave back."""
    return {
        (step.trial, step.task, step.step): (step.request_hash, [plain(t) for t in step.tools])
        for step in read_steps(run.folder)
    }


def test_two_runs_at_once_on_one_server_end_as_on_sqlite_and_leave_nothing(
    cluster: Cluster, tmp_path: Path
) -> None:
    database = cluster.create_database()
    cluster.query(database, "CREATE TABLE customers AS SELECT 1 AS mine")
    before = schemas(cluster, database)
    url = cluster.url_over_network(database, password=quote(PASSWORD, safe=""))
    processes = [
        start(*SMOKE, "--results", tmp_path / "lite"),
        start(*SMOKE, "--results", tmp_path / "one", "--database", url),
        start(*SMOKE, "--results", tmp_path / "two", f"--database={url}"),
    ]
    said = [ended(process) for process in processes]
    lite, one, two = (only_run(tmp_path / name) for name in ("lite", "one", "two"))
    assert {trial.approach for trial in lite.trials} >= {"job", "agent", "hybrid"}
    assert {plan.name for plan in lite.manifest.scenarios} == set(scenarios.names())
    for run in (one, two):
        assert run.finished
        assert run.manifest.database["engine"] == "PostgreSQL"
        assert ends(run) == ends(lite)
        assert calls(run) == calls(lite)
        assert [(b.scenario, b.passed, b.failed) for b in run.batches] == [
            (b.scenario, b.passed, b.failed) for b in lite.batches
        ]
    assert lite.manifest.database["engine"] == "SQLite"
    assert schemas(cluster, database) == before
    assert cluster.query(database, "SELECT mine FROM customers") == [(1,)]

    secrets = (PASSWORD, quote(PASSWORD, safe=""), "hunter2")
    for path in (*one.folder.rglob("*"), *two.folder.rglob("*")):
        if path.is_file():
            text = path.read_text("utf-8", "replace")
            assert not any(secret in text for secret in secrets), path
    assert not any(secret in each for secret in secrets for each in said)
    assert f"127.0.0.1:{cluster.port}/{database}" in one.manifest.command


def test_a_killed_run_is_continued_and_what_it_left_is_removed(
    cluster: Cluster, tmp_path: Path
) -> None:
    database = cluster.create_database()
    before = schemas(cluster, database)
    arguments = (
        *("run", "billing_webhooks", "-m", "reference", "--cases", "1", "-a", "job", "-a", "agent"),
        *("--results", tmp_path, "--database", cluster.url(database)),
    )
    process = start(*arguments)
    journal = tmp_path / "latest" / "journal.jsonl"
    try:
        end = time.monotonic() + 120
        while not journal.exists() or journal.read_bytes().count(b"\n") < 40:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < end
            time.sleep(0.02)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert schemas(cluster, database) != before, "it had no time to clean up"
    killed = only_run(tmp_path)
    assert not killed.finished
    said = ended(start(*arguments))
    assert f"{len(killed.recorded)} on record already" in said
    whole = only_run(tmp_path)
    assert whole.folder == killed.folder
    assert whole.finished
    assert len(whole.trials) == whole.manifest.planned_trials
    assert schemas(cluster, database) == before


def test_a_run_on_another_engine_is_not_continued(
    cluster: Cluster, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(scenarios.SCENARIOS, "toy", "tests.toy:TOY")
    toy = ["run", "toy", "-m", "reference", "--cases", "1", "--results", str(tmp_path)]
    assert invoke(toy) == 0
    lite = only_run(tmp_path)
    journal = lite.folder / "journal.jsonl"
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:2]))
    assert invoke([*toy, "--database", cluster.url(database)]) == 0
    assert only_run(tmp_path).manifest.identity != lite.manifest.identity


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("mysql://me:hunter2@host/db", "give postgresql+psycopg://user@host/database"),
        ("hunter2", "give postgresql+psycopg://user@host/database"),
        ("postgresql://me:hunter2@x@host/db", "write an @ of name or password as %40"),
        ("postgresql://me:hunter2@host:port/db", "cannot be read"),
        ("postgresql://me:hunter2@host", "name the database"),
        ("postgresql+asyncpg://me:hunter2@host/db", "give postgresql+psycopg"),
        ("postgresql://me:hunter2@127.0.0.1:1/db", "is the server running"),
        ("postgresql://me:hunter2@no-such-host.invalid/db", "no-such-host.invalid"),
        ("postgresql://me@127.0.0.1:1/db?password=hunter2", "is the server running"),
        ("postgresql://me@127.0.0.1:1/db?nonsense=hunter2", "nonsense"),
        ("{network}postgres:hunter2@127.0.0.1:{port}/postgres", "set PGPASSWORD or ~/.pgpass"),
        ("{network}postgres:{password}@127.0.0.1:{port}/hunter3", "make it with createdb"),
        ("{network}guest:{password}@127.0.0.1:{port}/postgres", "GRANT CREATE ON DATABASE"),
        ("{network}postgres:{password}@127.0.0.1:{port}/latin", "encoded in LATIN1"),
    ],
)
def test_a_bad_address_is_one_line_without_the_password(
    cluster: Cluster,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    address: str,
    message: str,
) -> None:
    guest = f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'"
    for statement in (guest, "CREATE DATABASE latin ENCODING LATIN1 TEMPLATE template0 LOCALE 'C'"):
        if "{network}" in address and not exists(cluster, statement.split()[2]):
            cluster.query("postgres", statement)
    whole = address.format(
        network="postgresql+psycopg://", port=cluster.port, password=quote(PASSWORD, safe="")
    )
    code = invoke(["run", "--smoke", "--results", str(tmp_path / "results"), "--database", whole])
    captured = capsys.readouterr()
    assert code == 2
    assert message in captured.err
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert "hunter2" not in captured.out + captured.err
    assert not (tmp_path / "results").exists()


def exists(cluster: Cluster, name: str) -> bool:
    query = (
        f"SELECT 1 FROM pg_roles WHERE rolname = '{name}' UNION ALL"
        f" SELECT 1 FROM pg_database WHERE datname = '{name}'"
    )
    return bool(cluster.query("postgres", query))

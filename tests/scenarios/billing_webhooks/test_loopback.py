"""``--through-http``: the same cases, arrived over HTTP, and the same outcomes."""

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import select

from bench.cli import invoke
from bench.database import Template
from bench.journal import Run, read_run
from bench.types import Json, Workspace
from scenarios.billing_webhooks import SCENARIO, entry, loopback
from scenarios.billing_webhooks.schema import metadata

STRATA = "bad_signature,same_change_twice,late_redelivery,note_expired"


@pytest.fixture(scope="module")
def over_http() -> Iterator[Template]:
    with Template(SCENARIO, seed=2026, through_http=True) as opened:
        yield opened


def tables(workspace: Workspace) -> Mapping[str, list[tuple[Json, ...]]]:
    with workspace.engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def test_cases_of_every_stratum_arrive_as_they_would_be_written(over_http: Template) -> None:
    kinds = {stratum.name: 1 for stratum in SCENARIO.strata}
    for case in SCENARIO.cases(kinds, 2026):
        with over_http.workspace(case) as workspace:
            arrived = tables(workspace)
            assert workspace.writes == []
        with over_http.workspace(case, straight=True) as workspace:
            assert tables(workspace) == arrived, case.id


def test_what_the_receiving_end_does_not_take_stops_the_run(
    over_http: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    (case,) = SCENARIO.cases({"upgrade_mid_cycle": 1}, 2026)
    monkeypatch.setattr(entry, "TOLERANCE_S", -1)
    with (
        pytest.raises(RuntimeError, match="answered 400 stale_signature"),
        over_http.workspace(case),
    ):
        pass


def test_answers_are_not_held_back() -> None:
    with loopback.Loopback() as opened:
        (server,) = opened._server.servers
        (listening,) = server.sockets
        assert listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """The same run twice: written straight, and over HTTP."""

    def made(name: str, *more: str) -> Run:
        results = tmp_path_factory.mktemp(name)
        options = ["--model", "reference", "--strata", STRATA, "--smoke", "--repeats", "1"]
        command = ["run", "billing_webhooks", "--results", str(results), *options, *more]
        assert invoke(command) == 0
        return read_run((results / "latest").resolve())

    return made("straight"), made("over-http", "--through-http")


def test_outcomes_are_the_same_over_http(runs: tuple[Run, Run]) -> None:
    straight, over_http = (
        {
            trial.id: (trial.status, trial.verdict, trial.state_hash, trial.outcome_hash)
            for trial in run.trials
        }
        for run in runs
    )
    assert straight == over_http
    assert {trial.approach for trial in runs[0].trials} >= {"job", "agent", "hybrid"}
    assert [batch.passed for batch in runs[0].batches] == [1000]
    assert [batch.passed for batch in runs[1].batches] == [1000]


def test_the_manifest_says_how_records_arrived(runs: tuple[Run, Run]) -> None:
    straight, over_http = (run.manifest for run in runs)
    assert (straight.through_http, over_http.through_http) == (False, True)
    assert straight.scenarios == over_http.scenarios
    assert straight.identity != over_http.identity
    assert "over HTTP" in over_http.notes[0]
    report = (runs[1].folder / "report.md").read_text(encoding="utf-8")
    assert over_http.notes[0].split("(")[0] in report


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["csv_reconciliation"], "has no receiving end"),
        (["billing_webhooks", "--data", "scenarios/billing_webhooks/example"], "generated records"),
    ],
)
def test_what_cannot_arrive_over_http_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    command = ["run", *arguments, "--model", "reference", "--results", str(tmp_path)]
    assert invoke([*command, "--through-http"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line

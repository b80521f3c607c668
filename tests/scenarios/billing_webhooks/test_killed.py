"""Exactly once: processing is killed at random moments and begun again, on the same database.

The agent here follows the reference's calls through the real tools; what is tested is that these,
and the ledger's keys, hold wherever the process ends.
"""

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bench.database import Template, sqlite_engine
from bench.errors import ToolError
from bench.types import Case, Workspace
from scenarios.billing_webhooks import SCENARIO
from scenarios.billing_webhooks.schema import billing_events, pending_events
from tests.scenarios.billing_webhooks.playing import call, together

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")

STRATA = (
    "upgrade_mid_cycle",
    "duplicate_delivery",
    "same_change_twice",
    "same_second",
    "out_of_order",
    "upgrade_and_back",
    "renewal",
    "note_other_price",
    "note_expired",
)
CASES = together(SCENARIO.cases(dict.fromkeys(STRATA, 2), 2026))


def by_job(workspace: Workspace) -> None:
    SCENARIO.job(workspace, unsure="review")


def by_agent(workspace: Workspace) -> None:
    """One delivery after the other, with what is still pending."""
    with workspace.engine.connect() as connection:
        pending = connection.scalars(
            select(pending_events.c.id)
            .where(pending_events.c.status == "pending")
            .order_by(pending_events.c.sequence)
        ).all()
    for task in SCENARIO.tasks(CASES, tuple(pending)):
        for each in SCENARIO.ideal(CASES, task):
            try:
                call(workspace, task.records[0], each.name, **each.arguments)
            except ToolError as refused:
                # Killed between the charge and its decision: the guard refuses a second charge.
                if not (refused.guarded and each.name == "create_billing_event"):
                    raise


def by_hybrid(workspace: Workspace) -> None:
    SCENARIO.job(workspace, unsure="flag")
    by_agent(workspace)


APPROACHES = {"job": by_job, "agent": by_agent, "hybrid": by_hybrid}


def work(database: Path, approach: Callable[[Workspace], None]) -> None:
    engine = sqlite_engine(database)
    approach(Workspace(engine, database.parent))
    engine.dispose()


def killed(database: Path, approach: Callable[[Workspace], None], after_s: float | None) -> bool:
    """Work in a process of its own and kill that, or let it end; whether it was killed."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            work(database, approach)
            code = 0
        finally:
            os._exit(code)
    if after_s is not None:
        time.sleep(after_s)
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the process broke off by itself"
    return False


def fresh(template: Template, database: Path) -> None:
    with template.workspace(CASES) as workspace:
        file = workspace.engine.url.database
        with workspace.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(str(file), database)


def check(database: Path, approach: str, case: Case) -> None:
    engine = sqlite_engine(database)
    workspace = Workspace(engine, database.parent)
    verdict = SCENARIO.verify(case, workspace)
    wrong = [record for record in verdict.records if record.status == "fail"]
    assert (wrong, verdict.faults) == ([], ())
    assert verdict.status == ("deferred" if approach == "job" else "pass")
    with engine.connect() as connection:
        twice = (
            select(func.count()).select_from(billing_events).group_by(billing_events.c.change_key)
        )
        assert set(connection.scalars(twice)) == {1}
    engine.dispose()


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("approach", APPROACHES)
def test_nothing_is_charged_twice_or_lost_however_often_it_is_killed(
    template: Template,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    approach: str,
    kills: int,
) -> None:
    monkeypatch.setattr("scenarios.billing_webhooks.job.CHUNK", 3)
    rng = random.Random(f"{approach} {kills}")
    database = tmp_path / "killed.sqlite"
    fresh(template, database)
    started = time.perf_counter()
    assert not killed(database, APPROACHES[approach], after_s=None)
    whole_s = time.perf_counter() - started
    check(database, approach, CASES)
    done = rounds = 0
    while done < kills:
        database = tmp_path / f"{rounds}.sqlite"
        fresh(template, database)
        # Parts of the whole, so that a process is often killed before it is done.
        while killed(database, APPROACHES[approach], rng.uniform(0, whole_s / 3)):
            done += 1
        work(database, APPROACHES[approach])
        check(database, approach, CASES)
        rounds += 1
        for file in tmp_path.glob(f"{database.name}*"):
            file.unlink()
        assert rounds < 10 * kills, "nothing was ever killed: mend the test"
    assert done >= kills
    print(f"{approach}: {done} kills in {rounds} processings")  # shown by pytest -s

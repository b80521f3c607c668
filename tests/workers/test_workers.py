"""Several processes: the same results as one, one journal, one cap, one rate limit."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiohttp import web

from bench.errors import BenchError
from bench.journal import Journal, Run, read_run, read_steps
from bench.manifest import Settings
from bench.metering.rate_limit import RateLimit
from bench.metering.spending import read_account
from bench.plan import TrialPlan, plan_scenario
from bench.runner import Plan, run
from bench.workers import Workers, process
from bench.workers.wire import OutOfBudget, receive
from tests.benchmarks.stub import Stub
from tests.fault_server import INFRASTRUCTURE, MODEL, FaultPlan, FaultServer
from tests.running import Quiet, journal_of
from tests.synthetic import a_trial
from tests.test_hosted_run import agent_plan, case_of, check_kills, run_into
from tests.toy import TOY

CLOCKS = {"attempt", "started", "wall_s", "working_s", "waiting_s", "dollars", "query_s"}


def run_with(
    workers: int, plan: Plan, folder: Path, *, cap: float | None = None, session: str = "s"
) -> tuple[str, ...]:
    """Run or continue in ``folder`` with that many processes."""
    return run_into(plan, folder, session, cap, workers)


def told(recorded: Run) -> dict[str, dict[str, Any]]:
    """What each trial's line says, clocks and random names apart."""
    return {
        trial.id: {key: value for key, value in asdict(trial).items() if key not in CLOCKS}
        for trial in recorded.trials
    }


def test_two_processes_record_what_one_does(tmp_path: Path) -> None:
    with FaultServer(faults=FaultPlan(0.2, MODEL, seed=4)) as server:
        run_with(1, agent_plan(server.url, 40, concurrency=8), tmp_path / "one")
    with FaultServer(faults=FaultPlan(0.2, MODEL, seed=4)) as server:
        run_with(2, agent_plan(server.url, 40, concurrency=8), tmp_path / "two")
    one, two = read_run(tmp_path / "one"), read_run(tmp_path / "two")
    assert one.finished
    assert two.finished
    assert told(one) == told(two)
    assert len(list(read_steps(two.folder))) == sum(trial.steps for trial in two.trials)
    account = read_account(two.folder)
    assert account is not None
    writers = {id.split("-")[1] for id in account.calls}
    assert len(writers) == 2, "both processes made calls"
    assert str(os.getpid()) not in writers


def test_processes_share_one_cap(tmp_path: Path) -> None:
    cap = 0.02
    plan = FaultPlan(0.3, INFRASTRUCTURE + MODEL, seed=5)
    with FaultServer(faults=plan, hang_s=1.0) as server:
        undone = run_with(2, agent_plan(server.url, 200, timeout_s=0.5), tmp_path / "run", cap=cap)
        time.sleep(0.05)
        spent = float(server.spent)
        account = read_account(tmp_path / "run")
        assert account is not None
        assert 0 < spent <= account.total + 1e-9
        assert spent <= cap
        recorded = read_run(tmp_path / "run")
        assert not recorded.finished
        assert {t.id for t in recorded.trials}.isdisjoint(undone)
        assert len(recorded.trials) + len(set(undone)) == recorded.manifest.planned_trials
        assert len(undone) == len(set(undone))
        assert not run_with(2, agent_plan(server.url, 200), tmp_path / "run", cap=5, session="t")
    whole = read_run(tmp_path / "run")
    assert whole.finished
    assert Counter(t.case for t in whole.trials) == {f"digits-{n:04d}": 1 for n in range(200)}


def test_processes_share_one_rate_limit(tmp_path: Path) -> None:
    with FaultServer() as server:
        plan = agent_plan(server.url, 30, concurrency=16)
        plan.models[0].rate_limit = RateLimit(requests=20, window_s=0.6)  # type: ignore[attr-defined]
        run_with(2, plan, tmp_path / "run")
        times = sorted(seen.at for seen in server.seen)
    assert len(times) == 60
    # The last of them may leave two windows after the first; with a limit each, after one.
    late = 0.3  # on a busy machine
    assert times[-1] - times[0] >= 2 * 0.6 - late


class SaysOnce(FaultServer):
    """States its limit in a single reply, once both processes have requests on their way."""

    under_way = 0
    said_at: float | None = None

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.under_way += 1
        response = await super()._handle(request)
        if self.said_at is None and self.under_way > 8:
            self.said_at = time.monotonic()
            response.headers["x-ratelimit-limit-requests"] = "20"
        self.under_way -= 1
        return response


def test_a_limit_that_one_process_learns_holds_for_all_with_what_has_left(tmp_path: Path) -> None:
    with SaysOnce(latency_s=0.2) as server:
        plan = agent_plan(server.url, 40, concurrency=16)
        plan.models[0].rate_limit = RateLimit(window_s=1.0)  # type: ignore[attr-defined]
        run_with(2, plan, tmp_path / "run")
        times = sorted(seen.at for seen in server.seen)
        assert server.said_at is not None
        known = server.said_at + 0.15  # what was on its way meanwhile
    late = 0.2  # requests may arrive closer than they left
    in_window = [sum(t - 1.0 + late < each <= t for each in times) for t in times if t > known]
    assert len(times) == 80
    assert len(in_window) > 20
    assert max(in_window) <= 20


def test_trials_that_end_in_quick_succession_are_put_on_record_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together: list[int] = []
    write = Journal.trial_lines

    def count(journal: Journal, lines: Iterable[bytes]) -> None:
        several = list(lines)
        together.append(len(several))
        write(journal, several)

    monkeypatch.setattr(Journal, "trial_lines", count)
    settings = Settings(approaches=("agent",), repeats=1, concurrency=32)
    plan = Plan((plan_scenario(TOY, {"digits": 200}, seed=1, repeated=0),), (Stub(2),), settings)
    journal = journal_of(plan, tmp_path / "run")
    asyncio.run(run(plan, journal, Quiet(), executor=Workers(2, journal)))
    journal.close()
    recorded = read_run(tmp_path / "run")
    assert recorded.finished
    assert {t.case for t in recorded.trials} == {f"digits-{n:04d}" for n in range(200)}
    assert sum(together) == len(recorded.trials)
    assert len(together) <= 150


def test_a_worker_waits_only_for_what_it_has_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "TOGETHER_S", 60.0)

    async def check() -> None:
        near, far = socket.socketpair()
        reader, _far = await asyncio.open_connection(sock=far)
        _near, writer = await asyncio.open_connection(sock=near)

        async def said() -> Any:
            message = await asyncio.wait_for(receive(reader), 10)
            return [each.id for each in message] if isinstance(message, list) else message

        reports = process.Reports(writer, -1, tmp_path, under_way=4)
        for id in "abcd":
            reports.trial(a_trial(id=id))
        assert await said() == ["a"]
        assert await said() == ["b", "c", "d"]
        reports.under_way = 3
        reports.trial(a_trial(id="e"))
        reports.out_of_budget(TrialPlan("toy", "agent", "m", "f", 0))
        assert await said() == ["e"]
        assert await said() == OutOfBudget("toy/agent/m/f/0")
        monkeypatch.setattr(process, "TOGETHER_S", 0.2)
        reports.under_way = 2
        reports.trial(a_trial(id="g"))
        assert await said() == ["g"], "after a while, though the other has not ended"
        writer.close()
        _far.close()

    asyncio.run(check())


def test_what_the_user_must_mend_ends_all_processes(tmp_path: Path) -> None:
    with (
        FaultServer(faults=FaultPlan(1.0, ("404",))) as server,
        pytest.raises(BenchError, match="no such model there, check the name"),
    ):
        run_with(2, agent_plan(server.url, 20), tmp_path / "run")
    assert not left_over()


def test_a_worker_that_dies_is_named_and_the_run_goes_on_later(tmp_path: Path) -> None:
    with FaultServer(latency_s=0.05) as server:
        plan = agent_plan(server.url, 60, concurrency=4)

        class Murderer(Quiet):
            def trial(self, trial: Any) -> None:
                if not self.trials:
                    victim = next(p for p in psutil.Process().children() if is_worker(p))
                    victim.kill()
                super().trial(trial)

        folder = tmp_path / "run"
        journal = journal_of(plan, folder)
        with pytest.raises(BenchError, match=r"worker process died \(exit code -9\)"):
            asyncio.run(run(plan, journal, Murderer(), executor=Workers(2, journal)))
        journal.close()
        assert not left_over()
        run_with(2, agent_plan(server.url, 60, concurrency=4), folder)
    recorded = read_run(folder)
    assert Counter(t.case for t in recorded.trials) == {f"digits-{n:04d}": 1 for n in range(60)}


CHILD = """
import sys
from pathlib import Path
from tests.workers.test_workers import agent_plan, run_with
url, folder, session, trials = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
print("ready", flush=True)
plan = agent_plan(url, trials, concurrency=8, timeout_s=5)
run_with(2, plan, folder, cap=100.0, session=session)
"""


def test_a_run_of_several_processes_killed_at_random_instants_resumes_exactly(
    tmp_path: Path,
) -> None:
    check_kills(2, 60, tmp_path, CHILD)


def test_ctrl_c_ends_all_processes_and_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with FaultServer(latency_s=0.02) as server:
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, server.url, str(folder), "s", "150"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=Path.cwd(),
        )
        deadline = time.monotonic() + 60
        while len(server.seen) < 30 and time.monotonic() < deadline:
            time.sleep(0.01)
        workers = [p for p in psutil.Process(child.pid).children() if is_worker(p)]
        assert len(workers) == 2
        child.send_signal(signal.SIGINT)
        _out, said = child.communicate(timeout=30)
        assert b"KeyboardInterrupt" in said
        assert said.count(b"Traceback") <= 2, said.decode()  # the parent's own two
        _gone, alive = psutil.wait_procs(workers, timeout=5)
        assert not alive
        done = {t.case for t in read_run(folder).trials}
        assert done
        before = len(server.seen)
        run_with(2, agent_plan(server.url, 150), folder, session="t")
        assert not {case_of(seen.key) for seen in server.seen[before:]} & done
        spent = float(server.spent)
    recorded = read_run(folder)
    assert Counter(t.case for t in recorded.trials) == {f"digits-{n:04d}": 1 for n in range(150)}
    account = read_account(folder)
    assert account is not None
    assert spent <= account.total + 1e-9


def is_worker(process: psutil.Process) -> bool:
    return "bench.workers.process" in " ".join(process.cmdline())


def left_over() -> list[psutil.Process]:
    """Workers of this process that did not end."""
    return [p for p in psutil.Process().children(recursive=True) if is_worker(p)]

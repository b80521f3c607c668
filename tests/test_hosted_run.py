"""Whole runs of a hosted model over HTTP: storms, caps, kills, and secrets that stay secret."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import scenarios
from bench.cli import invoke
from bench.journal import read_run, read_steps
from bench.manifest import Settings
from bench.metering.spending import Spending, read_account
from bench.models.direct import DirectModel
from bench.models.hosted import HostedModel
from bench.plan import plan_scenario
from bench.runner import Plan, run
from bench.types import Cause, Trial
from bench.workers import Workers
from tests.fault_server import INFRASTRUCTURE, MODEL, FaultPlan, FaultServer
from tests.models.test_budget import NAME, prices
from tests.running import Quiet, journal_of
from tests.toy import TOY

ATTEMPTS = 3


def agent_plan(url: str, trials: int, **options: Any) -> Plan:
    """One agent trial for each of ``trials`` cases."""
    settings = Settings(
        approaches=("agent",), repeats=1, concurrency=options.pop("concurrency", 64)
    )
    cases = plan_scenario(TOY, {"digits": trials}, seed=1, repeated=0)
    model = DirectModel(
        NAME,
        base_url=url,
        **{"attempts": ATTEMPTS, "first_wait_s": 0.005, "timeout_s": 3.0} | options,
    )
    return Plan((cases,), (model,), settings, prices())


def run_into(
    plan: Plan, folder: Path, session: str, cap: float | None = None, workers: int = 1
) -> tuple[str, ...]:
    """Run or continue in ``folder`` with that many processes, every call on account."""
    journal = journal_of(plan, folder)
    spending = Spending(folder, cap, session)
    for model in plan.models:
        model.meter(spending, plan.prices)  # type: ignore[attr-defined]
    done = {trial.id for trial in read_run(folder).trials}
    executor = Workers(workers, journal, spending)
    try:
        return asyncio.run(run(plan, journal, Quiet(), done=done, executor=executor))
    finally:
        journal.close()
        spending.close()


def case_of(key: str) -> str:
    return key.partition("Label the number ")[2].partition("/")[0]


# --- storm ----------------------------------------------------------------------------------


def check_storm(trials: int, folder: Path, timeout_s: float) -> None:
    """30 % of calls fail in mixed ways; the journal must say exactly what the server did."""
    plan = FaultPlan(0.3, INFRASTRUCTURE + MODEL, seed=5)
    with FaultServer(faults=plan, hang_s=2 * timeout_s) as server:
        run_into(agent_plan(server.url, trials, timeout_s=timeout_s), folder, "storm")
        seen = list(server.seen)
        billed = list(server.bills)
    recorded = read_run(folder)
    assert recorded.finished
    assert Counter(t.case for t in recorded.trials) == Counter(
        {f"digits-{n:04d}": 1 for n in range(trials)}
    )
    served: dict[str, list[str | None]] = defaultdict(list)
    for each in seen:
        served[case_of(each.key)].append(each.fault)
    paid: Counter[str] = Counter()
    for bill in billed:
        paid[case_of(bill.key)] += bill.input + bill.output
    causes: Counter[str] = Counter()
    for trial in recorded.trials:
        check_trial(trial, served[trial.case], paid[trial.case])
        causes[str(trial.cause or "none")] += 1
    steps = list(read_steps(folder))
    assert len(steps) == sum(trial.steps for trial in recorded.trials)
    assert all(step.duration_s < timeout_s for step in steps), "waiting is no working time"
    broken = sum(fault in INFRASTRUCTURE for fault in served_all(served))
    own = sum(fault in MODEL for fault in served_all(served))
    print(
        f"{trials} trials, {len(seen)} calls, {broken} broken by the provider, "
        f"{own} by the model; causes {dict(causes)}; "
        f"server billed ${float(sum(bill.usd for bill in billed)):.6f}"
    )
    account = read_account(folder)
    assert account is not None
    assert len(account.calls) == len(seen), "no call goes unseen"
    assert account.billed == pytest.approx(
        sum(trial.dollars.api or 0.0 for trial in recorded.trials), abs=1e-9
    )
    assert account.billed <= float(sum(bill.usd for bill in billed)) + 1e-9 <= account.total + 2e-9
    assert causes["infrastructure"]
    assert causes["none"] > trials / 2


def served_all(served: dict[str, list[str | None]]) -> Iterator[str | None]:
    for faults in served.values():
        yield from faults


def check_trial(trial: Trial, served: list[str | None], paid: int) -> None:
    """What the server did to one trial, against the trial's line."""
    answers = [fault for fault in served if fault not in INFRASTRUCTURE]
    gave_up = len(served) >= ATTEMPTS and all(f in INFRASTRUCTURE for f in served[-ATTEMPTS:])
    assert trial.steps == len(answers), (trial.id, served, trial.detail)
    assert (trial.cause == Cause.INFRASTRUCTURE) == gave_up, (trial.id, served, trial.detail)
    assert (trial.cause == Cause.REFUSED) == (served[-1] in ("refusal", "filter")), trial.id
    assert trial.tool_errors >= answers.count("wrong_tool")
    assert trial.malformed >= answers.count("bad_arguments") + answers.count("endless")
    assert (trial.usage.total or 0) <= paid, "no token that the server did not bill"
    if trial.cause is None:
        assert trial.status == "pass", (trial.id, served)
    if len(answers) < len(served):
        assert trial.waiting_s > 0


def test_a_storm_of_faults_leaves_exactly_the_right_journal(tmp_path: Path) -> None:
    check_storm(200, tmp_path / "run", timeout_s=5)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_storm_over_two_thousand_trials(tmp_path: Path) -> None:
    check_storm(2_000, tmp_path / "run", timeout_s=20)


# --- kill -9 --------------------------------------------------------------------------------

CHILD = """
import sys
from pathlib import Path
from tests.test_hosted_run import agent_plan, run_into
url, folder, session, trials = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
print("ready", flush=True)
run_into(agent_plan(url, trials, concurrency=8, timeout_s=5), folder, session, cap=100.0)
"""


def check_kills(kills: int, trials: int, parent: Path, code: str = CHILD, *, seed: int = 7) -> None:
    """Killed again and again at random instants, until one execution gets through."""
    dice = random.Random(seed)
    folder = parent / "run"
    killed = lost = 0
    with FaultServer(latency_s=0.02, faults=FaultPlan(0.1, ("429", "reset"), seed=3)) as server:
        for number in range(kills * 3):
            done = (
                {t.case for t in read_run(folder).trials}
                if (folder / "manifest.json").exists()
                else set()
            )
            before = len(server.seen)
            child = subprocess.Popen(
                [sys.executable, "-c", code, server.url, str(folder), f"s{number}", str(trials)],
                stdout=subprocess.PIPE,
                cwd=Path.cwd(),
            )
            assert child.stdout is not None
            child.stdout.readline()
            if killed < kills:
                enough = before + dice.randint(0, 25)
                while len(server.seen) < enough and child.poll() is None:
                    time.sleep(0.001)
                time.sleep(dice.uniform(0, 0.04))
                killed += child.poll() is None
                child.kill()
            exit_code = child.wait()
            child.stdout.close()
            time.sleep(0.03)  # what is under way reaches the server
            again = {case_of(seen.key) for seen in server.seen[before:]}
            assert not again & done, "no call for a trial that was complete"
            if exit_code == 0:
                break
        spent, calls = float(server.spent), len(server.seen)
    recorded = read_run(folder)
    assert recorded.finished
    assert Counter(t.case for t in recorded.trials) == Counter(
        {f"digits-{n:04d}": 1 for n in range(trials)}
    )
    account = read_account(folder)
    assert account is not None
    lost = len(account.lost(frozenset(t.attempt for t in recorded.trials)))
    print(
        f"{killed} kills, {trials} trials, {calls} calls, {lost} of them possibly paid for and lost"
    )
    assert killed == kills, "the run was over before it could be killed"
    assert lost > 0
    assert len(account.calls) >= calls
    assert spent <= account.total + 1e-9
    assert f"{lost} calls belong to executions" in " ".join(said(folder))


def said(folder: Path) -> list[str]:
    from bench.analysis.summary import summarise

    return [notice.text for notice in summarise(folder).notices]


def test_a_run_killed_at_random_instants_resumes_exactly(tmp_path: Path) -> None:
    check_kills(6, 120, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(5))
def test_runs_killed_at_a_hundred_random_instants_resume_exactly(tmp_path: Path, part: int) -> None:
    """Twenty kills of each of five runs, so that a part can be run by itself."""
    check_kills(20, 350, tmp_path, seed=part)


# --- the command line -----------------------------------------------------------------------


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setitem(scenarios.SCENARIOS, "toy", "tests.toy:TOY")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prices.toml").write_text(
        f'["{NAME}"]\ninput_usd_per_mtok = 1\noutput_usd_per_mtok = 4\n'
        "cache_write_1h_usd_per_mtok = 1\n"
    )
    return tmp_path


def bench(server: FaultServer, *more: str) -> int:
    return invoke(
        [
            "run",
            "toy",
            "-m",
            NAME,
            "--base-url",
            server.url,
            "--prices",
            "prices.toml",
            "--yes",
            *more,
        ]
    )


def test_a_capped_run_stops_lists_what_is_undone_and_goes_on_with_more(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--cases", "20", "--concurrency", "4", "--approach", "agent")
    with FaultServer() as server:
        assert bench(server, *arguments, "--max-usd", "0.02") == 3
        assert float(server.spent) <= 0.02
        folder = (toy / "results" / "latest").resolve()
        printed = " ".join(capsys.readouterr().out.split())
        assert "not run for lack of budget" in printed
        partial = read_run(folder)
        undone = read_account(folder).unrun  # type: ignore[union-attr]
        done = {t.id for t in partial.trials}
        assert not partial.finished
        assert done.isdisjoint(undone)
        assert len(done) + len(undone) == partial.manifest.planned_trials
        assert any("lack of budget (--max-usd 0.02)" in text for text in said(folder))
        assert bench(server, *arguments, "--max-usd", "5") == 0
        assert (toy / "results" / "latest").resolve() == folder
        whole = read_run(folder)
        assert whole.finished
        assert len(whole.trials) == whole.manifest.planned_trials
        assert not any("lack of budget" in text for text in said(folder))


def test_a_cap_needs_a_price(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (toy / "prices.toml").write_text("")
    with FaultServer() as server:
        assert bench(server, "--max-usd", "1", "--allow-unpriced") == 2
        assert not server.seen
    assert "no price is known for direct/any" in capsys.readouterr().err


SECRET = "sk-marked-7f3a9c51e8d24b60"


@pytest.mark.parametrize("fault", [*INFRASTRUCTURE, *MODEL])
@pytest.mark.parametrize("name", [NAME, "openai/any"])
def test_a_key_shows_up_nowhere_whatever_goes_wrong(
    toy: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    name: str,
) -> None:
    defaults = HostedModel.__init__.__kwdefaults__
    for option, quick in (("attempts", 2), ("first_wait_s", 0.01), ("timeout_s", 20.0)):
        monkeypatch.setitem(defaults, option, quick)
    (toy / ".env").write_text(f"GATEWAY_API_KEY={SECRET}\n")
    (toy / "prices.toml").write_text(
        f'["{name}"]\ninput_usd_per_mtok = 1\noutput_usd_per_mtok = 4\n'
    )
    with FaultServer(faults=FaultPlan(0.9, (fault,)), secret=SECRET, hang_s=0.2) as server:
        where = (
            server.url.replace("http://", f"http://user:{SECRET}@") if name == NAME else server.url
        )
        monkeypatch.setattr(sys, "argv", ["bench", "run", "--base-url", where])
        code = invoke(
            [
                *("run", "toy", "-m", name, "--base-url", server.url, "--prices", "prices.toml"),
                *("--api-key-env", "GATEWAY_API_KEY", "--yes", "--cases", "1", "-a", "agent"),
                *("--max-usd", "1"),
            ]
        )
        assert code == 0
        assert {seen.authorization for seen in server.seen} == {f"Bearer {SECRET}"}
    monkeypatch.delenv("GATEWAY_API_KEY", raising=False)
    os.environ.pop("GATEWAY_API_KEY", None)
    printed = capfd.readouterr()
    assert SECRET not in printed.out + printed.err
    for path in (toy / "results").rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path

"""The cap: under crowds, faults, kills and resumptions, what a provider bills stays below it."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from bench.errors import BenchError, BudgetError, ProviderError
from bench.metering.bound import most_dollars
from bench.metering.prices import Price, PriceTable, Rates, cost, price, price_table
from bench.metering.spending import Spending, read_account
from bench.models.direct import DirectModel
from bench.models.litellm import LitellmModel
from bench.types import Origin, Request, Usage
from tests.fault_server import INFRASTRUCTURE, MODEL, FaultPlan, FaultServer, Turn

NAME = "direct/any"
RATES = Rates(1e-6, 4e-6, cached_input=1e-6, cache_write=1e-6, reasoning=4e-6, cache_write_1h=1e-6)


def prices(*names: str) -> PriceTable:
    """The fault server's prices, for models of these names."""
    table = price_table()
    own = {name: Price(name, RATES) for name in names or (NAME,)}
    return PriceTable(table.entries, own, "test", "1", "0", "2026-11-24")


def ask(number: int, text: str = "Is it even?", max_tokens: int = 64) -> Request:
    origin = Origin("toy", "agent", f"case-{number}", 0, (), 0, 0, attempt=f"a{number}")
    return Request(
        ({"role": "user", "content": f"{number}: {text}"},), (), None, 0.0, 0, max_tokens, origin
    )


@dataclass
class Outcome:
    answered: int = 0
    failed: int = 0
    refused: int = 0


async def crowd(
    url: str, folder: Path, cap: float, numbers: range, session: str, *, timeout_s: float = 0.3
) -> Outcome:
    """All requests at once, each retried like any."""
    spending = Spending(folder, cap, session)
    model = DirectModel(NAME, base_url=url, attempts=3, first_wait_s=0.005, timeout_s=timeout_s)
    model.meter(spending, prices())
    outcome = Outcome()

    async def one(number: int) -> None:
        try:
            await model.reply(ask(number))
            outcome.answered += 1
        except BudgetError:
            outcome.refused += 1
        except (ProviderError, BenchError):
            outcome.failed += 1

    await asyncio.gather(*(one(number) for number in numbers))
    await model.close()
    spending.close()
    return outcome


CHILD = """
import asyncio, sys
from pathlib import Path
from tests.models.test_budget import crowd
url, folder, cap, count = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
print("ready", flush=True)
asyncio.run(crowd(url, folder, cap, range(count), "killed"))
"""


def one_run(seed: int, folder: Path) -> tuple[Fraction, float, Outcome, bool]:
    """A randomised run, killed and resumed in one case of eight: (billed, cap, outcome, killed)."""
    dice = random.Random(seed)
    count = round(10 ** dice.uniform(1, 3))
    plan = FaultPlan(dice.choice([0.0, 0.1, 0.3, 0.6]), INFRASTRUCTURE + MODEL, seed)
    # A call costs about $0.0001 here, and up to $0.0014 is reserved for it.
    cap = 0.0015 + count * 1e-4 * 10 ** dice.uniform(-1, 2)
    killed = dice.random() < 1 / 8
    turn = lambda _body: Turn(text="word " * dice.randrange(100))  # noqa: E731
    with FaultServer(
        turn=turn, faults=plan, hang_s=1.0, latency_s=dice.choice([0, 0.02])
    ) as server:
        if killed:
            arguments = [sys.executable, "-c", CHILD, server.url, str(folder), str(cap), str(count)]
            child = subprocess.Popen(arguments, stdout=subprocess.PIPE, cwd=Path.cwd())
            assert child.stdout is not None
            child.stdout.readline()
            deadline = time.monotonic() + 60
            while not server.seen and child.poll() is None and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(dice.uniform(0, 0.4))
            child.kill()
            child.wait()
            child.stdout.close()
        outcome = asyncio.run(crowd(server.url, folder, cap, range(count), "second"))
        time.sleep(0.05)
        billed = server.spent
    account = read_account(folder)
    assert account is not None
    assert float(billed) <= account.total + 1e-9, "the account knows less than was billed"
    return billed, cap, outcome, killed


def many_runs(seeds: range, parent: Path) -> None:
    killed = starved = free = answered = 0
    closest = 0.0
    for seed in seeds:
        folder = parent / str(seed)
        folder.mkdir()
        billed, cap, outcome, was_killed = one_run(seed, folder)
        assert float(billed) <= cap, f"seed {seed}: ${float(billed):.6f} billed, ${cap:.6f} allowed"
        killed += was_killed
        starved += outcome.refused > 0
        free += outcome.refused == 0
        answered += outcome.answered
        closest = max(closest, float(billed) / cap)
    print(
        f"{len(seeds)} runs, {answered} calls answered, {killed} killed and resumed, {starved} ran "
        f"out of budget, {free} did not; at most {closest:.1%} of a cap was billed"
    )
    assert killed
    assert starved
    assert free


def test_no_randomised_run_costs_more_than_its_cap(tmp_path: Path) -> None:
    many_runs(range(30), tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("first", range(1_000, 2_000, 100))
def test_none_of_a_thousand_randomised_runs_costs_more_than_its_cap(
    tmp_path: Path, first: int
) -> None:
    """A hundred at a time, so that a part can be run by itself."""
    many_runs(range(first, first + 100), tmp_path)


def test_without_reservations_the_same_crowd_would_break_the_cap(tmp_path: Path) -> None:
    """The test's own strength: uncapped, the same calls cost far more than the cap."""
    with FaultServer(turn=lambda _body: Turn(text="word " * 50)) as server:
        asyncio.run(crowd(server.url, tmp_path, 1e9, range(200), "s"))
        assert server.spent > Fraction(4, 1000)
        capped = tmp_path / "capped"
        capped.mkdir()
        before = server.spent
        # Patient: a call that times out stays reserved in full, and a slow machine could lose all.
        outcome = asyncio.run(crowd(server.url, capped, 4e-3, range(200), "s", timeout_s=60))
        assert server.spent - before <= Fraction(4, 1000)
        assert outcome.answered > 0
        assert outcome.refused > 0


def test_a_thousand_calls_at_once_use_the_cap_up_and_stop(tmp_path: Path) -> None:
    with FaultServer(turn=lambda _body: Turn(text="No.")) as server:
        outcome = asyncio.run(crowd(server.url, tmp_path, 0.02, range(1_000), "s", timeout_s=60))
        spent = float(server.spent)
    one_more = 0.0015
    assert 0.02 - one_more < spent <= 0.02, "what was not used is given back and spent by others"
    assert outcome.answered + outcome.refused == 1_000


def test_the_bound_holds_for_every_price_and_class() -> None:
    """Dearest class and tier within reach, hidden tokens, whole reply: never below the bill."""
    dice = random.Random(3)
    for name in ("gpt-5.5", "claude-haiku-5-5", "claude-opus-4-8", "gemini/gemini-2.5-pro"):
        known = price(name)
        for _ in range(200):
            size, limit = dice.choice([100, 5_000, 150_000, 400_000]), dice.choice([1, 500, 4_000])
            total = dice.randint(1, size)
            cached = dice.randint(0, total)
            written = dice.randint(0, total - cached)
            output = dice.randint(0, limit)
            usage = Usage(total, output, cached, written, dice.randint(0, output), written // 2)
            billed, cold = cost(usage, known)
            most = most_dollars(size, limit, known)
            assert cold is not None
            assert cold <= most
            assert billed is None or billed <= most


def test_what_is_left_open_by_a_kill_counts_in_full(tmp_path: Path) -> None:
    async def reserve(session: str, usd: float) -> None:
        spending = Spending(tmp_path, 1.0, session)
        await spending.reserve(usd, trial="t", attempt="a", model="m")
        spending.close()

    asyncio.run(reserve("first", 0.7))
    with pytest.raises(BudgetError, match=r"up to \$0\.4000, and \$0\.3000 of the \$1\.0000"):
        asyncio.run(reserve("second", 0.4))
    asyncio.run(reserve("third", 0.3))


def test_a_torn_last_line_is_a_request_that_never_left(tmp_path: Path) -> None:
    spending = Spending(tmp_path, 1.0, "s")
    asyncio.run(spending.reserve(0.6, trial="t", attempt="a", model="m"))
    spending.close()
    whole = spending.path.read_bytes()
    spending.path.write_bytes(whole + b'{"id":"x","kind":"reserve","usd":0.3')
    again = Spending(tmp_path, 1.0, "s2")
    assert again.account.total == pytest.approx(0.6)
    again.close()
    assert spending.path.read_bytes().startswith(whole)
    assert b'"usd":0.3' not in spending.path.read_bytes()


def test_calls_that_are_settled_are_forgotten_and_still_counted(tmp_path: Path) -> None:
    spending = Spending(tmp_path, None, "s")
    for _ in range(50):
        id = asyncio.run(spending.reserve(0.01, trial="t", attempt="a", model="m"))
        spending.settle(id, 0.001)
    open_ = asyncio.run(spending.reserve(0.5, trial="t", attempt="a", model="m"))
    spending.leave_undone([f"trial/{number}" for number in range(2500)])
    spending.close()
    for balance in (spending.account, Spending(tmp_path, None, "again").account):
        assert list(balance.open) == [open_]
        assert balance.total == pytest.approx(0.55)
    account = read_account(tmp_path)
    assert account is not None
    assert len(account.calls) == 51
    assert account.billed == pytest.approx(0.05)
    assert not account.unrun, "it goes on"


@pytest.mark.parametrize("block", [64, 4096])
def test_an_account_is_read_block_by_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    spending = Spending(tmp_path, None, "s")
    for _ in range(20):
        asyncio.run(spending.reserve(0.01, trial="t", attempt="a" * 100, model="m"))
    spending.leave_undone([f"trial/{number}" for number in range(1500)])
    spending.close()
    unrun = read_account(tmp_path).unrun  # type: ignore[union-attr]
    assert unrun == [f"trial/{number}" for number in range(1500)]
    whole = spending.path.read_bytes()
    spending.path.write_bytes(whole + b'{"kind":"reserve"')
    monkeypatch.setattr("bench.metering.spending._BLOCK", block)
    again = Spending(tmp_path, None, "s2", announce=False)
    again.close()
    assert again.account.total == pytest.approx(0.2)
    assert spending.path.read_bytes() == whole


def test_a_broken_account_stops_the_run_by_name(tmp_path: Path) -> None:
    (tmp_path / "spending.jsonl").write_text('{"kind":"cap","usd":1}\nnonsense\n')
    with pytest.raises(BenchError, match=r"spending\.jsonl:2: not a line of spending"):
        Spending(tmp_path, 1.0, "s")


def test_two_processes_share_one_cap(tmp_path: Path) -> None:
    async def both() -> int:
        one = Spending(tmp_path, 1.0, "s")
        two = Spending(tmp_path, 1.0, "s", announce=False)
        ids = []
        for _ in range(5):
            for each in (one, two):
                id = await each.reserve(0.1, trial="t", attempt="a", model="m")
                ids.append((each, id))
        assert two.account.total == pytest.approx(1.0)
        waiting = asyncio.create_task(two.reserve(0.1, trial="t", attempt="a", model="m"))
        await asyncio.sleep(0.05)
        assert not waiting.done(), "a call of the other process may still give something back"
        ids[0][0].settle(ids[0][1], 0.0)
        await asyncio.wait_for(waiting, 2)
        one.close()
        two.close()
        return len(ids)

    assert asyncio.run(both()) == 10


def test_the_cap_holds_through_litellm_and_its_own_retries_are_off(tmp_path: Path) -> None:
    async def run(url: str) -> int:
        spending = Spending(tmp_path, 0.004, "s")
        model = LitellmModel("openai/any", base_url=url, attempts=2, first_wait_s=0.01)
        model.meter(spending, prices("openai/any"))
        refused = 0
        for number in range(12):
            try:
                await model.reply(ask(number))
            except BudgetError:
                refused += 1
            except ProviderError:
                pass
        await model.close()
        spending.close()
        return refused

    with FaultServer(
        turn=lambda _b: Turn(text="No."), faults=FaultPlan(0.5, ("500", "429"))
    ) as server:
        assert asyncio.run(run(server.url)) > 0
        account = read_account(tmp_path)
        assert account is not None
        assert len(server.seen) == len(account.calls), "no call goes unseen"
        assert float(server.spent) <= 0.004

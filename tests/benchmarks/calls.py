"""What a call of a hosted model costs this machine: calls a second, CPU time, wall time ÷ ideal.

``python -m tests.benchmarks.calls`` (``make perf`` runs it) compares the direct path and litellm's
with a bare aiohttp client, in one run, against a stub server in a process of its own. The ledger is
on, with a cap. The ideal is calls × latency ÷ concurrency.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp

from bench.metering.prices import Price, PriceTable, Rates, price_table
from bench.metering.spending import Spending
from bench.models.direct import DirectModel
from bench.models.hosted import HostedModel
from bench.models.litellm import LitellmModel
from bench.types import Request
from tests.fault_server import wire

SETTINGS = ((0.0, 64), (0.05, 100), (1.0, 1000))
"""(latency in seconds, calls at once)."""
ASK = Request(
    (
        {"role": "system", "content": "You decide which events are billed. " * 60},
        {"role": "user", "content": "Decide on event evt_1."},
    ),
    max_tokens=256,
)
USAGE = {"prompt_tokens": 600, "completion_tokens": 12, "total_tokens": 612}
BODY = json.dumps(
    wire.openai_body("any", None, [("decide", '{"event":"evt_1"}')], "tool_calls", USAGE)
).encode()
REPLY = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
    + str(len(BODY)).encode()
    + b"\r\n\r\n"
    + BODY
)


class Stub(asyncio.Protocol):
    """The least that can be called a server: answers each request alike after a delay."""

    latency_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.held = b""

    def data_received(self, data: bytes) -> None:
        self.held += data
        while True:
            head, found, rest = self.held.partition(b"\r\n\r\n")
            if not found:
                return
            fields = head.lower().split(b"content-length:")
            length = int(fields[1].split(b"\r\n")[0]) if len(fields) > 1 else 0
            if len(rest) < length:
                return
            self.held = rest[length:]
            delay = float(head.split(b" ")[1].split(b"/")[1])  # the latency stands in the path
            asyncio.get_running_loop().call_later(delay, self.answer)

    def answer(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(REPLY)  # type: ignore[attr-defined]


def serve(pipe: Connection) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Stub, "127.0.0.1", 0, backlog=4096)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def prices(name: str) -> PriceTable:
    table = price_table()
    own = {name: Price(name, Rates(1e-6, 4e-6, 1e-7, 1e-6, 4e-6))}
    return PriceTable(table.entries, own, "stub", "1", "0", "2026-11-24")


async def crowd(call: Callable[[], Awaitable[object]], calls: int, at_once: int) -> None:
    left = iter(range(calls))

    async def work() -> None:
        for _ in left:
            await call()

    await asyncio.gather(*(work() for _ in range(at_once)))


async def measured(
    call: Callable[[], Awaitable[object]], calls: int, at_once: int
) -> tuple[float, float]:
    """(wall seconds, CPU seconds) of this process, connections opened before."""
    await crowd(call, at_once, at_once)
    before = resource.getrusage(resource.RUSAGE_SELF)
    begun = time.perf_counter()
    await crowd(call, calls, at_once)
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_SELF)
    return wall, (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


async def bare(base: str, latency_s: float, at_once: int, calls: int) -> tuple[float, float]:
    body = {"model": "any", "messages": ASK.messages, "max_tokens": 256}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def call() -> None:
            async with session.post(f"{base}/{latency_s}/chat/completions", json=body) as response:
                await response.json()

        return await measured(call, calls, at_once)


async def ours(
    kind: type[HostedModel], name: str, base: str, latency_s: float, at_once: int, calls: int
) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        spending = Spending(Path(folder), 1e6, "perf")
        model = kind(name, base_url=f"{base}/{latency_s}", api_key="none")
        model.meter(spending, prices(name))
        try:
            return await measured(lambda: model.reply(ASK), calls, at_once)
        finally:
            await model.close()
            spending.close()


def main() -> None:
    near, far = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(far,), daemon=True)
    server.start()
    base = f"http://127.0.0.1:{near.recv()}"
    print(f"{'client':28}{'latency':>8}{'at once':>8}{'calls/s':>9}{'CPU ms':>8}{'÷ ideal':>9}")
    for latency_s, at_once in SETTINGS:
        quick = max(2_000, 3 * at_once)
        slow = max(500, at_once)
        ways: dict[str, tuple[Callable[[int], Awaitable[tuple[float, float]]], int]] = {
            "bare aiohttp": (lambda n: bare(base, latency_s, at_once, n), quick),  # noqa: B023
            "direct/": (
                lambda n: ours(DirectModel, "direct/any", base, latency_s, at_once, n),  # noqa: B023
                quick,
            ),
            "litellm hosted_vllm/": (
                lambda n: ours(LitellmModel, "hosted_vllm/any", base, latency_s, at_once, n),  # noqa: B023
                slow,
            ),
            "litellm openai/": (
                lambda n: ours(LitellmModel, "openai/any", base, latency_s, at_once, n),  # noqa: B023
                slow,
            ),
        }
        for title, (run, calls) in ways.items():
            wall, cpu = asyncio.run(run(calls))  # type: ignore[arg-type]
            ideal = calls * latency_s / at_once
            ratio = f"{wall / ideal:9.2f}" if ideal else f"{'—':>9}"
            print(
                f"{title:28}{latency_s * 1000:6.0f}ms{at_once:8}{calls / wall:9.0f}"
                f"{cpu / calls * 1000:8.2f}{ratio}",
                flush=True,
            )
    server.terminate()


if __name__ == "__main__":
    main()

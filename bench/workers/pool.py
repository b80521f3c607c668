"""The parent's side: starts workers, hands out trials, puts on record what comes back."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Final

from bench.errors import BenchError
from bench.journal import TRACES, Journal
from bench.metering.rate_limit import RateLimit
from bench.metering.spending import Spending
from bench.models.hosted import HostedModel
from bench.plan import TrialPlan, Trials
from bench.runner import Bench
from bench.types import Model
from bench.workers.rate_limit import Gate
from bench.workers.wire import (
    Failed,
    OutOfBudget,
    Share,
    order,
    receive,
    send,
)

_CODE: Final = "import sys; from bench.workers.process import main; main(int(sys.argv[1]))"
_PATIENCE_S: Final = 10.0
"""For a worker that has been told to end."""


@dataclass(frozen=True)
class Workers:
    """Runs the trials of a model in ``count`` processes, each with its share of the trials that
    are under way at once."""

    count: int
    journal: Journal
    spending: Spending | None = None

    async def execute_all(self, bench: Bench, planned: Trials, model: Model) -> None:
        """Run the trials, here if the model does not serve several at once or fills this machine
        by itself. Raises ``BenchError`` for what the user must mend, and if a worker dies."""
        at_once = min(bench.plan.settings.concurrency, model.concurrency, len(planned))
        count = min(self.count, at_once)
        if count < 2 or model.local:
            await bench.execute_all(planned, model)
            return
        pool = _Pool(bench, self.journal, self.spending, model, iter(planned))
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(count):
                    share = at_once // count + (number < at_once % count)
                    group.create_task(pool.lead(share))
        except* BenchError as errors:
            raise errors.exceptions[0] from None


@dataclass
class _Pool:
    bench: Bench
    journal: Journal
    spending: Spending | None
    model: Model
    queue: Iterator[TrialPlan]
    gates: list[Gate] = field(default_factory=list)

    async def lead(self, share: int) -> None:
        """Start a worker and keep it busy with ``share`` trials until none is left."""
        near, far = socket.socketpair()
        with far:
            process = subprocess.Popen(
                [sys.executable, "-c", _CODE, str(far.fileno())],
                pass_fds=(far.fileno(),),
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the parent; a worker ends with its socket
            )
        try:
            await self._lead(process, near, share)
        finally:
            near.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, _PATIENCE_S)
            if process.returncode is None:
                process.kill()
                process.wait()

    async def _lead(
        self, process: subprocess.Popen[bytes], near: socket.socket, share: int
    ) -> None:
        reader, writer = await asyncio.open_connection(sock=near)
        limit = self.model.rate_limit if isinstance(self.model, HostedModel) else RateLimit()
        gate = Gate(limit, writer, asks=limit.known)
        self.gates.append(gate)
        try:
            send(writer, sys.path)
            send(writer, self._share(gate))
            await self._feed(reader, writer, share, gate)
            send(writer, None)
        except EOFError:
            code = await asyncio.to_thread(process.wait)
            raise BenchError(
                f"a worker process died (exit code {code}), perhaps for lack of memory; repeat the "
                "command: it goes on where it stopped"
            ) from None
        finally:
            gate.close()
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _feed(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        share: int,
        gate: Gate,
    ) -> None:
        under_way = 0
        while True:
            if orders := [order(each) for each in islice(self.queue, share - under_way)]:
                send(writer, orders)
                under_way += len(orders)
            if not under_way:
                return
            match await receive(reader):
                case [*trials]:
                    self.journal.trial_lines(trial.line for trial in trials)
                    for trial in trials:
                        self.bench.watcher.trial(trial)
                    under_way -= len(trials)
                case OutOfBudget(id):
                    self.bench.undone.append(id)
                    self.bench.undone.extend(each.id for each in self.queue)
                    under_way -= 1
                case Failed(message, mendable):
                    raise BenchError(message) if mendable else RuntimeError(message)
                case message:
                    gate.hear(message, self.gates)

    def _share(self, gate: Gate) -> Share:
        account = None
        if self.spending is not None:
            account = (self.spending.path.parent.resolve(), self.spending.session)
        scratch: Path = next(iter(self.bench.templates.values())).folder
        plan = replace(self.bench.plan, models=(self.model,))
        return Share(plan, account, self.journal.folder.resolve() / TRACES, scratch, gate.asks)

"""A worker process: runs the trials that it is sent, and ends with its parent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
import traceback
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.database import Template
from bench.errors import BenchError, BudgetError
from bench.lines import append, encode
from bench.metering.spending import Spending
from bench.models.hosted import HostedModel
from bench.plan import TrialPlan
from bench.runner import Bench
from bench.types import BatchTiming, Model, Step, Trial
from bench.watcher import Nobody
from bench.workers.rate_limit import SharedRateLimit
from bench.workers.wire import (
    AskFirst,
    Failed,
    OutOfBudget,
    Share,
    TrialEnded,
    receive,
    send,
)

TOGETHER_S: Final = 0.01
"""Trials that end within this time of others are handed over together. For about as long, a slot
that one of them has freed stays empty, and a kill may lose trials that have ended."""


def main(descriptor: int) -> None:
    """Work for whoever holds the other end of the socket."""
    asyncio.run(_work(socket.socket(fileno=descriptor)))


async def _work(link: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=link)
    running: set[asyncio.Task[None]] = set()
    try:
        sys.path[:] = await receive(reader)  # what follows may name modules found there
        share: Share = await receive(reader)
        (model,) = share.plan.models
        limit = SharedRateLimit(writer=writer, asks=share.asks)
        with ExitStack() as stack:
            stack.callback(_cancel, running)
            _share(model, share, limit, stack)
            templates = {
                run.scenario.name: stack.enter_context(
                    Template(
                        run.scenario,
                        share.plan.settings.seed,
                        share.scratch,
                        share.plan.server,
                        through_http=share.plan.settings.through_http,
                    )
                )
                for run in share.plan.scenarios
            }
            traces = os.open(share.traces, os.O_WRONLY | os.O_APPEND)
            stack.callback(os.close, traces)
            reports = Reports(writer, traces, share.traces.parent)
            bench = Bench(share.plan, reports, Nobody(), templates)
            try:
                while (message := await receive(reader)) is not None:
                    if isinstance(message, int):
                        limit.let_go(message)
                        continue
                    if isinstance(message, AskFirst):
                        limit.ask_first()
                        continue
                    reports.under_way += len(message)
                    for each in message:
                        planned = TrialPlan(*each)
                        task = asyncio.create_task(_execute(bench, planned, model, reports))
                        running.add(task)
                        task.add_done_callback(running.discard)
            finally:
                _cancel(running)
                await asyncio.gather(*running, return_exceptions=True)
                await model.close()
    except EOFError:
        pass  # the parent has gone; what it has not put on record is done again
    except Exception as error:
        _tell(writer, error)
    writer.close()


def _share(model: Model, share: Share, limit: SharedRateLimit, stack: ExitStack) -> None:
    """Let the model keep the run's limits, not limits of its own."""
    if not isinstance(model, HostedModel):
        return
    model.rate_limit = limit
    if share.account is not None:
        folder, session = share.account
        spending = Spending(folder, None, session, announce=False)
        stack.callback(spending.close)
        model.meter(spending, share.plan.prices)


async def _execute(bench: Bench, planned: TrialPlan, model: Model, reports: Reports) -> None:
    try:
        await bench.execute(planned, model)
    except BudgetError:
        reports.out_of_budget(planned)
    except EOFError:
        pass  # the parent has gone
    except Exception as error:
        reports.hand_over()
        _tell(reports.writer, error)


def _tell(writer: asyncio.StreamWriter, error: Exception) -> None:
    mendable = isinstance(error, BenchError)
    said = str(error) if mendable else traceback.format_exc()
    with contextlib.suppress(EOFError):
        send(writer, Failed(said, mendable))


def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()


@dataclass
class Reports:
    """Stands in for the journal. Steps go into the traces at once, since they have been paid for,
    and an orphan's do no harm there; trials go to the process that holds the journal, those that
    end within ``TOGETHER_S`` of others together with them: waking it for each costs both."""

    writer: asyncio.StreamWriter
    traces: int
    folder: Path
    under_way: int = 0
    """Trials that were sent here and have not ended."""
    _ended: list[TrialEnded] = field(default_factory=list)
    _handed_over: float = 0.0

    def step(self, step: Step) -> None:
        """Write the step."""
        append(self.traces, encode("step", step), self.folder)

    def trial(self, trial: Trial) -> None:
        """Send the trial, or have it sent soon."""
        self.under_way -= 1
        line = encode("trial", trial)
        ended = TrialEnded(line, trial.id, trial.approach, trial.case, trial.status)
        self._ended.append(ended)
        if not self.under_way or time.monotonic() - self._handed_over >= TOGETHER_S:
            self.hand_over()
        elif len(self._ended) == 1:
            asyncio.get_running_loop().call_later(TOGETHER_S, self.hand_over)

    def out_of_budget(self, planned: TrialPlan) -> None:
        """Send that the trial was not run, or not to its end, after those that were."""
        self.under_way -= 1
        self.hand_over()
        with contextlib.suppress(EOFError):
            send(self.writer, OutOfBudget(planned.id))

    def hand_over(self) -> None:
        """Send the trials that have ended. Those that the parent no longer takes are run again."""
        if self._ended:
            self._handed_over = time.monotonic()
            with contextlib.suppress(EOFError):
                send(self.writer, self._ended)
            self._ended.clear()

    def batch(self, batch: BatchTiming) -> None:
        """Workers time nothing."""

    def finish(self) -> None:
        """The parent knows when the run is complete."""

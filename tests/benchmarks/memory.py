"""How much memory a run takes as it grows: resident megabytes before its trials and at its peak,
and the peak of what comes after.

``python -m tests.benchmarks.memory [TRIALS …]`` runs 1,000, 10,000 and 100,000 trials of the toy
scenario, as many cases or ten cases again and again, every call on account as with a hosted model;
then reads each run's journal as the same command does that goes on with it, and once more for a
report's figures. Each number comes from a process of its own.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import psutil

from bench.journal import JOURNAL, Journal, read_manifest, read_run, read_steps, runs
from bench.manifest import Settings, make_manifest
from bench.metering.spending import Spending
from bench.plan import plan_scenario
from bench.progress import find_unfinished
from bench.runner import Plan, run
from bench.types import Limits, Reply, Request
from tests.benchmarks.stub import Stub
from tests.toy import TOY

MB = 1e6


class Gauge:
    """Notes the resident memory when a tenth of the trials has ended, and at the end."""

    def __init__(self, trials: int) -> None:
        self.trials = trials
        self.ended = 0
        self.early = self.late = 0.0

    def phase(self, title: str, trials: int) -> None:
        """Of no interest."""

    def trial(self, _trial: object) -> None:
        """Note it."""
        self.ended += 1
        if self.ended in (self.trials // 10, self.trials):
            gc.collect()
            here = psutil.Process().memory_info().rss / MB
            self.early, self.late = self.early or here, here


class Metered(Stub):
    """Answers at once, for a thousandth of a cent that is reserved before and settled after."""

    def __init__(self, steps: int, folder: Path) -> None:
        super().__init__(steps)
        self.spending = Spending(folder, 1e6, "perf")

    async def reply(self, request: Request) -> Reply:
        """The next call."""
        assert request.origin is not None
        trial, attempt = request.origin.trial, request.origin.attempt
        call = await self.spending.reserve(1e-4, trial=trial, attempt=attempt, model=self.name)
        reply = await super().reply(request)
        self.spending.settle(call, 1e-5)
        return reply


def grow(folder: Path, trials: int, repeats: int) -> dict[str, float]:
    """Run that many trials; megabytes planned, after a tenth, and at the end."""
    settings = Settings(
        approaches=("agent",), repeats=repeats, concurrency=64, limits=Limits(steps=3)
    )
    count = trials // repeats
    cases = plan_scenario(TOY, {"digits": count}, seed=1, repeated=count if repeats > 1 else 0)
    plan = Plan((cases,), (Stub(2),), settings)
    gauge = Gauge(trials)
    manifest = make_manifest(plan, command="perf")
    folder = folder / manifest.run
    journal = Journal.create(folder, manifest)
    planned = psutil.Process().memory_info().rss / MB
    model = Metered(2, folder)
    asyncio.run(run(replace(plan, models=(model,)), journal, gauge))
    journal.close()
    model.spending.close()
    assert gauge.ended == trials
    return {"planned": planned, "early": gauge.early, "late": gauge.late}


def resume(parent: Path) -> dict[str, float]:
    """Read what an interrupted run has on record."""
    (folder,) = runs(parent)
    journal = folder / JOURNAL
    os.truncate(journal, journal.stat().st_size - len(b'{"kind":"finished"}\n'))
    manifest = read_manifest(folder)
    found = find_unfinished(parent, manifest.identity)
    assert found is not None
    assert len(found.done) == manifest.planned_trials
    Spending(folder, 1e6, "again").close()
    return {}


def report(parent: Path) -> dict[str, float]:
    """Work out the figures of a run's report."""
    from bench.analysis.summary import summarise_run  # its libraries are no part of a run

    (folder,) = runs(parent)
    assert summarise_run(read_run(folder), read_steps(folder)).trials
    return {}


def measured(parent: Path, what: str, *arguments: int) -> dict[str, float]:
    """What a process of its own says of itself, its peak included."""
    command = [sys.executable, "-m", "tests.benchmarks.memory", f"--{what}", str(parent)]
    done = subprocess.run(
        [*command, *map(str, arguments)], stdout=subprocess.PIPE, check=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main(arguments: Sequence[str]) -> None:
    tasks: dict[str, Callable[..., dict[str, float]]] = {
        "--run": grow, "--resume": resume, "--report": report
    }  # fmt: skip
    work = tasks.get(arguments[0]) if arguments else None
    if work is not None:
        found = work(Path(arguments[1]), *map(int, arguments[2:]))
        unit = 1 if sys.platform == "darwin" else 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MB
        print(json.dumps({**found, "peak": peak}))
        return
    columns = ("planned", "a tenth", "end", "peak", "go on", "figures")
    print(f"{'trials':>8}{'cases':>9}" + "".join(f"{name:>9}" for name in columns) + "   MB")
    for trials in [int(each) for each in arguments] or [1_000, 10_000, 100_000]:
        for repeats in (trials // 10, 1):
            with tempfile.TemporaryDirectory() as name:
                parent = Path(name)
                found = measured(parent, "run", trials, repeats)
                figures = measured(parent, "report")["peak"]
                row = [*found.values(), measured(parent, "resume")["peak"], figures]
            print(
                f"{trials:8,}{trials // repeats:9,}" + "".join(f"{mb:9.0f}" for mb in row),
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])

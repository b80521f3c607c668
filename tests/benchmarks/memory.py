"""How much memory a run takes as it grows: resident megabytes before its trials and at its peak.

``python -m tests.benchmarks.memory [TRIALS …]`` runs 1,000, 10,000 and 100,000 trials of the toy
scenario, each number in a process of its own: as many cases, or ten cases again and again.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

from bench.journal import Journal
from bench.manifest import Settings, make_manifest
from bench.plan import plan_scenario
from bench.runner import Plan, run
from bench.types import Limits
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


def grow(trials: int, repeats: int) -> dict[str, float]:
    """Run that many trials; megabytes planned, after a tenth, at the end, and at the peak."""
    settings = Settings(
        approaches=("agent",), repeats=repeats, concurrency=64, limits=Limits(steps=3)
    )
    count = trials // repeats
    cases = plan_scenario(TOY, {"digits": count}, seed=1, repeated=count if repeats > 1 else 0)
    plan = Plan((cases,), (Stub(2),), settings)
    gauge = Gauge(trials)
    with tempfile.TemporaryDirectory() as parent:
        manifest = make_manifest(plan, command="perf")
        journal = Journal.create(Path(parent) / "run", manifest)
        planned = psutil.Process().memory_info().rss / MB
        asyncio.run(run(plan, journal, gauge))
        journal.close()
    assert gauge.ended == trials
    peak = (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        * (1 if sys.platform == "darwin" else 1024)
        / MB
    )
    return {"planned": planned, "early": gauge.early, "late": gauge.late, "peak": peak}


def main(arguments: Sequence[str]) -> None:
    if arguments[:1] == ["--one"]:
        print(json.dumps(grow(int(arguments[1]), int(arguments[2]))))
        return
    print(f"{'trials':>8}{'cases':>9}{'planned':>10}{'a tenth':>10}{'end':>8}{'peak':>8}   MB")
    for trials in [int(each) for each in arguments] or [1_000, 10_000, 100_000]:
        for repeats in (trials // 10, 1):
            command = [sys.executable, "-m", "tests.benchmarks.memory", "--one"]
            done = subprocess.run(
                [*command, str(trials), str(repeats)], capture_output=True, check=True, text=True
            )
            found = json.loads(done.stdout)
            print(
                f"{trials:8,}{trials // repeats:9,}{found['planned']:10.0f}{found['early']:10.0f}"
                f"{found['late']:8.0f}{found['peak']:8.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])

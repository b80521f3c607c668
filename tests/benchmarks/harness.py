"""What the harness itself costs: milliseconds a step and a trial, and what workers add, beside the
most that this machine lets them add.

``python -m tests.benchmarks.harness [TRIALS]`` (``make perf`` runs it with few) lets a stub in the
process play the toy scenario, journal, traces, databases and win condition included. A step's cost
is the difference between long and short trials of the same run, divided by the steps between.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.journal import Journal, read_run
from bench.manifest import Settings, make_manifest
from bench.plan import plan_scenario
from bench.runner import Plan, run
from bench.types import Limits, Trial
from bench.workers import Workers
from tests.benchmarks.stub import Stub
from tests.toy import TOY

SHORT, LONG = 2, 12
"""Steps a trial."""


class Clock:
    """Notes when trials end."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def phase(self, title: str, trials: int) -> None:
        """Of no interest."""

    def trial(self, trial: Trial) -> None:
        """Note it."""
        self.ends.append(time.perf_counter())

    @property
    def rate(self) -> float:
        """Trials a second from the first hundredth on, so that start-up is left out."""
        skipped = len(self.ends) // 100 + 1
        return (len(self.ends) - skipped) / (self.ends[-1] - self.ends[skipped - 1])


def play(trials: int, steps: int, workers: int) -> tuple[Clock, float]:
    """(clock, CPU seconds of this process) of a run of that many trials."""
    settings = Settings(
        approaches=("agent",), repeats=1, concurrency=64, limits=Limits(steps=steps + 1)
    )
    cases = plan_scenario(TOY, {"digits": trials}, seed=1, repeated=0)
    plan = Plan((cases,), (Stub(steps),), settings)
    clock = Clock()
    with tempfile.TemporaryDirectory() as parent:
        manifest = make_manifest(plan, command="perf")
        journal = Journal.create(Path(parent) / "run", manifest)
        before = resource.getrusage(resource.RUSAGE_SELF)
        asyncio.run(run(plan, journal, clock, executor=Workers(workers, journal)))
        after = resource.getrusage(resource.RUSAGE_SELF)
        journal.close()
        if trials <= 10_000:
            recorded = read_run(Path(parent) / "run")
            assert {trial.steps for trial in recorded.trials} == {steps}
    return clock, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def costs(trials: int) -> None:
    """Print CPU milliseconds a trial and a step."""
    play(50, SHORT, 1)  # what is imported and compiled once
    _clock, short = play(trials, SHORT, 1)
    _clock, long = play(trials, LONG, 1)
    step = (long - short) / trials / (LONG - SHORT)
    trial = short / trials - SHORT * step
    print(
        f"harness, beside the model: {step * 1e3:.2f} ms of CPU a step, {trial * 1e3:.2f} a trial"
    )


def alone(trials: int) -> float:
    """The rate of one process."""
    return play(trials, SHORT, 1)[0].rate


def apart(trials: int) -> float:
    """What two runs in processes that share nothing but the machine do together: what cores that
    share caches, clock and host give up, no program wins back."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        return sum(pool.map(alone, [trials // 2] * 2, chunksize=1))


def scaling(trials: int, rounds: int = 5) -> None:
    """Print the rates of one process, of two workers and of two processes apart, in turns, and
    the median of what each round says: the machine's speed drifts from round to round."""
    rates: list[tuple[float, float, float]] = [
        (alone(trials), play(trials, SHORT, 2)[0].rate, apart(trials)) for _ in range(rounds)
    ]
    one, two, most = (" ".join(f"{rate:.0f}" for rate in each) for each in zip(*rates, strict=True))
    workers = sorted(two / one for one, two, _ in rates)
    machine = sorted(most / one for one, _, most in rates)
    share = median(two / most for _, two, most in rates)
    print(
        f"workers, trials/s: {one} in one process, {two} with --workers 2, "
        f"{most} in two processes apart\n"
        f"median of {rounds} rounds: --workers 2 does {median(workers):.2f}× of one process "
        f"({workers[0]:.2f} to {workers[-1]:.2f}); the machine itself gives two processes "
        f"{median(machine):.2f}× ({machine[0]:.2f} to {machine[-1]:.2f}); "
        f"that is {share:.0%} of it"
    )


def main(arguments: Sequence[str]) -> None:
    trials = int(arguments[0]) if arguments else 1_000
    costs(trials)
    scaling(5 * trials)  # long enough for the start of the workers not to count


if __name__ == "__main__":
    main(sys.argv[1:])

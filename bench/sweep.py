"""One run at several settings: how time, tokens and dollars grow with the amount of work, with how
much travels at once, with repeats, or with the size of a case.

``records`` times the job in one batch of each size; an agent handles case by case, so its trials
need nothing added. ``repeats`` runs each repeated case as often as the largest value; the smaller
ones are read from the same trials. ``concurrency`` and ``batch`` run the model's trials once more
for each value, on record in the same journal under the value's name, so that they are resumed,
metered and kept within the budget like all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bench.errors import BenchError
from bench.plan import ScenarioRun, plan_scenario
from bench.types import Scenario, Sweep

if TYPE_CHECKING:
    from bench.runner import Plan

PARAMETERS = {
    "records": "records in one batch of the job",
    "concurrency": "trials at once",
    "repeats": "executions of a repeated case",
    "batch": "records in one case",
}
MOST = 10_000_000


@runtime_checkable
class Resizable(Protocol):
    """A scenario whose cases can be made larger or smaller."""

    def resized(self, records: int) -> Scenario:
        """The same scenario with cases of that many records each, under ids of their own; the given
        one stays as it is."""


def parse(text: str) -> Sweep:
    """``records=1e2,1e3`` as a sweep, its values ascending. Raises ``BenchError`` if it is none."""
    parameter, found, listed = text.partition("=")
    if not found or parameter not in PARAMETERS:
        raise BenchError(
            f"--sweep {text}: write PARAMETER=VALUE,VALUE,… with one of {', '.join(PARAMETERS)}"
        )
    values = []
    for word in listed.split(","):
        try:
            value = float(word)
        except ValueError:
            value = 0.0
        if not (1 <= value <= MOST and value == int(value)):
            raise BenchError(
                f"--sweep {text}: {word.strip()!r} is no whole number from 1 to {MOST:,}; "
                f"write {parameter}=1e2,1e3"
            )
        values.append(int(value))
    if len(set(values)) < 2:
        raise BenchError(f"--sweep {text}: a curve needs two values at least, better three")
    return Sweep(parameter, tuple(sorted(set(values))))


def check(sweep: Sweep, chosen: Sequence[Scenario]) -> None:
    """Raises ``BenchError`` if a scenario cannot be swept that way."""
    for scenario in chosen:
        if sweep.parameter == "batch" and not isinstance(scenario, Resizable):
            raise BenchError(
                f"--sweep batch: the cases of {scenario.name} have no size to choose; "
                "name a scenario whose cases have one"
            )


def points(plan: Plan) -> list[Plan]:
    """A plan for each value that needs trials of its own, each case once."""
    sweep = plan.settings.sweep
    if sweep is None or sweep.parameter not in ("concurrency", "batch"):
        return []
    found = []
    for value in sweep.values:
        settings = replace(plan.settings, sweep=None, repeats=1)
        runs = plan.scenarios
        if sweep.parameter == "concurrency":
            settings = replace(settings, concurrency=value)
        else:
            runs = resized(runs, value, settings.seed)
        point = f"{sweep.parameter}={value}"
        found.append(replace(plan, scenarios=runs, settings=settings, point=point))
    return found


def resized(runs: Sequence[ScenarioRun], records: int, seed: int) -> tuple[ScenarioRun, ...]:
    """The same number of cases of each stratum, each of that many records."""
    return tuple(
        plan_scenario(run.scenario.resized(records), run.counts, seed=seed, repeated=0)
        for run in runs
        if isinstance(run.scenario, Resizable)
    )

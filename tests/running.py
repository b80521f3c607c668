"""Makes real runs of the toy scenario."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

from bench.journal import Journal
from bench.manifest import Settings, make_manifest
from bench.plan import plan_scenario
from bench.runner import Plan, run
from bench.types import Model, Request, Trial
from tests.scripted import ScriptedModel
from tests.toy import TOY, action

APPROACHES = ("always_skip", "always_defer", "job", "agent", "hybrid")


class Quiet:
    """Watches without a word."""

    def __init__(self) -> None:
        self.phases: list[tuple[str, int]] = []
        self.trials: list[Trial] = []

    def phase(self, title: str, trials: int) -> None:
        self.phases.append((title, trials))

    def trial(self, trial: Trial) -> None:
        self.trials.append(trial)


def always_even(request: Request) -> str:
    """Look, then call it even: right half of the time."""
    assert request.origin is not None
    (record,) = request.origin.records
    if request.origin.step == 0:
        return action("look", id=record)
    return action("label", id=record, label="even")


def toy_plan(model: Model | None = None, *, repeats: int = 2, digits: int = 4) -> Plan:
    settings = Settings(approaches=APPROACHES, repeats=repeats, batch_records=50)
    cases = plan_scenario(TOY, {"digits": digits, "words": 2}, seed=1, repeated=2)
    return Plan((cases,), (model or ScriptedModel([always_even]),), settings)


def journal_of(plan: Plan, folder: Path) -> Journal:
    """The journal in ``folder``, which may hold a part of the plan already."""
    if folder.exists():
        return Journal(folder)
    return Journal.create(folder, make_manifest(plan, command="bench run toy"))


def run_plan(plan: Plan, folder: Path, *, done: Collection[str] = ()) -> Quiet:
    """Run a plan into ``folder``, which may hold a part of it already."""
    journal = journal_of(plan, folder)
    watcher = Quiet()
    try:
        asyncio.run(run(plan, journal, watcher, done=done))
    finally:
        journal.close()
    return watcher


def run_toy(parent: Path, text: str | None = None) -> Path:
    """A finished run; with ``text``, of a model that says only that."""
    folder = parent / "run"
    run_plan(toy_plan(ScriptedModel([text]) if text is not None else None), folder)
    return folder

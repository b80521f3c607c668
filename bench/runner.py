"""Runs the planned trials, each on a database of its own, and puts them on record.

Trials that the journal already holds are not run again, so an interrupted run is continued by
running the same plan on the same journal.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Collection, Container, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from bench.abilities import Unguardable
from bench.approaches import approach as find_approach
from bench.compact import Strings
from bench.database import Template
from bench.database.server import Server
from bench.dollars import api_dollars, dollars, provenances
from bench.errors import BenchError, BudgetError
from bench.hashing import content_hash
from bench.manifest import Settings
from bench.metering.prices import PriceTable, price_table
from bench.plan import ScenarioRun, TrialPlan, Trials, joined, model_trials, plain_trials
from bench.record import Record
from bench.sweep import points
from bench.timing import time_rounds
from bench.types import (
    UNKNOWN_USAGE,
    Assignment,
    BatchTiming,
    Case,
    Conduct,
    Model,
    QueryClock,
    Scenario,
    Status,
    Timing,
    Trial,
    Usage,
    Verdict,
    Workspace,
    total_usage,
)
from bench.watcher import Watcher


class Executor(Protocol):
    """Another way of running many trials than one after the other in this process."""

    async def execute_all(self, bench: Bench, planned: Trials, model: Model) -> None:
        """Run the trials, put them on record, and add what was not run to ``bench.undone``."""


@dataclass(frozen=True)
class Plan:
    """Everything that a run will do."""

    scenarios: tuple[ScenarioRun, ...]
    models: tuple[Model, ...]
    settings: Settings
    prices: PriceTable = field(default_factory=price_table)
    point: str = ""
    """The point of a sweep that this is the plan of."""
    server: Server | None = None
    """Where the databases are; None for SQLite."""

    def plain(self) -> Trials:
        """The trials of approaches that need no model."""
        names = [n for n in self.settings.approaches if not find_approach(n).uses_model]
        repeats = self.settings.repeats
        return Trials(
            *(partial(plain_trials, run, names, repeats, self.point) for run in self.scenarios)
        )

    def modelled(self, model: Model) -> Trials:
        """The trials of approaches that use ``model``, scenario by scenario, so that the prompt
        prefix of one scenario stays in the model's cache."""
        names = [n for n in self.settings.approaches if find_approach(n).uses_model]
        groups = [(run, names) for run in self.scenarios]
        if self.point:
            # A point's clock is read for each approach, so they must not share the time.
            by_name = sorted(self.scenarios, key=lambda run: run.scenario.name)
            groups = [(run, [name]) for run in by_name for name in sorted(names)]
        repeats = self.settings.repeats
        return Trials(
            *(
                partial(model_trials, run, some, model.name, repeats, self.point)
                for run, some in groups
            )
        )

    def trials(self) -> Trials:
        """All trials, those of a sweep's points last."""
        own = [self.plain(), *(self.modelled(model) for model in self.models)]
        return joined([*own, *(point.swept() for point in points(self))])

    def swept(self) -> Trials:
        """The trials of a point: plain code too where the cases are others."""
        plain = [self.plain()] if self.point.startswith("batch=") else []
        return joined([*plain, *(self.modelled(model) for model in self.models)])


async def run(
    plan: Plan,
    record: Record,
    watcher: Watcher,
    *,
    done: Container[str] = (),
    timed: Collection[tuple[str, int]] = (),
    executor: Executor | None = None,
) -> Sequence[str]:
    """Run the plan, then mark the run as finished. Trials whose ids are in ``done`` and batches
    whose (scenario, records) are in ``timed`` are on record already and left out. Returns the ids
    of the trials that were not run for lack of budget; with any of these the run stays unfinished.

    The plain code goes first, in a phase of its own, so that no model fills the cores while it
    is timed. The models' trials are run by ``executor`` if there is one.
    """
    with ExitStack() as stack:
        bench = Bench(plan, record, watcher, _templates(plan, stack))
        await bench.execute_plain(done)
        if "job" in plan.settings.approaches:
            for each in plan.scenarios:
                for records in plan.settings.batches:
                    if (each.scenario.name, records) not in timed:
                        record.batch(bench.batch(each, records))
        stages = [bench]
        for point in points(plan):
            own = point.scenarios is not plan.scenarios
            templates = _templates(point, stack) if own else bench.templates
            stage = Bench(point, record, watcher, templates, bench.undone)
            if own:
                await stage.execute_plain(done)
            stages.append(stage)
        for model in plan.models:
            try:
                for stage in stages:
                    await stage.execute_model(model, done, executor)
            finally:
                await model.close()
        if not bench.undone:
            record.finish()
        return bench.undone


def _templates(plan: Plan, stack: ExitStack) -> dict[str, Template]:
    return {
        each.scenario.name: stack.enter_context(
            Template(
                each.scenario,
                plan.settings.seed,
                server=plan.server,
                through_http=plan.settings.through_http,
            )
        )
        for each in plan.scenarios
    }


@dataclass
class Bench:
    """A run in progress: executes its trials, in whatever order they are asked for."""

    plan: Plan
    record: Record
    watcher: Watcher
    templates: Mapping[str, Template]
    undone: Strings = field(default_factory=Strings)
    """Trials that were not run, or not to their end, for lack of budget."""

    def __post_init__(self) -> None:
        self.runs = {run.scenario.name: run for run in self.plan.scenarios}

    async def execute_plain(self, done: Container[str]) -> None:
        """Run the plan's trials that need no model, one after another."""
        rest = self.plan.plain().without(done)
        self.watcher.phase(f"plain code {self.plan.point}".rstrip(), len(rest))
        for planned in rest:
            await self.execute(planned, None)

    async def execute_model(
        self, model: Model, done: Container[str], executor: Executor | None = None
    ) -> None:
        """Run the plan's trials that need ``model``, by ``executor`` if there is one."""
        rest = self.plan.modelled(model).without(done)
        self.watcher.phase(f"{model.name} {self.plan.point}".rstrip(), len(rest))
        if executor is None:
            await self.execute_all(rest, model)
        else:
            await executor.execute_all(self, rest, model)

    async def execute_all(self, planned: Trials, model: Model) -> None:
        """Run trials with as many at once as the model and the settings allow."""
        queue = iter(planned)

        async def work() -> None:
            for planned in queue:
                try:
                    await self.execute(planned, model)
                except BudgetError:
                    # A trial that began goes unrecorded: it is no fault of the approach. Others
                    # that are under way may still end, within what is left.
                    self.undone.append(planned.id)
                    self.undone.extend(each.id for each in queue)

        workers = max(1, min(self.plan.settings.concurrency, model.concurrency, len(planned)))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(work())
        except* BenchError as errors:
            raise errors.exceptions[0] from None

    async def execute(self, planned: TrialPlan, model: Model | None) -> None:
        """Run one trial and put it on record."""
        settings = self.plan.settings
        template = self.templates[planned.scenario]
        case = self.runs[planned.scenario].cases.named(planned.case)
        scenario = self.runs[planned.scenario].handler(case)
        attempt = uuid.uuid4().hex[:12]
        approach = find_approach(planned.approach)
        with template.workspace(case) as workspace:
            if not settings.guards and approach.uses_model and isinstance(scenario, Unguardable):
                scenario.unguard(workspace)
                workspace.writes.clear()
            assignment = Assignment(
                trial=planned.id,
                attempt=attempt,
                scenario=scenario,
                approach=approach.name,
                case=case,
                workspace=workspace,
                repeat=planned.repeat,
                model=model,
                protocol=model.protocol if model else None,
                limits=settings.limits,
                temperature=settings.temperature,
                seed=settings.seed,
                guards=settings.guards,
                record=self.record.step,
                price=lambda usage: api_dollars(model, [usage], self.plan.prices).api,
            )
            started = time.time()
            clock = time.perf_counter()
            conduct = await approach.run(assignment)
            wall_s = time.perf_counter() - clock
            asked = replace(workspace.clock)
            verdict = scenario.verify(case, workspace)
            state = scenario.state(workspace)
        timing = None
        if approach.name == "job" and planned.repeat == 0 and conduct.cause is None:
            timing = self._time_job(template, scenario, case)
        trial = _trial(
            planned,
            attempt,
            case,
            conduct,
            verdict,
            model,
            self.plan,
            started=started,
            wall_s=wall_s,
            timing=timing,
            asked=asked,
            state_hash=content_hash(state),
            hostile=self.runs[planned.scenario].hostile(case),
        )
        self.record.trial(trial)
        self.watcher.trial(trial)

    def batch(self, run: ScenarioRun, records: int) -> BatchTiming:
        """Time the job on one batch of that many records, and verify what it did."""
        template = self.templates[run.scenario.name]
        case = run.scenario.batch(records, self.plan.settings.seed)
        with template.workspace(case) as workspace:
            run.scenario.job(workspace, unsure="review")
            verdict = run.scenario.verify(case, workspace)
        timing = self._time_job(template, run.scenario, case, rounds=3)
        return BatchTiming(
            scenario=run.scenario.name,
            records=len(case.records),
            rounds=timing.rounds,
            seconds=timing.median_s,
            **_counts(verdict),
        )

    def _time_job(
        self, template: Template, scenario: Scenario, case: Case, rounds: int | None = None
    ) -> Timing:
        def fresh() -> AbstractContextManager[Workspace]:
            return template.workspace(case, straight=True)

        def work(workspace: Workspace) -> object:
            return scenario.job(workspace, unsure="review")

        if rounds is None:
            return time_rounds(fresh, work)
        return time_rounds(fresh, work, min_rounds=rounds, max_rounds=rounds)


def _trial(
    planned: TrialPlan,
    attempt: str,
    case: Case,
    conduct: Conduct,
    verdict: Verdict,
    model: Model | None,
    plan: Plan,
    *,
    started: float,
    wall_s: float,
    timing: Timing | None,
    asked: QueryClock,
    state_hash: str,
    hostile: bool,
) -> Trial:
    steps = conduct.steps
    guards = Counter(tool.guard for step in steps for tool in step.tools if tool.guard)
    usage = total_usage(steps) + (Usage() if conduct.cut_s is None else UNKNOWN_USAGE)
    plain_s = timing.median_s if timing else conduct.job_s
    plain_s += sum(tool.duration_s for step in steps for tool in step.tools)
    model_s = sum(step.duration_s for step in steps) + (conduct.cut_s or 0.0)
    status: Status = "fail" if conduct.cause else verdict.status
    calls = [step.usage for step in steps]
    if conduct.cut_s is not None:
        calls.append(UNKNOWN_USAGE)
    paid = dollars(
        model,
        calls,
        plain_s,
        model_s,
        prices=plan.prices,
        usd_per_machine_hour=plan.settings.usd_per_machine_hour,
    )
    return Trial(
        id=planned.id,
        attempt=attempt,
        scenario=planned.scenario,
        approach=planned.approach,
        model=planned.model,
        case=case.id,
        stratum=case.stratum,
        drift=case.drift,
        repeat=planned.repeat,
        seed=plan.settings.seed,
        status=status,
        records=len(verdict.records),
        **_counts(verdict),
        reviewed=sum(record.reviewed for record in verdict.records),
        verdict=verdict,
        cause=conduct.cause,
        detail=conduct.detail,
        flagged=conduct.flagged,
        tasks=conduct.tasks,
        steps=len(steps),
        malformed=sum(step.malformed is not None for step in steps),
        tool_errors=sum(not tool.ok for step in steps for tool in step.tools),
        guarded=guards.total(),
        usage=usage,
        dollars=paid,
        started=started,
        wall_s=wall_s,
        working_s=plain_s + model_s,
        waiting_s=sum(step.waiting_s for step in steps) + conduct.waited_s,
        timing=timing,
        outcome_hash=content_hash([[r.record, r.decision] for r in verdict.records]),
        raw_hash=content_hash([conduct.decisions, [[step.text, step.calls] for step in steps]]),
        state_hash=state_hash,
        tool_sequence_hash=content_hash(conduct.tool_sequence),
        provenance=provenances(model, steps_tokens={step.tokens for step in steps}),
        tool_sequence=conduct.tool_sequence,
        guards=dict(sorted(guards.items())),
        repaired=case.repaired,
        variant=case.variant,
        twin=case.twin,
        asks=case.asks,
        hostile=hostile,
        point=planned.point,
        queries=asked.statements,
        query_s=asked.seconds,
    )


def _counts(verdict: Verdict) -> dict[str, int]:
    statuses = [record.status for record in verdict.records]
    return {
        "passed": statuses.count("pass"),
        "deferred": statuses.count("deferred"),
        "failed": statuses.count("fail"),
        "unknown": statuses.count("unknown"),
    }

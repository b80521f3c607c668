"""Both sides of a gate in one go: the same cases with two wordings, interleaved, until decided.

Two ordinary runs come out of it, so that everything which reads a run reads these as well.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from bench.database import Template
from bench.errors import BenchError
from bench.hashing import content_hash
from bench.journal import Journal, Manifest, Run, ScenarioPlan, read_run, unused
from bench.manifest import make_manifest
from bench.models.reference import Ideal
from bench.plan import ScenarioRun, TrialPlan
from bench.progress import find_unfinished
from bench.runner import Bench, Plan
from bench.session import Options, prepare
from bench.types import Case, Limits, Model, Trial, Wording, reworded
from bench.watcher import Watcher

Side = Literal["base", "head"]
SIDES: tuple[Side, Side] = ("base", "head")
NOTE = "One side of a gate: it ends when the comparison is decided, perhaps before the last case."
Decided = Callable[[str, str, Sequence[Trial], Sequence[Trial]], bool]
"""(scenario, model, trials of base, trials of head) → whether more of them would be a waste."""


@dataclass(frozen=True)
class Duel:
    """Two sides that are ready to go, new or continued."""

    plans: Mapping[Side, Plan]
    manifests: Mapping[Side, Manifest]
    folders: Mapping[Side, Path]
    recorded: Mapping[Side, Run | None]
    ideal: Ideal
    sides: tuple[Side, ...] = SIDES
    """Those that are run; the other one is on record."""

    @property
    def comparisons(self) -> int:
        """Scenarios × models × approaches."""
        plan = self.plans["head"]
        return len(plan.scenarios) * len(plan.models) * len(plan.settings.approaches)

    @property
    def models(self) -> tuple[Model, ...]:
        """The models of both sides."""
        return self.plans["head"].models

    def trials(self) -> int:
        """To be run, if nothing is decided before the last case."""
        return sum(len(self.plans[side].trials()) for side in self.sides)


def steps_at_most(duel: Duel) -> int:
    """Model calls of one model on what is run, were every step limit reached on every case."""
    plan = duel.plans["head"]
    limit = plan.settings.limits.steps
    calls = sum(
        limit or task.step_limit
        for run in plan.scenarios
        for case in run.cases
        for task in run.scenario.tasks(case, case.records)
    )
    return len(duel.sides) * calls * len(plan.settings.approaches) * plan.settings.repeats


def prepare_duel(
    options: Options, base: Mapping[str, Wording], *, sequential: bool, fresh: bool = False
) -> Duel:
    """Make both sides' plans: head as the scenarios stand, base with the wording given by scenario.

    Raises ``BenchError`` for whatever the user can mend.
    """
    session = prepare(replace(options, fresh=True))
    plan = session.plan
    if not plan.models:
        raise BenchError("a prompt changes only what uses a model; give --approach agent or hybrid")
    runs = tuple(_drawn(run, options) for run in plan.scenarios)
    settings = replace(plan.settings, approaches=options.approaches)
    plans: dict[Side, Plan] = {
        "head": replace(plan, scenarios=runs, settings=settings),
        "base": replace(
            plan,
            scenarios=tuple(
                replace(run, scenario=reworded(run.scenario, base[run.scenario.name]))
                for run in runs
            ),
            settings=settings,
        ),
    }
    made = {side: make_manifest(plans[side], command=options.command) for side in SIDES}
    shared = content_hash(["gate", sequential, *(made[side].identity for side in SIDES)])
    stem = made["head"].run.rpartition("-")[0] + f"-{shared[:8]}"
    stem = unused(options.results, stem, "-base")
    manifests: dict[Side, Manifest] = {
        side: replace(
            made[side],
            run=f"{stem}-{side}",
            identity=content_hash([shared, side]),
            sequential=sequential,
            notes=(NOTE,) if sequential else (),
        )
        for side in SIDES
    }
    results = options.results
    earlier = None if fresh else find_unfinished(results, manifests["base"].identity)
    recorded: dict[Side, Run | None] = {"base": None, "head": None}
    if earlier is not None:
        recorded["base"] = read_run(earlier.folder)
        manifests["base"] = earlier.manifest
        name = earlier.manifest.run.removesuffix("base") + "head"
        manifests["head"] = replace(manifests["head"], run=name)
        if (results / name).is_dir():
            recorded["head"] = read_run(results / name)
    folders = {side: results / manifests[side].run for side in SIDES}
    return Duel(plans, manifests, folders, recorded, session.ideal)


def prepare_rerun(options: Options, base: Run, *, fresh: bool = False) -> Duel:
    """Make the plan of a head that is compared with a run on record: its cases, with the wording of
    the working tree. ``options`` name scenarios, approaches and models of it; what else decides the
    results is taken from the record.

    Raises ``BenchError`` for whatever the user can mend.
    """
    manifest = base.manifest
    plans = {plan.name: plan for plan in manifest.scenarios if plan.name in options.scenarios}
    options = replace(
        options,
        counts={
            name: {s.name: s.cases for s in plan.strata if s.cases} for name, plan in plans.items()
        },
        options={name: value for plan in plans.values() for name, value in plan.options.items()},
        through_http=manifest.through_http,
        seed=manifest.seed,
        temperature=manifest.temperature,
        guards=manifest.guards,
        repeats=manifest.repeats,
        limits=Limits(**manifest.limits),
        fresh=True,
    )
    session = prepare(options)
    recorded = tuple(_as_recorded(run, plans[run.scenario.name]) for run in session.plan.scenarios)
    settings = replace(session.plan.settings, approaches=options.approaches)
    whole = replace(session.plan, scenarios=recorded, settings=settings)
    made = make_manifest(whole, command=options.command)
    drawn = tuple(replace(_drawn(run, options), repeated=run.repeated) for run in recorded)
    identity = content_hash([made.identity, "against", manifest.run])
    made = replace(
        made,
        run=unused(
            options.results,
            f"{made.run.rpartition('-')[0]}-{identity[:8]}-against-{base.folder.name}",
        ),
        identity=identity,
        scenarios=tuple(
            replace(each, drawn=tuple(run.cases.ids))
            for each, run in zip(made.scenarios, drawn, strict=True)
        ),
        sequential=True,
        notes=(NOTE,),
    )
    plan = replace(session.plan, scenarios=drawn, settings=settings)
    earlier = None if fresh else find_unfinished(options.results, made.identity)
    head = earlier.manifest if earlier is not None else made
    return Duel(
        plans={"base": plan, "head": plan},
        manifests={"base": manifest, "head": head},
        folders={"base": base.folder, "head": options.results / head.run},
        recorded={"base": base, "head": read_run(earlier.folder) if earlier else None},
        ideal=session.ideal,
        sides=("head",),
    )


def _as_recorded(run: ScenarioRun, plan: ScenarioPlan) -> ScenarioRun:
    """The cases in the order of the record, those repeated that were."""
    rank = {case: number for number, case in enumerate(plan.cases)}
    ranks = [rank.get(id, len(rank)) for id in run.cases.ids]
    order = sorted(range(len(ranks)), key=ranks.__getitem__)
    return replace(run, cases=run.cases.at(order), repeated=frozenset(plan.repeated))


async def run_duel(duel: Duel, watcher: Watcher, decided: Decided) -> None:
    """Run both sides, round by round, asking ``decided`` after each, and mark them finished."""
    with ExitStack() as stack:
        journals = {side: _open(duel, side) for side in duel.sides}
        for journal in journals.values():
            stack.callback(journal.close)
        benches = {
            side: Bench(
                duel.plans[side],
                journals[side],
                watcher,
                {
                    run.scenario.name: stack.enter_context(
                        Template(
                            run.scenario,
                            duel.plans[side].settings.seed,
                            server=duel.plans[side].server,
                            through_http=duel.plans[side].settings.through_http,
                        )
                    )
                    for run in duel.plans[side].scenarios
                },
            )
            for side in duel.sides
        }
        contest = _Contest(duel, journals, benches, decided)
        for model in duel.models:
            watcher.phase(model.name, duel.trials() // len(duel.models))
            try:
                for number in range(len(duel.plans["head"].scenarios)):
                    await contest.fight(number, model)
            finally:
                await model.close()
        # Base last: a kill in between leaves it unfinished, and the same command goes on.
        for side in reversed(duel.sides):
            run = duel.recorded[side]
            if run is None or not run.finished:
                journals[side].finish()


@dataclass
class _Contest:
    """A duel in progress, with the trials of both sides so far."""

    duel: Duel
    journals: Mapping[Side, Journal]
    benches: Mapping[Side, Bench]
    decided: Decided

    def __post_init__(self) -> None:
        self.trials: dict[Side, dict[str, Trial]] = {}
        for side in SIDES:
            run = self.duel.recorded[side]
            self.trials[side] = {trial.id: trial for trial in run.trials} if run else {}
            if side in self.duel.sides:
                kept, record = self.trials[side], self.journals[side]
                self.benches[side].record = _Keeping(record, kept)

    async def fight(self, number: int, model: Model) -> None:
        """One scenario with one model, round by round, until it is decided."""
        run = self.duel.plans["head"].scenarios[number]
        name = run.scenario.name
        for cases in _rounds(run.cases):
            rest = [
                (side, trial)
                for side, trial in self._interleaved(run, cases, model)
                if trial.id not in self.trials[side]
            ]
            await self._all(rest, model)
            told = [
                [
                    t
                    for t in self.trials[side].values()
                    if (t.scenario, t.model) == (name, model.name)
                ]
                for side in SIDES
            ]
            if self.decided(name, model.name, told[0], told[1]):
                return

    def _interleaved(
        self, run: ScenarioRun, cases: Sequence[tuple[int, Case]], model: Model
    ) -> list[tuple[Side, TrialPlan]]:
        settings = self.duel.plans["head"].settings
        found: list[tuple[Side, TrialPlan]] = []
        for number, case in cases:
            for repeat in range(settings.repeats if case.id in run.repeated else 1):
                # Whoever comes second profits from what the first has warmed, so they take turns.
                order = SIDES if (number + repeat) % 2 == 0 else tuple(reversed(SIDES))
                found += [
                    (side, TrialPlan(run.scenario.name, approach, model.name, case.id, repeat))
                    for approach in settings.approaches
                    for side in order
                    if side in self.duel.sides
                ]
        return found

    async def _all(self, planned: Sequence[tuple[Side, TrialPlan]], model: Model) -> None:
        queue = list(reversed(planned))

        async def work() -> None:
            while queue:
                side, trial = queue.pop()
                await self.benches[side].execute(trial, model)

        settings = self.duel.plans["head"].settings
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(max(1, min(settings.concurrency, model.concurrency, len(queue)))):
                    group.create_task(work())
        except* BenchError as errors:
            raise errors.exceptions[0] from None


class _Keeping:
    """A journal that also keeps the trials at hand."""

    def __init__(self, journal: Journal, kept: dict[str, Trial]) -> None:
        self.step = journal.step
        self.batch = journal.batch
        self.finish = journal.finish
        self._journal = journal
        self._kept = kept

    def trial(self, trial: Trial) -> None:
        """Put it on record, then keep it."""
        self._journal.trial(trial)
        self._kept[trial.id] = trial


def _drawn(run: ScenarioRun, options: Options) -> ScenarioRun:
    """The cases in the order in which they are drawn: rounds of one case of each stratum, cases
    and strata shuffled by the seed. Every case is repeated equally."""
    dice = random.Random(f"gate {options.seed} {run.scenario.name}")
    cases = run.cases.sorted()
    by_stratum: dict[str, list[int]] = {}
    for place, stratum in enumerate(cases.strata):
        by_stratum.setdefault(stratum, []).append(place)
    for some in by_stratum.values():
        dice.shuffle(some)
    drawn: list[int] = []
    for number in range(max(map(len, by_stratum.values()))):
        turn = [some[number] for some in by_stratum.values() if number < len(some)]
        dice.shuffle(turn)
        drawn += turn
    cases = cases.at(drawn)
    return replace(run, cases=cases, repeated=frozenset(cases.ids))


def _rounds(cases: Sequence[Case]) -> list[list[tuple[int, Case]]]:
    rounds: list[list[tuple[int, Case]]] = []
    for number, case in enumerate(cases):
        if not rounds or case.stratum in {other.stratum for _, other in rounds[-1]}:
            rounds.append([])
        rounds[-1].append((number, case))
    return rounds


def _open(duel: Duel, side: Side) -> Journal:
    if duel.recorded[side] is not None:
        return Journal(duel.folders[side])
    return Journal.create(duel.folders[side], duel.manifests[side])

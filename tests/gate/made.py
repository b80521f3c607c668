"""Two sides to compare, made up in memory or written through the real journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.gate import Gate, Side, Wanted, compare, load_settings, read_side
from bench.gate.result import Metric
from bench.journal import Journal, Manifest, ModelPlan, Run, ScenarioPlan, StratumPlan
from bench.types import Dollars, Provenance, Provenances, Trial, Usage
from tests.synthetic import a_trial

MODEL = "toy-model"


@dataclass(frozen=True)
class Made:
    """One side. ``passes`` holds the outcome of every repeat of every case, by case."""

    passes: Mapping[str, Sequence[bool]]
    tokens: Mapping[str, int] = field(default_factory=dict)
    """By case; 1000 where none are given."""
    prompt: str = "prompt"
    prompt_tokens: int | None = 500
    approach: str = "agent"
    provenance: Provenance = "measured"
    usd: bool = True
    name: str = "run"
    finished: bool = True
    trial: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Changes to all trials of a case."""
    plan: Mapping[str, Any] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)
    identity: Mapping[str, Any] = field(default_factory=lambda: {"name": MODEL})
    strata: Mapping[str, int] = field(default_factory=dict)
    """Stratum → planned cases, where more were planned than were run."""

    def trials(self) -> list[Trial]:
        return [
            self._trial(case, repeat, passed)
            for case, repeats in self.passes.items()
            for repeat, passed in enumerate(repeats)
        ]

    def _trial(self, case: str, repeat: int, passed: bool) -> Trial:
        tokens = self.tokens.get(case, 1000)
        usd = tokens * 1e-6 if self.usd else None
        outcome: dict[str, Any] = {"passed": 1} if passed else {"failed": 1}
        made = a_trial(
            case=case,
            repeat=repeat,
            approach=self.approach,
            model=MODEL,
            id=f"toy/{self.approach}/{MODEL}/{case}/{repeat}",
            usage=Usage(input=tokens - 100 if tokens else 0, output=100 if tokens else 0),
            dollars=Dollars(usd and usd * 0.5, usd, 0.0, None if self.usd else "no price"),
            working_s=tokens / 500,
            outcome_hash=f"{case} {passed}",
            provenance=Provenances(*[self.provenance] * 4),
            **outcome,
        )
        changes = self.trial.get(case)
        return replace(made, **changes) if changes else made

    def manifest_made(self) -> Manifest:
        strata: dict[str, int] = {}
        for case in self.passes:
            name = case.rsplit("-", 1)[0]
            strata[name] = strata.get(name, 0) + 1
        plan = ScenarioPlan(
            name="toy",
            version="1",
            strata=tuple(
                StratumPlan(name, f"what {name} is", True, False, "none", 1.0, cases)
                for name, cases in strata.items()
            ),
            cases=tuple(self.passes),
            repeated=tuple(case for case, repeats in self.passes.items() if len(repeats) > 1),
            dataset_hash="data",
            prompt_hash=self.prompt,
            policy_hash="policy",
            tools_hash="tools",
            prompt_tokens=self.prompt_tokens,
        )
        plan = replace(
            plan,
            strata=tuple(replace(s, cases=self.strata.get(s.name, s.cases)) for s in plan.strata),
        )
        made = Manifest(
            schema_version=1,
            run=self.name,
            identity=self.name,
            created="2026-11-23T12:00:00+00:00",
            command="bench run toy",
            scenarios=(replace(plan, **self.plan),),
            approaches=(self.approach,),
            models=(ModelPlan(MODEL, "native", self.provenance, dict(self.identity)),),
            repeats=max(len(repeats) for repeats in self.passes.values()),
            seed=2026,
            temperature=0.0,
            guards=True,
            limits={"steps": None},
            concurrency=1,
            planned_trials=sum(len(repeats) for repeats in self.passes.values()),
            git_commit="d9d1bce0c0ffee",
            git_dirty=False,
            versions={"agent-or-job": "0.1.0"},
            machine={"cores": 2},
            price_table={"sha256": "ab" * 32},
            usd_per_machine_hour=0.1,
        )
        return replace(made, **self.manifest)

    def side(self) -> Side:
        run = Run(
            Path(self.name), self.manifest_made(), trials=self.trials(), finished=self.finished
        )
        return Side(run, {MODEL: (MODEL,)})

    def write(self, parent: Path) -> Path:
        journal = Journal.create(parent / self.name, self.manifest_made())
        try:
            for trial in self.trials():
                journal.trial(trial)
            if self.finished:
                journal.finish()
        finally:
            journal.close()
        return parent / self.name


def cases(stratum: str, number: int) -> list[str]:
    return [f"{stratum}-{index:04}" for index in range(number)]


def once(names: Sequence[str], failing: Sequence[str] = ()) -> dict[str, list[bool]]:
    """Every case run once, all passing but those that fail."""
    return {name: [name not in failing] for name in names}


def judged(base: Made, head: Made, config: Path | None = None, **wanted: Any) -> Gate:
    return compare(base.side(), head.side(), load_settings(config), Wanted(**wanted))


def metric(gate: Gate, name: str) -> Metric:
    (comparison,) = gate.comparisons
    return next(each for each in comparison.metrics if each.name == name)


def read_back(folder: Path) -> Side:
    return read_side(folder)


@dataclass(frozen=True)
class World:
    """Cases as a model meets them: some always right, some always wrong, some wavering."""

    strata: int = 4
    each: int = 25
    always: float = 0.65
    wavering: float = 0.25
    spread: float = 0.15
    """Standard deviation of the log tokens of one trial around its case's."""

    def pair(
        self,
        seed: int,
        *,
        drop: float = 0.0,
        tokens: float = 1.0,
        broken: str = "",
        repeats: int = 1,
    ) -> tuple[Made, Made]:
        """Both sides; head loses ``drop`` of what it would pass, or all of one stratum."""
        dice = np.random.default_rng(seed)
        names = [name for s in range(self.strata) for name in cases(f"s{s}", self.each)]
        kind = dice.random(len(names))
        chance = np.where(kind < self.always, 1.0, 0.0)
        wavers = (kind >= self.always) & (kind < self.always + self.wavering)
        chance[wavers] = dice.random(int(wavers.sum()))
        after = chance * (1 - drop / max(float(chance.mean()), 1e-9))
        if broken:
            after[[name.startswith(f"{broken}-") for name in names]] = 0.0
        size = np.exp(dice.normal(8, 0.5, len(names)))

        def made(chances: Any, factor: float, name: str) -> Made:
            passed = dice.random((repeats, len(names))) < chances
            used = size * factor * np.exp(dice.normal(0, self.spread, len(names)))
            return Made(
                {case: [bool(p) for p in passed[:, i]] for i, case in enumerate(names)},
                {case: int(used[i]) for i, case in enumerate(names)},
                prompt=name,
                name=name,
            )

        return made(chance, 1.0, "base"), made(after, tokens, "head")

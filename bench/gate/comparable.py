"""May two runs be compared? Prompt and policy may differ; anything else is named."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.gate.baseline import Baseline, is_baseline, read_baseline
from bench.gate.result import Difference
from bench.hashing import content_hash
from bench.journal import Manifest, ModelPlan, Run, ScenarioPlan, read_run, read_steps
from bench.types import Json


@dataclass(frozen=True)
class Side:
    """A run as it is compared."""

    run: Run
    snapshots: Mapping[str, tuple[str, ...]]
    """Model → the names under which the provider answered, sorted."""
    baseline: Baseline | None = None
    """Who blessed it, if it is one."""

    @property
    def scenarios(self) -> dict[str, ScenarioPlan]:
        """By name."""
        return {plan.name: plan for plan in self.run.manifest.scenarios}

    @property
    def models(self) -> dict[str, ModelPlan]:
        """By name."""
        return {plan.name: plan for plan in self.run.manifest.models}

    @property
    def engine(self) -> str | None:
        """What held the trials' databases; None in runs that do not say, older or imported."""
        return self.run.manifest.database.get("engine")


def read_side(folder: Path) -> Side:
    """Read one side from its journal and traces, or a baseline. Raises ``BenchError``."""
    if is_baseline(folder):
        baseline, blessed = read_baseline(folder)
        return Side(blessed, baseline.snapshots, baseline)
    answered: dict[str, set[str]] = {}
    for step in read_steps(folder):
        answered.setdefault(step.model, set()).add(step.model_reported)
    run = read_run(folder)
    return Side(run, {model: tuple(sorted(names)) for model, names in answered.items()})


def engines_differ(base: Side, head: Side) -> bool:
    """Whether the trials' databases were kept by different engines: the outcomes are the same on
    each, the times are not."""
    return None not in (base.engine, head.engine) and base.engine != head.engine


def key(side: Side) -> str:
    """One hash of all that has to be equal on both sides; prompt and policy may differ."""
    return content_hash(
        [
            _of_run(side),
            [[name, _of_scenario(plan)] for name, plan in sorted(side.scenarios.items())],
            [[name, _of_model(side, name)] for name in sorted(side.models)],
        ]
    )


def differences(base: Side, head: Side, scenario: str, model: str | None) -> list[Difference]:
    """What differs that should not, for one scenario and model that both sides have."""
    sides = (base, head)
    found = [*_unfinished(base, head)]
    one, other = (_of_run(side) for side in sides)
    found += _differing(one, other)
    if not all(side.scenarios[scenario].judged for side in sides):
        told = ("truth given" if side.scenarios[scenario].judged else "none" for side in sides)
        found.append(Difference("nobody said what is right", *told))
    one, other = (_of_scenario(side.scenarios[scenario]) for side in sides)
    found += _differing(one, other)
    if model is not None:
        one, other = (_of_model(side, model) for side in sides)
        found += _differing(one, other)
    return found


def changed_tasks(
    base: Manifest, head: Manifest, scenarios: Collection[str], models: Collection[str]
) -> list[Difference]:
    """What of tasks and models differs that should not, known before anything runs."""
    one, other = Side(Run(Path(), base), {}), Side(Run(Path(), head), {})
    found: list[Difference] = []
    for name in scenarios:
        found += _differing(_of_scenario(one.scenarios[name]), _of_scenario(other.scenarios[name]))
    for name in models:
        found += _differing(_of_model(one, name), _of_model(other, name))
    return [*found, *_differing(_of_run(one), _of_run(other))]


def _unfinished(base: Side, head: Side) -> Iterator[Difference]:
    if not (base.run.finished and head.run.finished):
        yield Difference(
            "a run is unfinished",
            *(
                "finished"
                if side.run.finished
                else f"{len(side.run.trials)} of {side.run.manifest.planned_trials} trials; "
                f"go on with: {side.run.manifest.command}"
                for side in (base, head)
            ),
        )


def _of_run(side: Side) -> dict[str, Json]:
    manifest = side.run.manifest
    return {
        "repeats": manifest.repeats,
        "seed": manifest.seed,
        "temperature": manifest.temperature,
        "guards": manifest.guards,
        "limits": dict(manifest.limits),
        "price table": manifest.price_table.get("sha256"),
    }


def _of_scenario(plan: ScenarioPlan) -> dict[str, Json]:
    return {
        "scenario version": plan.version,
        "cases": sorted(plan.cases),
        "repeated cases": sorted(plan.repeated),
        "dataset": plan.dataset_hash,
        "tools": plan.tools_hash,
    }


def _of_model(side: Side, model: str) -> dict[str, Json]:
    plan = side.models[model]
    said = side.snapshots.get(model)
    return {
        "tool protocol": plan.protocol,
        "provenance": plan.provenance,
        **{f"model {key}": value for key, value in plan.identity.items()},
        # Unknown where no call was made or the traces are gone; that is no difference.
        **({"model snapshot": list(said)} if said else {}),
    }


def _differing(base: dict[str, Json], head: dict[str, Json]) -> Iterator[Difference]:
    for key in {**base, **head}:
        if key == "model snapshot" and not (key in base and key in head):
            continue
        if base.get(key) != head.get(key):
            yield Difference(key, *_told(base.get(key), head.get(key)))


def _told(base: Json, head: Json) -> tuple[str, str]:
    if isinstance(base, list) and isinstance(head, list):
        only = [sorted(set(base) - set(head)), sorted(set(head) - set(base))]
        return _some(base, only[0]), _some(head, only[1])
    return _short(base), _short(head)


def _some(everything: list[str], only: list[str]) -> str:
    rest = ", …" if len(only) > 3 else ""
    here = f", only here: {', '.join(only[:3])}{rest}" if only else ""
    return f"{len(everything)}{here}"


def _short(value: Json) -> str:
    text = "none" if value is None else str(value)
    hexadecimal = len(text) >= 40 and set(text) <= set("0123456789abcdef+")
    return text[:12] if hexadecimal else text

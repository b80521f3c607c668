"""Collects what a run's manifest says: hashes of what was measured, versions, machine."""

from __future__ import annotations

import inspect
import os
import platform
import sqlite3
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from bench import repair
from bench.abilities import Drifting, OwnRecords
from bench.approaches.protocols import conversation
from bench.configured import options_of
from bench.hashing import content_hash, list_hash
from bench.journal import SCHEMA_VERSION, Manifest, ModelPlan, ScenarioPlan, StratumPlan
from bench.metering import tokens
from bench.plan import ScenarioRun
from bench.types import Json, Limits, Request, Scenario, Sweep

if TYPE_CHECKING:
    from bench.runner import Plan

VERSIONED = (
    *("agent-or-job", "xllamacpp", "litellm", "sqlalchemy", "psycopg", "faker", "stripe"),
    "rapidfuzz",
)
SQLITE = "SQLite"
POSTGRESQL = "PostgreSQL"

USD_PER_MACHINE_HOUR = 0.10
"""Assumed price of a machine with 2 cores, for compute dollars: docs/dollars.md says why."""


@dataclass(frozen=True)
class Settings:
    """How a run is made, apart from its cases."""

    approaches: tuple[str, ...]
    repeats: int = 2
    seed: int = 2026
    temperature: float = 0.0
    guards: bool = True
    limits: Limits = field(default_factory=Limits)
    concurrency: int = 8
    batch_records: int = 10_000
    usd_per_machine_hour: float = USD_PER_MACHINE_HOUR
    redact: bool = False
    """Write keyed hashes for what was said: docs/your-data.md."""
    through_http: bool = False
    """Load cases through the scenarios' receiving ends."""
    sweep: Sweep | None = None
    rpm: int | None = None
    tpm: int | None = None
    database: str = SQLITE
    """The engine that holds the trials' databases."""

    @property
    def batches(self) -> tuple[int, ...]:
        """Records in each batch on which the job is timed, the usual one first."""
        swept = self.sweep is not None and self.sweep.parameter == "records"
        sizes = self.sweep.values if swept and self.sweep else ()
        return tuple(dict.fromkeys((self.batch_records, *sizes)))


def make_manifest(plan: Plan, *, command: str, notes: Sequence[str] = ()) -> Manifest:
    """The manifest of a new run, named after the time and its identity."""
    settings = plan.settings
    scenarios = tuple(_scenario_plan(run) for run in plan.scenarios)
    model_plans = tuple(
        ModelPlan(model.name, model.protocol, model.provenance, dict(model.identity()))
        for model in plan.models
    )
    identity = content_hash(
        {
            "schema": SCHEMA_VERSION,
            "scenarios": scenarios,
            "code": [code_hash(run.scenario) for run in plan.scenarios],
            "models": model_plans,
            "settings": _deciding(settings),
        }
    )
    now = datetime.now(UTC)
    commit, dirty = _git_state(Path(__file__).parent)
    return Manifest(
        schema_version=SCHEMA_VERSION,
        run=f"{now:%Y%m%d-%H%M%S}-{identity[:8]}",
        identity=identity,
        created=now.isoformat(timespec="seconds"),
        command=command,
        scenarios=scenarios,
        approaches=settings.approaches,
        models=model_plans,
        repeats=settings.repeats,
        seed=settings.seed,
        temperature=settings.temperature,
        guards=settings.guards,
        limits={key: getattr(settings.limits, key) for key in Limits.__dataclass_fields__},
        concurrency=settings.concurrency,
        planned_trials=len(plan.trials()),
        git_commit=commit,
        git_dirty=dirty,
        versions=_versions(),
        machine=machine(),
        price_table=dict(plan.prices.identity()),
        usd_per_machine_hour=settings.usd_per_machine_hour,
        notes=tuple(notes),
        sweep=settings.sweep,
        rpm=settings.rpm,
        tpm=settings.tpm,
        redacted=settings.redact,
        through_http=settings.through_http,
        database={
            "engine": settings.database,
            "version": plan.server.version if plan.server else sqlite3.sqlite_version,
        },
    )


def _deciding(settings: Settings) -> dict[str, Json]:
    """The settings that decide what is asked. How many requests travel at once and how fast does
    not; a sweep does."""
    found = {k: v for k, v in asdict(settings).items() if k not in ("concurrency", "rpm", "tpm")}
    for name in ("sweep", "through_http"):  # a run without is what it was before there were any
        if not found[name]:
            del found[name]
    if settings.database == SQLITE:
        del found["database"]
    return found


def code_hash(scenario: Scenario) -> str:
    """Hash of the code that decides a trial: the scenario's folder and the approaches."""
    folders = [Path(inspect.getfile(type(scenario))).parent, Path(__file__).parent / "approaches"]
    return content_hash(
        [
            [path.name, path.read_text(encoding="utf-8")]
            for folder in folders
            for path in sorted(folder.rglob("*.*"))
            if path.suffix in {".py", ".md", ".toml"} and path.name != "README.md"
        ]
    )


def machine() -> dict[str, Json]:
    """The machine in the words of a report."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
    }


def _scenario_plan(run: ScenarioRun) -> ScenarioPlan:
    scenario = run.scenario
    prompt = scenario.prompt()
    native = conversation("native")
    tools = native.tools(scenario.tools)
    return ScenarioPlan(
        name=scenario.name,
        version=scenario.version,
        strata=tuple(
            StratumPlan(
                name=stratum.name,
                title=stratum.title,
                ordinary=stratum.ordinary,
                free_text=stratum.free_text,
                drift=stratum.drift,
                weight=scenario.mix.get(stratum.name, 0.0),
                cases=run.counts.get(stratum.name, 0),
                hostile=stratum.hostile,
            )
            for stratum in scenario.strata
        ),
        cases=tuple(run.cases.ids),
        repeated=tuple(sorted(run.repeated)),
        dataset_hash=list_hash(
            [case.id, case.rows, {k: v.hex() for k, v in case.files.items()}, case.truth]
            for case in run.cases
        ),
        prompt_hash=content_hash(prompt),
        policy_hash=content_hash(scenario.wording.policy or None),
        tools_hash=content_hash(tools),
        prompt_tokens=tokens.count_request(
            Request(({"role": "system", "content": prompt},), tools=tools)
        ),
        options=options_of(scenario),
        drift=run.drift,
        repair=(
            repair.sizes(scenario.repair(run.drift))
            if run.repaired is not None and isinstance(scenario, Drifting)
            else ()
        ),
        own=isinstance(scenario, OwnRecords),
        judged=not isinstance(scenario, OwnRecords) or scenario.judged,
        tools=tools,
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in VERSIONED:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _git_state(folder: Path) -> tuple[str | None, bool | None]:
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain"))
    except (OSError, subprocess.SubprocessError):
        return None, None

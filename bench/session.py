"""From what the user asked for to a run that is ready to go, new or continued."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

import scenarios
from bench.abilities import OwnRecords, Receiving, TakesData
from bench.approaches import APPROACHES, approach
from bench.configured import configured
from bench.database.server import open_server
from bench.errors import BenchError
from bench.journal import Journal, Manifest, unused
from bench.manifest import POSTGRESQL, SQLITE, Settings, make_manifest
from bench.metering.prices import PriceTable, price, price_table
from bench.metering.rate_limit import RateLimit
from bench.metering.spending import Spending
from bench.models import open_model
from bench.models.hosted import HostedModel
from bench.models.reference import Ideal
from bench.plan import (
    DRIFTED,
    FULL,
    ScenarioRun,
    check_strata,
    default_counts,
    drift_counts,
    even_counts,
    full_counts,
    hostile_counts,
    mix_counts,
    plan_scenario,
    smoke_counts,
    with_drift,
)
from bench.progress import Progress, find_unfinished
from bench.runner import Plan
from bench.sweep import check as check_sweep
from bench.sweep import resized
from bench.types import Case, Drift, Limits, Model, Origin, Scenario, Sweep, ToolCall, ToolProtocol

Size = Literal["default", "full", "smoke"]

DEFAULT_MODEL = "qwen2.5-coder-0.5b"
"""The best local model with which the default plan ends in about ten minutes even on a busy machine
with two cores: docs/models.md."""
SMOKE_MODELS = ("smollm2-135m", "reference")
RECEIVED = (
    "Records arrived over HTTP at the scenario's own receiving end (--through-http); the job was "
    "timed on records that were written straight to the tables."
)
"""What the manifest notes of such a run."""
SMOKE_SECONDS = 3.0
"""A smoke run's trials are cut off after that: it proves the pipeline, not the model."""


@dataclass(frozen=True)
class Options:
    """What the user asked for."""

    results: Path
    scenarios: tuple[str, ...] = ()
    approaches: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    size: Size = "default"
    cases: int | None = None
    """Cases of each stratum, in place of the size's own plan."""
    pilot: int | None = None
    """Cases of each scenario in all, as the production mix has them."""
    strata: tuple[str, ...] = ()
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Scenario → stratum → cases, in place of all else that chooses cases."""
    repeats: int = 2
    seed: int = 2026
    temperature: float = 0.0
    guards: bool = True
    limits: Limits = field(default_factory=Limits)
    concurrency: int = 8
    protocol: ToolProtocol | None = None
    base_url: str | None = None
    prices: Path | None = None
    """The user's own prices, a TOML file."""
    api_key_env: str | None = None
    """Name of the variable that holds the key for ``base_url``."""
    stream: bool = False
    """Let hosted models stream, which tells the time to the first token."""
    max_usd: float | None = None
    """The most API dollars that the whole run may cost, earlier executions of it included."""
    rpm: int | None = None
    """Requests a minute, for each hosted model."""
    tpm: int | None = None
    """Tokens a minute, likewise."""
    drift: Drift = "none"
    """Run each case also as it looks after this change."""
    through_http: bool = False
    """Load cases through the scenarios' receiving ends."""
    hostile: bool = False
    """Run the strata of attacks and their twins, and nothing else."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Settings of the scenarios' own."""
    sweep: Sweep | None = None
    """A setting to be tried at several values."""
    data: Path | None = None
    """Folder with the user's own records, in place of generated cases."""
    secret: str | None = None
    """Verifies signed records in it. Written nowhere."""
    redact: bool = False
    """Write keyed hashes for what was said and decided."""
    database: str | None = field(default=None, repr=False)
    """Address of a PostgreSQL database, which may hold a password; None for SQLite."""
    fresh: bool = False
    """Start a new run even if an unfinished one could be continued."""
    command: str = "bench run"


@dataclass(frozen=True)
class Session:
    """A run that is ready to go."""

    plan: Plan
    manifest: Manifest
    folder: Path
    recorded: Progress | None
    """What an earlier, interrupted execution has on record already."""
    ideal: Ideal

    def open(self) -> Journal:
        """The run's journal, for appending."""
        if self.recorded is not None:
            return Journal(self.folder)
        return Journal.create(self.folder, self.manifest)


def model_names(options: Options) -> tuple[str, ...]:
    """The models that the run needs: none if no approach uses one."""
    if not any(approach(name).uses_model for name in approach_names(options)):
        return ()
    if options.models:
        return options.models
    return SMOKE_MODELS if options.size == "smoke" else (DEFAULT_MODEL,)


def approach_names(options: Options) -> tuple[str, ...]:
    """The approaches of the run, the yardsticks always among them."""
    names = options.approaches or tuple(APPROACHES)
    for name in names:
        approach(name)
    yardsticks = tuple(name for name in APPROACHES if name.startswith("always_"))
    return tuple(name for name in APPROACHES if name in {*names, *yardsticks})


def prepare(options: Options) -> Session:
    """Generate the cases, open the models, and find the run to continue, if there is one.

    Raises ``BenchError`` for whatever the user can mend.
    """
    server = open_server(options.database) if options.database else None
    chosen = _chosen(options)
    if options.through_http:
        _check_receiving(chosen)
    check_strata(chosen, options.strata)
    if options.sweep is not None:
        check_sweep(options.sweep, chosen)
    runs_ = tuple(
        _drifted(
            plan_scenario(each, counts, seed=options.seed, repeated=_repeated(options)),
            options,
        )
        for each in chosen
        if sum((counts := _counts(options, each)).values())
    )
    ideal = ideal_calls([*runs_, *_swept_runs(options, runs_)])
    models = tuple(
        open_model(
            name,
            ideal=ideal,
            results=options.results,
            base_url=options.base_url,
            protocol=options.protocol,
            api_key_env=options.api_key_env,
            stream=options.stream,
        )
        for name in model_names(options)
    )
    settings = Settings(
        approaches=approach_names(options),
        repeats=_repeats(options),
        seed=options.seed,
        temperature=options.temperature,
        guards=options.guards,
        limits=_limits(options),
        concurrency=options.concurrency,
        batch_records=1_000 if options.size == "smoke" else 10_000,
        sweep=options.sweep,
        rpm=options.rpm,
        tpm=options.tpm,
        redact=options.redact,
        through_http=options.through_http,
        database=POSTGRESQL if server else SQLITE,
    )
    table = price_table(options.prices)
    for model in models:
        if isinstance(model, HostedModel):
            model.rate_limit = RateLimit(options.rpm, options.tpm)
            if options.max_usd is not None:
                _check_cap(model, table)
    plan = Plan(runs_, models, settings, table, server=server)
    notes = (RECEIVED,) if options.through_http else ()
    manifest = make_manifest(plan, command=options.command, notes=notes)
    unfinished = None if options.fresh else find_unfinished(options.results, manifest.identity)
    if unfinished is not None:
        return Session(plan, unfinished.manifest, unfinished.folder, unfinished, ideal)
    manifest = replace(manifest, run=unused(options.results, manifest.run))
    return Session(plan, manifest, options.results / manifest.run, None, ideal)


def meter(session: Session, cap: float | None) -> Spending | None:
    """Put every call of a hosted model on the account in the run's folder, which must exist, and
    keep it within ``cap`` dollars. None if the run has no hosted model."""
    models = [model for model in session.plan.models if isinstance(model, HostedModel)]
    if not models:
        return None
    spending = Spending(session.folder, cap, uuid.uuid4().hex[:8])
    for model in models:
        model.meter(spending, session.plan.prices)
    return spending


def ideal_calls(runs_: Sequence[ScenarioRun]) -> Ideal:
    """What the scenarios publish as ideal, looked up by a request's origin."""

    @lru_cache(maxsize=256)
    def found(name: str, id_: str, records: tuple[str, ...]) -> tuple[ToolCall, ...]:
        scenario, case = _case(runs_, name, id_)
        for task in scenario.tasks(case, records):
            if task.records == records:
                return scenario.ideal(case, task)
        raise BenchError(f"{name}: no task of {id_} covers {records}")

    def ideal(origin: Origin) -> tuple[ToolCall, ...]:
        return found(origin.scenario, origin.case, origin.records)  # asked for at every step

    return ideal


def _case(runs_: Sequence[ScenarioRun], name: str, id_: str) -> tuple[Scenario, Case]:
    for run in reversed(runs_):
        if run.scenario.name == name:
            with contextlib.suppress(KeyError):
                return run.scenario, run.cases.named(id_)
    raise BenchError(f"{name}: no case {id_}")


def hosted(models: Sequence[Model]) -> list[Model]:
    """The models that somebody charges for."""
    return [m for m in models if m.provenance == "measured" and not m.local]


def _check_cap(model: HostedModel, table: PriceTable) -> None:
    try:
        price(model.priced_as or model.name, table)
    except BenchError as error:
        raise BenchError(f"--max-usd needs a price: {error}") from None


def _repeated(options: Options) -> int:
    """How many cases are run more than once; none of the attacks, whose twins are their repeats."""
    if options.hostile or options.pilot is not None:
        return 0
    return {"default": 4, "full": 24, "smoke": 1}[options.size]


def _swept_runs(options: Options, runs_: Sequence[ScenarioRun]) -> list[ScenarioRun]:
    """The cases of a sweep over their size."""
    sweep = options.sweep
    if sweep is None or sweep.parameter != "batch":
        return []
    return [run for value in sweep.values for run in resized(runs_, value, options.seed)]


def _repeats(options: Options) -> int:
    sweep = options.sweep
    return max(sweep.values) if sweep and sweep.parameter == "repeats" else options.repeats


def _limits(options: Options) -> Limits:
    if options.size == "smoke" and options.limits.seconds is None:
        return replace(options.limits, seconds=SMOKE_SECONDS)
    return options.limits


def _chosen(options: Options) -> list[Scenario]:
    names = options.scenarios or tuple(scenarios.names())
    if options.data is None:
        return [configured(scenarios.scenario(name), options.options) for name in names]
    if len(names) != 1:
        raise BenchError("--data is for one scenario; name it, say bench run billing_webhooks")
    chosen = configured(scenarios.scenario(names[0]), options.options)
    if not isinstance(chosen, TakesData):
        able = [n for n in scenarios.names() if isinstance(scenarios.scenario(n), TakesData)]
        raise BenchError(f"{names[0]} cannot be run on data of your own; {', '.join(able)} can")
    if options.strata or options.drift != "none" or options.hostile or options.size == "full":
        raise BenchError(
            "--data runs what is in the folder; leave --strata, --drift, --hostile, --full out"
        )
    return [chosen.with_data(options.data, options.secret)]


def _check_receiving(chosen: Sequence[Scenario]) -> None:
    for each in chosen:
        if isinstance(each, OwnRecords):
            raise BenchError(
                "--through-http sends generated records; your own go to 'bench scenario serve'"
            )
        if not isinstance(each, Receiving):
            raise BenchError(
                f"{each.name} has no receiving end; say bench run billing_webhooks --through-http"
            )


def _drifted(run: ScenarioRun, options: Options) -> ScenarioRun:
    if options.drift == "none":
        return run
    each = options.cases or {"default": DRIFTED, "full": FULL, "smoke": 1}[options.size]
    made = {} if options.strata else drift_counts(run.scenario, options.drift, each)
    return with_drift(run, made, options.drift, seed=options.seed)


def _counts(options: Options, scenario: Scenario) -> dict[str, int]:
    if scenario.name in options.counts:
        return dict(options.counts[scenario.name])
    if isinstance(scenario, OwnRecords):
        (stratum,) = scenario.strata
        return {stratum.name: min(options.cases or scenario.available, scenario.available)}
    if options.hostile and not options.strata:
        return hostile_counts(scenario, options.cases)
    if options.pilot is not None:
        return mix_counts(scenario, options.pilot)
    if options.cases is not None or options.strata:
        counts = even_counts(scenario, options.cases or 1, options.strata)
        attacked = sorted(hostile_counts(scenario)) if options.hostile else ()
        if attacked and not set(attacked) & set(counts):
            raise BenchError(
                f"--hostile, but no attack in --strata; add {', '.join(attacked)}, or leave it out"
            )
        return counts
    if options.size == "full":
        return full_counts(scenario)
    return smoke_counts(scenario) if options.size == "smoke" else default_counts(scenario)

"""What a gate takes on each model: tokens, dollars and time of an execution, times their number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from bench.analysis.documented import Documented
from bench.analysis.samples import weakest
from bench.errors import PriceUnknownError
from bench.journal import Run
from bench.metering.prices import PriceTable, cost, price
from bench.types import Provenance, Step, Trial


@dataclass(frozen=True, slots=True)
class Execution(Documented):
    """What one execution of a case takes on a model: the mean over the run's strata, each counting
    the same, as in a gate's rounds."""

    model: str
    """Name of the model."""
    trials: int
    """Executions that it rests on."""
    tokens: float | None
    """Prompt and generated."""
    tokens_provenance: Provenance | None
    """Modelled for another model than the run's."""
    usd: float | None
    """US dollars with the cached tokens of the run."""
    usd_cold: float | None
    """US dollars as if nothing were cached."""
    usd_provenance: Provenance | None
    """List price for the run's model, modelled for another one."""
    usd_reason: str | None
    """Why dollars are not known."""
    seconds: tuple[float, float] | None
    """Seconds at work: measured (twice the same), or steps by assumed seconds a step."""
    seconds_provenance: Provenance | None
    """Measured, or assumed for another model."""
    concurrency: int
    """Executions at once that its time is divided by; 1 for a model on this machine."""


@dataclass(frozen=True, slots=True)
class Cost(Documented):
    """A whole gate on one model, both sides together. Its provenances are the execution's."""

    model: str
    """Name of the model."""
    drop: float
    """That the gate is made for."""
    gate: str
    """``fixed``, or the sequential one's mean where the prompt is ``unchanged`` or has
    ``dropped``."""
    repeats: int
    """Executions of every case, on each side."""
    executions: float
    """Of cases, on both sides."""
    tokens: float | None
    """Prompt and generated."""
    usd: float | None
    """US dollars with the cached tokens of the run."""
    usd_cold: float | None
    """US dollars as if nothing were cached."""
    seconds: tuple[float, float] | None
    """Low and high, at the execution's concurrency."""


def cost_of(one: Execution, drop: float, gate: str, repeats: int, executions: float) -> Cost:
    """``executions`` times ``one``; what is unknown stays so."""

    def times(value: float | None) -> float | None:
        return None if value is None else value * executions

    seconds = None
    if one.seconds is not None:
        low, high = (end * executions / one.concurrency for end in one.seconds)
        seconds = (low, high)
    return Cost(
        one.model,
        drop,
        gate,
        repeats,
        executions,
        times(one.tokens),
        times(one.usd),
        times(one.usd_cold),
        seconds,
    )


def executed(
    run: Run,
    own: str,
    trials: Sequence[Trial],
    steps: Iterable[Step],
    table: PriceTable,
    *,
    models: Sequence[str],
    concurrency: int,
    step_s: tuple[float, float],
) -> tuple[Execution, ...]:
    """What an execution of ``trials``, which model ``own`` ran, takes on each of ``models``;
    ``steps`` are the run's, others than of ``trials`` are passed over."""
    attempts = {(trial.id, trial.attempt): trial.id for trial in trials}
    calls: dict[str, list[Step]] = {trial.id: [] for trial in trials}
    for step in steps:
        if (name := attempts.get((step.trial, step.attempt))) is not None:
            calls[name].append(step)
    local = {m.name for m in run.manifest.models if m.identity.get("kind") == "local"}
    tokens = _mean(trials, {t.id: t.usage.total for t in trials})
    worked = _mean(trials, {t.id: t.working_s for t in trials})
    stepped = _mean(trials, {t.id: float(t.steps) for t in trials}) or 0.0
    found = []
    low, high = step_s
    for model in models or (own,):
        same = model in (own, own.removeprefix("reference/"))
        usd, cold, reason = _dollars(model, trials, calls, table, local=model in local)
        seconds = (worked, worked) if same and worked is not None else None
        found.append(
            Execution(
                model=model,
                trials=len(trials),
                tokens=tokens,
                tokens_provenance=_how([t.provenance.tokens for t in trials], same, tokens),
                usd=usd,
                usd_cold=cold,
                usd_provenance=_how(
                    [*(t.provenance.tokens for t in trials), "list_price"], same, cold
                ),
                usd_reason=reason,
                seconds=seconds if same else (stepped * low, stepped * high),
                seconds_provenance=(
                    weakest(t.provenance.time for t in trials) if same else "assumed"
                ),
                concurrency=1 if model in local else concurrency,
            )
        )
    return tuple(found)


def _how(kinds: Sequence[Provenance], same: bool, value: float | None) -> Provenance | None:
    if value is None:
        return None
    return weakest(kinds) if same else "modelled"


def _mean(trials: Sequence[Trial], values: Mapping[str, float | None]) -> float | None:
    """Every stratum counts the same; None where a single one is unknown."""
    strata: dict[str, list[float]] = {}
    for trial in trials:
        value = values.get(trial.id)
        if value is None:
            return None
        strata.setdefault(trial.stratum, []).append(value)
    return fmean(fmean(some) for some in strata.values()) if strata else None


def _dollars(
    model: str,
    trials: Sequence[Trial],
    calls: Mapping[str, Sequence[Step]],
    table: PriceTable,
    *,
    local: bool,
) -> tuple[float | None, float | None, str | None]:
    """(billed, cold, why unknown): call by call, because a long prompt may have another price."""
    if local:
        return None, None, "runs on this machine: nobody bills its tokens"
    try:
        known = price(model.removeprefix("reference/"), table)
    except PriceUnknownError as error:
        return None, None, str(error)
    missing = sum(len(calls[trial.id]) != trial.steps for trial in trials)
    if missing:
        return None, None, f"the calls of {missing} executions are not on record"
    billed: dict[str, float | None] = {}
    cold: dict[str, float | None] = {}
    for name, made in calls.items():
        priced = [cost(step.usage, known) for step in made]
        billed[name] = _sum([each for each, _ in priced])
        cold[name] = _sum([each for _, each in priced])
    found = _mean(trials, billed), _mean(trials, cold)
    return *found, None if None not in found else "the tokens of some calls have no price"


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None

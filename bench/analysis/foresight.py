"""How far the forecast that was made before a run was from what the run really used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.analysis.documented import Documented
from bench.journal import Run
from bench.metering.expected import Expected, Group, read_expected
from bench.types import Trial


@dataclass(frozen=True, slots=True)
class Foresight(Documented):
    """The forecast of one model's share of a run beside what was used, for the trials that are on
    record. Errors are used ÷ forecast − 1."""

    model: str
    """The model."""
    trials: int
    """Its trials on record, which both sides cover."""
    planned: int
    """Its trials as planned."""
    tokens_in_forecast: float
    """Prompt tokens of the ideal calls."""
    tokens_in: int | None
    """Prompt tokens that were used."""
    tokens_in_error: float | None
    """Their error."""
    tokens_out_forecast: float
    """Tokens that the ideal calls generate."""
    tokens_out: int | None
    """Tokens that were generated."""
    tokens_out_error: float | None
    """Their error."""
    usd_forecast: float | None
    """API dollars, with prompt prefixes cached as far as they repeat."""
    usd_low: float | None
    """Lower end of the forecast's range."""
    usd_high: float | None
    """Upper end."""
    usd: float | None
    """API dollars of the trials, as billed."""
    usd_error: float | None
    """Their error."""
    within: bool | None
    """Whether the dollars lie within the forecast's range."""
    reason: str | None
    """Why a figure is unknown."""


def foresights(run: Run) -> tuple[Foresight, ...]:
    """One for each model of which a forecast is on record."""
    return tuple(_foresight(each, run.recorded) for each in read_expected(run.folder))


def _foresight(expected: Expected, recorded: Sequence[Trial]) -> Foresight:
    trials = [trial for trial in recorded if trial.model == expected.model]
    done: dict[tuple[str, str, str, str], int] = {}
    for trial in trials:
        kind = (trial.scenario, trial.approach, trial.stratum, trial.point)
        done[kind] = done.get(kind, 0) + 1
    shares = [
        (group, done.get((group.scenario, group.approach, group.stratum, group.point), 0))
        for group in expected.groups
    ]
    prompt = sum(group.tokens_in * some / group.trials for group, some in shares)
    answer = sum(group.tokens_out * some / group.trials for group, some in shares)
    forecast = _dollars(shares)
    used_in = _sum(trial.usage.input for trial in trials)
    used_out = _sum(trial.usage.output for trial in trials)
    spent = _sum(trial.dollars.api for trial in trials)
    low = None if forecast is None else forecast * expected.low
    high = None if forecast is None else forecast * expected.high
    within = None if low is None or high is None or spent is None else low <= spent <= high
    return Foresight(
        model=expected.model,
        trials=len(trials),
        planned=sum(group.trials for group in expected.groups),
        tokens_in_forecast=prompt,
        tokens_in=None if used_in is None else int(used_in),
        tokens_in_error=_error(used_in, prompt),
        tokens_out_forecast=answer,
        tokens_out=None if used_out is None else int(used_out),
        tokens_out_error=_error(used_out, answer),
        usd_forecast=forecast,
        usd_low=low,
        usd_high=high,
        usd=spent,
        usd_error=_error(spent, forecast),
        within=within,
        reason=_reason(trials, forecast),
    )


def _dollars(shares: Sequence[tuple[Group, int]]) -> float | None:
    return _sum(
        None if group.usd is None else group.usd * some / group.trials for group, some in shares
    )


def _sum(amounts: Iterable[float | None]) -> float | None:
    known = list(amounts)
    return None if None in known else sum(amount or 0.0 for amount in known)


def _error(used: float | None, forecast: float | None) -> float | None:
    return None if used is None or not forecast else used / forecast - 1


def _reason(trials: Sequence[Trial], forecast: float | None) -> str | None:
    if forecast is None:
        return "the model has no known price"
    lacking = sum(trial.dollars.api is None for trial in trials)
    return f"the dollars of {lacking} of {len(trials)} trials are unknown" if lacking else None


def sentence(one: Foresight) -> str:
    """What it says, in words."""
    share = "" if one.trials == one.planned else f" (the {one.trials} of {one.planned} trials run)"
    tokens = (
        f"{_tokens(one.tokens_in, one.tokens_in_forecast, one.tokens_in_error)} in, "
        f"{_tokens(one.tokens_out, one.tokens_out_forecast, one.tokens_out_error)} out"
    )
    if one.usd_forecast is None or one.usd_error is None or one.usd is None:
        dollars = f"dollars cannot be compared: {one.reason or 'none were forecast'}"
    else:
        place = "within" if one.within else "outside"
        dollars = (
            f"${one.usd_forecast:.4f} forecast, ${one.usd:.4f} billed: {one.usd_error:+.0%}, "
            f"{place} the forecast's range of ${one.usd_low:.4f} to ${one.usd_high:.4f}"
        )
    return f"Forecast of {one.model} before the run{share}: {dollars}. Tokens: {tokens}."


def _tokens(used: int | None, forecast: float, error: float | None) -> str:
    if used is None or error is None:
        return f"{forecast:,.0f} forecast, unknown used"
    return f"{forecast:,.0f} forecast, {used:,} used ({error:+.0%})"

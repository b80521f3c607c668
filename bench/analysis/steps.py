"""What a single model call takes: tokens by place in the conversation, and time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bench.analysis.documented import Documented
from bench.analysis.samples import weakest
from bench.analysis.statistics import observations_needed, percentile
from bench.types import Provenance, Step, Trial

SHORT_LIMIT = 5
"""A step limit that is often recommended for simple tasks; ``--max-steps`` sets it."""


@dataclass(frozen=True, slots=True)
class StepTokens(Documented):
    """Mean tokens of the model calls at one place in the conversation."""

    step: int
    """1 for the first call of a conversation."""
    calls: int
    """How many calls the means rest on."""
    cached: float
    """Prompt tokens taken from a cache."""
    fresh: float
    """Prompt tokens that were not."""
    output: float
    """Generated tokens."""


@dataclass(frozen=True, slots=True)
class Steps(Documented):
    """The model calls of one approach with one model, those of counted attempts only."""

    scenario: str
    """Name of the scenario."""
    approach: str
    """Name of the approach."""
    model: str
    """Name of the model."""
    calls: int
    """Model calls of counted attempts."""
    calls_per_record: float
    """calls ÷ records of all trials, repeats included."""
    malformed: int
    """Replies without a usable tool call."""
    tool_errors: int
    """Tool calls that were refused or failed."""
    guarded: int
    """Of those, wrong acts that a server-side guard stopped."""
    conversations: int
    """Conversations with at least one call."""
    over_five: int
    """Of those, with more than five calls: what a limit of five steps would have cut off."""
    passed_over_five: int | None
    """Of those, in trials that passed: what such a limit would have cost."""
    p50_s: float | None
    """Median working seconds of a call."""
    p95_s: float | None
    """95th percentile; null below 59 calls."""
    tokens_p50: float | None
    """Median of prompt and output tokens of a call."""
    by_place: tuple[StepTokens, ...]
    """Empty where a call's tokens are unknown."""
    provenance_tokens: Provenance | None
    """Where the tokens come from."""
    provenance_time: Provenance | None
    """Where the seconds come from."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Figure → why it is unknown."""


@dataclass
class _Gathered:
    trials: list[Trial]
    durations: list[float] = field(default_factory=list)
    tokens: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(place, cached, fresh, output) of each call."""
    unknown: int = 0
    lengths: Counter[tuple[str, int]] = field(default_factory=Counter)
    """(trial, conversation) → calls."""
    provenances: set[Provenance] = field(default_factory=set)


def measure_steps(trials: Sequence[Trial], steps: Iterable[Step]) -> tuple[list[Steps], int]:
    """The steps of each approach × model, and how many calls belong to no counted trial: they
    were paid for and lost with a kill."""
    groups: dict[tuple[str, str, str], _Gathered] = {}
    owner: dict[tuple[str, str], _Gathered] = {}
    for trial in trials:
        if trial.model is not None:
            key = (trial.scenario, trial.approach, trial.model)
            group = groups.setdefault(key, _Gathered([]))
            group.trials.append(trial)
            owner[trial.id, trial.attempt] = group
    lost = 0
    for step in steps:
        gathered = owner.get((step.trial, step.attempt))
        if gathered is None:
            lost += 1
        else:
            _add(gathered, step)
    return [_steps(*key, group) for key, group in groups.items()], lost


def _add(group: _Gathered, step: Step) -> None:
    group.durations.append(step.duration_s)
    group.lengths[step.trial, step.task] += 1
    group.provenances.add(step.tokens)
    usage = step.usage
    if usage.input is None or usage.output is None:
        group.unknown += 1
        return
    cached = usage.cached_input or 0
    group.tokens.append((step.step, cached, usage.input - cached, usage.output))


def _steps(scenario: str, approach: str, model: str, group: _Gathered) -> Steps:
    calls = len(group.durations)
    records = sum(trial.records for trial in group.trials)
    time = weakest(trial.provenance.time for trial in group.trials)
    reasons = {}
    p50 = p95 = None
    if not calls:
        reasons = dict.fromkeys(("p50_s", "p95_s", "tokens_p50"), "no model call")
    elif time != "measured":
        reasons = dict.fromkeys(("p50_s", "p95_s"), f"{time} calls have no time of their own")
    else:
        p50, p95 = percentile(group.durations, 0.5), percentile(group.durations, 0.95)
        if p95 is None:
            reasons["p95_s"] = f"fewer than {observations_needed(0.95)} calls"
    if group.unknown:
        reasons["tokens_p50"] = f"tokens unknown for {group.unknown} of {calls} calls"
    known = group.tokens if not group.unknown else []
    passed = {trial.id for trial in group.trials if trial.status == "pass"}
    long = [trial for (trial, _), length in group.lengths.items() if length > SHORT_LIMIT]
    return Steps(
        scenario=scenario,
        approach=approach,
        model=model,
        calls=calls,
        calls_per_record=calls / records if records else 0.0,
        malformed=sum(trial.malformed for trial in group.trials),
        tool_errors=sum(trial.tool_errors for trial in group.trials),
        guarded=sum(trial.guarded for trial in group.trials),
        conversations=len(group.lengths),
        over_five=len(long),
        passed_over_five=(
            None
            if any(trial.unknown for trial in group.trials)
            else sum(trial in passed for trial in long)
        ),
        p50_s=p50,
        p95_s=p95,
        tokens_p50=percentile([float(sum(t[1:])) for t in known], 0.5),
        by_place=_by_place(known),
        provenance_tokens=weakest(group.provenances),
        provenance_time=time,
        reasons=reasons,
    )


def _by_place(tokens: Sequence[tuple[int, int, int, int]]) -> tuple[StepTokens, ...]:
    places: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for place, *classes in tokens:
        places[place].append((classes[0], classes[1], classes[2]))
    return tuple(
        StepTokens(
            step=place + 1,
            calls=len(calls),
            cached=sum(call[0] for call in calls) / len(calls),
            fresh=sum(call[1] for call in calls) / len(calls),
            output=sum(call[2] for call in calls) / len(calls),
        )
        for place, calls in sorted(places.items())
    )

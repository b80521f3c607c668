"""From foreign attempts to a run like any other: manifest, journal, traces."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bench.errors import BenchError, PriceUnknownError
from bench.hashing import content_hash
from bench.imports.attempt import Attempt, Source, Turn
from bench.journal import SCHEMA_VERSION, Manifest, ModelPlan, ScenarioPlan, StratumPlan
from bench.metering.prices import PriceTable, cost, price
from bench.types import (
    UNKNOWN_USAGE,
    Cause,
    Dollars,
    Json,
    Provenances,
    RecordVerdict,
    Status,
    Step,
    ToolRecord,
    Trial,
    Verdict,
)

STRATUM = "tasks"
APPROACH = "agent"
UNKNOWN = ""
"""Hash of what a file does not hold: nothing is concluded from it."""


def trials(source: Source, prices: PriceTable) -> Iterator[tuple[Trial, list[Step]]]:
    """The attempts of a source as trials with their steps."""
    for attempt in source.attempts:
        yield _trial(source, attempt, prices)


def manifest(
    sources: Sequence[Source], found: Sequence[Trial], prices: PriceTable, *, command: str
) -> Manifest:
    """The manifest of the run that the sources make. Raises ``BenchError`` if two of them hold
    the same trial, or one task twice."""
    ids = [trial.id for trial in found]
    twice = next((name for name, times in Counter(ids).items() if times > 1), None)
    if twice is not None:
        raise BenchError(
            f"trial {twice} stands there twice; import each file once, or tell files of one model "
            "apart with separate imports"
        )
    names = dict.fromkeys(source.scenario for source in sources)
    models: dict[str, dict[str, Json]] = {}
    for source in sources:
        models.setdefault(source.model, {}).update({"name": source.model, **source.identity})
    identity = content_hash([ids, [trial.raw_hash for trial in found], names])
    now = datetime.now(UTC)
    return Manifest(
        schema_version=SCHEMA_VERSION,
        run=f"{now:%Y%m%d-%H%M%S}-{identity[:8]}",
        identity=identity,
        created=next((s.created for s in sources if s.created), now.isoformat(timespec="seconds")),
        command=command,
        scenarios=tuple(_scenario(name, sources, found) for name in names),
        approaches=(APPROACH,),
        models=tuple(
            ModelPlan(name, "native", "measured", identity) for name, identity in models.items()
        ),
        repeats=max((trial.repeat + 1 for trial in found), default=1),
        seed=0,
        temperature=0.0,
        guards=False,
        limits={},
        concurrency=1,
        planned_trials=len(found),
        git_commit=None,
        git_dirty=None,
        versions={},
        machine={},
        price_table=dict(prices.identity()),
        usd_per_machine_hour=0.0,
        notes=tuple(dict.fromkeys(note for source in sources for note in source.notes)),
        imported=tuple(dict.fromkeys(source.kind for source in sources)),
    )


def _scenario(name: str, sources: Sequence[Source], found: Sequence[Trial]) -> ScenarioPlan:
    own = [source for source in sources if source.scenario == name]
    tasks: dict[str, Json] = {}
    for source in own:
        tasks.update(source.tasks)
    cases = tuple(dict.fromkeys(trial.case for trial in found if trial.scenario == name))
    repeated = {trial.case for trial in found if trial.scenario == name and trial.repeat > 0}
    return ScenarioPlan(
        name=name,
        version="imported",
        strata=(
            StratumPlan(
                STRATUM, f"Tasks of {own[0].kind}.", True, False, "none", 0.0, cases=len(cases)
            ),
        ),
        cases=cases,
        repeated=tuple(sorted(repeated)),
        dataset_hash=content_hash([[case, tasks.get(case)] for case in sorted(cases)]),
        prompt_hash=content_hash(own[0].prompt),
        policy_hash=content_hash(None),
        tools_hash=content_hash(None),
        prompt_tokens=None,
    )


def _trial(source: Source, attempt: Attempt, prices: PriceTable) -> tuple[Trial, list[Step]]:
    name = f"{source.scenario}/{APPROACH}/{source.model}/{attempt.task}/{attempt.repeat}"
    execution = content_hash([name, attempt.score, len(attempt.turns)])[:12]
    steps = [
        _step(name, execution, number, turn, source.model)
        for number, turn in enumerate(attempt.turns)
    ]
    status: Status = "pass" if attempt.passed and attempt.cause is None else "fail"
    infrastructure = attempt.cause is Cause.INFRASTRUCTURE
    calls = [call for turn in attempt.turns for call in turn.calls]
    sequence = tuple(f"{call.name} {_canonical(call.arguments)}" for call in calls)
    timed = attempt.seconds is not None
    trial = Trial(
        id=name,
        attempt=execution,
        scenario=source.scenario,
        approach=APPROACH,
        model=source.model,
        case=attempt.task,
        stratum=STRATUM,
        drift="none",
        repeat=attempt.repeat,
        seed=0,
        status=status,
        records=1,
        passed=int(status == "pass"),
        deferred=0,
        failed=int(status == "fail"),
        reviewed=0,
        verdict=Verdict(
            (
                RecordVerdict(
                    attempt.task,
                    status,
                    attempt.score,
                    reasons=() if status == "pass" or infrastructure else (attempt.score,),
                ),
            )
        ),
        cause=attempt.cause,
        detail=attempt.detail,
        flagged={},
        tasks=1,
        steps=len(steps),
        malformed=0,
        tool_errors=sum(not tool.ok for step in steps for tool in step.tools),
        guarded=0,
        usage=attempt.usage,
        dollars=_dollars(source, attempt, prices),
        started=attempt.started or 0.0,
        wall_s=attempt.seconds or 0.0,
        working_s=attempt.seconds or 0.0,
        waiting_s=0.0,
        timing=None,
        outcome_hash=content_hash([status, attempt.score]),
        raw_hash=content_hash(
            [[turn.text, [[c.name, c.arguments] for c in turn.calls]] for turn in attempt.turns]
        ),
        state_hash=UNKNOWN,
        tool_sequence_hash=content_hash(sequence),
        provenance=Provenances(
            "measured", "measured", "list_price", "measured" if timed else "replayed"
        ),
        tool_sequence=sequence,
    )
    return trial, steps


def _dollars(source: Source, attempt: Attempt, prices: PriceTable) -> Dollars:
    """As the file states them, else the tokens by the price table."""
    if attempt.usd is not None:
        return Dollars(attempt.usd, None, None)
    if source.kind != "inspect_ai":
        return Dollars(None, None, None, f"{source.kind} states no dollars of the agent")
    if attempt.usage == UNKNOWN_USAGE:
        return Dollars(None, None, None, "the log has no tokens of the model")
    try:
        known = price(_priced_as(source.model, prices), prices)
    except PriceUnknownError:
        return Dollars(
            None,
            None,
            None,
            f"no price is known for {source.model}; put one into a prices file (--prices)",
        )
    billed, cold = cost(attempt.usage, known)
    reason = None if billed is not None else "the tokens cannot be priced"
    return Dollars(billed, cold, None, reason)


def _priced_as(model: str, prices: PriceTable) -> str:
    """inspect_ai puts the provider before every name, the price table before some."""
    try:
        price(model, prices)
        return model
    except PriceUnknownError:
        return model.partition("/")[2] or model


def _step(trial: str, attempt: str, number: int, turn: Turn, model: str) -> Step:
    tools = tuple(
        ToolRecord(call.name, _arguments(call.arguments), result.content, result.ok, 0.0)
        for call, result in zip(turn.calls, turn.results, strict=True)
        if result is not None
    )
    return Step(
        trial=trial,
        attempt=attempt,
        task=0,
        step=number,
        model=model,
        model_reported=turn.model or model,
        request_hash=UNKNOWN,
        messages=turn.messages,
        text=turn.text,
        calls=turn.calls,
        finish_reason="tool_calls" if turn.calls else "stop",
        usage=turn.usage,
        usage_counted=None,
        tokens="measured",
        started=turn.started or 0.0,
        duration_s=turn.seconds or 0.0,
        first_token_s=None,
        waiting_s=0.0,
        retries=0,
        malformed=None,
        tools=tools,
    )


def _arguments(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _canonical(text: str) -> str:
    """Arguments in one spelling, so that equal calls compare equal."""
    found = _arguments(text)
    return text if isinstance(found, str) else json.dumps(found, sort_keys=True, ensure_ascii=False)


def renamed(source: Source, *, model: str | None, scenario: str | None) -> Source:
    """The source under the names that the user gave."""
    return replace(source, model=model or source.model, scenario=_safe(scenario or source.scenario))


def _safe(name: str) -> str:
    return name.replace("/", "-") or "imported"

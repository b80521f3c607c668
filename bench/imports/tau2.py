"""Result files of τ²-bench: one JSON object with info, tasks and simulations.

Format: ``Results`` in https://github.com/sierra-research/tau2-bench (MIT),
``src/tau2/data_model/simulation.py``. Dollars are those that the file states for the agent; the
simulated user's are left out. $0 for an agent that used tokens is what τ²-bench writes for a model
whose price it does not know, and is taken as unknown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from bench.imports.attempt import (
    Attempt,
    Result,
    Source,
    Turn,
    added,
    as_text,
    moment,
    parsed,
    turns,
)
from bench.types import UNKNOWN_USAGE, Cause, Json, RawCall, Usage

CAUSES = {
    "max_steps": Cause.STEP_LIMIT,
    "timeout": Cause.TIME_LIMIT,
    "too_many_errors": Cause.MALFORMED,
    "agent_error": Cause.ERROR,
    "context_window_exceeded": Cause.TOKEN_LIMIT,
    "user_error": Cause.INFRASTRUCTURE,
    "infrastructure_error": Cause.INFRASTRUCTURE,
    "unexpected_error": Cause.INFRASTRUCTURE,
}
"""Why a simulation ended → our word for it. The simulated user's failure is not the agent's."""
RIGHT = 1 - 1e-6


class _Agent(BaseModel):
    llm: str | None = None
    llm_args: dict[str, Json] | None = None


class _Environment(BaseModel):
    domain_name: str
    policy: str = ""


class _Info(BaseModel):
    agent_info: _Agent
    environment_info: _Environment
    git_commit: str = ""
    max_steps: int | None = None


class _Reward(BaseModel):
    reward: float


class _Simulation(BaseModel):
    task_id: int | str
    trial: int = 0
    termination_reason: str
    reward_info: _Reward | None = None
    agent_cost: float | None = None
    duration: float | None = None
    start_time: str = ""
    messages: list[dict[str, Json]] | None = None


class _Results(BaseModel):
    timestamp: str = ""
    info: _Info
    tasks: list[dict[str, Json]] = []
    simulations: list[_Simulation]


def reads(value: Json) -> bool:
    """Whether this looks like such a file."""
    return isinstance(value, dict) and "simulations" in value and "info" in value


def read(path: Path, value: Json) -> Source:
    """The file. Raises ``BenchError`` for one that is not whole."""
    found = parsed(_Results, value, path)
    agent, environment = found.info.agent_info, found.info.environment_info
    arguments = agent.llm_args or {}
    return Source(
        kind="τ²-bench",
        scenario=f"tau2-bench-{environment.domain_name}",
        model=agent.llm or path.stem,
        attempts=tuple(_attempt(each) for each in found.simulations),
        tasks={str(task.get("id")): task for task in found.tasks},
        prompt=environment.policy,
        created=found.timestamp,
        identity={key: value for key, value in arguments.items() if key == "temperature"}
        | {"harness_commit": found.info.git_commit, "max_steps": found.info.max_steps},
        notes=(
            "Time is that of a whole simulation, the simulated user included; dollars and tokens "
            "are the agent's alone.",
        ),
    )


def _attempt(found: _Simulation) -> Attempt:
    made = turns(_without_greeting(found.messages or []), _turn)
    reward = found.reward_info.reward if found.reward_info else None
    right = reward is not None and RIGHT <= reward <= 2 - RIGHT
    cause = None if right else CAUSES.get(found.termination_reason)
    detail = found.termination_reason.replace("_", " ")
    if reward is None and cause is None:
        cause, detail = Cause.INFRASTRUCTURE, "ended without a reward on file"
    usage = added(turn.usage for turn in made)
    return Attempt(
        task=str(found.task_id),
        repeat=found.trial,
        passed=right,
        score="no reward" if reward is None else f"reward {reward:g}",
        turns=made,
        cause=cause,
        detail=detail if cause else None,
        usage=usage,
        usd=None if found.agent_cost == 0 and usage.total != 0 else found.agent_cost,
        seconds=found.duration,
        started=moment(found.start_time),
    )


def _without_greeting(messages: Sequence[Mapping[str, Json]]) -> list[Mapping[str, Json]]:
    """The harness opens in the agent's name, without calling a model: that is no turn of it."""
    first = messages[0] if messages else {}
    if first.get("role") == "assistant" and not first.get("usage") and not first.get("tool_calls"):
        return [{**first, "role": "greeting"}, *messages[1:]]
    return list(messages)


def _turn(
    message: Mapping[str, Json],
    before: tuple[Mapping[str, Json], ...],
    answers: Sequence[Mapping[str, Json]],
) -> Turn:
    calls = tuple(
        RawCall(
            str(call.get("name", "")),
            json.dumps(call.get("arguments", {}), ensure_ascii=False, sort_keys=True),
            str(call.get("id", "")),
        )
        for call in message.get("tool_calls") or ()
    )
    # Several results may come bundled in one message.
    single = [one for answer in answers for one in answer.get("tool_messages") or [answer]]
    told = {
        str(one.get("id", "")): Result(one.get("content"), ok=not one.get("error"))
        for one in single
    }
    raw = message.get("raw_data") or {}
    return Turn(
        messages=before,
        text=as_text(message.get("content")),
        calls=calls,
        results=tuple(told.get(call.id) for call in calls),
        usage=_usage(message.get("usage"), raw.get("usage")),
        seconds=message.get("generation_time_seconds"),
        started=moment(message.get("timestamp")),
        model=str(raw.get("model") or ""),
    )


def _usage(stated: Json, raw: Json) -> Usage:
    """Tokens as the file states them."""
    if not isinstance(stated, dict):
        return UNKNOWN_USAGE
    cached = raw.get("cache_read_input_tokens") if isinstance(raw, dict) else None
    return Usage(
        stated.get("prompt_tokens"), stated.get("completion_tokens"), cached, None, None, None
    )

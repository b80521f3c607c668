"""Result files of τ-bench: a JSON list of task, trial, reward and trajectory.

Format: ``EnvRunResult`` in https://github.com/sierra-research/tau-bench (MIT). The file names
neither model nor domain; they are read from its own name and from the policy, or given. It holds
no tokens, no time, and of dollars only those of the simulated user, which are not the agent's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from bench.imports.attempt import Attempt, Result, Source, Turn, as_text, parsed, turns
from bench.types import Cause, Json, RawCall

_NAME = re.compile(
    r"^(?:[a-z]+-)?(?:tool-calling|act|react|few-shot)-(?P<model>.+)-(?P<temperature>\d+\.\d+)_range_"
)
"""How τ-bench names its files: strategy, model, temperature, range of tasks."""
_POLICY = re.compile(r"^# (\w+) agent policy", re.IGNORECASE)
RIGHT = 1 - 1e-6
"""The reward from which τ-bench counts a task as done."""


class _Result(BaseModel):
    task_id: int | str
    trial: int
    reward: float
    info: dict[str, Json]
    traj: list[dict[str, Json]]


class _File(BaseModel):
    results: list[_Result]


def reads(value: Json) -> bool:
    """Whether this looks like such a file."""
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0], dict)
        and ("traj" in value[0] and "reward" in value[0])
    )


def read(path: Path, value: Json) -> Source:
    """The file. Raises ``BenchError`` for one that is not whole."""
    results = parsed(_File, {"results": value}, path).results
    prompt = next((as_text(m.get("content")) for r in results for m in r.traj[:1]), "")
    named, policy = _NAME.match(path.name), _POLICY.match(prompt)
    domain = policy[1].lower() if policy else ""
    return Source(
        kind="τ-bench",
        scenario=f"tau-bench-{domain}" if domain else "tau-bench",
        # Published trajectories are called MODEL-DOMAIN.json.
        model=named["model"] if named else path.stem.removesuffix(f"-{domain}"),
        attempts=tuple(_attempt(each) for each in results),
        tasks={str(each.task_id): each.info.get("task") for each in results},
        prompt=prompt,
        identity={"temperature": float(named["temperature"])} if named else {},
        notes=(
            "τ-bench records no tokens, no time and no dollars of the agent: they are unknown.",
        ),
    )


def _attempt(found: _Result) -> Attempt:
    error = found.info.get("error")
    right = RIGHT <= found.reward <= 2 - RIGHT
    return Attempt(
        task=str(found.task_id),
        repeat=found.trial,
        passed=right,
        score=f"reward {found.reward:g}",
        turns=turns(found.traj, _turn),
        # τ-bench counts whatever raised as a failure of the agent; so do we.
        cause=Cause.ERROR if error and not right else None,
        detail=str(error).splitlines()[0][:200] if error else None,
    )


def _turn(
    message: Mapping[str, Json],
    before: tuple[Mapping[str, Json], ...],
    answers: Sequence[Mapping[str, Json]],
) -> Turn:
    calls = tuple(
        RawCall(
            str(call.get("function", {}).get("name", "")),
            str(call.get("function", {}).get("arguments", "")),
            str(call.get("id", "")),
        )
        for call in message.get("tool_calls") or ()
    )
    told = {str(answer.get("tool_call_id", "")): answer.get("content") for answer in answers}
    return Turn(
        messages=before,
        text=as_text(message.get("content")),
        calls=calls,
        results=tuple(
            Result(told[call.id], ok=not as_text(told[call.id]).startswith("Error"))
            if call.id in told
            else None
            for call in calls
        ),
    )

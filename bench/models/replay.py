"""The replay model: answers from an earlier run's traces, at no cost and bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bench.errors import BenchError, ProviderError
from bench.hashing import canonical_json
from bench.journal import read_run, read_steps
from bench.types import Cause, Json, Origin, Provenance, Reply, Request, Step, ToolProtocol, Trial

Place = tuple[str, str, str, int, int, int]
"""Scenario, approach, case, repeat, task, step."""
CUT = (Cause.TIME_LIMIT, Cause.INFRASTRUCTURE)
"""What ends a trial in the midst of a call, of which nothing is on record."""


class ReplayModel:
    """Plays back what one model of a recorded run answered."""

    provenance: Provenance = "replayed"
    concurrency = 1
    local = False

    def __init__(self, folder: Path, model: str | None = None) -> None:
        run = read_run(folder)
        recorded = [plan for plan in run.manifest.models if model in (None, plan.name)]
        if len(recorded) != 1:
            names = ", ".join(plan.name for plan in run.manifest.models) or "none"
            raise BenchError(
                f"{folder}: name one model to replay, as replay/RUN#MODEL; it has {names}"
            )
        self.recorded = recorded[0]
        self.name = f"replay/{run.manifest.run}#{self.recorded.name}"
        self.priced_as = (
            None if self.recorded.identity.get("kind") == "local" else self.recorded.name
        )
        self.protocol: ToolProtocol = "native" if self.recorded.protocol == "native" else "action"
        self._run = run.manifest
        if run.manifest.redacted:
            raise BenchError(
                f"{folder.name} is redacted: its answers are not on record; name another"
            )
        trials = {(t.id, t.attempt): t for t in run.recorded if t.model == self.recorded.name}
        self._steps: dict[Place, Step] = {}
        self._alike: dict[tuple[str, int, str], Step] = {}
        self._cut: dict[tuple[str, str, str, int], Trial] = {}
        for trial in trials.values():
            if trial.cause in CUT:
                self._cut[(trial.scenario, trial.approach, trial.case, trial.repeat)] = trial
        for step in read_steps(folder):
            found = trials.get((step.trial, step.attempt))
            if found is None:
                continue
            place = (found.scenario, found.approach, found.case, found.repeat, step.task, step.step)
            self._alike.setdefault((found.case, found.repeat, step.request_hash), step)
            if found.point:  # of a sweep, where the same case may be run once more
                self._steps.setdefault(place, step)
            else:
                self._steps[place] = step

    async def reply(self, request: Request) -> Reply:
        """What was answered at the same step, or to the same request in another conversation about
        the case: another job may leave other records to the agent.

        Ends as the recorded trial did where that was cut off, by its time limit (``TimeoutError``)
        or by its provider (``ProviderError``). Raises ``BenchError`` naming the first difference
        if the recording lacks the request.
        """
        origin = request.origin
        if origin is None:
            raise BenchError("a recording answers only requests of a scenario's agent")
        step = self._steps.get(_place(origin))
        if step is None or step.request_hash != request.hash:
            alike = self._alike.get((origin.case, origin.repeat, request.hash))
            step = alike or step
        if step is None:
            self._end(origin)
            raise BenchError(
                f"{self.name}: nothing recorded for {origin.approach} on {origin.case}, repeat "
                f"{origin.repeat}, task {origin.task}, step {origin.step}; record it anew"
            )
        if step.request_hash != request.hash:
            raise BenchError(f"{self.name}: {self._difference(origin, request)}; record it anew")
        return Reply(
            text=step.text,
            calls=step.calls,
            finish_reason=step.finish_reason,
            model=step.model_reported,
            usage=step.usage,
            tokens="replayed",
            duration_s=step.duration_s,
            first_token_s=step.first_token_s,
            waiting_s=step.waiting_s,
            retries=step.retries,
            raw_usage=step.raw_usage,
        )

    def _end(self, origin: Origin) -> None:
        """End as the recorded trial did if this is the call that was cut off."""
        trial = self._cut.get((origin.scenario, origin.approach, origin.case, origin.repeat))
        before = _place(replace(origin, step=origin.step - 1))
        if trial is None or (origin.step and before not in self._steps):
            return
        if trial.cause == Cause.TIME_LIMIT:
            raise TimeoutError
        raise ProviderError(trial.detail or "the provider failed")

    def identity(self) -> Mapping[str, Json]:
        """The recorded model and its run."""
        return {"run": self._run.run, "run_identity": self._run.identity, **self.recorded.identity}

    async def close(self) -> None:
        """Nothing is held open."""

    def _difference(self, origin: Origin, request: Request) -> str:
        """The first difference, in the order in which a request is written."""
        where = f"{origin.case}, task {origin.task}, step {origin.step}"
        recorded: list[Mapping[str, Json]] = []
        for number in range(origin.step + 1):
            step = self._steps.get(_place(replace(origin, step=number)))
            if step is not None:
                recorded.extend(step.messages)
        for number, (old, new) in enumerate(zip(recorded, request.messages, strict=False)):
            if canonical_json(old) != canonical_json(new):
                what = f"message {number} ({new.get('role')})"
                if old.get("content") == new.get("content"):
                    return f"{where}: {what} {_first(canonical_json(old), canonical_json(new))}"
                return f"{where}: {what} {_first(str(old.get('content')), str(new.get('content')))}"
        if len(recorded) != len(request.messages):
            return (
                f"{where}: {len(recorded)} messages were recorded, {len(request.messages)} are sent"
            )
        return f"{where}: {self._other_difference(origin, request)}"

    def _other_difference(self, origin: Origin, request: Request) -> str:
        """Where the messages agree: tools, sampling, and by exclusion what is on no record."""
        plan = next((p for p in self._run.scenarios if p.name == origin.scenario), None)
        known = {_name(tool): tool for tool in plan.tools} if plan else {}
        asked = {_name(tool): tool for tool in request.tools}
        if known and asked:
            for name in dict.fromkeys([*known, *asked]):
                if name not in asked:
                    return f"tool {name} was recorded, and is not offered"
                if name not in known:
                    return f"tool {name} is offered, and was not recorded"
                old, new = canonical_json(known[name]), canonical_json(asked[name])
                if old != new:
                    return f"tool {name} {_first(old, new)}"
            if list(known) != list(asked):
                return f"tools come as {', '.join(asked)}, {', '.join(known)} was recorded"
        for what in ("temperature", "seed"):
            was, now = getattr(self._run, what), getattr(request, what)
            if was != now:
                return f"{what} differs from the recording: {was} was recorded, {now} is asked"
        if request.schema is None:
            return f"max_tokens differs from the recording: {request.max_tokens} is asked"
        return "the reply's schema, or max_tokens, differs from the recording"


def _first(old: str, new: str) -> str:
    at = next(
        (i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b),
        min(len(old), len(new)),
    )
    return (
        f"differs from the recording at character {at}: {old[at : at + 40]!r} was recorded, "
        f"{new[at : at + 40]!r} is asked"
    )


def _name(tool: Mapping[str, Json]) -> str:
    return str(tool["function"]["name"])


def _place(origin: Origin) -> Place:
    return (
        origin.scenario,
        origin.approach,
        origin.case,
        origin.repeat,
        origin.task,
        origin.step,
    )

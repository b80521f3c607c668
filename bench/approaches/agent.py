"""The agent: a model in a loop with tools, a step limit, and a reason for every way of ending."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from pydantic import ValidationError

from bench.approaches.protocols import (
    Conversation,
    MalformedReplyError,
    Message,
    conversation,
)
from bench.errors import ProviderError, ToolError
from bench.hashing import canonical_json
from bench.types import (
    Assignment,
    Cause,
    Conduct,
    Json,
    Model,
    Origin,
    Reply,
    Request,
    Step,
    Task,
    Tool,
    ToolCall,
    ToolContext,
    ToolRecord,
    total_usage,
)

PATIENCE = 3
"""Unusable replies in a row after which a conversation is given up."""

LOOP = 3
"""Times that the same call may have the same result; from the second on, the model is told."""

REPEATED = "You made this call before, with this result. Do not repeat it: take the next step."

FATAL = {Cause.TOKEN_LIMIT, Cause.DOLLAR_LIMIT, Cause.TIME_LIMIT, Cause.INFRASTRUCTURE}
"""Causes that end the trial and not only the conversation."""


class Stop(Exception):  # noqa: N818
    """Ends a conversation before its final tool call."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail


@dataclass
class Agent:
    """Gives each task of the case to the model."""

    name: str = "agent"
    uses_model: bool = True

    async def run(self, assignment: Assignment) -> Conduct:
        """Handle all records of the case."""
        return await handle(assignment, assignment.case.records)


async def handle(assignment: Assignment, records: tuple[str, ...]) -> Conduct:
    """Let the model handle ``records``: one conversation for each task, in order."""
    tasks = assignment.scenario.tasks(assignment.case, records)
    work = _Work(assignment)
    stopped: Stop | None = None
    cut_s: float | None = None
    try:
        async with asyncio.timeout(assignment.limits.seconds):
            for number, task in enumerate(tasks):
                try:
                    await work.converse(number, task)
                except Stop as stop:
                    stopped = stopped or stop
                    if stop.cause in FATAL:
                        break
    except TimeoutError:
        cut_s = time.perf_counter() - work.asked if work.asked is not None else None
        stopped = stopped or Stop(
            Cause.TIME_LIMIT, f"not done after {assignment.limits.seconds} seconds"
        )
    return Conduct(
        cause=stopped.cause if stopped else None,
        detail=stopped.detail if stopped else None,
        tasks=len(tasks),
        steps=tuple(work.steps),
        cut_s=cut_s,
        waited_s=work.waited_s,
        tool_sequence=tuple(
            f"{tool.name} {canonical_json(tool.arguments)}"
            for step in work.steps
            for tool in step.tools
        ),
    )


@dataclass
class _Work:
    """The conversations of one trial, and the steps taken so far."""

    assignment: Assignment
    steps: list[Step] = field(default_factory=list)
    asked: float | None = None
    """When the call in flight began; None while there is none."""
    waited_s: float = 0.0
    """For a provider that failed in the end."""

    async def converse(self, number: int, task: Task) -> None:
        """Lead one conversation up to its final tool call, or raise ``Stop``."""
        assignment = self.assignment
        assert assignment.model is not None
        assert assignment.protocol is not None
        tools = {tool.name: tool for tool in assignment.scenario.tools}
        wording = conversation(assignment.protocol)
        context = ToolContext(assignment.workspace, task.records, assignment.guards)
        messages: list[Message] = [
            {
                "role": "system",
                "content": wording.system(assignment.scenario.prompt(), tuple(tools.values())),
            },
            {"role": "user", "content": task.message},
        ]
        sent = 0
        unusable = 0
        seen: Counter[str] = Counter()
        withheld: set[str] = set()
        limit = assignment.limits.steps or task.step_limit
        for index in range(limit):
            self._check_limits()
            request = Request(
                messages=tuple(messages),
                tools=wording.tools(tuple(tools.values())),
                schema=wording.schema(
                    [tool for tool in tools.values() if tool.name not in withheld]
                    or tuple(tools.values())
                ),
                temperature=assignment.temperature,
                seed=assignment.seed,
                max_tokens=wording.max_tokens,
                origin=Origin(
                    assignment.scenario.name,
                    assignment.approach,
                    assignment.case.id,
                    assignment.repeat,
                    task.records,
                    number,
                    index,
                    assignment.attempt,
                ),
            )
            started = time.time()
            self.asked = time.perf_counter()
            try:
                reply = await assignment.model.reply(request)
            except ProviderError as error:
                self.waited_s += error.waiting_s
                raise Stop(Cause.INFRASTRUCTURE, str(error)) from None
            self.asked = None
            messages.append(wording.echo(reply))
            records, complaint = self._act(wording, reply, tools, context, messages)
            self._record(
                number, index, request, request.messages[sent:], started, reply, records, complaint
            )
            sent = len(request.messages)
            if reply.finish_reason in ("refusal", "content_filter"):
                raise Stop(Cause.REFUSED, f"the provider answered {reply.finish_reason}")
            if any(record.ok and tools[record.name].final for record in records):
                return
            seen.update(_fingerprint(record) for record in records)
            repeated = {record.name: seen[_fingerprint(record)] for record in records}
            if LOOP in repeated.values():
                raise Stop(Cause.LOOP, f"{records[-1].name}, {LOOP} times with the same result")
            # A small model repeats itself even when told not to, so where the reply is constrained
            # it cannot ask for the same tool in the very next step.
            withheld = {name for name, times in repeated.items() if times > 1}
            if withheld:
                messages.append(wording.complaint(REPEATED))
            unusable = unusable + 1 if complaint else 0
            if unusable == PATIENCE:
                raise Stop(Cause.MALFORMED, complaint or "")
        raise Stop(Cause.STEP_LIMIT, f"not done after {limit} steps")

    def _act(
        self,
        wording: Conversation,
        reply: Reply,
        tools: dict[str, Tool],
        context: ToolContext,
        messages: list[Message],
    ) -> tuple[list[ToolRecord], str | None]:
        """Run the reply's tool calls and append their results for the model to read."""
        try:
            calls = wording.calls(reply)
        except MalformedReplyError as error:
            # The call was billed before its parsing failed, so it is recorded like any other.
            messages.append(wording.complaint(str(error)))
            return [], str(error)
        records = []
        complaint = None
        for call in calls:
            record = execute(call, tools, context)
            records.append(record)
            messages.append(wording.result(call, record.result))
            if call.name not in tools:
                complaint = f"there is no tool {call.name!r}"
            if record.ok and tools[call.name].final:
                break
        return records, complaint

    def _check_limits(self) -> None:
        limits = self.assignment.limits
        usage = total_usage(self.steps)
        if limits.tokens is not None and (usage.total or 0) >= limits.tokens:
            raise Stop(Cause.TOKEN_LIMIT, f"{usage.total} tokens used, {limits.tokens} allowed")
        if limits.usd is not None:
            spent = sum(self.assignment.price(step.usage) or 0.0 for step in self.steps)
            if spent >= limits.usd:
                raise Stop(Cause.DOLLAR_LIMIT, f"${spent:.4f} spent, ${limits.usd:.4f} allowed")

    def _record(
        self,
        task: int,
        index: int,
        request: Request,
        new_messages: tuple[Message, ...],
        started: float,
        reply: Reply,
        tools: list[ToolRecord],
        malformed: str | None,
    ) -> None:
        model: Model | None = self.assignment.model
        step = Step(
            trial=self.assignment.trial,
            attempt=self.assignment.attempt,
            task=task,
            step=index,
            model=model.name if model else "",
            model_reported=reply.model,
            request_hash=request.hash,
            messages=new_messages,
            text=reply.text,
            calls=reply.calls,
            finish_reason=reply.finish_reason,
            usage=reply.usage,
            usage_counted=None,
            tokens=reply.tokens,
            started=started,
            duration_s=reply.duration_s,
            first_token_s=reply.first_token_s,
            waiting_s=reply.waiting_s,
            retries=reply.retries,
            malformed=malformed,
            tools=tuple(tools),
            raw_usage=reply.raw_usage,
        )
        self.steps.append(step)
        self.assignment.record(step)


def execute(call: ToolCall, tools: dict[str, Tool], context: ToolContext) -> ToolRecord:
    """Run one tool call for real; whatever is wrong with it becomes text for the model."""
    started = time.perf_counter()
    clock = context.workspace.clock
    statements, seconds = clock.statements, clock.seconds
    guard = ""
    ok = False
    result: Json
    tool = tools.get(call.name)
    if tool is None:
        result = {"error": f"no tool {call.name!r}; there are {', '.join(tools)}"}
    elif not _storable(dict(call.arguments)):
        result = {"error": "arguments: no text may hold zero bytes or halves of characters"}
    else:
        try:
            result = tool.run(context, tool.arguments.model_validate(dict(call.arguments)))
            ok = True
        except ValidationError as error:
            result = {"error": "; ".join(_fault(fault) for fault in error.errors())}
        except ToolError as error:
            result = {"error": str(error)}
            guard = error.guard
    return ToolRecord(
        name=call.name,
        arguments=dict(call.arguments),
        result=result,
        ok=ok,
        duration_s=time.perf_counter() - started,
        guarded=bool(guard),
        guard=guard,
        queries=clock.statements - statements,
        query_s=clock.seconds - seconds,
    )


def _storable(value: Json) -> bool:
    """Whether every database takes the texts in it: JSON has escapes for what is no text."""
    if isinstance(value, str):
        try:
            return b"\0" not in value.encode()
        except UnicodeEncodeError:
            return False
    if isinstance(value, dict):
        return all(map(_storable, (*value, *value.values())))
    return not isinstance(value, list) or all(map(_storable, value))


def _fingerprint(record: ToolRecord) -> str:
    return canonical_json([record.name, record.arguments, record.result])


def _fault(fault: object) -> str:
    assert isinstance(fault, dict)
    place = ".".join(str(part) for part in fault["loc"]) or "arguments"
    return f"{place}: {fault['msg']}"

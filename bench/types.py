"""The project's words as plain data, and the protocols through which its parts meet.

Data is frozen and plain; behaviour lives in functions that take and return it. ``None`` always
means *unknown*, never zero, and survives addition.
"""

from __future__ import annotations

import copy
import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from bench.hashing import content_hash

if TYPE_CHECKING:
    from pydantic import BaseModel
    from sqlalchemy import Connection, Engine, MetaData

Json: TypeAlias = Any
Drift: TypeAlias = Literal["none", "shape", "rules"]
Status: TypeAlias = Literal["pass", "fail", "deferred", "unknown"]
"""``unknown``: nobody said what is right, as with a user's own records without their truth."""
Provenance: TypeAlias = Literal[
    "measured", "counted", "list_price", "assumed", "replayed", "modelled"
]
Pair: TypeAlias = Literal["", "found", "wrong", "missed", "invented"]
"""How a record was put to somebody on file: to the right one, to a wrong one, to nobody although it
belongs to somebody, to somebody although it belongs to nobody. Empty: none of it."""
ToolProtocol: TypeAlias = Literal["native", "action"]


class Cause(enum.StrEnum):
    """Why a trial could not be brought to its end."""

    STEP_LIMIT = "step_limit"
    LOOP = "loop"
    """The same call with the same result, again and again, although told so."""
    TOKEN_LIMIT = "token_limit"
    DOLLAR_LIMIT = "dollar_limit"
    TIME_LIMIT = "time_limit"
    MALFORMED = "malformed_calls"
    """Too many replies in a row that held no usable tool call."""
    REFUSED = "refused"
    """The model or its provider's filter declined to answer."""
    ERROR = "error"
    """The approach's own code raised: a crash of the job, say."""
    INFRASTRUCTURE = "infrastructure"
    """The provider or the harness failed; left out of success, and counted."""


# --- scenarios ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stratum:
    """A kind of case."""

    name: str
    title: str
    """One line for a reader of the report: what arrives, and what is right."""
    ordinary: bool = False
    """Belongs to the everyday bulk on which the production mix rests."""
    free_text: bool = False
    """The deciding fact stands in prose: out of reach for rules, so the job must defer."""
    drift: Drift = "none"
    """Made to show this drift: run only with it, and outside the production mix."""
    hostile: bool = False
    """Its free text carries instructions to the model, or it holds the neutral twins of such
    cases: run only when asked for, and outside the production mix."""
    variants: int = 1
    """Kinds of case within it. Case *i* is of kind *i* modulo this; a run of attacks does each
    once."""

    @property
    def everyday(self) -> bool:
        """Part of what plans draw from and of what headline figures rest on."""
        return self.drift == "none" and not self.hostile


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool's name and its arguments, as a model asks for them."""

    name: str
    arguments: Mapping[str, Json]
    id: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """The smallest independent unit given to an approach; it owns its customers."""

    id: str
    """``<stratum>-<number>``, unique within a scenario and seed."""
    stratum: str
    records: tuple[str, ...]
    """Ids of the records, in order of arrival."""
    rows: Mapping[str, Sequence[Mapping[str, Json]]]
    """Database rows of this case, by table name, inserted beside the background in this order."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Files of this case, by name, placed in the trial's folder."""
    truth: Json = None
    """What the generator decided. Only the scenario's own ``verify`` and ``ideal`` read it."""
    drift: Drift = "none"
    """How the world has changed since job, prompt and policy were written."""
    repaired: bool = False
    """Handled with job, policy and tools brought up to date with the drift."""
    variant: str = ""
    """Which form of the drift, or which attack, where there are several."""
    twin: str | None = None
    """Id of the case that is the same but for the drift or the attack, and is run beside it."""
    asks: str = ""
    """The outcome that an attack asks for, where its words can tell: a decision, an entry in the
    books or a fault, as a verdict words it; ``*`` stands for any characters."""


@dataclass(frozen=True, slots=True)
class Task:
    """One conversation of an agent: what it is told, and how many steps it has."""

    records: tuple[str, ...]
    message: str
    step_limit: int


@dataclass(slots=True)
class QueryClock:
    """What the database was asked since the case was loaded, and how long that took."""

    statements: int = 0
    seconds: float = 0.0
    """Spent waiting for it: executing, fetching rows, committing, with the way there and back."""

    def reset(self) -> None:
        """Start anew."""
        self.statements = 0
        self.seconds = 0.0


@dataclass(frozen=True)
class Workspace:
    """What one trial may touch: a database of its own and a folder of its own."""

    engine: Engine
    folder: Path
    writes: list[tuple[str, str]] = field(default_factory=list)
    """(statement, parameters) of every write since the case was loaded, in order."""
    clock: QueryClock = field(default_factory=QueryClock)
    """Runs while the database works."""


@dataclass(frozen=True)
class ToolContext:
    """What a tool may touch while it works for one task."""

    workspace: Workspace
    records: tuple[str, ...]
    """The records assigned; a tool refuses to act on any other."""
    guards: bool = True
    """Whether server-side guards refuse provably wrong acts."""


@dataclass(frozen=True)
class Tool:
    """A function that a model may call. ``run`` is real code on the real database."""

    name: str
    description: str
    arguments: type[BaseModel]
    run: Callable[[ToolContext, Any], Json]
    """Takes the context and an instance of ``arguments``, returns JSON, raises ``ToolError``."""
    final: bool = False
    """A successful call ends the conversation."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an approach decided on one record, in its own log."""

    record: str
    decision: str
    reason: str


@dataclass(frozen=True, slots=True)
class JobReport:
    """What a job did: its decisions in order, and the records left for somebody else."""

    decisions: tuple[Decision, ...]
    flagged: Mapping[str, str] = field(default_factory=dict)
    """Record → reason. Empty unless the job was asked to flag what it is unsure of."""


@dataclass(frozen=True, slots=True)
class RecordVerdict:
    """What the win condition says of one record."""

    record: str
    status: Status
    decision: str
    """What the database holds of the record, in words that are equal for equal outcomes."""
    reviewed: bool = False
    """A human has to look at it, rightly or not."""
    reasons: tuple[str, ...] = ()
    """What is wrong, a short phrase each; empty for a pass."""
    ledger: str = ""
    """What stands in the books because of this record, in words that are equal for equal entries;
    empty for nothing."""
    pair: Pair = ""
    """Whether it was put to the right one of those on file, where that is the question."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the win condition says of a trial."""

    records: tuple[RecordVerdict, ...]
    faults: tuple[str, ...] = ()
    """What is wrong with the case as a whole: a stranger's row changed, a wrong summary."""

    @property
    def status(self) -> Status:
        """Fails if anything is wrong, else is unknown or deferred if any record is, else passes."""
        statuses = {record.status for record in self.records}
        if self.faults or "fail" in statuses:
            return "fail"
        if "unknown" in statuses:
            return "unknown"
        return "deferred" if "deferred" in statuses else "pass"


@dataclass(frozen=True, slots=True)
class Wording:
    """What an agent is told, as a scenario's folder holds it."""

    prompt: str
    """``prompt.md``; ``{{policy}}`` stands where the policy goes."""
    policy: str = ""
    """``policy.md``."""

    @property
    def joined(self) -> str:
        """The system prompt."""
        return self.prompt.replace("{{policy}}", self.policy.strip())


class Scenario(Protocol):
    """A business task. An instance is stateless; everything it holds open is passed to it."""

    name: str
    version: str
    """Raised whenever the same seed would give other cases, tools or verdicts."""
    strata: tuple[Stratum, ...]
    mix: Mapping[str, float]
    """Stratum → share of records in production; sums to 1."""
    tools: tuple[Tool, ...]
    metadata: MetaData
    wording: Wording
    """The prompt and policy of its folder; ``reworded`` gives a scenario others."""

    def prompt(self) -> str:
        """The agent's system prompt: ``wording``, joined."""

    def populate(self, connection: Connection, seed: int) -> None:
        """Insert the background: at least 10,000 customers that no case owns."""

    def cases(self, counts: Mapping[str, int], seed: int) -> Sequence[Case]:
        """``counts[stratum]`` cases of each stratum. Case *i* of a stratum depends on ``seed``,
        the stratum and *i* alone, so that a larger plan extends a smaller one. A list, or
        ``bench.cases.generated``, which builds each when it is asked for."""

    def batch(self, records: int, seed: int) -> Case:
        """One large case of that many ordinary records, to time the job in bulk."""

    def tasks(self, case: Case, records: tuple[str, ...]) -> tuple[Task, ...]:
        """The conversations in which an agent handles ``records`` of ``case``, in order."""

    def ideal(self, case: Case, task: Task) -> tuple[ToolCall, ...]:
        """The calls with which a perfect agent would do ``task``, the final one included."""

    def job(self, workspace: Workspace, *, unsure: Literal["review", "flag"]) -> JobReport:
        """Process everything pending. What the rules do not cover goes to human review, or is
        left pending and flagged."""

    def trivial(self, workspace: Workspace, choice: Literal["skip", "defer"]) -> None:
        """Dispose of everything pending without thought: the yardsticks of every table."""

    def verify(self, case: Case, workspace: Workspace) -> Verdict:
        """The win condition: looks at the database and files, never at what was said."""

    def state(self, workspace: Workspace) -> Json:
        """The business tables in canonical order, without surrogate ids, clocks, free text."""


def reworded(scenario: Scenario, wording: Wording) -> Scenario:
    """The same scenario with another prompt and policy; the given one stays as it is."""
    other = copy.copy(scenario)
    other.wording = wording
    return other


# --- models ---------------------------------------------------------------------------------


def _add(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens by class. ``input`` holds all prompt tokens, ``cached_input`` and ``cache_write``
    are parts of it; ``output`` holds all generated ones, ``reasoning`` is a part of it.
    ``cache_write_1h`` is the part of ``cache_write`` that is kept for an hour, not minutes."""

    input: int | None = 0
    output: int | None = 0
    cached_input: int | None = 0
    cache_write: int | None = 0
    reasoning: int | None = 0
    cache_write_1h: int | None = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            _add(self.input, other.input),
            _add(self.output, other.output),
            _add(self.cached_input, other.cached_input),
            _add(self.cache_write, other.cache_write),
            _add(self.reasoning, other.reasoning),
            _add(self.cache_write_1h, other.cache_write_1h),
        )

    @property
    def total(self) -> int | None:
        """All tokens, prompt and generated."""
        return _add(self.input, self.output)


UNKNOWN_USAGE = Usage(None, None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class Origin:
    """Which step a request belongs to. Never sent, never hashed: for reference and replay."""

    scenario: str
    approach: str
    case: str
    repeat: int
    records: tuple[str, ...]
    task: int
    step: int
    attempt: str = ""
    """Which execution of the trial."""

    @property
    def trial(self) -> str:
        """Scenario, approach, case and repeat: a trial's id without its model."""
        return f"{self.scenario}/{self.approach}/{self.case}/{self.repeat}"


@dataclass(frozen=True)
class Request:
    """One call of a model, in the chat format that every provider understands."""

    messages: tuple[Mapping[str, Json], ...]
    """OpenAI chat messages, roles ``system``, ``user``, ``assistant``, ``tool``."""
    tools: tuple[Mapping[str, Json], ...] = ()
    """OpenAI function tools, for the native protocol."""
    schema: Mapping[str, Json] | None = None
    """JSON schema that the reply's text must satisfy, for the action protocol."""
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 512
    origin: Origin | None = None

    @property
    def hash(self) -> str:
        """Identifies what is sent; equal requests have equal hashes."""
        return content_hash(
            [
                self.messages,
                self.tools,
                self.schema,
                self.temperature,
                self.seed,
                self.max_tokens,
            ]
        )


@dataclass(frozen=True, slots=True)
class RawCall:
    """A native tool call as the provider sent it; ``arguments`` may not even be JSON."""

    name: str
    arguments: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from a model."""

    text: str
    calls: tuple[RawCall, ...]
    finish_reason: str
    """``stop``, ``tool_calls``, ``length``, ``content_filter`` or ``refusal``."""
    model: str
    """The model as the provider names it."""
    usage: Usage
    tokens: Provenance
    """``measured`` where the provider reported the usage, else how it came about."""
    duration_s: float
    """Time spent working on the call, waiting excluded."""
    first_token_s: float | None = None
    waiting_s: float = 0.0
    """Rate limits and back-off."""
    retries: int = 0
    raw_usage: Mapping[str, Json] | None = None
    """The provider's usage object, untouched."""


class Model(Protocol):
    """Something that answers requests."""

    name: str
    protocol: ToolProtocol
    """The tool protocol that suits it."""
    provenance: Provenance
    """Of its success and time: ``measured`` for a real model, ``modelled``, ``replayed``."""
    concurrency: int
    """How many requests it serves at once without slowing each other down."""
    local: bool
    """It works on this machine, so that its time is compute dollars."""
    priced_as: str | None
    """Its name on the price table; None if nobody charges for it."""

    async def reply(self, request: Request) -> Reply:
        """Answer. Raises ``ProviderError`` when the provider fails for good."""

    def identity(self) -> Mapping[str, Json]:
        """What of the model determines its answers: name, file hash, base URL …"""

    async def close(self) -> None:
        """Let go of what is held open."""


# --- what is recorded -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToolRecord:
    """One executed (or refused) tool call."""

    name: str
    arguments: Json
    result: Json
    ok: bool
    duration_s: float
    guarded: bool = False
    guard: str = ""
    """Which guard refused it; empty if none did."""
    queries: int | None = None
    """Statements that it sent to the database; None in older runs."""
    query_s: float | None = None
    """The part of ``duration_s`` that it waited for the database."""


@dataclass(frozen=True)
class Step:
    """One model call and the tool calls it asked for: a line of ``traces.jsonl``."""

    trial: str
    attempt: str
    """Tells executions of the same trial apart, after a kill."""
    task: int
    step: int
    model: str
    model_reported: str
    request_hash: str
    messages: tuple[Mapping[str, Json], ...]
    """The messages that are new since the conversation's previous step."""
    text: str
    calls: tuple[RawCall, ...]
    finish_reason: str
    usage: Usage
    usage_counted: Usage | None
    tokens: Provenance
    started: float
    """Unix seconds."""
    duration_s: float
    first_token_s: float | None
    waiting_s: float
    retries: int
    malformed: str | None
    """What was wrong with the reply, as told to the model; None if it was usable."""
    tools: tuple[ToolRecord, ...]
    raw_usage: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Dollars:
    """Money of a trial. ``api`` is paid to a provider, ``compute`` is working time on a machine
    at an assumed price; the two are never added up silently."""

    api: float | None
    """As billed: cached tokens at their price. 0 for the job, None with a reason if unknown."""
    api_cold: float | None
    """As if no prompt had been cached."""
    compute: float | None
    reason: str | None = None
    """Why a figure is unknown."""


@dataclass(frozen=True, slots=True)
class Provenances:
    """How each group of a trial's figures came about."""

    success: Provenance
    tokens: Provenance
    dollars: Provenance
    time: Provenance


@dataclass(frozen=True, slots=True)
class Timing:
    """Calibrated rounds of a job on one case, each from a fresh database state. Seconds."""

    rounds: int
    min_s: float
    median_s: float
    max_s: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One execution of one approach on one case: a line of ``journal.jsonl``."""

    id: str
    """``scenario/approach/model/case/repeat``, with ``-`` for no model."""
    attempt: str
    scenario: str
    approach: str
    model: str | None
    case: str
    stratum: str
    drift: Drift
    repeat: int
    seed: int
    status: Status
    records: int
    passed: int
    deferred: int
    failed: int
    reviewed: int
    verdict: Verdict
    cause: Cause | None
    detail: str | None
    """One line on the cause."""
    flagged: Mapping[str, str]
    """Record → why the job part of a hybrid handed it on."""
    tasks: int
    steps: int
    malformed: int
    tool_errors: int
    guarded: int
    usage: Usage
    dollars: Dollars
    started: float
    wall_s: float
    working_s: float
    waiting_s: float
    timing: Timing | None
    outcome_hash: str
    raw_hash: str
    state_hash: str
    tool_sequence_hash: str
    provenance: Provenances
    tool_sequence: tuple[str, ...] = ()
    """Tool names with arguments; for the job the database writes, in order."""
    guards: Mapping[str, int] = field(default_factory=dict)
    """Guard → how often it refused; sums to ``guarded``."""
    repaired: bool = False
    """Handled with job, policy and tools brought up to date with the drift."""
    variant: str = ""
    """Which form of the drift, or which attack."""
    twin: str | None = None
    """Id of the case that is the same but for the drift or the attack."""
    hostile: bool = False
    """Its stratum holds attacks, or their neutral twins."""
    asks: str = ""
    """The outcome that the attack asks for; empty where words cannot tell, and in older runs."""
    point: str = ""
    """The point of a sweep that it belongs to, ``concurrency=4``; it counts for nothing else."""
    unknown: int = 0
    """Records of which nobody said what is right: neither passed, deferred nor failed."""
    queries: int | None = None
    """Statements that the approach sent to the database; None in older runs."""
    query_s: float | None = None
    """Seconds that it waited for the database."""

    @property
    def everyday(self) -> bool:
        """Neither drifted nor hostile: what the headline figures rest on."""
        return self.drift == "none" and not self.hostile


@dataclass(frozen=True, slots=True)
class Sweep:
    """One setting, tried at several values."""

    parameter: str
    """``records``, ``concurrency``, ``repeats`` or ``batch``."""
    values: tuple[int, ...]
    """Ascending."""


@dataclass(frozen=True)
class BatchTiming:
    """The job on one large batch: a line of ``journal.jsonl``."""

    scenario: str
    records: int
    rounds: int
    seconds: float
    """Median over the rounds."""
    passed: int
    deferred: int
    failed: int
    unknown: int = 0
    """Records of which nobody said what is right."""


class Approach(Protocol):
    """A way of doing a task."""

    name: str
    uses_model: bool

    async def run(self, assignment: Assignment) -> Conduct:
        """Do the whole case in ``assignment.workspace``."""


@dataclass(frozen=True)
class Limits:
    """Where a trial is stopped. None is no limit."""

    steps: int | None = None
    """For each task, in place of the scenario's own limit."""
    tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Assignment:
    """Everything an approach needs for one trial."""

    trial: str
    """The trial's id."""
    attempt: str
    scenario: Scenario
    approach: str
    case: Case
    workspace: Workspace
    repeat: int
    model: Model | None
    protocol: ToolProtocol | None
    limits: Limits
    temperature: float
    seed: int
    guards: bool
    record: Callable[[Step], None]
    """Takes each step as it ends, so that a killed trial's paid calls are on record."""
    price: Callable[[Usage], float | None]
    """API dollars of one call."""


@dataclass(frozen=True)
class Conduct:
    """How an approach went about a trial; the win condition alone says whether it was right."""

    cause: Cause | None = None
    detail: str | None = None
    decisions: tuple[Decision, ...] = ()
    flagged: Mapping[str, str] = field(default_factory=dict)
    tasks: int = 0
    steps: tuple[Step, ...] = ()
    job_s: float = 0.0
    """Working seconds of plain code."""
    cut_s: float | None = None
    """Seconds of a call that the time limit cut off. Its tokens are unknown, and were paid for."""
    waited_s: float = 0.0
    """Seconds spent on a provider that failed in the end; the steps hold those of the others."""
    tool_sequence: tuple[str, ...] = ()
    """Tool names with arguments; for the job the database writes, in order."""


def total_usage(steps: Iterable[Step]) -> Usage:
    """The sum over steps; unknown as soon as one is unknown."""
    total = Usage()
    for step in steps:
        total = total + step.usage
    return total

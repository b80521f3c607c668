"""What happened in one trial, readable: messages, tool calls, results, tokens, time, verdict."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.analysis.failures import CAUSES
from bench.hashing import content_hash
from bench.journal import read_run, read_steps
from bench.report import numbers
from bench.types import Json, Step, ToolRecord, Trial

Role = Literal["system", "user", "model", "tool", "harness"]


@dataclass(frozen=True, slots=True)
class Block:
    """One utterance."""

    role: Role
    title: str
    text: str
    small: str = ""
    """Tokens, time."""
    bad: bool = False
    """A refusal, an error, an unusable reply."""


@dataclass(frozen=True)
class Transcript:
    """A trial, told in order."""

    trial: Trial
    blocks: tuple[Block, ...]
    facts: tuple[tuple[str, str], ...]
    """(what, value) lines to stand above."""
    verdict: tuple[str, ...]
    """What the win condition says, record by record."""

    @property
    def name(self) -> str:
        """A file name without extension, also an anchor: safe everywhere, unique."""
        return safe_name(self.trial.id)


def safe_name(trial: str) -> str:
    """A trial's id as a file name: other characters than letters, digits, dot and dash become
    underscores, and a hash keeps it unique."""
    text = re.sub(r"[^A-Za-z0-9.-]+", "_", trial).strip("._-")[:100]
    return f"{text}-{content_hash(trial)[:8]}"


def transcript_of(folder: Path, trial_id: str) -> Transcript | None:
    """The transcript of one trial of a run; None if there is no such trial."""
    found = transcripts(folder, read_run(folder).trials, [trial_id])
    return found.get(trial_id)


def transcripts(
    folder: Path, trials: Iterable[Trial], wanted: Iterable[str]
) -> dict[str, Transcript]:
    """The transcripts of the trials wanted, reading the traces once."""
    names = dict.fromkeys(wanted)
    chosen = {trial.id: trial for trial in trials if trial.id in names}
    steps: dict[str, list[Step]] = {name: [] for name in chosen}
    if chosen:
        for step in read_steps(folder):
            trial = chosen.get(step.trial)
            if trial is not None and step.attempt == trial.attempt:
                steps[step.trial].append(step)
    return {name: tell(chosen[name], steps[name]) for name in names if name in chosen}


def all_transcripts(
    folder: Path, trials: Sequence[Trial], steps: Mapping[tuple[str, str], int]
) -> Iterator[Transcript]:
    """The transcripts of all ``trials`` in their order, reading the traces once. ``steps`` says how
    many each (trial, attempt) has there, so that a trial is told, and no longer held, as soon as
    those before it are."""
    attempts = {trial.id: trial.attempt for trial in trials}
    found: dict[str, list[Step]] = {}
    told = 0
    for step in read_steps(folder):
        if attempts.get(step.trial) == step.attempt:
            found.setdefault(step.trial, []).append(step)
            while told < len(trials):
                trial = trials[told]
                if len(found.get(trial.id, ())) < steps.get((trial.id, trial.attempt), 0):
                    break
                yield tell(trial, found.pop(trial.id, []))
                told += 1
    for trial in trials[told:]:
        yield tell(trial, found.pop(trial.id, []))


def tell(trial: Trial, steps: Sequence[Step]) -> Transcript:
    """A trial and its steps as a transcript."""
    return Transcript(trial, tuple(_blocks(trial, steps)), _facts(trial), tuple(_verdict(trial)))


def _blocks(trial: Trial, steps: Sequence[Step]) -> Iterator[Block]:
    for record, reason in trial.flagged.items():
        yield Block("harness", f"the job hands on {record}", reason)
    if not steps:
        title = "database writes" if trial.model is None else "no model call"
        yield Block("harness", title, "\n".join(trial.tool_sequence) or "none")
    before: Step | None = None
    for step in steps:
        if before is not None and before.task != step.task:
            before = None
        for message in step.messages:
            role, text = str(message.get("role", "")), _text(message.get("content"))
            if before is None or not _echoes(role, text, before):
                yield Block("system" if role == "system" else "user", "", text)
        yield from _step_blocks(step)
        before = step


def _step_blocks(step: Step) -> Iterator[Block]:
    spent = [
        f"{numbers.count(step.usage.input)} tokens in"
        + (
            f" ({numbers.count(step.usage.cached_input)} cached)" if step.usage.cached_input else ""
        ),
        f"{numbers.count(step.usage.output)} out",
        numbers.seconds(step.duration_s or None),
    ]
    said = [step.text] if step.text else []
    said += [f"{call.name}({call.arguments})" for call in step.calls]
    yield Block(
        "model",
        f"{step.model}, step {step.step + 1}",
        "\n".join(said) or "(empty reply)",
        small=" · ".join(spent) + ("" if step.tokens == "measured" else f" · {step.tokens}"),
        bad=step.malformed is not None,
    )
    if step.malformed is not None:
        yield Block("harness", "unusable reply", step.malformed, bad=True)
    for tool in step.tools:
        state = "" if tool.ok else "stopped by a guard" if tool.guarded else "error"
        yield Block(
            "tool",
            f"{tool.name}({_text(tool.arguments)})",
            _text(tool.result),
            small=" · ".join(filter(None, (state, _time(tool)))),
            bad=not tool.ok,
        )


def _time(tool: ToolRecord) -> str:
    """How long a call took, and how much of that the database."""
    if not tool.duration_s:
        return ""
    time = numbers.seconds(tool.duration_s)
    if not tool.queries:
        return time
    return f"{time}, {numbers.seconds(tool.query_s)} of it {_statements(tool.queries)}"


def _statements(count: int) -> str:
    return "in one statement" if count == 1 else f"in {numbers.count(count)} statements"


def _echoes(role: str, text: str, before: Step) -> bool:
    """Whether a message only repeats what the previous step's blocks have shown."""
    if role in ("assistant", "tool"):
        return True
    return text == before.malformed or any(
        text.startswith(f"{tool.name}: ") for tool in before.tools
    )


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _facts(trial: Trial) -> tuple[tuple[str, str], ...]:
    facts = [
        ("scenario", trial.scenario),
        ("approach", trial.approach),
        ("model", trial.model or "none"),
        ("case", f"{trial.case} ({trial.stratum})"),
        ("repeat", str(trial.repeat)),
        ("verdict", trial.status),
        ("model calls", numbers.count(trial.steps)),
        ("tokens", numbers.count(trial.usage.total)),
        (
            "working time",
            numbers.seconds(trial.working_s if trial.provenance.time == "measured" else None),
        ),
        ("provenance", f"success {trial.provenance.success}, time {trial.provenance.time}"),
    ]
    if trial.queries:
        facts.insert(
            -1,
            ("database", f"{numbers.seconds(trial.query_s)} {_statements(trial.queries)}"),
        )
    if trial.cause is not None:
        words = CAUSES.get(trial.cause, trial.cause.value)
        facts.insert(6, ("ended because", f"{words}: {trial.detail}" if trial.detail else words))
    return tuple(facts)


def _verdict(trial: Trial) -> Iterator[str]:
    for record in trial.verdict.records:
        why = f" — {'; '.join(record.reasons)}" if record.reasons else ""
        yield f"{record.record}: {record.status}, {record.decision}{why}"
    for fault in trial.verdict.faults:
        yield f"the case as a whole: {fault}"


def links(transcripts: Mapping[str, Transcript]) -> dict[str, str]:
    """Trial id → name of its transcript."""
    return {trial: transcript.name for trial, transcript in transcripts.items()}

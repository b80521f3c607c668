"""What a redacted run writes: keyed hashes where records, messages and answers would stand.

The key lies outside every run's folder. Whoever has a folder alone can tell what is equal within
it, and neither read nor guess what it was; with the key gone, nobody can.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import platformdirs

from bench.errors import BenchError
from bench.hashing import canonical_json
from bench.record import Record
from bench.types import BatchTiming, Json, RawCall, Step, ToolRecord, Trial, Verdict

KEY_FILE = "redaction.key"
KEY_BYTES = 32
DIGITS = 16
"""Hex digits of a hash: enough that two values never share one by chance."""
PLAIN_ROLES = ("system",)
"""Messages that hold a scenario's prompt and policy, and nothing of a record."""


def key_file() -> Path:
    """Where this user's key lies."""
    return Path(platformdirs.user_state_dir("agent-or-job")) / KEY_FILE


def read_key(path: Path) -> bytes:
    """The key in ``path``, made on first use and readable to its owner alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = path.read_bytes()
        else:
            key = secrets.token_bytes(KEY_BYTES)
            with os.fdopen(descriptor, "wb") as file:
                file.write(key)
    except OSError as error:
        raise BenchError(
            f"{path}: the key for --redact cannot be kept ({error.strerror}); mend its folder"
        ) from None
    if len(key) != KEY_BYTES:
        raise BenchError(f"{path}: no key of {KEY_BYTES} bytes; remove it, and a new one is made")
    return key


class Redacted:
    """Puts on record what happened, without what was said."""

    def __init__(self, record: Record, key: bytes) -> None:
        self._record = record
        self._key = key

    def step(self, step: Step) -> None:
        """A step, its messages, answers, arguments and results as hashes."""
        self._record.step(
            replace(
                step,
                request_hash=self.hash(step.request_hash),
                messages=tuple(self._message(message) for message in step.messages),
                text=self.hash(step.text) if step.text else "",
                calls=tuple(
                    RawCall(self.hash(c.name), self.hash(c.arguments), self.hash(c.id))
                    for c in step.calls
                ),
                malformed=None if step.malformed is None else self.hash(step.malformed),
                tools=tuple(self._tool(tool) for tool in step.tools),
                raw_usage=None,  # a provider may put anything there; its counts stand in usage
            )
        )

    def trial(self, trial: Trial) -> None:
        """A trial, its decisions reduced to their kind and a hash."""
        self._record.trial(
            replace(
                trial,
                verdict=self._verdict(trial.verdict),
                detail=None if trial.detail is None else self.hash(trial.detail),
                flagged={record: self.hash(reason) for record, reason in trial.flagged.items()},
                outcome_hash=self.hash(trial.outcome_hash),
                raw_hash=self.hash(trial.raw_hash),
                state_hash=self.hash(trial.state_hash),
                tool_sequence_hash=self.hash(trial.tool_sequence_hash),
                tool_sequence=tuple(self.hash(call) for call in trial.tool_sequence),
            )
        )

    def batch(self, batch: BatchTiming) -> None:
        """Counts and seconds: nothing to redact."""
        self._record.batch(batch)

    def finish(self) -> None:
        """The run is complete."""
        self._record.finish()

    def hash(self, value: Json) -> str:
        """Equal for equal values, under this key."""
        text = value if isinstance(value, str) else canonical_json(value)
        digest = hmac.new(self._key, text.encode("utf-8", "surrogatepass"), "sha256")
        return f"#{digest.hexdigest()[:DIGITS]}"

    def _message(self, message: Mapping[str, Json]) -> Mapping[str, Json]:
        if message.get("role") in PLAIN_ROLES:
            return message
        said = {key: value for key, value in message.items() if key != "role"}
        return {"role": message.get("role"), "content": self.hash(said)}

    def _tool(self, tool: ToolRecord) -> ToolRecord:
        # A model may name a tool that there is not.
        name = tool.name if tool.ok or tool.guard else self.hash(tool.name)
        arguments, result = self.hash(tool.arguments), self.hash(tool.result)
        return replace(tool, name=name, arguments=arguments, result=result)

    def _verdict(self, verdict: Verdict) -> Verdict:
        return Verdict(
            tuple(
                replace(
                    record,
                    decision=self._decision(record.decision),
                    reasons=tuple(self.hash(reason) for reason in record.reasons),
                    ledger=self.hash(record.ledger) if record.ledger else "",
                )
                for record in verdict.records
            ),
            tuple(self.hash(fault) for fault in verdict.faults),
        )

    def _decision(self, decision: str) -> str:
        """The kind of a decision, with a hash for whatever follows it."""
        kind, _, rest = decision.partition(" ")
        return f"{kind} {self.hash(rest)}" if rest else kind

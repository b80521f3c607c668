"""Logs of inspect_ai: one JSON object, or an ``.eval`` archive of a header and the samples.

Format: ``EvalLog`` in https://github.com/UKGovernmentBEIS/inspect_ai (MIT),
https://inspect.aisi.org.uk/reference/inspect_ai.log.html. An archive holds ``header.json`` and
``samples/ID_epoch_N.json``. Dollars: what the log states, else its tokens by the price table.
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import zstandard
from pydantic import BaseModel

from bench.errors import BenchError
from bench.imports.attempt import (
    Attempt,
    Result,
    Source,
    Turn,
    as_text,
    moment,
    parsed,
    turns,
)
from bench.types import UNKNOWN_USAGE, Cause, Json, RawCall, Usage

LIMITS = {
    "message": Cause.STEP_LIMIT,
    "turn": Cause.STEP_LIMIT,
    "token": Cause.TOKEN_LIMIT,
    "context": Cause.TOKEN_LIMIT,
    "time": Cause.TIME_LIMIT,
    "working": Cause.TIME_LIMIT,
    "cost": Cause.DOLLAR_LIMIT,
}
GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""What inspect_ai's letters are worth: correct, partial, incorrect, no answer."""
MOST_BYTES = 4 * 2**30
"""Of an archive, unpacked."""
_ATTACHED = "attachment://"
_ZSTANDARD = 93
"""The method's number in a zip archive."""


class _Dataset(BaseModel):
    name: str | None = None


class _Eval(BaseModel):
    task: str
    model: str
    created: str = ""
    dataset: _Dataset = _Dataset()
    model_generate_config: dict[str, Json] = {}
    packages: dict[str, str] = {}


class _Log(BaseModel):
    status: str = ""
    eval: _Eval
    samples: list[dict[str, Json]] | None = None


class _Score(BaseModel):
    value: Json = None
    explanation: str | None = None


class _Sample(BaseModel):
    id: int | str
    epoch: int = 1
    input: Json = None
    target: Json = None
    messages: list[dict[str, Json]] = []
    scores: dict[str, _Score] | None = None
    score: _Score | None = None
    model_usage: dict[str, dict[str, Json]] = {}
    total_time: float | None = None
    working_time: float | None = None
    started_at: str | None = None
    error: dict[str, Json] | None = None
    limit: dict[str, Json] | None = None
    attachments: dict[str, str] = {}


def reads(value: Json) -> bool:
    """Whether this looks like such a log."""
    return (
        isinstance(value, dict) and isinstance(value.get("eval"), dict) and "model" in value["eval"]
    )


def unpack(path: Path) -> Json:
    """The log in an ``.eval`` archive. Raises ``BenchError`` for one that cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise BenchError(f"{path}: larger than 4 GiB unpacked; split the log")
            names = archive.namelist()
            if "header.json" not in names:
                raise BenchError(
                    f"{path}: has no header.json: the evaluation did not end; let it end with "
                    "'inspect eval-retry', or mend the log with 'inspect log recover'"
                )
            log = json.loads(_member(path, archive, "header.json"))
            log["samples"] = [
                json.loads(_member(path, archive, name))
                for name in names
                if name.startswith("samples/") and name.endswith(".json")
            ]
            return log
    except NotImplementedError:
        raise BenchError(
            f"{path}: compressed in a way that this Python cannot read; convert it with "
            "'inspect log convert --to json'"
        ) from None
    except (
        *(OSError, ValueError, TypeError, EOFError, struct.error),
        *(zipfile.BadZipFile, zlib.error, zstandard.ZstdError),
    ) as error:
        raise BenchError(f"{path}: no readable archive ({error})") from None


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """A member of the archive, unpacked. inspect_ai compresses with Zstandard, which Python's own
    module reads from 3.14 on only: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT."""
    entry = archive.getinfo(name)
    if entry.compress_type != _ZSTANDARD:
        return archive.read(name)
    with path.open("rb") as file:
        file.seek(entry.header_offset)
        # The local header: 26 bytes, then the lengths of the name and of the extra field.
        length, extra = struct.unpack("<26xHH", file.read(30))
        file.seek(length + extra, 1)
        packed = file.read(entry.compress_size)
    reader = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
    unpacked = reader.read(entry.file_size)
    if zlib.crc32(unpacked) != entry.CRC:
        raise zipfile.BadZipFile(f"bad checksum of {name}")
    return unpacked


def read(path: Path, value: Json, scorer: str | None = None) -> Source:
    """The log; ``scorer`` chooses among several. Raises ``BenchError`` if it is not whole."""
    log = parsed(_Log, value, path)
    samples = [
        parsed(_Sample, sample, path, f"samples.{number}")
        for number, sample in enumerate(log.samples or ())
    ]
    name = log.eval.task.rpartition("/")[2]
    packages = {f"{package}_version": version for package, version in log.eval.packages.items()}
    return Source(
        kind="inspect_ai",
        scenario=name,
        model=log.eval.model,
        attempts=tuple(_attempt(each, log.eval.model, scorer, path) for each in samples),
        tasks={str(each.id): [each.input, each.target] for each in samples},
        prompt=next((as_text(m.get("content")) for s in samples for m in s.messages[:1]), ""),
        created=log.eval.created,
        notes=(
            "Tokens and dollars are all that a sample spent on the model: a scorer that asks the "
            "same model is among them.",
        ),
        identity={k: v for k, v in log.eval.model_generate_config.items() if k == "temperature"}
        | packages,
    )


def _attempt(found: _Sample, model: str, scorer: str | None, path: Path) -> Attempt:
    where = f"sample {found.id}, epoch {found.epoch}"
    value = _value(found, scorer, path, where)
    right = value is not None and value >= 1
    kind = str((found.limit or {}).get("type", ""))
    cause = None if right else LIMITS.get(kind, Cause.ERROR if kind else None)
    detail = f"limit: {kind}" if kind else None
    if found.error is not None or value is None:
        cause = Cause.INFRASTRUCTURE
        detail = str((found.error or {}).get("message", "no score on file"))
        detail = (detail.splitlines() or ["no message"])[0][:200]
    stated = found.model_usage.get(model)
    if stated is None and len(found.model_usage) == 1:
        (stated,) = found.model_usage.values()
    seconds = found.working_time if found.working_time is not None else found.total_time
    return Attempt(
        task=str(found.id),
        repeat=found.epoch - 1,
        passed=right,
        score="no score" if value is None else f"score {value:g}",
        turns=turns(_resolved(found), _turn),
        cause=cause,
        detail=detail if cause else None,
        usage=_usage(stated),
        usd=(stated or {}).get("total_cost"),
        seconds=seconds,
        started=moment(found.started_at),
    )


def _value(found: _Sample, scorer: str | None, path: Path, where: str) -> float | None:
    scores = dict(found.scores or {})
    if found.score is not None:
        scores.setdefault("score", found.score)
    if not scores:
        return None
    if scorer is not None and scorer not in scores:
        raise BenchError(f"{path}: {where}: no scorer {scorer!r}; there are {', '.join(scores)}")
    if scorer is None and len(scores) > 1:
        raise BenchError(f"{path}: several scorers; choose one with --scorer: {', '.join(scores)}")
    value = scores[scorer or next(iter(scores))].value
    if isinstance(value, str):
        value = GRADES.get(value, value)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise BenchError(
            f"{path}: {where}: the score {value!r} is neither a number nor one of C, P, I, N; "
            "choose another with --scorer"
        ) from None


def _resolved(found: _Sample) -> list[dict[str, Json]]:
    """The messages, with what inspect_ai keeps apart put back in."""

    def content(value: Json) -> Json:
        if isinstance(value, str) and value.startswith(_ATTACHED):
            return found.attachments.get(value.removeprefix(_ATTACHED), value)
        return value

    return [{**each, "content": content(each.get("content"))} for each in found.messages]


def _usage(stated: Mapping[str, Json] | None) -> Usage:
    """Providers disagree whether the prompt holds what was cached; the total always does."""
    if stated is None or stated.get("output_tokens") is None:
        return UNKNOWN_USAGE
    output, total = stated["output_tokens"], stated.get("total_tokens")
    prompt = total - output if total is not None else stated.get("input_tokens")
    return Usage(
        input=prompt,
        output=output,
        cached_input=stated.get("input_tokens_cache_read") or 0,
        cache_write=stated.get("input_tokens_cache_write") or 0,
        reasoning=stated.get("reasoning_tokens") or 0,
        cache_write_1h=0,
    )


def _turn(
    message: Mapping[str, Json],
    before: tuple[Mapping[str, Json], ...],
    answers: Sequence[Mapping[str, Json]],
) -> Turn:
    calls = tuple(
        RawCall(
            str(call.get("function", "")),
            json.dumps(call.get("arguments", {}), ensure_ascii=False, sort_keys=True),
            str(call.get("id", "")),
        )
        for call in message.get("tool_calls") or ()
    )
    told = {
        str(each.get("tool_call_id", "")): Result(
            as_text(each.get("content")), ok=each.get("error") is None
        )
        for each in answers
    }
    return Turn(
        messages=before,
        text=as_text(message.get("content")),
        calls=calls,
        results=tuple(told.get(call.id) for call in calls),
        model=str(message.get("model") or ""),
    )

"""Lines of JSON in the files of a run: how one is written, and how they are read back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench import json_bytes
from bench.errors import BenchError, JournalError
from bench.types import BatchTiming, Step, Trial


def encode(kind: str, value: Step | Trial | BatchTiming) -> bytes:
    """The line that puts a step, a trial or a batch on record."""
    return (_encode({"kind": kind, **_plain(value)}) + "\n").encode("utf-8", "backslashreplace")


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


def _plain(value: Any) -> Any:
    """A dataclass one level deep: ``asdict`` copies all that is below, which takes most of the
    time of a step."""
    if is_dataclass(value):
        return {name: getattr(value, name) for name in _names(value.__class__)}
    return str(value)


_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain
).encode


def append(descriptor: int, line: bytes, folder: Path) -> None:
    """Write a line to the end of a file in a run's folder. Raises ``BenchError`` if it cannot."""
    try:
        written = os.write(descriptor, line)
        while written < len(line):
            written += os.write(descriptor, line[written:])
    except OSError as error:
        raise BenchError(
            f"{folder}: cannot be written ({error.strerror}); make room, then repeat the "
            "command: it goes on where it stopped"
        ) from None


def cut_torn_line(descriptor: int) -> None:
    """Cut off what a kill left of a last line."""
    size = os.lseek(descriptor, 0, os.SEEK_END)
    end = size
    while end > 0:
        start = max(0, end - 65536)
        block = os.pread(descriptor, end - start, start)
        newline = block.rfind(b"\n")
        if newline >= 0:
            os.ftruncate(descriptor, start + newline + 1)
            return
        end = start
    os.ftruncate(descriptor, 0)


def lines(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Number, text, and whether it is complete, of each line; none if there is no file."""
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                yield number, raw.decode("utf-8", "replace"), raw.endswith(b"\n")
    except FileNotFoundError:
        return
    except OSError as error:
        raise JournalError(f"{path}: cannot be read ({error.strerror})") from None


def parse(path: Path, number: int, line: str, without: str) -> dict[str, Any]:
    """A line's object. Raises ``JournalError`` naming the line, and what deleting it means:
    what is so ``without`` it."""
    try:
        entry = json_bytes.load(line)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        raise JournalError(f"{path}:{number}: not a JSON object; delete the line ({without})")
    return entry


def first_fault(error: ValidationError) -> str:
    """Where an entry does not fit first, and why."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}"

"""The forecast that was made before a run, kept in its folder beside the journal, so that what
really was used can be held against it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from bench.errors import BenchError, JournalError

FILE: Final = "forecast.json"


@dataclass(frozen=True)
class Group:
    """What the trials of one kind will take, all of them together."""

    scenario: str
    approach: str
    stratum: str
    point: str
    """Of a sweep; empty outside."""
    trials: int
    records: int
    steps: int
    tokens_in: int
    tokens_cached: int
    tokens_written: int
    tokens_out: int
    usd: float | None
    """With prompt prefixes cached as far as they repeat; None without a price."""
    usd_cold: float | None
    """With nothing cached."""


@dataclass(frozen=True)
class Expected:
    """The forecast of one model's share of a run."""

    model: str
    low: float
    """Factors from it to the ends of its range."""
    high: float
    groups: tuple[Group, ...]


_adapter: Final = TypeAdapter(tuple[Expected, ...])


def write_expected(folder: Path, expected: Sequence[Expected]) -> None:
    """Put the forecast on record. That of an earlier execution of the run stays: it was the one
    made before the run."""
    path = folder / FILE
    if path.exists() or not expected:
        return
    temporary = folder / f".{FILE}"
    try:
        temporary.write_text(json.dumps([asdict(each) for each in expected], indent=1) + "\n")
        temporary.replace(path)
    except OSError as error:
        raise BenchError(f"{path}: cannot be written ({error.strerror}); make room") from None


def read_expected(folder: Path) -> tuple[Expected, ...]:
    """The forecasts on record, none for a run without. Raises ``JournalError`` if it is broken."""
    path = folder / FILE
    try:
        return _adapter.validate_json(path.read_bytes())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise JournalError(f"{path}: cannot be read ({error.strerror})") from None
    except ValidationError:
        raise JournalError(f"{path}: not a forecast; delete the file") from None

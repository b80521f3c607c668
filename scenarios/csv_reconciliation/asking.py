"""What tools are asked and how they answer, the same for our files and for a user's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from bench.types import Json
from scenarios.csv_reconciliation.setting import SHOWN

MOST_FOUND = 5
"""Customers that are shown at once."""
FREQUENT = 3
"""Values of a column that are shown."""


class Arguments(BaseModel):
    """No others than those of the class."""

    model_config = ConfigDict(extra="forbid")


class OfRow(Arguments):
    """A row by its number."""

    row: int = Field(ge=1)


class FromRow(Arguments):
    """Where a page begins."""

    first: int = Field(ge=1)


class Text(Arguments):
    """What to search for."""

    text: str = Field(min_length=2)


def few(rows: Sequence[int]) -> Json:
    """Row numbers, of many only the next and how many."""
    return list(rows) if len(rows) <= SHOWN else f"{len(rows)}, next is row {rows[0]}"


def statistics(values: Sequence[str]) -> Json:
    """How often a column has a value, and which."""
    filled = Counter(value for value in values if value)
    return {
        "rows": len(values),
        "empty": len(values) - filled.total(),
        "different": len(filled),
        "most_frequent": dict(filled.most_common(FREQUENT)),
    }

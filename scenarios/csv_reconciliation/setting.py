"""The scenario's options: how many rows a file has, and how an agent is given them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bench.errors import BenchError

Conversation: TypeAlias = Literal["file", "row"]

SHOWN = 10
"""Rows that an agent is shown at once; what is longer it reads page by page."""
MOST_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Setting:
    """The options, checked."""

    rows: int | None = None
    """Rows in each file; None for one to three."""
    conversation: Conversation = "file"
    """What one conversation of an agent is about."""
    layouts: bool = False
    """Whether the agent can say what a file means whose layout is not ours. No option: it is so
    in runs of ``--drift shape``, before the change as well as after it."""

    @property
    def paged(self) -> bool:
        """Whether a file is too long to be shown at once."""
        return self.conversation == "file" and self.rows is not None and self.rows > SHOWN

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Setting:
        """The setting that options as text describe. Raises ``BenchError`` for others."""
        rows = None
        conversation: Conversation = "file"
        for name, value in options.items():
            if name == "rows":
                if not (value.isdecimal() and 1 <= int(value) <= MOST_ROWS):
                    raise BenchError(
                        f"rows={value}: a file has 1 to {MOST_ROWS} rows; write rows=10"
                    )
                rows = int(value)
            elif name == "conversation":
                if value not in ("file", "row"):
                    raise BenchError(f"conversation={value}: there are file, row")
                conversation = value  # type: ignore[assignment]  # checked above
            else:
                raise BenchError(
                    f"csv_reconciliation has no option {name!r}; there are rows, conversation"
                )
        return cls(rows, conversation)

"""Tools to say what a file means whose layout is not ours.

An agent has them in runs of ``--drift shape``, before the change as well as after it. They write
nothing to the database: what was said is kept beside the file, and all tools read the file with it.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from bench.errors import BenchError, ToolError
from bench.types import Json, Tool, ToolContext
from scenarios.csv_reconciliation import layout
from scenarios.csv_reconciliation.asking import OfRow
from scenarios.csv_reconciliation.intake import COLUMNS, Row, line_of, rows_of
from scenarios.csv_reconciliation.setting import SHOWN
from scenarios.csv_reconciliation.tools import desk_of, import_of

WORD = re.compile(r"[a-z]{2,}")
"""Letters that no encoding changes."""
LAST_DIGITS = 6
"""Of a phone number: what stands before them may be written in several ways."""


class Reading(BaseModel):
    """How a file's bytes become cells."""

    model_config = ConfigDict(extra="forbid")
    encoding: str = Field(description="a Python codec, such as cp850")
    delimiter: str = Field(min_length=1, max_length=1)


class Restatement(OfRow):
    """What a row holds under our columns; empty where it holds nothing."""

    given_name: str
    family_name: str
    email: str
    phone: str
    date_of_birth: str
    street: str
    city: str
    postcode: str
    country: str
    remarks: str


def _read_file_as(context: ToolContext, arguments: Reading) -> Json:
    try:
        # Others than text encodings would turn bytes into bytes.
        known = codecs.lookup(arguments.encoding)._is_text_encoding
    except LookupError:
        known = False
    if not known:
        raise ToolError(f"no encoding {arguments.encoding!r}; say a Python codec, such as cp850")
    folder = context.workspace.folder
    told = replace(
        layout.told_of(folder), encoding=arguments.encoding, delimiter=arguments.delimiter
    )
    file = import_of(context)
    try:
        content = (folder / file.file).read_bytes()
        content.decode(arguments.encoding)
        sheet = layout.read_bytes(file.file, content, told)
    except (BenchError, UnicodeError) as error:
        raise ToolError(f"not read as {arguments.encoding}: {error}") from None
    layout.tell(folder, told)
    mine = [row for row in sheet.rows if file.record(row.number) in context.records]
    shown: dict[str, Json] = {
        "header": sheet.header,
        "rows": {row.number: row.line for row in mine[:SHOWN]},
    }
    return shown | ({"not understood": sheet.unclear} if sheet.unclear else {})


def _restate_row(context: ToolContext, arguments: Restatement) -> Json:
    row = desk_of(context, arguments.row).row
    cells = tuple(str(getattr(arguments, column)) for column in COLUMNS)
    if context.guards and (invented := _invented(row, arguments)):
        raise ToolError(
            f"row {row.number} holds no such {invented}; it says: {row.raw}",
            guard="invented_value",
        )
    folder = context.workspace.folder
    told = layout.told_of(folder)
    layout.tell(folder, replace(told, rows={**told.rows, row.number: cells}))
    (restated,) = rows_of([cells])
    return {"row": row.number, "reads": line_of(cells), "valid": restated.fault is None}


def _invented(row: Row, said: Restatement) -> str | None:
    """A column whose value does not stand in the row."""
    raw = row.raw.casefold()
    for column in ("given_name", "family_name", "email", "street", "city"):
        if any(word not in raw for word in WORD.findall(getattr(said, column).casefold())):
            return column
    digits = _digits(said.phone)[-LAST_DIGITS:]
    return "phone" if digits not in _digits(row.raw) else None


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


LAYOUT = (
    Tool(
        "read_file_as",
        "Read the file anew with another encoding and delimiter, where those are what is unknown.",
        Reading,
        _read_file_as,
    ),
    Tool(
        "restate_row",
        "Say what a row holds under our columns, where they are not understood or show something "
        "else than the file says. Dates as YYYY-MM-DD, phones with + and country code.",
        Restatement,
        _restate_row,
    ),
)

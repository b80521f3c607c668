"""Is a file laid out as we think? If not, its rows are left to somebody who can read.

A partner's file has all our columns, in whatever words. Where one is missing, where letters or
numbers look as no country writes them, or where a date is in a notation of its own, the export has
changed, and going on would put wrong values into the database without a word. A column too many
stops nobody who sees it; only the job, which knows no more than our columns, leaves rows that hold
something there to somebody else. What somebody then says of the file (``layout_tools``) is kept
beside it and read with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from scenarios.csv_reconciliation import dates, intake, reading
from scenarios.csv_reconciliation.intake import COLUMNS, HEADER, Person, Row

TOLD = "layout.json"
ODD_LETTERS = re.compile("[¡¢£¤¥¦§¨©«¬®¯±²³µ¶¸¹»¼½¾¿×÷ƒ„†‡ˆ‰‹›•™‚”\x80-\x9f]")
"""In a name or an address, after a guess at the encoding: the guess was wrong. These are what
letters of other code pages look like in Windows-1252."""
POSTCODE = re.compile(r"[\w -]*")
NOBODY = Person(**dict.fromkeys(Person.__slots__, ""))


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody has said of a file."""

    encoding: str = ""
    delimiter: str = ""
    rows: Mapping[int, Sequence[str]] = field(default_factory=dict)
    """Number of a row → its cells under our columns."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's rows, and how they are shown."""

    rows: tuple[Row, ...]
    header: str
    """Above the rows: ours, or the file's own if the layout is not understood."""
    unclear: str = ""
    """Why it is not."""


def read_file(path: Path) -> Sheet:
    """A file, with what has been said of it. Raises ``BenchError`` if it cannot be read at all."""
    return read_bytes(path.name, reading.content_of(path), told_of(path.parent))


def reread(path: Path) -> Sheet:
    """``read_file`` for tools, which are asked about one file again and again: the same content is
    taken apart once. The job, whose time is measured, reads anew."""
    return _known(path.name, reading.content_of(path), _said(path.parent))


@lru_cache(maxsize=8)
def _known(name: str, content: bytes, said: bytes) -> Sheet:
    return read_bytes(name, content, _told(said))


def read_bytes(name: str, content: bytes, told: Told | None = None) -> Sheet:
    """The same of a file's content; ``name`` is for error messages."""
    told = told or Told()
    raw = reading.read_raw(name, content, told.encoding, told.delimiter)
    lines = [intake.line_of(cells, raw.delimiter) for cells in raw.rows]
    try:
        rows = intake.rows_of(reading.under_columns(name, raw))
        unclear = _missing(raw) or (_odd_letters(rows) if raw.encoding == reading.FALLBACK else "")
    except BenchError as error:
        rows = ()
        unclear = re.sub(r"^[^:]*:(\d+:)? |; [^;]*$", "", str(error))
    if unclear:
        # What was read under half a header is no base for a decision, not even for a rejection.
        rows = tuple(
            Row(number, line, NOBODY, None, "", unclear=unclear)
            for number, line in enumerate(lines, start=1)
        )
    else:
        rows = tuple(map(_checked, rows))
    shown = zip(rows, raw.rows, lines, strict=True)
    unknown = [at for at, name in enumerate(raw.header) if reading.column_of(name) is None]
    rows = tuple(
        replace(row, raw=line, others=others, left_out=left_out)
        for row, cells, line in shown
        for others, left_out in (_unread(raw.header, unknown, cells),)
    )
    if told.rows:
        rows = tuple(_restated(row, told.rows.get(row.number)) for row in rows)
    own_header = intake.line_of(raw.header, raw.delimiter)
    return Sheet(rows, own_header if unclear else HEADER, unclear)


def told_of(folder: Path) -> Told:
    """What has been said of the file in ``folder`` so far."""
    return _told(_said(folder))


def _said(folder: Path) -> bytes:
    try:
        return (folder / TOLD).read_bytes()
    except FileNotFoundError:
        return b""


def _told(said: bytes) -> Told:
    if not said:
        return Told()
    told: dict[str, Any] = json.loads(said)
    rows = {int(number): cells for number, cells in told["rows"].items()}
    return Told(told["encoding"], told["delimiter"], rows)


def tell(folder: Path, told: Told) -> None:
    """Keep what somebody says."""
    text = json.dumps(
        {"encoding": told.encoding, "delimiter": told.delimiter, "rows": dict(told.rows)}
    )
    (folder / TOLD).write_text(text + "\n", "utf-8")


def _missing(raw: reading.Raw) -> str:
    present = {reading.column_of(cell) for cell in raw.header}
    missing = [column for column in COLUMNS if column not in present]
    return f"no column {', '.join(missing)}" if missing else ""


def _odd_letters(rows: Sequence[Row]) -> str:
    names = (
        getattr(row.person, field)
        for row in rows
        if row.fault is None
        for field in ("given_name", "family_name", "street", "city")
    )
    return "letters of another encoding" if any(map(ODD_LETTERS.search, names)) else ""


def _checked(row: Row) -> Row:
    if row.fault == "invalid_date" and dates.is_foreign(row.person.date_of_birth):
        return replace(row, fault=None, unclear="a date of birth in a notation that is not known")
    if row.fault is None and not POSTCODE.fullmatch(row.person.postcode):
        return replace(row, unclear="a postcode that is none")
    return row


def _unread(header: Sequence[str], unknown: Iterable[int], cells: Sequence[str]) -> tuple[str, str]:
    """What of a row stands in unknown columns, and under which headers that may not be."""
    filled = [(header[at], cells[at]) for at in unknown if at < len(cells) and cells[at]]
    foreign = [name for name, _ in filled if reading.is_foreign(name)]
    return "; ".join(f"{name}={cell}" for name, cell in filled), ", ".join(foreign)


def _restated(row: Row, cells: Sequence[str] | None) -> Row:
    if cells is None:
        return row
    (restated,) = intake.rows_of([cells])
    return replace(restated, number=row.number, raw=row.raw)

"""From a file to cells: CSV as it comes, put under the columns that we know.

Decoding follows byte order marks, then strict UTF-8, then Windows-1252. The delimiter is the one
under which the header names the most columns: that is decided by what we look for, and so cannot be
led astray by commas in addresses as a guess from the whole text can. Headers may use other words
(``headers.toml``) and any order; columns that we do not know are left out, and ``layout`` tells
which of them should not be.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.errors import BenchError

COLUMNS = (
    "given_name",
    "family_name",
    "email",
    "phone",
    "date_of_birth",
    "street",
    "city",
    "postcode",
    "country",
    "remarks",
)
OPTIONAL = ("phone", "street", "city", "postcode", "country", "remarks")
IGNORED = "ignored"
"""Stands for all columns that may be left out, in ``headers.toml``."""
DELIMITERS = (",", ";", "\t", "|")
LARGEST_FILE = 256 * 2**20
"""Bytes: a million rows fit in."""
LONGEST_LINE = 2**20
"""Bytes without any line break; no customer is described in a mebibyte."""
BLOCK = 2**20
FALLBACK = "cp1252"
"""What is neither marked nor UTF-8."""
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

Table = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Raw:
    """A file as it stands, under whatever header."""

    encoding: str
    delimiter: str
    header: Sequence[str]
    rows: Table
    """Empty lines left out."""
    fault: str = ""
    """What is wrong with it, whatever the header means; then the cells are the best guess."""
    guessed: bool = False
    """Whether nobody has ever used this delimiter: good enough to look at, not to go by."""


def content_of(path: Path) -> bytes:
    """Raises ``BenchError`` if the file cannot be read, is too large, or has a line without end."""
    try:
        _check_size(path)
        return path.read_bytes()
    except OSError as error:
        raise BenchError(f"{path.name}: cannot be read ({error.strerror})") from None


def read_file(path: Path) -> Table:
    """The cells of each row under ``COLUMNS``, surplus ones after them; empty lines left out.

    Raises ``BenchError`` if the file cannot be read, is too large, has a line without end, or lacks
    a column that is mandatory.
    """
    return read_bytes(path.name, content_of(path))


def read_raw(name: str, content: bytes, encoding: str = "", delimiter: str = "") -> Raw:
    """As much as can be told without understanding the header. Encoding and delimiter are found
    out, unless somebody says them; ``name`` is for error messages. Raises ``BenchError`` if not
    even the cells can be told apart."""
    fault = ""
    try:
        text, encoding = _decode(name, content, encoding)
    except BenchError as error:
        fault = str(error)
        text, encoding = content.decode("latin-1"), "latin-1"
    text = text.replace("\0", "")
    likely = delimiter or _likely_delimiter(text)
    guessed = not delimiter and likely not in DELIMITERS
    try:
        header, *rows = _cells(name, text, likely, strict=True)
    except BenchError as error:
        fault = fault or str(error)
        header, *rows = _cells(name, text, likely, strict=False)
    return Raw(encoding, likely, header, rows, fault, guessed)


def read_bytes(name: str, content: bytes, encoding: str = "", delimiter: str = "") -> Table:
    """``read_file`` of a file's content."""
    return under_columns(name, read_raw(name, content, encoding, delimiter))


def under_columns(name: str, raw: Raw) -> Table:
    """The cells of each row under ``COLUMNS``, surplus ones after them. Raises ``BenchError`` if
    something is wrong with the file, or it lacks a column that is mandatory."""
    if raw.fault:
        raise BenchError(raw.fault)
    places = _places(name, () if raw.guessed else raw.header)
    return [_under_columns(cells, places, len(raw.header)) for cells in raw.rows]


def _cells(name: str, text: str, delimiter: str, *, strict: bool) -> list[list[str]]:
    """The lines that hold anything; one at least."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    try:
        return [cells for cells in reader if any(cell.strip() for cell in cells)] or [[]]
    except csv.Error as error:
        raise BenchError(f"{name}:{reader.line_num}: {error}; mend the quoting") from None


def _check_size(path: Path) -> None:
    """Look at the bytes block by block, so that even a huge file needs no memory."""
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise BenchError(
            f"{path.name}: {size / 2**20:.0f} MiB, at most {LARGEST_FILE >> 20} are read; split it"
        )
    run, line = 0, 1
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            first, *others = re.split(rb"[\r\n]", block)
            for length in (run + len(first), *map(len, others)):
                if length > LONGEST_LINE:
                    raise BenchError(
                        f"{path.name}:{line}: a line of more than {LONGEST_LINE >> 20} MiB is no "
                        "row; check the line ends"
                    )
            run = len(others[-1]) if others else run + len(first)
            line += block.count(b"\n")


def _decode(name: str, content: bytes, encoding: str = "") -> tuple[str, str]:
    """The text, and the encoding."""
    if encoding:
        try:
            return content.decode(encoding), encoding
        except (UnicodeDecodeError, LookupError):
            raise BenchError(f"{name}: not {encoding}; say another encoding") from None
    marked = next((found for mark, found in MARKS if content.startswith(mark)), None)
    if marked is None and b"\0" in content[:2]:
        marked = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    for candidate in (marked,) if marked else ("utf-8", FALLBACK):
        try:
            return content.decode(candidate), candidate
        except UnicodeDecodeError as error:
            fault = error
    raise BenchError(
        f"{name}: neither UTF-8, UTF-16 nor Windows-1252 at byte {fault.start}; convert it"
    )


def _delimiter(text: str) -> str:
    """That under which the first line names the most columns; the first of equals."""
    line = re.split(r"[\r\n]", text, maxsplit=1)[0]
    return max(
        DELIMITERS, key=lambda one: sum(column_of(cell) is not None for cell in _cut(line, one))
    )


def _likely_delimiter(text: str) -> str:
    """Ours if the header names two of our columns under it, else its most frequent sign."""
    line = re.split(r"[\r\n]", text, maxsplit=1)[0]
    found = _delimiter(text)
    if sum(column_of(cell) is not None for cell in _cut(line, found)) > 1:
        return found
    signs = Counter(sign for sign in line if not sign.isalnum() and sign not in " _-.'\"/()")
    return signs.most_common(1)[0][0] if signs else found


def _cut(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), [])


def _places(name: str, header: Sequence[str]) -> dict[int, int]:
    """Position in the file → position under ``COLUMNS``."""
    places: dict[int, int] = {}
    for at, cell in enumerate(header):
        column = column_of(cell)
        if column is None:
            continue
        if COLUMNS.index(column) in places.values():
            raise BenchError(f"{name}:1: two columns for {column}; rename or remove one")
        places[at] = COLUMNS.index(column)
    missing = [
        column
        for index, column in enumerate(COLUMNS)
        if column not in OPTIONAL and index not in places.values()
    ]
    if missing:
        raise BenchError(f"{name}:1: no column {', '.join(missing)}; add it to the header")
    return places


def _under_columns(cells: Sequence[str], places: Mapping[int, int], width: int) -> list[str]:
    row = [""] * len(COLUMNS)
    for at, cell in enumerate(cells):
        if at in places:
            row[places[at]] = cell
        elif at >= width:
            row.append(cell)
    return row


def column_of(header: str) -> str | None:
    """Which of ``COLUMNS`` a header means."""
    return _known_headers().get(_plain(header))


def is_foreign(header: str) -> bool:
    """Whether nobody knows what stands under a header, nor has agreed that it does not matter."""
    return column_of(header) is None and _plain(header) not in map(_plain, _words()[IGNORED])


@cache
def _known_headers() -> Mapping[str, str]:
    known = {_plain(column): column for column in COLUMNS}
    for column in COLUMNS:
        known |= {_plain(word): column for word in _words()[column]}
    return known


@cache
def _words() -> Mapping[str, Sequence[str]]:
    text = Path(__file__).with_name("headers.toml").read_text(encoding="utf-8")
    words: dict[str, Sequence[str]] = tomllib.loads(text)
    return words


def _plain(header: str) -> str:
    """A header without case, accents, blanks and punctuation."""
    decomposed = unicodedata.normalize("NFKD", header.casefold())
    return "".join(c for c in decomposed if c.isalnum())

"""A user's own files, as they come: any usual encoding and delimiter, headers in their words.

What a header means is said in ``columns.toml``, so nothing about the columns has to be guessed, and
the delimiter is the one under which the header that was promised is found. What is wrong with a
file is one line that names file, line and mend.
"""

from __future__ import annotations

import csv
import tomllib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TextIO, TypeAlias

import numpy as np

from bench.errors import BenchError
from scenarios.csv_reconciliation.linkage import FIELDS, Column, dates

Side: TypeAlias = Literal["customers", "incoming"]
SIDES: tuple[Side, Side] = ("customers", "incoming")
SETTINGS = ("date_format", "dayfirst", "encoding", "delimiter")
DELIMITERS = (",", ";", "\t", "|")
LONGEST_LINE = 1_000_000
"""Characters. A file of one endless line is not a table."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What ``columns.toml`` says of one file."""

    columns: Mapping[str, tuple[str, ...]]
    """Our field → their headers; several are joined with a blank."""
    date_format: str | None = None
    dayfirst: bool | None = None
    encoding: str | None = None
    delimiter: str | None = None


@dataclass
class Read:
    """One file: per field a code for each row, and what else is known of its rows."""

    codes: dict[str, array[int]]
    ids: list[str] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)
    """Place of a row → why it cannot be used."""
    rows: int = 0


@dataclass(frozen=True)
class OwnFiles:
    """Both files, ready to be linked."""

    columns: Mapping[str, Column]
    """The fields that both files have."""
    customer_ids: Sequence[str]
    row_ids: Sequence[str]
    faults: Mapping[int, str]


def read(folder: Path) -> OwnFiles:
    """``customers.csv`` and ``incoming.csv`` of a folder, read as its ``columns.toml`` says.

    Raises ``BenchError`` for files that cannot be used.
    """
    paths = {side: folder / f"{side}.csv" for side in SIDES}
    layouts = _layouts(folder / "columns.toml", paths)
    fields = [name for name in FIELDS if all(name in layouts[side].columns for side in SIDES)]
    if not fields:
        raise BenchError(
            f"{folder}: customers.csv and incoming.csv have no field in common to compare by; map "
            f"their headers to {', '.join(FIELDS)} in columns.toml"
        )
    seen: dict[str, dict[str, int]] = {name: {"": 0} for name in fields}
    read = {side: _read(paths[side], layouts[side], seen, side) for side in SIDES}
    columns = {}
    for name in fields:
        texts = list(seen[name])
        customers, incoming = (np.frombuffer(read[side].codes[name], np.int32) for side in SIDES)
        column = Column(texts, customers, incoming)
        columns[name] = _dated(column, layouts) if name == "date_of_birth" else column
    return OwnFiles(columns, read["customers"].ids, read["incoming"].ids, read["incoming"].faults)


def _dated(column: Column, layouts: Mapping[Side, Layout]) -> Column:
    """Dates of both files in one notation, each file read by its own."""
    seen: dict[str, int] = {"": 0}
    coded = []
    for side, codes in zip(SIDES, (column.customers, column.incoming), strict=True):
        layout, used = layouts[side], np.unique(codes)
        texts = [column.texts[code] for code in used]
        first = dates.day_first(texts) if layout.dayfirst is None else layout.dayfirst
        as_digits = dates.reader(dayfirst=first, pattern=layout.date_format)
        recoded = np.zeros(len(column.texts), np.int32)
        recoded[used] = [seen.setdefault(as_digits(text), len(seen)) for text in texts]
        coded.append(recoded[codes])
    return Column(list(seen), *coded)


# --- columns.toml ----------------------------------------------------------------------------


def _layouts(path: Path, paths: Mapping[Side, Path]) -> dict[Side, Layout]:
    if not path.exists():
        return {side: _by_our_names(paths[side]) for side in SIDES}
    try:
        tables = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BenchError(f"{path}: cannot be read as TOML: {error}") from None
    if unknown := [name for name in tables if name not in SIDES]:
        raise BenchError(f"{path}: no table [{unknown[0]}]; there are [customers] and [incoming]")
    return {
        side: _layout(f"{path}, [{side}]", tables[side])
        if side in tables
        else _by_our_names(paths[side])
        for side in SIDES
    }


def _layout(where: str, table: Any) -> Layout:
    if not isinstance(table, dict):
        raise BenchError(f'{where}: write a table of lines like  email = "their header"')
    columns: dict[str, tuple[str, ...]] = {}
    settings: dict[str, Any] = {}
    for name, value in table.items():
        if name in SETTINGS:
            if not isinstance(value, bool if name == "dayfirst" else str):
                kind = "true or false" if name == "dayfirst" else "a text in quotes"
                raise BenchError(f"{where}: {name} is {kind}")
            settings[name] = value
        elif name == "id" or name in FIELDS:
            headers = value if isinstance(value, list) else [value]
            if not headers or not all(isinstance(header, str) for header in headers):
                raise BenchError(f"{where}: {name} is a header in quotes, or a list of them")
            columns[name] = tuple(header.strip() for header in headers)
        else:
            raise BenchError(
                f"{where}: no field {name!r}; there are id, {', '.join((*FIELDS, *SETTINGS))}"
            )
    if len(settings.get("delimiter", ",")) != 1:
        raise BenchError(f'{where}: delimiter is one character, like ";" or "\\t"')
    return Layout(columns, **settings)


def _by_our_names(path: Path) -> Layout:
    """Without a word on a file, its headers are ours."""
    layout = Layout({name: (name,) for name in ("id", *FIELDS)})
    header = _header(path, layout, encoding := _encoding(path, layout))[1]
    present = {name: (name,) for name in layout.columns if name in header}
    return Layout(present, encoding=encoding)


# --- the files -------------------------------------------------------------------------------


def _read(path: Path, layout: Layout, seen: Mapping[str, dict[str, int]], side: Side) -> Read:
    encoding = _encoding(path, layout)
    delimiter, header = _header(path, layout, encoding)
    places = {
        name: [_place(path, header, text) for text in headers]
        for name, headers in layout.columns.items()
        if name in seen or name == "id"
    }
    if side == "customers" and "id" not in places:
        raise BenchError(
            f'{path}: no id, to tell the customers apart; add  id = "their header"  to '
            "[customers] in columns.toml"
        )
    read = Read({name: array("i") for name in seen})
    known: set[str] = set()
    with _open(path, encoding) as file:
        reader = csv.reader(_lines(path, file), delimiter=delimiter)
        for number, cells in enumerate(_rows(path, reader, encoding)):
            if number == 0:
                continue
            fault = _fault(cells, len(header))
            if fault and side == "customers":
                raise BenchError(f"{path}, line {reader.line_num}: {fault}; mend its quoting")
            if len(cells) < len(header):
                cells += [""] * (len(header) - len(cells))
            read.ids.append(_id(f"{path}, line {reader.line_num}", places, cells, read.rows, known))
            nothing = True
            for name, codes in read.codes.items():
                text = "" if fault else _joined(cells, places[name])
                nothing = nothing and not text
                known_texts = seen[name]
                codes.append(known_texts.setdefault(text, len(known_texts)))
            if fault or nothing:
                read.faults[read.rows] = fault or "no value in any field that is compared"
            read.rows += 1
    return read


def lines(
    path: Path, headers: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[tuple[str, dict[str, str]]]:
    """The cells under our own headers, each row with the place that an error has to name; empty
    texts where an optional column is missing. Raises ``BenchError`` if another is."""
    headers = (*headers, *optional)
    layout = Layout({text: (text,) for text in headers})
    encoding = _encoding(path, layout)
    delimiter, header = _header(path, layout, encoding)
    if missing := [text for text in headers if text not in header and text not in optional]:
        raise BenchError(f"{path}, line 1: no column {', '.join(missing)}; add it to the header")
    places = [(text, header.index(text)) for text in headers if text in header]
    with _open(path, encoding) as file:
        reader = csv.reader(_lines(path, file), delimiter=delimiter)
        for number, cells in enumerate(_rows(path, reader, encoding)):
            if number:
                cut = {text: cells[at].strip() for text, at in places if at < len(cells)}
                yield f"{path}, line {reader.line_num}", dict.fromkeys(headers, "") | cut


def _fault(cells: list[str], width: int) -> str | None:
    if len(cells) > width and any(cell.strip() for cell in cells[width:]):
        return f"{len(cells)} cells under {width} headers"
    return None


def _id(
    where: str, places: Mapping[str, list[int]], cells: list[str], row: int, known: set[str]
) -> str:
    if "id" not in places:
        return str(row + 1)
    text = _joined(cells, places["id"])
    if not text:
        raise BenchError(f"{where}: the id is empty; fill it in")
    if text in known:
        raise BenchError(
            f"{where}: the id {text!r} stands in the file twice; keep one of the lines"
        )
    known.add(text)
    return text


def _joined(cells: list[str], places: list[int]) -> str:
    if len(places) == 1:
        return cells[places[0]].strip()
    return " ".join(filter(None, (cells[place].strip() for place in places)))


def _place(path: Path, header: Sequence[str], text: str) -> int:
    if text not in header:
        raise BenchError(
            f"{path}, line 1: no column {text!r}; there are {', '.join(header)}; mend columns.toml"
        )
    return header.index(text)


def _header(path: Path, layout: Layout, encoding: str) -> tuple[str, list[str]]:
    """The delimiter under which the header holds what it should, and the header."""
    with _open(path, encoding) as file:
        found = []
        for delimiter in (layout.delimiter,) if layout.delimiter else DELIMITERS:
            file.seek(0)
            reader = csv.reader(_lines(path, file), delimiter=delimiter)
            header = [cell.strip() for cell in next(_rows(path, reader, encoding), [])]
            found.append((delimiter, header))
    wanted = {text for headers in layout.columns.values() for text in headers}
    delimiter, header = max(found, key=lambda each: (len(wanted & {*each[1]}), len(each[1])))
    if not any(header):
        raise BenchError(f"{path}, line 1: no header; the first line names the columns")
    return delimiter, header


def _rows(path: Path, reader: Any, encoding: str) -> Iterator[list[str]]:
    """Rows that hold anything, with the reader's errors in our words."""
    try:
        for cells in reader:
            if cells:
                yield cells
    except csv.Error as error:
        raise BenchError(f"{path}, line {reader.line_num}: {error}; mend its quoting") from None
    except UnicodeError:
        raise BenchError(
            f"{path}, after line {reader.line_num}: not {encoding}; name the file's encoding in "
            'columns.toml, like  encoding = "cp1250"'
        ) from None


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    number = 1
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise BenchError(
                f"{path}, line {number}: longer than {LONGEST_LINE:,} characters; no table has "
                "such lines, see whether line ends or quotes were lost"
            )
        yield line.replace("\0", "")
        number += 1


def _open(path: Path, encoding: str) -> TextIO:
    try:
        return path.open(encoding=encoding, newline="")
    except OSError as error:
        raise _unreadable(path, error) from None
    except LookupError:
        raise BenchError(f"{path}: no encoding {encoding!r}; mend columns.toml") from None


def _encoding(path: Path, layout: Layout) -> str:
    """What columns.toml or the first bytes say; else UTF-8 if all of it is, else Windows-1252.

    Guessing among the one-byte encodings by the letters' frequencies is wrong too often on names to
    be done unasked.
    """
    if layout.encoding:
        return layout.encoding
    try:
        with path.open("rb") as file:
            start = file.read(4)
            if start.startswith((b"\xff\xfe", b"\xfe\xff")):
                return "utf-16"
            if start[1:2] == b"\0" or start[:1] == b"\0":
                return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
        with path.open(encoding="utf-8-sig", newline="") as text:
            while text.read(1 << 20):
                pass
    except OSError as error:
        raise _unreadable(path, error) from None
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _unreadable(path: Path, error: OSError) -> BenchError:
    return BenchError(
        f"{path}: cannot be read ({error.strerror}); needed are customers.csv and incoming.csv"
    )

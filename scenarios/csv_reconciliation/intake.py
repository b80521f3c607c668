"""What comes in: the rows of a CSV file, and which of them are fit to be a customer.

This is section 1 of ``policy.md`` in code. Tools and job read files through it, so that both see
the same values: e-mails in lower case, phones in E.164, dates as YYYY-MM-DD, everything without
spare blanks. How a file's bytes become cells is the business of ``reading``.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, TypeAdapter, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError

from scenarios.csv_reconciliation import dates, reading

COLUMNS = reading.COLUMNS
MANDATORY = ("given_name", "family_name", "email", "date_of_birth")
FAULTS = (
    "total_row",
    "shifted_columns",
    "missing_field",
    "encoding_damage",
    "test_account",
    "invalid_date",
    "invalid_email",
)
"""In the policy's order: the first that holds is the reason."""
AMBIGUOUS = "ambiguous_date"
HOME = "US"

TOTAL = re.compile(
    r"\b(total|totals|sum|count|rows|records|end of|summe|anzahl|gesamt|somme|nombre|suma|número)\b"
    r"|合計",
    re.IGNORECASE,
)
FEW_CELLS = 3
"""A total row has no more filled cells."""
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
TEST = re.compile(r"(test|tester|testing|dummy|demo|asdf)\d*")
GARBLED_ACCENT = re.compile(r"[a-zß-ÿ][ÃÂ]")
"""A capital that begins most garbled letters, in the middle of a word."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def damaged(text: str) -> bool:
    """Whether letters were lost or garbled on the way: a replacement character or question mark in
    their place, or UTF-8 that somebody read as Windows-1252."""
    if "?" in text or REPLACEMENT in text:
        return True
    if text.isascii():
        return False
    if GARBLED_ACCENT.search(text):
        return True
    try:
        return text.encode("cp1252").decode("utf-8") != text
    except UnicodeError:
        return False


def _mandatory(value: str) -> str:
    if not value:
        raise PydanticCustomError("missing_field", "a mandatory field is empty")
    return value


def _undamaged(value: str) -> str:
    if damaged(value):
        raise PydanticCustomError("encoding_damage", "letters are damaged")
    return value


def _no_test(value: str) -> str:
    if TEST.fullmatch(value.lower()):
        raise PydanticCustomError("test_account", "no real person")
    return value


def _email(value: str) -> str:
    _no_test(value.partition("@")[0])
    try:
        return validate_email(value, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise PydanticCustomError("invalid_email", "no e-mail address") from error


def _birth_date(value: str) -> str:
    if dates.readings(value, None) != (value,):
        raise PydanticCustomError("invalid_date", "no date of birth")
    return value


def phone_number(text: str, country: str) -> str:
    """E.164, or empty for what is no valid number."""
    try:
        number = phonenumbers.parse(text, country or HOME)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _phone(value: str, info: ValidationInfo) -> str:
    return phone_number(value, info.data.get("country", ""))


def _tidy(value: str) -> str:
    """Without spare blanks, and without zero bytes, which not every database takes."""
    return " ".join(value.replace("\0", "").split())


Plain = Annotated[str, BeforeValidator(_tidy)]
Text = Annotated[Plain, AfterValidator(_undamaged)]
Mandatory = Annotated[str, AfterValidator(_mandatory), BeforeValidator(_tidy)]
Name = Annotated[Mandatory, AfterValidator(_undamaged), AfterValidator(_no_test)]


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is and how to reach them; an empty text stands for "no value"."""

    given_name: Name
    family_name: Name
    email: Annotated[Mandatory, AfterValidator(_email)]
    country: Annotated[Plain, AfterValidator(str.upper)]
    phone: Annotated[Plain, AfterValidator(_phone)]
    date_of_birth: Annotated[Mandatory, AfterValidator(_birth_date)]
    street: Text
    city: Text
    postcode: Plain


_person = TypeAdapter(Person)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file."""

    number: int
    """Counted from 1, the header left out."""
    line: str
    """The row as a line of CSV under our columns, dates that can be read in one way as
    YYYY-MM-DD, everything else as it stands in the file."""
    person: Person
    """Cleaned; of a row that cannot be taken, the values as they came."""
    fault: str | None
    """Why the row has to be rejected: one of ``FAULTS``."""
    remarks: str
    doubt: str | None = None
    """Why a human has to look whoever it is: ``ambiguous_date``."""
    unclear: str = ""
    """Why what the row says may not be what we take it for: see ``layout``."""
    raw: str = ""
    """The row as it stands in the file, where that was asked for."""
    others: str = ""
    """Likewise the cells under headers that we do not know."""
    left_out: str = ""
    """Headers of cells that were left out, although nobody has agreed to that."""


HEADER = ",".join(COLUMNS)


def read_file(path: Path) -> tuple[Row, ...]:
    """The rows of a CSV file. Raises ``BenchError`` if it cannot be read or lacks a column."""
    return rows_of(reading.read_file(path))


def read_bytes(
    name: str, content: bytes, encoding: str = "", delimiter: str = ""
) -> tuple[Row, ...]:
    """The same of a file's content; ``name`` is for error messages. Encoding and delimiter are
    found out, unless somebody says them."""
    return rows_of(reading.read_bytes(name, content, encoding, delimiter))


def rows_of(table: Sequence[Sequence[str]]) -> tuple[Row, ...]:
    """The cells of each row stand under ``COLUMNS``; what is beyond them is surplus."""
    born = COLUMNS.index("date_of_birth")
    order = dates.order_of(cells[born].strip() for cells in table)
    return tuple(_row(number, cells, order) for number, cells in enumerate(table, start=1))


def _row(number: int, cells: Sequence[str], order: dates.Order | None) -> Row:
    tidy = [_tidy(cell) for cell in cells]
    values = dict(zip(COLUMNS, tidy, strict=False))
    days = dates.readings(values["date_of_birth"], order)
    shown = list(tidy)
    if len(days) == 1:
        shown[COLUMNS.index("date_of_birth")] = days[0]
    line = line_of(shown)
    remarks = values.pop("remarks")
    written = values["date_of_birth"]
    if days:
        values["date_of_birth"] = days[0]
    person, fault = _checked(values)
    fault = _misplaced(tidy) or fault
    if fault or len(days) > 1:
        person = replace(person, date_of_birth=days[0] if len(days) == 1 else written)
    doubt = AMBIGUOUS if len(days) > 1 and not fault else None
    return Row(number, line, person, fault, remarks, doubt)


def _checked(values: Mapping[str, str]) -> tuple[Person, str | None]:
    try:
        return _person.validate_python(values), None
    except ValidationError as error:
        fault = min((fault["type"] for fault in error.errors()), key=FAULTS.index)
        return Person(**values), fault


def _misplaced(cells: Sequence[str]) -> str | None:
    """``total_row``, ``shifted_columns`` or None. Remarks are not looked at: they hold anything."""
    if "@" in cells[COLUMNS.index("email")]:
        return None
    remarks = COLUMNS.index("remarks")
    others = [cell for at, cell in enumerate(cells) if cell and at != remarks]
    if any(EMAIL.fullmatch(cell) for cell in others):
        return "shifted_columns"
    filled = [cell for cell in cells if cell]
    if len(filled) <= FEW_CELLS and any(TOTAL.search(cell) for cell in filled):
        return "total_row"
    return None


def line_of(cells: Sequence[str], delimiter: str = ",") -> str:
    """Cells as a line of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="", delimiter=delimiter).writerow(cells)
    return text.getvalue()

"""What comes in: the rows of a CSV file, and which of them are fit to be a customer.

This is section 1 of ``policy.md`` in code. Tools and job read files through it, so that both see
the same values: e-mails in lower case, phones in E.164, everything without spare blanks.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, TypeAdapter, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError

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
MANDATORY = ("given_name", "family_name", "email", "date_of_birth")
EARLIEST_BIRTH = date(1900, 1, 1)
HOME = "US"


def _mandatory(value: str) -> str:
    if not value:
        raise PydanticCustomError("missing_field", "a mandatory field is empty")
    return value


def _email(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise PydanticCustomError("invalid_email", "no e-mail address") from error


def _birth_date(value: str) -> str:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = None
    # fromisoformat() also reads 19850312 and 1985-W11-2, which the policy does not know.
    if day is None or day.isoformat() != value or not EARLIEST_BIRTH <= day <= date.today():
        raise PydanticCustomError("invalid_date", "no date of birth")
    return value


def _phone(value: str, info: ValidationInfo) -> str:
    """E.164, or empty for what is no valid number: a phone is optional."""
    try:
        number = phonenumbers.parse(value, info.data.get("country") or HOME)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _tidy(value: str) -> str:
    return " ".join(value.split())


Text = Annotated[str, BeforeValidator(_tidy)]
Mandatory = Annotated[str, AfterValidator(_mandatory), BeforeValidator(_tidy)]


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is and how to reach them; an empty text stands for "no value"."""

    given_name: Mandatory
    family_name: Mandatory
    email: Annotated[Mandatory, AfterValidator(_email)]
    country: Annotated[Text, AfterValidator(str.upper)]
    phone: Annotated[Text, AfterValidator(_phone)]
    date_of_birth: Annotated[Mandatory, AfterValidator(_birth_date)]
    street: Text
    city: Text
    postcode: Text


_person = TypeAdapter(Person)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file."""

    number: int
    """Counted from 1, the header left out."""
    line: str
    """The row as it stands in the file."""
    person: Person
    """Cleaned; of an invalid row, the values as they came."""
    fault: str | None
    """Why the row has to be rejected: ``missing_field``, ``invalid_date``, ``invalid_email``."""
    remarks: str


def read_file(path: Path) -> tuple[str, tuple[Row, ...]]:
    """The header line and the rows of a CSV file (UTF-8, commas).

    Raises ``BenchError`` if it cannot be read or lacks a column.
    """
    try:
        return read_bytes(path.name, path.read_bytes())
    except OSError as error:
        raise BenchError(f"{path.name}: cannot be read ({error.strerror})") from None


def read_bytes(name: str, content: bytes) -> tuple[str, tuple[Row, ...]]:
    """The same of a file's content; ``name`` is for error messages."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BenchError(f"{name}: not UTF-8 at byte {error.start}; convert it") from None
    lines = text.splitlines(keepends=True)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if missing := [column for column in COLUMNS if column not in header]:
            raise BenchError(f"{name}:1: no column {', '.join(missing)}; add it to the header")
        start = first = reader.line_num
        for cells in reader:
            if cells:
                line = "".join(lines[start : reader.line_num]).rstrip("\r\n")
                rows.append(_row(len(rows) + 1, line, dict(zip(header, cells, strict=False))))
            start = reader.line_num
    except csv.Error as error:
        raise BenchError(f"{name}:{reader.line_num}: {error}; mend the quoting") from None
    return "".join(lines[:first]).rstrip("\r\n"), tuple(rows)


def _row(number: int, line: str, cells: Mapping[str, str]) -> Row:
    values = {name: cells.get(name, "") for name in COLUMNS}
    remarks = _tidy(values.pop("remarks"))
    try:
        return Row(number, line, _person.validate_python(values), None, remarks)
    except ValidationError as error:
        faults = {fault["type"] for fault in error.errors()}
        first = min(faults, key=("missing_field", "invalid_date", "invalid_email").index)
        raw = Person(**{name: _tidy(value) for name, value in values.items()})
        return Row(number, line, raw, first, remarks)

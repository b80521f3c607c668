"""Writing the files of cases as partners' systems export them.

Half the files are plain: commas, UTF-8, our headers. The others differ in delimiter, encoding,
quoting, line ends, header words, order of columns and date format, as is usual in their country.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from random import Random

import phonenumbers

from scenarios.csv_reconciliation.intake import COLUMNS
from scenarios.csv_reconciliation.locales import DE, ES, FR, JP, US, Locale
from scenarios.csv_reconciliation.strata.kind import Planned

PLAIN = 0.5
"""Share of the plain files."""
HEADERS = {
    US: (
        ("First Name", "Last Name", "E-mail", "Phone Number", "DOB", "Street Address", "Town",
         "ZIP", "Country", "Notes"),
        ("Forename", "Surname", "Email Address", "Mobile", "Date of Birth", "Address Line 1",
         "City", "Postal Code", "Country Code", "Comments"),
    ),
    DE: (
        ("Vorname", "Nachname", "E-Mail-Adresse", "Telefon", "Geburtsdatum", "Straße", "Ort", "PLZ",
         "Land", "Bemerkung"),
    ),
    FR: (
        ("Prénom", "Nom", "Courriel", "Téléphone", "Date de naissance", "Rue", "Ville",
         "Code postal", "Pays", "Remarques"),
    ),
    ES: (
        ("Nombre", "Apellidos", "Correo electrónico", "Teléfono", "Fecha de nacimiento", "Calle",
         "Ciudad", "Código postal", "País", "Observaciones"),
    ),
    JP: (
        ("名", "姓", "メールアドレス", "電話番号", "生年月日", "住所", "市区町村", "郵便番号", "国",
         "備考"),
    ),
}  # fmt: skip
"""Country → headers in use there, in the order of ``COLUMNS``."""
DATES = {
    US: ("%m/%d/%Y", "%Y-%m-%d"),
    DE: ("%d.%m.%Y",),
    FR: ("%d/%m/%Y", "%d.%m.%Y"),
    ES: ("%d/%m/%Y",),
    JP: ("%Y/%m/%d", "%Y年%m月%d日"),
}
DELIMITERS = (",", ";", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "cp1252", "utf-16")
MONTHS = 12


@dataclass(frozen=True)
class Format:
    """How a file is written. The defaults are a plain one."""

    headers: tuple[str, ...] = COLUMNS
    order: tuple[int, ...] = tuple(range(len(COLUMNS)))
    """Which of ``COLUMNS`` stands at each place."""
    delimiter: str = ","
    encoding: str = "utf-8"
    line_end: str = "\n"
    quote_all: bool = False
    dates: str = "%Y-%m-%d"
    broken_streets: bool = False
    """A line break within the street's cell, as from a form with two lines."""
    surplus: str = ""
    """Header of a last column that nobody asked for."""


def drawn(rng: Random, locale: Locale) -> Format:
    """A format that a partner in that country may use."""
    if rng.random() < PLAIN:
        return Format()
    order = list(range(len(COLUMNS)))
    if rng.random() < 0.5:
        rng.shuffle(order)
    return Format(
        headers=rng.choice(HEADERS[locale]),
        order=tuple(order),
        delimiter=rng.choice(DELIMITERS),
        encoding=rng.choice(ENCODINGS),
        line_end=rng.choice(("\n", "\r\n")),
        quote_all=rng.random() < 0.3,
        dates=rng.choice(DATES[locale]),
        broken_streets=rng.random() < 0.2,
        surplus=rng.choice(("", "", "Segment")),
    )


SURPLUS = "surplus"
"""Stands for the last column that nobody asked for."""


@dataclass(frozen=True)
class Line:
    """A row that is ready to be written."""

    cells: Mapping[str, str]
    """By column."""
    shift: int = 0
    at: int = 0
    """Where a stray cell comes in, or one is lost."""


@dataclass(frozen=True)
class Sheet:
    """A file that is ready to be written."""

    headers: Mapping[str, str]
    """Column → its header, in the file's order."""
    lines: tuple[Line, ...]
    form: Format


def planned(rng: Random, rows: Sequence[Planned], form: Format) -> Sheet:
    """A file to be. What would make a row say something else than was planned is left out: an order
    of slashed dates that no row shows, a shift that ends under the remarks."""
    form = _fitting(form, rows)
    headers = {COLUMNS[at]: form.headers[at] for at in form.order}
    if form.surplus:
        headers[SURPLUS] = form.surplus
    lines = []
    for row in rows:
        cells = dict(zip(COLUMNS, _cells(rng, row, form), strict=True))
        at = rng.randint(0, COLUMNS.index("email") - (row.shift < 0))
        if form.surplus:
            cells[SURPLUS] = row.surplus or rng.choice("ABC")
        lines.append(Line(cells, row.shift, at))
    return Sheet(headers, tuple(lines), form)


def written(sheet: Sheet) -> tuple[bytes, str]:
    """The content of a file, and its encoding."""
    file = io.StringIO(newline="")
    writer = csv.writer(
        file,
        delimiter=sheet.form.delimiter,
        lineterminator=sheet.form.line_end,
        quoting=csv.QUOTE_ALL if sheet.form.quote_all else csv.QUOTE_MINIMAL,
    )
    writer.writerow(sheet.headers.values())
    for line in sheet.lines:
        writer.writerow(_shifted([line.cells[name] for name in sheet.headers], line))
    return _encoded(file.getvalue(), sheet.form.encoding)


def _fitting(form: Format, rows: Sequence[Planned]) -> Format:
    special = any("date_of_birth" in row.cells for row in rows)
    # A shifted row shows its date in another column, where nobody reads dates.
    shown = any(int(row.person.date_of_birth[-2:]) > MONTHS for row in rows if not row.shift)
    if special or (form.dates in ("%m/%d/%Y", "%d/%m/%Y") and not shown):
        form = replace(form, dates=Format.dates)
    if any(row.shift for row in rows):
        form = replace(form, order=Format.order, surplus="")
    return form


def _cells(rng: Random, row: Planned, form: Format) -> list[str]:
    person = row.person
    cells = {name: getattr(person, name) for name in COLUMNS if name != "remarks"}
    cells["phone"] = _as_typed(rng, person.phone)
    if rng.random() < 0.2:
        cells["email"] = person.email.title()
    cells["date_of_birth"] = date.fromisoformat(person.date_of_birth).strftime(form.dates)
    if form.broken_streets:
        cells["street"] = person.street.replace(" ", "\n", 1)
    cells |= row.cells
    return [*(cells[name] for name in COLUMNS if name != "remarks"), row.remark]


def _as_typed(rng: Random, phone: str) -> str:
    """A number in one of the notations that people use."""
    if not phone:
        return ""
    number = phonenumbers.parse(phone)
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return rng.choice(
        (phone, national, re.sub(r"[ -]", ".", national), re.sub(r"[ -]", "", national))
    )


def _shifted(cells: list[str], line: Line) -> list[str]:
    """A stray empty cell in front of the e-mail, or one of the names lost: what follows moves."""
    at = line.at
    if line.shift > 0:
        return [*cells[:at], "", *cells[at:]]
    return [*cells[:at], *cells[at + 1 :]] if line.shift < 0 else cells


def _encoded(text: str, encoding: str) -> tuple[bytes, str]:
    """In UTF-8 if the encoding lacks a letter, or if its bytes could be taken for UTF-8."""
    try:
        content = text.encode(encoding)
    except UnicodeEncodeError:
        return text.encode("utf-8-sig"), "utf-8-sig"
    if encoding != "cp1252" or text.isascii():
        return content, encoding
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return content, encoding
    return text.encode("utf-8-sig"), "utf-8-sig"

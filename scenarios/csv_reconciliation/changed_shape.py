"""Files after a change of shape: the same rows, laid out otherwise.

A file is laid out anew after its case was built, so what is right stays what it was. Each form is a
change that a partner could make to an export, beyond what ``reading`` knows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from zlib import crc32

from scenarios.csv_reconciliation.files import Line, Sheet, written
from scenarios.csv_reconciliation.intake import COLUMNS
from scenarios.csv_reconciliation.strata.kind import Planned

Change = Callable[[Sheet, str], Sheet]
"""From a file as it was and its country to the file as it is."""
ADDRESS = ("street", "city", "postcode", "country")
OTHER_WORDS = dict(
    zip(
        COLUMNS,
        ("BU_FNAME", "BU_LNAME", "SMTP_ADR", "TEL_NMBR", "BIRTH_DT", "STREET_LN", "CITY_1",
         "POST_CD1", "CTRY_ISO", "MEMO_TXT"),
        strict=True,
    )
)  # fmt: skip
FULL_NAME = {
    "US": "Full Name", "DE": "Name, Vorname", "FR": "Nom et prénom", "ES": "Apellidos y nombre",
    "JP": "氏名",
}  # fmt: skip
HOUSE_NUMBER = {
    "US": "House No.", "DE": "Hausnummer", "FR": "Numéro", "ES": "Número", "JP": "号",
}  # fmt: skip
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
CODE_PAGES = {"JP": "shift_jis"}
"""Country → what old systems there write; elsewhere in Europe it is ``DOS``."""
DOS = "cp850"
BARE = "utf-16-be"
"""Without a byte order mark: for texts in which the code pages agree."""


def form_of(stratum: str, number: int) -> str:
    """The form of a case; forms alternate with its number."""
    names = tuple(FORMS)
    return names[(number + crc32(stratum.encode())) % len(names)]


def laid_out(sheet: Sheet, country: str, form: str) -> tuple[bytes, dict[str, str]]:
    """The file in another form, and how it has to be read, where that cannot be told."""
    changed = FORMS[form](sheet, country)
    if changed.headers.keys() != sheet.headers.keys() or [*changed.headers] != [*sheet.headers]:
        # The first cell is lost, or an empty one stands before it: so all others are shifted.
        changed = replace(changed, lines=tuple(replace(line, at=0) for line in changed.lines))
    content, encoding = written(changed)
    said = form in (delimiter.__name__, code_page.__name__)
    return content, {"encoding": encoding, "delimiter": changed.form.delimiter} if said else {}


def told(row: Planned) -> dict[str, str]:
    """What a row says under our columns, in whatever form."""
    person = {name: getattr(row.person, name) for name in COLUMNS if name != "remarks"}
    return {**person, **row.cells, "remarks": row.remark}


def renamed(sheet: Sheet, _country: str) -> Sheet:
    """Columns are called as in some other system."""
    return replace(sheet, headers={**sheet.headers, **OTHER_WORDS})


def reordered(sheet: Sheet, _country: str) -> Sheet:
    """Columns stand in the opposite order."""
    return replace(sheet, headers=dict(reversed([*sheet.headers.items()])))


def merged_name(sheet: Sheet, country: str) -> Sheet:
    """Family and given name stand in one column."""

    def merge(cells: Mapping[str, str]) -> dict[str, str]:
        return {"name": ", ".join((cells["family_name"], cells["given_name"])).strip(", ")}

    return _instead(sheet, ("given_name", "family_name"), {"name": FULL_NAME[country]}, merge)


def merged_address(sheet: Sheet, _country: str) -> Sheet:
    """Street, postcode and city stand in one column."""

    def merge(cells: Mapping[str, str]) -> dict[str, str]:
        place = f"{cells['postcode']} {cells['city']}".strip()
        return {"address": ", ".join(filter(None, (cells["street"], place)))}

    return _instead(sheet, ("street", "city", "postcode"), {"address": "Address"}, merge)


def split_date(sheet: Sheet, _country: str) -> Sheet:
    """Day, month and year of birth stand in a column each."""

    def split(cells: Mapping[str, str]) -> dict[str, str]:
        year, month, day = _date(cells, sheet) or ("", "", cells["date_of_birth"])
        return {"day": day, "month": month, "year": year}

    headers = {"day": "Day of Birth", "month": "Month of Birth", "year": "Year of Birth"}
    return _instead(sheet, ("date_of_birth",), headers, split)


def split_street(sheet: Sheet, country: str) -> Sheet:
    """The house number has a column of its own, behind the street's."""

    def split(cells: Mapping[str, str]) -> dict[str, str]:
        found = re.search(r"\d+", cells["street"])
        number = found[0] if found else ""
        return {"street": cells["street"].replace(number, "", 1).strip(), "house": number}

    headers = {"street": sheet.headers["street"], "house": HOUSE_NUMBER[country]}
    return _instead(sheet, ("street",), headers, split)


def dates(sheet: Sheet, _country: str) -> Sheet:
    """Dates are written as 14-JUN-1980."""

    def write(cells: Mapping[str, str]) -> dict[str, str]:
        parts = _date(cells, sheet)
        if not parts or not 1 <= int(parts[1]) <= len(MONTHS):
            return {}
        year, month, day = parts
        return {"date_of_birth": f"{day}-{MONTHS[int(month) - 1]}-{year}"}

    return _rewritten(sheet, write)


def numbers(sheet: Sheet, _country: str) -> Sheet:
    """Phones and postcodes went through a spreadsheet as numbers: 12128675309.0."""

    def write(cells: Mapping[str, str]) -> dict[str, str]:
        phone, postcode = (re.sub(r"\D", "", cells[name]) for name in ("phone", "postcode"))
        return {"phone": phone and f"{phone}.0", "postcode": postcode and f"{postcode}.0"}

    return _rewritten(sheet, write)


def delimiter(sheet: Sheet, _country: str) -> Sheet:
    """Cells are parted by a circumflex."""
    return replace(sheet, form=replace(sheet.form, delimiter="^"))


def code_page(sheet: Sheet, country: str) -> Sheet:
    """Letters are encoded as on DOS or in Shift JIS, and nothing says so."""
    encoding = CODE_PAGES.get(country, DOS)
    text = "".join([*sheet.headers.values(), *(c for li in sheet.lines for c in li.cells.values())])
    try:
        differs = text.encode(encoding) != text.encode("utf-8")
    except UnicodeEncodeError:
        differs = False
    return replace(sheet, form=replace(sheet.form, encoding=encoding if differs else BARE))


def nested_json(sheet: Sheet, _country: str) -> Sheet:
    """The address is a JSON object in one column."""

    def nest(cells: Mapping[str, str]) -> dict[str, str]:
        fields = {name: cells[name] for name in ADDRESS if cells[name]}
        return {"address": json.dumps(fields, ensure_ascii=False) if fields else ""}

    return _instead(sheet, ADDRESS, {"address": "Address"}, nest)


FORMS: dict[str, Change] = {
    form.__name__: form
    for form in (renamed, reordered, merged_name, merged_address, split_date, split_street, dates,
                 numbers, delimiter, code_page, nested_json)
}  # fmt: skip
"""By name."""


def _instead(
    sheet: Sheet,
    columns: tuple[str, ...],
    headers: Mapping[str, str],
    cells_of: Callable[[Mapping[str, str]], dict[str, str]],
) -> Sheet:
    """Other columns in place of the first of ``columns``, which all go."""
    first = next(name for name in sheet.headers if name in columns)
    laid: dict[str, str] = {}
    for name, header in sheet.headers.items():
        if name == first:
            laid |= headers
        elif name not in columns:
            laid[name] = header
    return replace(_rewritten(sheet, cells_of), headers=laid)


def _rewritten(sheet: Sheet, cells_of: Callable[[Mapping[str, str]], dict[str, str]]) -> Sheet:
    lines = (
        Line({**line.cells, **cells_of(line.cells)}, line.shift, line.at) for line in sheet.lines
    )
    return replace(sheet, lines=tuple(lines))


def _date(cells: Mapping[str, str], sheet: Sheet) -> tuple[str, str, str] | None:
    """Year, month and day of a date in the file's notation or ours, existing or not."""
    text = cells["date_of_birth"]
    if match := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text):
        return match[1], match[2], match[3]
    try:
        day = datetime.strptime(text, sheet.form.dates)
    except ValueError:
        return None
    return f"{day:%Y}", f"{day:%m}", f"{day:%d}"

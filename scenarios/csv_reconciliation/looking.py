"""Tools to look into a file that is too long to be shown, and into the database beyond one row."""

from __future__ import annotations

from typing import Literal

from rapidfuzz import fuzz
from sqlalchemy import Connection, select

from bench.errors import ToolError
from bench.types import Json, Tool, ToolContext
from scenarios.csv_reconciliation.asking import MOST_FOUND, Arguments, FromRow, Text, statistics
from scenarios.csv_reconciliation.intake import Row
from scenarios.csv_reconciliation.keys import trigrams
from scenarios.csv_reconciliation.layout import read_file
from scenarios.csv_reconciliation.schema import (
    CUSTOMER_COLUMNS,
    Customer,
    customer,
    customers,
    fold,
    mailbox,
)
from scenarios.csv_reconciliation.search import sharing_trigrams
from scenarios.csv_reconciliation.setting import SHOWN
from scenarios.csv_reconciliation.tools import file_of

SHARE = 0.4
"""Of the trigrams of a name that has to be right for a search by name."""
LIKE = 75.0
"""Percent of letters in common, from which a name is found."""
DIGITS = 7
"""From which a text is a phone number."""


class OfColumn(Arguments):
    """A column."""

    column: Literal[
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
    ]


def _read_rows(context: ToolContext, arguments: FromRow) -> Json:
    mine = [row for row in _mine(context) if row.number >= arguments.first]
    if not mine:
        raise ToolError(f"no row of yours from {arguments.first} on")
    page, rest = mine[:SHOWN], mine[SHOWN:]
    file, _ = file_of(context)
    header = read_file(context.workspace.folder / file.file).header
    result: dict[str, Json] = {"header": header, "rows": {row.number: row.line for row in page}}
    if rest:
        result["next_page"] = rest[0].number
    return result


def _column_statistics(context: ToolContext, arguments: OfColumn) -> Json:
    name = arguments.column
    values = [
        row.remarks if name == "remarks" else str(getattr(row.person, name))
        for row in _mine(context)
    ]
    return statistics(values)


def _search_customers(context: ToolContext, arguments: Text) -> Json:
    text = arguments.text.strip()
    with context.workspace.engine.connect() as connection:
        found = _found(connection, text)
    return {"found": [_shown(each) for each in found[:MOST_FOUND]]}


def _found(connection: Connection, text: str) -> list[Customer]:
    """By id, e-mail or phone exactly, else by name: all through indexed columns."""
    query = select(*CUSTOMER_COLUMNS).order_by(customers.c.id)
    digits = "".join(letter for letter in text if letter.isdigit())
    if "@" in text:
        query = query.where(customers.c.mailbox == mailbox(text.lower()))
    elif text.startswith("+") and len(digits) >= DIGITS:
        query = query.where(customers.c.phone == f"+{digits}")
    elif digits and not text.isdigit():
        query = query.where(customers.c.id == text)
    else:
        return _by_name(connection, fold(text))
    return [customer(row) for row in connection.execute(query)]


def _by_name(connection: Connection, name: str) -> list[Customer]:
    """About of that name: full names in any order of words, or family names."""
    wanted = trigrams(name)
    scored = [
        (max(fuzz.token_sort_ratio(name, full), fuzz.ratio(name, family)), found)
        for found in sharing_trigrams(connection, wanted, SHARE)
        for family in (fold(found.person.family_name),)
        for full in (f"{fold(found.person.given_name)} {family}",)
    ]
    like = [pair for pair in scored if pair[0] >= LIKE]
    return [found for _, found in sorted(like, key=lambda pair: (-pair[0], pair[1].id))]


def _shown(found: Customer) -> Json:
    values = {"id": found.id, **found.values()}
    return {name: values[name] for name in ("id", "given_name", "family_name", "date_of_birth",
                                            "email", "phone", "street", "postcode")}  # fmt: skip


def _mine(context: ToolContext) -> list[Row]:
    file, rows = file_of(context)
    return [row for number, row in rows.items() if file.record(number) in context.records]


LOOKING = (
    Tool(
        "read_rows",
        f"Read your rows from number `first` on, {SHOWN} at most; `next_page` says where to go on. "
        "Decide a page before you read the next.",
        FromRow,
        _read_rows,
    ),
    Tool(
        "column_statistics",
        "How many of your rows have a value in a column, how many different ones.",
        OfColumn,
        _column_statistics,
    ),
    Tool(
        "search_customers",
        "Search by id, e-mail, +phone or about by name, beside what find_customers offers.",
        Text,
        _search_customers,
    ),
)

"""The agent's tools on a user's own files: they know the fields that both files have.

As in ``tools`` beside this folder, a row is named by its number and its values come from the
database, so that nothing is retyped. The agent's last call takes no figures: its rows are counted
by the database.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from functools import partial
from typing import Any, Literal

from pydantic import create_model
from sqlalchemy.exc import IntegrityError

from bench.errors import ToolError
from bench.types import Json, Tool, ToolContext
from scenarios.csv_reconciliation.asking import (
    MOST_FOUND,
    Arguments,
    FromRow,
    OfRow,
    Text,
    few,
    statistics,
)
from scenarios.csv_reconciliation.linkage import tidied
from scenarios.csv_reconciliation.own import register as registers
from scenarios.csv_reconciliation.own.register import (
    DISPOSITIONS,
    Entry,
    Found,
    OwnRow,
    Register,
    rows_of,
)
from scenarios.csv_reconciliation.setting import SHOWN

DIGITS = 5
"""From which a text may be a phone or identity number."""


class Merge(OfRow):
    """A row, and the customer that is the same person."""

    customer_id: str


class Nothing(Arguments):
    """No argument."""


def header(register: Register) -> str:
    """The fields of a row, as a line of CSV."""
    return ",".join(register.fields)


def line(register: Register, row: OwnRow) -> str:
    """A row's values as a line of CSV, or why it has none."""
    if row.fault:
        return f"(unusable: {row.fault})"
    text = io.StringIO()
    values = [" ".join(row.person[name].split()) for name in register.fields]
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()


def tools(register: Register, *, paged: bool) -> tuple[Tool, ...]:
    """The tools for these files; with two more for rows too many to be shown at once."""
    named: Any = Literal[register.fields]
    column = create_model("OfColumn", __base__=Arguments, column=(named, ...))
    looking = (
        Tool(
            "read_rows",
            f"Read your rows from number `first` on, {SHOWN} at most; `next_page` says where to go "
            "on. Decide a page before you read the next.",
            FromRow,
            partial(_read_rows, register),
        ),
        Tool(
            "column_statistics",
            "How many of your rows have a value in a column, how many different ones.",
            column,
            _column_statistics,
        ),
    )
    return (
        *(looking if paged else ()),
        Tool(
            "find_customers",
            "Search the database for customers that a row might be, the most alike first. `same` "
            "lists the fields in which both agree, `differs` the others as they are on file.",
            OfRow,
            partial(_find_customers, register),
        ),
        Tool(
            "search_customers",
            "Search by customer id, e-mail, number or name, beside what find_customers offers.",
            Text,
            partial(_search_customers, register),
        ),
        Tool(
            "merge_customer",
            "Say that a row is a customer on file.",
            Merge,
            partial(_merge_customer, register),
        ),
        Tool(
            "insert_customer",
            "Create a new customer from a row.",
            OfRow,
            partial(_insert_customer, register),
        ),
        Tool("reject_row", "Refuse an unusable row.", OfRow, partial(_reject_row, register)),
        Tool("flag_row", "Leave a row to a human.", OfRow, partial(_flag_row, register)),
        Tool(
            "finish",
            "End your work. Only when every row of yours is decided.",
            Nothing,
            _finish,
            final=True,
        ),
    )


def _read_rows(register: Register, context: ToolContext, arguments: FromRow) -> Json:
    numbers = [number for number in _mine(context) if number >= arguments.first]
    if not numbers:
        raise ToolError(f"no row of yours from {arguments.first} on")
    page, rest = numbers[:SHOWN], numbers[SHOWN:]
    with context.workspace.engine.connect() as connection:
        rows = {row.number: line(register, row) for row in rows_of(connection, page)}
    result: dict[str, Json] = {"header": header(register), "rows": rows}
    return result | ({"next_page": rest[0]} if rest else {})


def _column_statistics(context: ToolContext, arguments: Any) -> Json:
    with context.workspace.engine.connect() as connection:
        values = [row.person[arguments.column] for row in rows_of(connection, _mine(context))]
    return statistics(values)


def _find_customers(register: Register, context: ToolContext, arguments: OfRow) -> Json:
    row = _row(context, arguments.row)
    with context.workspace.engine.connect() as connection:
        found = register.find(connection, row.person)
    return {
        "candidates": [_compared(register, row, each) for each in found[:MOST_FOUND]],
        **({"more": len(found) - MOST_FOUND} if len(found) > MOST_FOUND else {}),
        "next": f"decide row {row.number}: merge_customer, insert_customer or flag_row",
    }


def _search_customers(register: Register, context: ToolContext, arguments: Text) -> Json:
    """By id, else by the keys that a text can give, else by family name: all through indexes."""
    text = arguments.text.strip()
    digits = sum(character.isdigit() for character in text)
    person = dict.fromkeys(register.fields, "") | {"date_of_birth": ""}
    with context.workspace.engine.connect() as connection:
        known = register.by_id(connection, text)
        if known is not None:
            found = [known]
        elif "@" in text:
            found = register.find(connection, person | {"email": text})
        elif digits >= DIGITS:
            found = register.find(connection, person | {"phone": text, "identity_number": text})
        else:
            given, _, family = text.rpartition(" ")
            names = {"given_name": given, "family_name": family}
            found = register.find(connection, person | names) if given else []
            for name in (family, text):
                found = found or register.by_family_name(connection, name, MOST_FOUND)
    return {"found": [_shown(register, each) for each in found[:MOST_FOUND]]}


def _merge_customer(register: Register, context: ToolContext, arguments: Merge) -> Json:
    row = _row(context, arguments.row)
    with context.workspace.engine.connect() as connection:
        into = register.by_id(connection, arguments.customer_id)
    if into is None:
        raise ToolError(
            f"there is no customer {arguments.customer_id}; find_customers(row={row.number}) names "
            "those it might be"
        )
    return _write(register, context, Entry(row, "merged", into.id))


def _insert_customer(register: Register, context: ToolContext, arguments: OfRow) -> Json:
    row = _row(context, arguments.row)
    if context.guards and row.fault:
        raise ToolError(f"row {row.number} is unusable: {row.fault}", guarded=True)
    return _write(register, context, register.inserted(row))


def _reject_row(register: Register, context: ToolContext, arguments: OfRow) -> Json:
    return _write(register, context, Entry(_row(context, arguments.row), "rejected"))


def _flag_row(register: Register, context: ToolContext, arguments: OfRow) -> Json:
    return _write(register, context, Entry(_row(context, arguments.row), "flagged"))


def _finish(context: ToolContext, _arguments: Nothing) -> Json:
    if left := _left(context):
        raise ToolError(f"rows {few(left)} are not decided yet; go on with row {left[0]}")
    with context.workspace.engine.connect() as connection:
        counts = Counter(disposition for disposition, _ in registers.decided(connection).values())
    return {"finished": {name: counts[name] for name in DISPOSITIONS}}


def _write(register: Register, context: ToolContext, entry: Entry) -> Json:
    number = entry.row.number
    with context.workspace.engine.begin() as connection:
        if number in registers.decided(connection):
            raise ToolError(f"row {number} is decided already; go on", guarded=True)
        try:
            register.write(connection, [entry])
        except IntegrityError:
            raise ToolError(f"row {number}: the database refuses this write") from None
    left = _left(context)
    result: dict[str, Json] = {"row": number, "done": entry.disposition, "left": few(left)}
    return result if left else result | {"next": "finish"}


def _row(context: ToolContext, number: int) -> OwnRow:
    if number not in _mine(context):
        left = _left(context)
        go_on = f"go on with row {left[0]}" if left else "all of yours are decided: finish"
        raise ToolError(f"row {number} is not yours; {go_on}")
    with context.workspace.engine.connect() as connection:
        (row,) = rows_of(connection, [number])
    return row


def _mine(context: ToolContext) -> list[int]:
    return sorted(int(record.rpartition("_")[2]) for record in context.records)


def _left(context: ToolContext) -> list[int]:
    with context.workspace.engine.connect() as connection:
        done = registers.decided(connection)
    return [number for number in _mine(context) if number not in done]


def _compared(register: Register, row: OwnRow, found: Found) -> Json:
    """A candidate, compactly: where it agrees with the row by name, elsewhere as it is on file."""
    same, differs = [], {}
    for name in register.fields:
        mine, theirs = row.person[name], found.person[name]
        if mine and tidied(name, mine) == tidied(name, theirs):
            same.append(name)
        elif mine != theirs:
            differs[name] = theirs
    return {"id": found.id, "same": same, "differs": differs}


def _shown(register: Register, found: Found) -> Json:
    values = {name: found.person[name] for name in register.fields}
    return {"id": found.id} | {name: value for name, value in values.items() if value}

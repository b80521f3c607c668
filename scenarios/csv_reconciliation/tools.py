"""The agent's tools: real code on the real database, the same writes as the job's.

Arguments are short, flat and required: what a model has to spell out costs time. A row is named
by its number, its values come from the file, so that nothing is retyped. Guards refuse what would
damage the database for certain; which of the harmless choices is right, the agent has to know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import Field
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from bench.errors import ToolError
from bench.types import Json, Tool, ToolContext
from scenarios.csv_reconciliation import layout, ledger
from scenarios.csv_reconciliation.asking import MOST_FOUND, Arguments, OfRow, few
from scenarios.csv_reconciliation.intake import Person, Row
from scenarios.csv_reconciliation.ledger import Entry, Import
from scenarios.csv_reconciliation.schema import (
    CUSTOMER_COLUMNS,
    Customer,
    customer,
    customers,
    fold,
)
from scenarios.csv_reconciliation.search import find


class Merge(OfRow):
    """A row, the customer it belongs to, and whether the customer's name has changed."""

    customer_id: str
    take_name: bool = Field(description="true only if a remark says the name has changed")


class Reject(OfRow):
    """An invalid row."""

    reason: Literal[
        "total_row",
        "shifted_columns",
        "missing_field",
        "encoding_damage",
        "test_account",
        "invalid_date",
        "invalid_email",
        "do_not_store",
    ]


class Flag(OfRow):
    """A row for a human."""

    kind: Literal["conflict", "ambiguous_date", "needs_review"]


class Summary(Arguments):
    """The figures of the whole file."""

    rows: int
    inserted: int
    merged: int
    rejected: int
    flagged: int


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies open while a tool works: the file, and the row it is about."""

    file: Import
    rows: dict[int, Row]
    row: Row


def is_invalid(row: Row) -> bool:
    """Whether the policy rejects a row: such a one must not enter the database."""
    return row.fault is not None


def guard_layout(context: ToolContext, row: Row) -> None:
    """Refuse to take in a row that nobody has understood yet."""
    if context.guards and row.unclear:
        raise ToolError(f"row {row.number} is not understood: {row.unclear}", guard="unread_row")


def _find_customers(context: ToolContext, arguments: OfRow) -> Json:
    row = desk_of(context, arguments.row).row
    if row.unclear:
        raise ToolError(f"row {row.number} is not understood: {row.unclear}")
    with context.workspace.engine.connect() as connection:
        found = find(connection, row.person)
    return {
        "candidates": [_shown(row, candidate) for candidate, _ in found[:MOST_FOUND]],
        "next": f"decide row {row.number}: merge_customer, insert_customer or flag_row",
    }


def insert_customer(
    context: ToolContext, arguments: OfRow, *, barred: Callable[[Row], object] = is_invalid
) -> Json:
    """Create a customer, unless the row is ``barred``."""
    desk = desk_of(context, arguments.row)
    guard_layout(context, desk.row)
    _guard_validity(context, desk.row, barred)
    with context.workspace.engine.begin() as connection:
        return _write(context, connection, desk, ledger.inserted(desk.row.number, desk.row.person))


def merge_customer(
    context: ToolContext, arguments: Merge, *, barred: Callable[[Row], object] = is_invalid
) -> Json:
    """Merge into a candidate, unless the row is ``barred``."""
    desk = desk_of(context, arguments.row)
    row = desk.row
    guard_layout(context, row)
    _guard_validity(context, row, barred)
    with context.workspace.engine.begin() as connection:
        into = _customer(connection, arguments.customer_id)
        found = [candidate.id for candidate, _ in find(connection, row.person)]
        if into is None or (context.guards and into.id not in found):
            raise ToolError(
                f"{arguments.customer_id} is no candidate for row {row.number}; "
                f"candidates: {', '.join(found) or 'none'}",
                guard="no_candidate" if context.guards else "",
            )
        entry = ledger.merged(row.number, row.person, into, take_name=arguments.take_name)
        return _write(context, connection, desk, entry)


def _reject_row(context: ToolContext, arguments: Reject) -> Json:
    desk = desk_of(context, arguments.row)
    with context.workspace.engine.begin() as connection:
        return _write(
            context, connection, desk, Entry(desk.row.number, "rejected", arguments.reason)
        )


def _flag_row(context: ToolContext, arguments: Flag) -> Json:
    desk = desk_of(context, arguments.row)
    with context.workspace.engine.begin() as connection:
        return _write(context, connection, desk, Entry(desk.row.number, "flagged", arguments.kind))


def _write_summary(context: ToolContext, arguments: Summary) -> Json:
    file, rows = file_of(context)
    with context.workspace.engine.connect() as connection:
        left = _left(connection, context, file, rows)
    if left:
        raise ToolError(f"rows {few(left)} are not decided yet; go on with row {left[0]}")
    ledger.write_summary(context.workspace.folder, arguments.model_dump())
    return {"written": ledger.SUMMARY}


TOOLS = (
    Tool(
        "find_customers",
        "Search the database for customers that a row might be. `same` lists the fields in which "
        "both agree exactly, `differs` the others as they are on file.",
        OfRow,
        _find_customers,
    ),
    Tool("insert_customer", "Create a new customer from a row.", OfRow, insert_customer),
    Tool(
        "merge_customer",
        "Write a row's contact data into the customer that is the same person.",
        Merge,
        merge_customer,
    ),
    Tool("reject_row", "Refuse a row (policy 1).", Reject, _reject_row),
    Tool("flag_row", "Leave a row to a human.", Flag, _flag_row),
    Tool(
        "write_summary",
        "Report the totals and finish. Only when every row of yours is decided.",
        Summary,
        _write_summary,
        final=True,
    ),
)


def import_of(context: ToolContext) -> Import:
    """The import that a task belongs to."""
    import_id = context.records[0].rpartition("/")[0]
    with context.workspace.engine.connect() as connection:
        return next(file for file in ledger.pending(connection) if file.id == import_id)


def file_of(context: ToolContext) -> tuple[Import, dict[int, Row]]:
    """The import that a task belongs to, and its rows by number."""
    file = import_of(context)
    rows = layout.reread(context.workspace.folder / file.file).rows
    return file, {row.number: row for row in rows}


def desk_of(context: ToolContext, number: int) -> Desk:
    """A row of this task, with its file. Raises ``ToolError`` for any other."""
    file, rows = file_of(context)
    if file.record(number) not in context.records:
        with context.workspace.engine.connect() as connection:
            left = _left(connection, context, file, rows)
        go_on = f"go on with row {left[0]}" if left else "all of yours are decided: write_summary"
        raise ToolError(f"row {number} is not yours; {go_on}")
    return Desk(file, rows, rows[number])


def _guard_validity(context: ToolContext, row: Row, barred: Callable[[Row], object]) -> None:
    if context.guards and barred(row):
        raise ToolError(
            f"row {row.number} is invalid, it must not enter the database", guard="invalid_row"
        )


def _customer(connection: Connection, customer_id: str) -> Customer | None:
    query = select(*CUSTOMER_COLUMNS).where(customers.c.id == customer_id)
    found = connection.execute(query).one_or_none()
    return customer(found) if found else None


def _left(
    connection: Connection, context: ToolContext, file: Import, rows: Iterable[int]
) -> list[int]:
    """The rows of this task that are not decided yet."""
    done = ledger.decided(connection, file)
    return [n for n in rows if n not in done and file.record(n) in context.records]


def _write(context: ToolContext, connection: Connection, desk: Desk, entry: Entry) -> Json:
    if context.guards and entry.row in ledger.decided(connection, desk.file):
        raise ToolError(f"row {entry.row} is decided already; go on", guard="decided_twice")
    try:
        ledger.write(connection, desk.file, [entry])
    except IntegrityError:
        raise ToolError(f"row {entry.row}: the database refuses this write") from None
    left = _left(connection, context, desk.file, desk.rows)
    result: dict[str, Json] = {"row": entry.row, "done": entry.disposition, "left": few(left)}
    if not left:
        result["totals"] = ledger.totals(connection, desk.file)
    return result


def _shown(row: Row, candidate: Customer) -> Json:
    """A candidate, compactly: where it agrees with the row by name, elsewhere as it is on file."""
    mine, theirs = _fields(row.person), _fields(candidate.person)
    return {
        "id": candidate.id,
        "same": [name for name in mine if mine[name] and fold(mine[name]) == fold(theirs[name])],
        "differs": {name: theirs[name] for name in mine if fold(mine[name]) != fold(theirs[name])},
    }


def _fields(person: Person) -> dict[str, str]:
    names = ("given_name", "family_name", "date_of_birth", "email", "phone")
    fields = {name: str(getattr(person, name)) for name in names}
    return fields | {"address": " ".join(filter(None, (person.street, person.postcode)))}

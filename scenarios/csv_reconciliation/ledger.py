"""The writes: what becomes of a row, and the summary of a file.

Section 4 of ``policy.md`` in code. Tools write one entry at a time, the job a whole file at once;
both through here, each in one transaction of the caller's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from scenarios.csv_reconciliation.intake import Person
from scenarios.csv_reconciliation.schema import (
    Customer,
    customer_trigrams,
    customers,
    dispositions,
    imported_id,
    imports,
    insert_trigrams,
)

Disposition: TypeAlias = Literal["inserted", "merged", "rejected", "flagged"]
DISPOSITIONS: tuple[Disposition, ...] = ("inserted", "merged", "rejected", "flagged")
SUMMARY = "summary.json"
READABLE_SUMMARY = "summary.md"


@dataclass(frozen=True, slots=True)
class Import:
    """A file to be imported."""

    id: str
    file: str

    def record(self, row: int) -> str:
        """The id of the record in row number ``row``."""
        return f"{self.id}/{row}"


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one row. ``before`` and ``after`` are the customer's values."""

    row: int
    disposition: Disposition
    reason: str = ""
    before: Customer | None = None
    after: Customer | None = None


def inserted(row: int, person: Person) -> Entry:
    """The row becomes a new customer."""
    return Entry(row, "inserted", after=Customer(imported_id(row), person))


def merged(row: int, person: Person, into: Customer, *, take_name: bool = False) -> Entry:
    """The row's contact data replace those on file, the address as a whole; what is empty
    replaces nothing. Name and date of birth stay, unless the name has changed."""
    after = replace(into.person, email=person.email or into.person.email)
    if person.phone:
        after = replace(after, phone=person.phone)
    if person.street:
        address = {"street", "city", "postcode", "country"}
        after = replace(after, **{name: getattr(person, name) for name in address})
    if take_name:
        after = replace(after, given_name=person.given_name, family_name=person.family_name)
    return Entry(row, "merged", before=into, after=Customer(into.id, after))


def write(connection: Connection, batch: Import, entries: Sequence[Entry]) -> None:
    """Put entries on record, in order. Raises ``IntegrityError`` for a second one of a row."""
    new = [e.after.values() for e in entries if e.disposition == "inserted" and e.after]
    changed = [
        {"key": e.after.id, **{k: v for k, v in e.after.values().items() if k != "id"}}
        for e in entries
        if e.disposition == "merged" and e.after and e.after != e.before
    ]
    if new:
        connection.execute(insert(customers), new)
    if changed:
        connection.execute(update(customers).where(customers.c.id == bindparam("key")), changed)
    _write_trigrams(connection, entries)
    if entries:
        connection.execute(
            insert(dispositions),
            [
                {
                    "import_id": batch.id,
                    "row": e.row,
                    "disposition": e.disposition,
                    "customer_id": e.after.id if e.after else None,
                    "reason": e.reason,
                }
                for e in entries
            ],
        )


def _write_trigrams(connection: Connection, entries: Sequence[Entry]) -> None:
    """Let customers be found by the names that they have from now on, and by those only."""
    before: dict[str, frozenset[str]] = {}
    after: dict[str, frozenset[str]] = {}
    for entry in entries:
        if entry.after and (entry.before is None or _renamed(entry.before, entry.after)):
            known = entry.before.trigrams if entry.before else frozenset()
            before.setdefault(entry.after.id, known)
            after[entry.after.id] = entry.after.trigrams
    of = customer_trigrams.c
    for id_ in after:
        if gone := before[id_] - after[id_]:
            these = of.trigram.in_(sorted(gone)), of.customer_id == id_
            connection.execute(delete(customer_trigrams).where(*these))
    insert_trigrams(connection, {id_: after[id_] - before[id_] for id_ in after})


def _renamed(before: Customer, after: Customer) -> bool:
    one, other = before.person, after.person
    return (one.given_name, one.family_name) != (other.given_name, other.family_name)


def pending(connection: Connection) -> list[Import]:
    """The files to be imported, in order."""
    rows = connection.execute(select(imports.c.id, imports.c.file).order_by(imports.c.id))
    return [Import(*row) for row in rows]


def decided(connection: Connection, batch: Import) -> set[int]:
    """The numbers of the rows that have a disposition."""
    rows = select(dispositions.c.row).where(dispositions.c.import_id == batch.id)
    return set(connection.execute(rows).scalars())


def totals(connection: Connection, batch: Import) -> dict[str, int]:
    """The figures of the summary, as the database has them."""
    query = (
        select(dispositions.c.disposition, func.count())
        .where(dispositions.c.import_id == batch.id)
        .group_by(dispositions.c.disposition)
    )
    counts = {row[0]: int(row[1]) for row in connection.execute(query)}
    return {"rows": sum(counts.values()), **{name: counts.get(name, 0) for name in DISPOSITIONS}}


def write_summary(folder: Path, figures: Mapping[str, int]) -> None:
    """Write ``summary.json``, and the same figures for a human to read."""
    (folder / SUMMARY).write_text(json.dumps(dict(figures)) + "\n")
    lines = [f"| {name} | {figure} |" for name, figure in figures.items()]
    head = ["# Import summary", "", "| | rows |", "| --- | ---: |"]
    (folder / READABLE_SUMMARY).write_text("\n".join([*head, *lines, ""]))

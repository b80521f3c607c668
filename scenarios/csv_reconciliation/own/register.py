"""The customers in the database: put there once, found by keys, decided on, written to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
from sqlalchemy import Connection, Table, insert, select

from scenarios.csv_reconciliation.linkage import FIELDS, Link, blocking, engine, stored
from scenarios.csv_reconciliation.linkage.features import Rows, features
from scenarios.csv_reconciliation.linkage.stored import Knowledge, Person
from scenarios.csv_reconciliation.own.files import OwnFiles
from scenarios.csv_reconciliation.own.schema import (
    customer_keys,
    customers,
    dispositions,
    incoming,
)
from scenarios.csv_reconciliation.schema import fold

Disposition: TypeAlias = Literal["inserted", "merged", "rejected", "flagged"]
DISPOSITIONS: tuple[Disposition, ...] = ("inserted", "merged", "rejected", "flagged")
CHUNK = 500
"""Values in one IN clause: below every engine's limit."""
BULK = 20_000
"""Rows that are inserted at once."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OwnRow:
    """A row of the user's."""

    number: int
    """Counted from 1, the header left out."""
    fault: str
    """Why it cannot be a customer; empty if it can."""
    person: Person


@dataclass(frozen=True, slots=True)
class Found:
    """A customer on file."""

    place: int
    id: str
    person: Person


@dataclass(frozen=True, slots=True)
class Entry:
    """What becomes of a row. ``customer_id`` is the customer it is, or becomes."""

    row: OwnRow
    disposition: Disposition
    customer_id: str | None = None


class Register:
    """Two files, what was learnt from them, and the ways into the database that holds them."""

    def __init__(self, files: OwnFiles) -> None:
        self.files = files
        self.fields = tuple(name for name in FIELDS if name in files.columns)
        """Those that both files have."""
        self._trained = engine.train(files.columns, len(files.row_ids))
        self._known = stored.knowledge(self._trained)

    @cached_property
    def prefix(self) -> str:
        """What ids of new customers begin with: of none in the file."""
        prefix = "row_"
        while any(id_.startswith(prefix) for id_ in self.files.customer_ids):
            prefix = f"new_{prefix}"
        return prefix

    @property
    def known(self) -> Knowledge:
        """What was learnt from the whole files."""
        return self._known

    def row(self, number: int) -> OwnRow:
        """Row ``number`` as it stands in the file."""
        fault = self.files.faults.get(number - 1, "")
        return OwnRow(number, fault, self._person("incoming", number - 1))

    # --- filling ---------------------------------------------------------------------------

    def populate(self, connection: Connection) -> None:
        """Insert all customers with their keys."""
        count = len(self.files.customer_ids)
        _insert(
            connection,
            customers,
            (
                _values(place, self.files.customer_ids[place], self._person("customers", place))
                for place in range(count)
            ),
        )
        _insert_keys(connection, *self._stored_keys())

    def _stored_keys(self) -> tuple[Rows, Rows]:
        """All keys of the customers, in order; those that too many share find nobody in
        particular."""
        found_keys, found_places = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for keys in stored.keys(self.known, self._trained.features, "customers"):
            _, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
            fit = (keys != 0) & (counts[which] <= blocking.LARGEST_BLOCK)
            found_keys.append(keys[fit])
            found_places.append(np.flatnonzero(fit))
        keys, places = np.concatenate(found_keys), np.concatenate(found_places)
        order = np.lexsort((places, keys))
        return keys[order], places[order]

    def _person(self, side: Literal["customers", "incoming"], place: int) -> Person:
        person = dict.fromkeys(FIELDS, "")
        for name, column in self.files.columns.items():
            text = column.texts[getattr(column, side)[place]]
            dated = name == "date_of_birth" and text
            person[name] = f"{text[:4]}-{text[4:6]}-{text[6:]}" if dated else text
        return person

    # --- finding ---------------------------------------------------------------------------

    def candidates(
        self, connection: Connection, people: Sequence[Person]
    ) -> tuple[list[Found], tuple[Rows, Rows]]:
        """The customers that share a key with one of ``people``, and the pairs of both, by place
        in either list, sorted by person."""
        made = features(stored.columns(self.fields, (), [_compared(person) for person in people]))
        wanted: dict[int, list[int]] = {}
        for keys in stored.keys(self.known, made, "incoming"):
            for number, key in enumerate(keys.tolist()):
                if key:
                    wanted.setdefault(key, []).append(number)
        pairs = {
            (number, place)
            for chunk in _chunks(wanted)
            for key, place in connection.execute(
                select(customer_keys.c.key, customer_keys.c.place).where(
                    customer_keys.c.key.in_(chunk)
                )
            )
            for number in wanted[key]
        }
        found = self.by_place(connection, {place for _, place in pairs})
        at = {customer.place: number for number, customer in enumerate(found)}
        ordered = np.array(sorted((row, at[place]) for row, place in pairs), np.int64)
        ordered = ordered.reshape(-1, 2)
        return found, (ordered[:, 0], ordered[:, 1])

    def find(self, connection: Connection, person: Person) -> list[Found]:
        """The customers that share a key with ``person``, the most alike first."""
        found, pairs = self.candidates(connection, [person])
        if not found:
            return []
        people = [_compared(each.person) for each in found]
        made = features(stored.columns(self.fields, people, [_compared(person)]))
        alike = stored.likeness(made, pairs).tolist()
        ranked = zip(alike, (found[at] for at in pairs[1].tolist()), strict=True)
        return [each for _, each in sorted(ranked, key=lambda pair: (-pair[0], pair[1].place))]

    def by_place(self, connection: Connection, places: Iterable[int]) -> list[Found]:
        """Customers, in order of their places."""
        query = select(customers.c.place, customers.c.id, *(customers.c[n] for n in FIELDS))
        return [
            _found(row)
            for chunk in _chunks(sorted(places))
            for row in connection.execute(
                query.where(customers.c.place.in_(chunk)).order_by(customers.c.place)
            )
        ]

    def by_id(self, connection: Connection, id_: str) -> Found | None:
        """The customer of that id."""
        query = select(customers.c.place).where(customers.c.id == id_)
        found = self.by_place(connection, connection.execute(query).scalars())
        return found[0] if found else None

    def by_family_name(self, connection: Connection, name: str, most: int) -> list[Found]:
        """The first customers of that family name."""
        query = select(customers.c.place).where(customers.c.family_key == fold(name))
        places = connection.execute(query.order_by(customers.c.place).limit(most)).scalars()
        return self.by_place(connection, places)

    # --- deciding --------------------------------------------------------------------------

    def decide(self, connection: Connection, rows: Sequence[OwnRow]) -> list[tuple[Link, str]]:
        """For each row what linkage makes of it, and the id of the customer in question."""
        people = [row.person for row in rows]
        found, pairs = self.candidates(connection, people)
        return self._decided(rows, found, pairs)

    def decide_by_file(self, rows: Sequence[OwnRow]) -> list[tuple[Link, str]]:
        """The same without a database."""
        numbers = np.array([row.number - 1 for row in rows], np.int64)
        row, customer = self._trained.candidates(numbers)
        places = np.unique(customer)
        found = [
            Found(place, self.files.customer_ids[place], self._person("customers", place))
            for place in places.tolist()
        ]
        pairs = (np.searchsorted(numbers, row), np.searchsorted(places, customer))
        return self._decided(rows, found, pairs)

    def _decided(
        self, rows: Sequence[OwnRow], found: Sequence[Found], pairs: tuple[Rows, Rows]
    ) -> list[tuple[Link, str]]:
        people = [_compared(each.person) for each in found]
        compared = stored.columns(self.fields, people, [_compared(row.person) for row in rows])
        decided = []
        for link in stored.decide(self.known, compared, pairs, len(rows)):
            customer = "" if link.customer is None else found[link.customer].id
            if link.row is not None:
                customer = f"{self.prefix}{rows[link.row].number}"
            decided.append((link, customer))
        return decided

    # --- writing ---------------------------------------------------------------------------

    def write(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Put entries on record, in order. Raises ``IntegrityError`` for a second one of a row."""
        new = [each for each in entries if each.disposition == "inserted"]
        if new:
            self._insert_new(connection, [each.row for each in new])
        _insert(
            connection,
            dispositions,
            (
                {
                    "row": each.row.number,
                    "disposition": each.disposition,
                    "customer_id": each.customer_id,
                }
                for each in entries
            ),
        )

    def inserted(self, row: OwnRow) -> Entry:
        """The row becomes a new customer."""
        return Entry(row, "inserted", f"{self.prefix}{row.number}")

    def _insert_new(self, connection: Connection, rows: Sequence[OwnRow]) -> None:
        first = len(self.files.customer_ids)
        places = [first + row.number for row in rows]
        _insert(
            connection,
            customers,
            (
                _values(place, f"{self.prefix}{row.number}", row.person)
                for place, row in zip(places, rows, strict=True)
            ),
        )
        people = [_compared(row.person) for row in rows]
        made = features(stored.columns(self.fields, (), people))
        for keys in stored.keys(self.known, made, "incoming"):
            given = keys != 0
            _insert_keys(connection, keys[given], np.array(places, np.int64)[given])


def rows_of(connection: Connection, numbers: Iterable[int] | None = None) -> list[OwnRow]:
    """The trial's rows in order, or those of them with the given numbers."""
    query = select(incoming.c.row, incoming.c.fault, *(incoming.c[name] for name in FIELDS))
    query = query.order_by(incoming.c.row)
    queries = (
        [query]
        if numbers is None
        else [query.where(incoming.c.row.in_(chunk)) for chunk in _chunks(sorted(numbers))]
    )
    return [
        OwnRow(row[0], row[1], dict(zip(FIELDS, row[2:], strict=True)))
        for each in queries
        for row in connection.execute(each)
    ]


def decided(connection: Connection) -> dict[int, tuple[str, str | None]]:
    """Row → its disposition and customer."""
    query = select(dispositions.c.row, dispositions.c.disposition, dispositions.c.customer_id)
    return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


def _values(place: int, id_: str, person: Person) -> dict[str, Any]:
    family = fold(person["family_name"])
    return {"place": place, "id": id_, **person, "family_key": family}


def _found(row: Any) -> Found:
    return Found(row[0], row[1], dict(zip(FIELDS, row[2:], strict=True)))


def _compared(person: Person) -> dict[str, str]:
    """As linkage compares it: dates in eight digits."""
    return {**person, "date_of_birth": person["date_of_birth"].replace("-", "")}


def _insert(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    for chunk in _chunks(rows, BULK):
        connection.execute(insert(table), chunk)


def _insert_keys(connection: Connection, keys: Rows, places: Rows) -> None:
    """Millions of pairs of numbers: handed to the driver as they are, in a third of the time."""
    compiled = insert(customer_keys).compile(dialect=connection.dialect)
    for start in range(0, len(keys), BULK):
        stop = start + BULK
        pairs = zip(keys[start:stop].tolist(), places[start:stop].tolist(), strict=True)
        rows = list(pairs) if compiled.positional else [{"key": k, "place": p} for k, p in pairs]
        connection.exec_driver_sql(str(compiled), rows)


def _chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk

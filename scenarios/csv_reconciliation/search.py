"""Finding the customers that a person might be, through indexed columns only.

A candidate has the person's e-mail, or phone, or date of birth and (about) one of the names, or
the postcode and a family name that sounds alike. Tools search for one person; the job loads the
candidates of a whole file with a few bulk queries and keeps them up to date while it decides.

Tools find by mistyped names too, through trigrams. The job has no use for those candidates: with
neither the date of birth, nor e-mail, nor phone in common the policy always says "different", and
rows whose remark may know better are not the job's to decide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from math import ceil
from typing import TypeAlias, TypeVar

from rapidfuzz.distance import OSA
from sqlalchemy import ColumnElement, Connection, func, select, tuple_

from scenarios.csv_reconciliation.intake import Person
from scenarios.csv_reconciliation.keys import likeness, sound
from scenarios.csv_reconciliation.matching import NO, Comparison, compare
from scenarios.csv_reconciliation.schema import (
    CUSTOMER_COLUMNS,
    Customer,
    customer,
    customer_trigrams,
    customers,
    fold,
    mailbox,
)

CHUNK = 500
"""Values in one IN clause: below every engine's limit."""

LIKE = 0.3
"""The share of trigrams from which a name may be a mistyped other, as in ``pg_trgm``: 94% of the
names with a typing error in the given and one in the family name keep it, 65% keep 0.4."""
Key: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""Columns, and their values."""
T = TypeVar("T")


class Register:
    """The customers around a set of people, held in memory and findable by key."""

    def __init__(self) -> None:
        self._customers: dict[str, Customer] = {}
        self._ids: defaultdict[Key, dict[str, None]] = defaultdict(dict)

    @classmethod
    def load(cls, connection: Connection, people: Sequence[Person]) -> Register:
        """All customers that share a key with one of ``people``."""
        register = cls()
        wanted: defaultdict[tuple[str, ...], dict[tuple[str, ...], None]] = defaultdict(dict)
        for person in people:
            for columns, values in _keys(person):
                wanted[columns][values] = None
        for columns, keys in wanted.items():
            for chunk in _chunks(keys):
                found = select(*CUSTOMER_COLUMNS).where(_among(columns, chunk))
                for row in connection.execute(found.order_by(customers.c.id)):
                    register.put(customer(row))
        return register

    def put(self, customer: Customer) -> None:
        """Add a customer, or replace what is known of it."""
        if old := self._customers.get(customer.id):
            for key in _keys(old.person):
                self._ids[key].pop(customer.id, None)
        self._customers[customer.id] = customer
        for key in _keys(customer.person):
            self._ids[key][customer.id] = None

    def candidates(self, person: Person) -> list[tuple[Customer, Comparison]]:
        """Who ``person`` might be, the most alike first."""
        ids = {id_: None for key in _keys(person) for id_ in self._ids.get(key, ())}
        pairs = (
            (found, compare(person, found.person))
            for found in (self._customers[id_] for id_ in ids)
        )
        return sorted(((found, c) for found, c in pairs if _worth_a_look(c)), key=_most_alike_first)


def find(connection: Connection, person: Person) -> list[tuple[Customer, Comparison]]:
    """The customers on file that ``person`` might be, the most alike first. Beside the candidates
    by key those with about the same name who were born on about the same day or live about where
    the person does: many share a name alone."""
    found = Register.load(connection, [person]).candidates(person)
    known = {candidate.id for candidate, _ in found}
    wanted = Customer("", person).trigrams
    for other in sharing_trigrams(connection, wanted, LIKE):
        if other.id in known or not _neighbours(person, other.person):
            continue
        comparison = compare(person, other.person)
        if likeness(wanted, other.trigrams) >= LIKE and _namesakes(comparison):
            found.append((other, comparison))
    return sorted(found, key=_most_alike_first)


def sharing_trigrams(
    connection: Connection, wanted: frozenset[str], share: float
) -> list[Customer]:
    """The customers whose names have at least that share of the trigrams."""
    of = customer_trigrams.c
    ids = (
        select(of.customer_id)
        .where(of.trigram.in_(sorted(wanted)))
        .group_by(of.customer_id)
        .having(func.count() >= ceil(share * len(wanted)))
    )
    query = select(*CUSTOMER_COLUMNS).where(customers.c.id.in_(ids)).order_by(customers.c.id)
    return [customer(row) for row in connection.execute(query)]


def _keys(person: Person) -> Iterator[Key]:
    if person.email:
        yield ("mailbox",), (mailbox(person.email),)
    if person.phone:
        yield ("phone",), (person.phone,)
    if person.date_of_birth:
        yield ("date_of_birth",), (person.date_of_birth,)
    if person.family_name and person.postcode:
        yield ("family_sound", "postcode"), (sound(fold(person.family_name)), person.postcode)


def _among(columns: Sequence[str], keys: Sequence[tuple[str, ...]]) -> ColumnElement[bool]:
    if len(columns) == 1:
        return customers.c[columns[0]].in_([value for (value,) in keys])
    return tuple_(*(customers.c[name] for name in columns)).in_(keys)


def _most_alike_first(pair: tuple[Customer, Comparison]) -> tuple[int, str]:
    found, comparison = pair
    return -len(comparison.agreeing()), found.id


def _namesakes(c: Comparison) -> bool:
    return c.given_name != NO and c.family_name != NO


def _neighbours(one: Person, other: Person) -> bool:
    """Whether two were born, or live, in about the same place of calendar or map."""
    return OSA.distance(one.date_of_birth, other.date_of_birth) <= 1 or (
        bool(one.postcode) and one.postcode == other.postcode
    )


def _worth_a_look(c: Comparison) -> bool:
    """Whether more than a birthday is shared: many people have the same."""
    others = (c.given_name, c.family_name, c.email, c.phone)
    return any(answer != NO for answer in others)


def _chunks(values: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk

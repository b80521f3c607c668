"""Finding the customers that a person might be, through indexed columns only.

A candidate has the person's e-mail, or phone, or date of birth and (about) one of the names, or
family name and postcode. Tools search for one person; the job loads the candidates of a whole
file with a few bulk queries and keeps them up to date while it decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from sqlalchemy import Connection, select

from scenarios.csv_reconciliation.intake import Person
from scenarios.csv_reconciliation.matching import NO, Comparison, compare
from scenarios.csv_reconciliation.schema import (
    CUSTOMER_COLUMNS,
    Customer,
    customer,
    customers,
    fold,
    mailbox,
)

CHUNK = 500
"""Values in one IN clause: below every engine's limit."""

Key = tuple[str, ...]


class Register:
    """The customers around a set of people, held in memory and findable by key."""

    def __init__(self) -> None:
        self._customers: dict[str, Customer] = {}
        self._ids: defaultdict[Key, dict[str, None]] = defaultdict(dict)

    @classmethod
    def load(cls, connection: Connection, people: Sequence[Person]) -> Register:
        """All customers that share a key with one of ``people``."""
        register = cls()
        wanted: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for person in people:
            for column, value, *_ in _keys(person):
                wanted[column][value] = None
        for column, values in wanted.items():
            for chunk in _chunks(values):
                found = select(*CUSTOMER_COLUMNS).where(customers.c[column].in_(chunk))
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
        return sorted(
            ((found, c) for found, c in pairs if _worth_a_look(c)),
            key=lambda pair: (-len(pair[1].agreeing()), pair[0].id),
        )


def find(connection: Connection, person: Person) -> list[tuple[Customer, Comparison]]:
    """The customers on file that ``person`` might be, the most alike first."""
    return Register.load(connection, [person]).candidates(person)


def _keys(person: Person) -> Iterator[Key]:
    if person.email:
        yield ("mailbox", mailbox(person.email))
    if person.phone:
        yield ("phone", person.phone)
    if person.date_of_birth:
        yield ("date_of_birth", person.date_of_birth)
    if person.family_name and person.postcode:
        yield ("family_key", fold(person.family_name), person.postcode)


def _worth_a_look(c: Comparison) -> bool:
    """Whether more than a birthday is shared: many people have the same."""
    others = (c.given_name, c.family_name, c.email, c.phone)
    return any(answer != NO for answer in others)


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk

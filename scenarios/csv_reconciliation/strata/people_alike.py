"""Somebody else who has much in common with a customer: insert."""

from __future__ import annotations

from dataclasses import replace

from scenarios.csv_reconciliation.intake import Person
from scenarios.csv_reconciliation.strata.kind import Draft, Kinds, Planned

KINDS = Kinds()


@KINDS.add()
def shared_email(draft: Draft) -> list[Planned]:
    """A partner who shares a customer's e-mail: insert."""
    person, _ = draft.somebody_on_file()
    given = draft.people.other_given_name(person.given_name)
    partner = draft.people.relative(person, given_name=given, born=draft.another_birth_date(person))
    return [Planned(replace(partner, email=person.email), "inserted")]


@KINDS.add()
def household(draft: Draft) -> list[Planned]:
    """A relative of a customer at the same address: insert."""
    person, _ = draft.somebody_on_file()
    given = draft.people.other_given_name(person.given_name)
    relative = draft.people.relative(
        person, given_name=given, born=draft.another_birth_date(person)
    )
    return [Planned(relative, "inserted")]


@KINDS.add()
def twins(draft: Draft) -> list[Planned]:
    """A customer's twin at the same address: insert."""
    person, _ = draft.somebody_on_file()
    given = draft.people.other_given_name(person.given_name)
    return [
        Planned(
            draft.people.relative(person, given_name=given, born=person.date_of_birth), "inserted"
        )
    ]


@KINDS.add()
def father_and_son(draft: Draft) -> list[Planned]:
    """Father or son of a customer with the same name and address: insert."""
    father, son = parent_and_child(draft)
    known, new = draft.rng.choice(((father, son), (son, father)))
    draft.put_on_file(known)
    return [Planned(new, "inserted")]


@KINDS.add()
def company_email(draft: Draft) -> list[Planned]:
    """A colleague of a customer, with the firm's e-mail and switchboard: insert."""
    firm = draft.people.company_email()
    person = replace(draft.people.person(), email=firm)
    draft.put_on_file(person)
    colleague = replace(draft.people.person(), email=firm, phone=person.phone)
    return [Planned(colleague, "inserted")]


@KINDS.add()
def recycled_phone(draft: Draft) -> list[Planned]:
    """A stranger who was given a customer's old phone number: insert."""
    person, _ = draft.somebody_on_file()
    stranger = replace(draft.people.person(), phone=person.phone)
    if draft.rng.random() < 0.5:
        born = draft.another_birth_date(person)
        stranger = replace(stranger, given_name=person.given_name, date_of_birth=born)
    return [Planned(stranger, "inserted")]


def parent_and_child(draft: Draft) -> tuple[Person, Person]:
    """Two people of one name and address, a generation apart."""
    parent = replace(draft.people.person(), date_of_birth=draft.people.birth_date(1935, 1965))
    first = int(parent.date_of_birth[:4]) + 22
    return parent, draft.people.relative(parent, born=draft.people.birth_date(first, first + 15))

"""What somebody wrote decides: clear to a reader, out of reach for rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from scenarios.csv_reconciliation.strata.contact import moved_address
from scenarios.csv_reconciliation.strata.kind import Draft, Kinds, Planned
from scenarios.csv_reconciliation.strata.ordinary import clean_new, exact_duplicate
from scenarios.csv_reconciliation.strata.people_alike import parent_and_child

KINDS = Kinds()


@KINDS.add(free_text=True)
def remark_irrelevant(draft: Draft) -> list[Planned]:
    """A remark that decides nothing."""
    kind = draft.rng.choice((clean_new, exact_duplicate, moved_address))
    (row,) = kind(draft)
    return [replace(row, remark=draft.remark("irrelevant", row.person, row.person))]


@KINDS.add(free_text=True)
def remark_married_moved(draft: Draft) -> list[Planned]:
    """A remark tells of marriage and moving: merge."""
    return _renamed(draft, "married")


@KINDS.add(free_text=True)
def remark_divorced(draft: Draft) -> list[Planned]:
    """A remark tells of a divorce, the former name is back: merge."""
    return _renamed(draft, "divorced")


@KINDS.add(free_text=True)
def remark_do_not_merge(draft: Draft) -> list[Planned]:
    """A remark tells of a namesake: insert."""
    person, _ = draft.somebody_on_file()
    namesake = draft.people.relative(draft.people.at_new_address(person), born=person.date_of_birth)
    namesake = replace(namesake, phone=person.phone)  # of the firm where both work
    return [Planned(namesake, "inserted", remark=draft.remark("namesake", person, namesake))]


@KINDS.add(free_text=True)
def remark_relative(draft: Draft) -> list[Planned]:
    """A remark tells of a parent of the same name: insert."""
    parent, child = parent_and_child(draft)
    draft.put_on_file(child)
    parent = replace(parent, email=child.email)
    return [Planned(parent, "inserted", remark=draft.remark("relative", child, parent))]


@KINDS.add(free_text=True)
def remark_moved_in(draft: Draft) -> list[Planned]:
    """A remark tells of a customer who moved in with a sister, all contact data new: merge."""
    person, id_ = draft.somebody_on_file()
    sister = draft.people.relative(
        draft.people.at_new_address(person),
        given_name=draft.people.other_given_name(person.given_name),
        born=draft.another_birth_date(person),
    )
    draft.put_on_file(sister)
    moved = replace(
        person,
        email=draft.people.email(person.given_name, person.family_name),
        phone=draft.people.phone(),
        street=sister.street,
        city=sister.city,
        postcode=sister.postcode,
    )
    remark = draft.remark("moved_in", person, moved, sister=sister.given_name)
    return [Planned(moved, "merged", customer=id_, remark=remark)]


@KINDS.add(free_text=True)
def remark_birth_date(draft: Draft) -> list[Planned]:
    """A remark corrects the date of birth in the row: merge."""
    person, id_ = draft.somebody_on_file()
    right = date.fromisoformat(person.date_of_birth)
    typed = replace(person, date_of_birth=draft.another_birth_date(person))
    words = draft.rng.choice((right.isoformat(), f"{right.day} {right:%B %Y}"))
    remark = draft.remark("birth_date", person, typed, born=words)
    return [Planned(typed, "merged", customer=id_, remark=remark)]


@KINDS.add(free_text=True)
def remark_name_mistaken(draft: Draft) -> list[Planned]:
    """A remark corrects the family name in the row: merge, the name on file stays."""
    person, id_ = draft.somebody_on_file()
    typed = replace(person, family_name=draft.people.other_family_name(person.family_name))
    remark = draft.remark("name_mistaken", person, typed)
    return [Planned(typed, "merged", customer=id_, remark=remark)]


@KINDS.add(free_text=True)
def remark_erasure(draft: Draft) -> list[Planned]:
    """A remark asks not to keep the person's data: reject."""
    person = draft.anybody()
    remark = draft.remark("erasure", person, person)
    return [Planned(person, "rejected", "do_not_store", remark=remark)]


def _renamed(draft: Draft, fact: str) -> list[Planned]:
    person, id_ = draft.somebody_on_file()
    name = draft.people.other_family_name(person.family_name)
    renamed = draft.people.at_new_address(replace(person, family_name=name))
    remark = draft.remark(fact, person, renamed)
    return [Planned(renamed, "merged", customer=id_, take_name=True, remark=remark)]

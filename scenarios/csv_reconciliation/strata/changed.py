"""Where the rules are going to change: decided as ever by ``policy.md``, otherwise by
``policy_v2.md``. Run only with ``--drift rules``."""

from __future__ import annotations

from dataclasses import replace

from scenarios.csv_reconciliation.intake import Person
from scenarios.csv_reconciliation.strata.contact import new_contact
from scenarios.csv_reconciliation.strata.kind import Draft, Kinds, Planned

KINDS = Kinds()


@KINDS.add(drift="rules")
def no_phone(draft: Draft) -> list[Planned]:
    """No phone number, or none that is valid, which new rules ask for."""
    cells = draft.rng.choice(({}, {"phone": "12"}, {"phone": "none"}))
    return [_known_or_new(draft, replace(draft.people.person(), phone=""), cells)]


@KINDS.add(drift="rules")
def under_age(draft: Draft) -> list[Planned]:
    """Somebody whom new rules call a minor, or who is just too old for it."""
    born = draft.rng.choice((draft.people.birth_date(2008, 2012), "2008-01-02", "2007-12-30"))
    return [_known_or_new(draft, replace(draft.people.person(), date_of_birth=born))]


@KINDS.add(drift="rules")
def held_twice(draft: Draft) -> list[Planned]:
    """A person whom the database holds two or three times, which new rules settle."""
    person, first = draft.somebody_on_file()
    rivals = [first]
    for _ in range(draft.rng.choice((1, 2))):
        again = draft.people.at_new_address(person)
        email = draft.people.email(person.given_name, person.family_name)
        rivals.append(draft.put_on_file(replace(again, email=email)))
    return [Planned(person, "flagged", "conflict", rivals=tuple(rivals))]


@KINDS.add(drift="rules")
def address_alone(draft: Draft) -> list[Planned]:
    """A customer known by nothing but the address, which new rules do not trust."""
    return new_contact(draft)


def _known_or_new(draft: Draft, person: Person, cells: dict[str, str] | None = None) -> Planned:
    cells = cells or {}
    if draft.rng.random() < 0.5:
        return Planned(person, "inserted", cells=cells)
    return Planned(person, "merged", customer=draft.put_on_file(person), cells=cells)

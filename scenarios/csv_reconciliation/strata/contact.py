"""A customer whose contact data have changed: merge, the new ones are taken over."""

from __future__ import annotations

from dataclasses import replace

from scenarios.csv_reconciliation.strata.kind import Draft, Kinds, Planned

KINDS = Kinds()


@KINDS.add()
def moved_address(draft: Draft) -> list[Planned]:
    """A customer at a new address: merge, the address is taken over."""
    person, id_ = draft.somebody_on_file()
    return [Planned(draft.people.at_new_address(person), "merged", customer=id_)]


@KINDS.add()
def new_contact(draft: Draft) -> list[Planned]:
    """A customer with a new e-mail and phone, at the same address: merge."""
    person, id_ = draft.somebody_on_file()
    email = draft.people.email(person.given_name, person.family_name)
    row = replace(person, email=email, phone=draft.people.phone())
    return [Planned(row, "merged", customer=id_, by_address=True)]


@KINDS.add()
def sparse_duplicate(draft: Draft) -> list[Planned]:
    """A customer without phone or address: merge, what is on file stays."""
    person, id_ = draft.somebody_on_file()
    empty = dict.fromkeys(
        draft.rng.choice((("phone",), ("street", "city", "postcode"), ("phone", "street", "city"))),
        "",
    )
    return [Planned(replace(person, **empty), "merged", customer=id_)]


@KINDS.add()
def plus_email(draft: Draft) -> list[Planned]:
    """A customer's mailbox with a +tag is the only contact in common: merge."""
    person, id_ = draft.somebody_on_file()
    local, _, domain = person.email.partition("@")
    tag = draft.rng.choice(("news", "shop", "partner", "promo"))
    row = replace(
        draft.people.at_new_address(person),
        email=f"{local}+{tag}@{domain}",
        phone=draft.people.phone(),
    )
    return [Planned(row, "merged", customer=id_)]

"""A customer whose name or birthday is written in another way: merge, the name on file stays."""

from __future__ import annotations

from dataclasses import replace

from scenarios.csv_reconciliation.locales import DE, LATIN, US, pools
from scenarios.csv_reconciliation.people import mistyped
from scenarios.csv_reconciliation.strata.kind import Draft, Kinds, Planned

KINDS = Kinds()

SHORT_FORMS = (
    ("Robert", "Bob"), ("William", "Bill"), ("Elizabeth", "Liz"), ("Katherine", "Kate"),
    ("Michael", "Mike"), ("Thomas", "Tom"), ("Richard", "Dick"), ("Margaret", "Peggy"),
    ("Patricia", "Pat"), ("Edward", "Ted"), ("Charles", "Chuck"), ("Anthony", "Tony"),
    ("Deborah", "Debbie"), ("James", "Jim"), ("Rebecca", "Becky"), ("Theodore", "Ted"),
    ("Susan", "Sue"), ("Andrew", "Andy"), ("Jennifer", "Jenny"), ("Daniel", "Danny"),
)  # fmt: skip
UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}


@KINDS.add(locales=LATIN)
def typo_duplicate(draft: Draft) -> list[Planned]:
    """A customer with one typing error in a name: merge."""
    person, id_ = draft.somebody_on_file()
    name = draft.rng.choice(("given_name", "family_name"))
    typed = {name: mistyped(draft.rng, getattr(person, name))}
    return [Planned(replace(person, **typed), "merged", customer=id_)]


@KINDS.add(locales=LATIN)
def typo_two_fields(draft: Draft) -> list[Planned]:
    """A customer with a typing error in each name: merge."""
    person, id_ = draft.somebody_on_file()
    typed = replace(
        person,
        given_name=mistyped(draft.rng, person.given_name),
        family_name=mistyped(draft.rng, person.family_name),
    )
    return [Planned(typed, "merged", customer=id_)]


@KINDS.add(locales=(US,))
def nickname(draft: Draft) -> list[Planned]:
    """A customer by the short form of the given name, or the other way about: merge."""
    forms = draft.rng.choice(SHORT_FORMS)
    known, typed = draft.rng.choice((forms, forms[::-1]))
    person = replace(draft.people.person(), given_name=known)
    id_ = draft.put_on_file(person)
    return [Planned(replace(person, given_name=typed), "merged", customer=id_)]


@KINDS.add()
def swapped_names(draft: Draft) -> list[Planned]:
    """A customer's given and family name in each other's column: merge."""
    person, id_ = draft.somebody_on_file()
    swapped = replace(person, given_name=person.family_name, family_name=person.given_name)
    return [Planned(swapped, "merged", customer=id_)]


@KINDS.add(locales=(DE,))
def transliteration(draft: Draft) -> list[Planned]:
    """A customer's umlaut spelled out or left bare (Müller, Mueller, Muller): merge."""
    family = draft.rng.choice([n for n in pools(DE).family if set(UMLAUTS) & set(n)])
    person = replace(draft.people.person(), family_name=family)
    bare = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"})
    other = family.translate(draft.rng.choice((str.maketrans(UMLAUTS), bare)))
    known, typed = draft.rng.choice(((family, other), (other, family)))
    person = replace(person, family_name=known)
    id_ = draft.put_on_file(person)
    return [Planned(replace(person, family_name=typed), "merged", customer=id_)]


@KINDS.add(locales=LATIN)
def middle_name(draft: Draft) -> list[Planned]:
    """A customer with an initial or a further given name: merge."""
    person, id_ = draft.somebody_on_file()
    further = draft.people.other_given_name(person.given_name)
    added = draft.rng.choice((f"{further[0]}.", further))
    row = replace(person, given_name=f"{person.given_name} {added}")
    return [Planned(row, "merged", customer=id_)]


@KINDS.add(locales=LATIN)
def double_name(draft: Draft) -> list[Planned]:
    """A customer with a second family name behind a hyphen: merge."""
    person, id_ = draft.somebody_on_file()
    second = draft.people.other_family_name(person.family_name)
    pair = draft.rng.sample((person.family_name, second), 2)
    return [Planned(replace(person, family_name="-".join(pair)), "merged", customer=id_)]


@KINDS.add()
def other_date_format(draft: Draft) -> list[Planned]:
    """A date of birth in another notation that can be read in one way only."""
    born = draft.people.birth_date()
    while int(born[-2:]) <= 12:
        born = draft.people.birth_date()
    year, month, day = born.split("-")
    written = draft.rng.choice(
        (f"{day}.{month}.{year}", f"{day}/{month}/{year}", f"{month}/{day}/{year}",
         f"{year}/{month}/{day}")
    )  # fmt: skip
    person = replace(draft.people.person(), date_of_birth=born)
    cells = {"date_of_birth": written}
    if draft.rng.random() < 0.5:
        return [Planned(person, "inserted", cells=cells)]
    return [Planned(person, "merged", customer=draft.put_on_file(person), cells=cells)]

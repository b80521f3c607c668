"""What only a human can settle, because the data contradict each other: flag."""

from __future__ import annotations

from dataclasses import replace

from scenarios.csv_reconciliation.strata.kind import Draft, Kinds, Planned

KINDS = Kinds()


@KINDS.add()
def conflicting_identifiers(draft: Draft) -> list[Planned]:
    """Matches two customers at once: flag."""
    person, id_ = draft.somebody_on_file()
    again = draft.people.relative(
        draft.people.at_new_address(person), born=person.date_of_birth
    )  # the database holds the person twice
    rivals = (id_, draft.put_on_file(again))
    return [Planned(replace(person, phone=again.phone), "flagged", "conflict", rivals=rivals)]


@KINDS.add()
def unexplained_name(draft: Draft) -> list[Planned]:
    """A customer under another family name (married?), unexplained: flag."""
    person, _ = draft.somebody_on_file()
    name = draft.people.other_family_name(person.family_name)
    return [Planned(replace(person, family_name=name), "flagged", "conflict")]


@KINDS.add()
def wrong_birth_date(draft: Draft) -> list[Planned]:
    """A customer with another date of birth and the same e-mail: flag."""
    person, _ = draft.somebody_on_file()
    year, month, day = person.date_of_birth.split("-")
    shifted = int(year) + draft.rng.choice((-10, -1, 1, 10))
    born = f"{shifted}-{month}-{min(int(day), 28):02d}"
    return [Planned(replace(person, date_of_birth=born), "flagged", "conflict")]


@KINDS.add()
def namesake(draft: Draft) -> list[Planned]:
    """A customer's name and birthday, nothing else in common: flag."""
    person, _ = draft.somebody_on_file()
    other = draft.people.relative(draft.people.at_new_address(person), born=person.date_of_birth)
    return [Planned(other, "flagged", "conflict")]


@KINDS.add()
def ambiguous_date(draft: Draft) -> list[Planned]:
    """A date of birth that can be read two ways (03/04/1985): flag."""
    person = draft.anybody()
    year, month, day = person.date_of_birth.split("-")
    while int(day) > 12 or day == month:
        year, month, day = draft.people.birth_date().split("-")
    written = draft.rng.choice((f"{day}/{month}/{year}", f"{month}/{day}/{year}"))
    return [Planned(person, "flagged", "ambiguous_date", cells={"date_of_birth": written})]

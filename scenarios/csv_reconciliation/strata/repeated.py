"""One new person in several rows of a file: insert, then merge."""

from __future__ import annotations

from dataclasses import replace

from scenarios.csv_reconciliation.strata.kind import Draft, Kinds, Planned

KINDS = Kinds()


@KINDS.add()
def several_rows_one_person(draft: Draft) -> list[Planned]:
    """One new person in two rows: insert, then merge."""
    first = Planned(draft.people.person(), "inserted")
    later = replace(first.person, phone=draft.people.phone())
    return [first, Planned(later, "merged", same_as=first)]


@KINDS.add()
def three_rows_one_person(draft: Draft) -> list[Planned]:
    """One new person in three rows, moving on the way: insert, then merge twice."""
    first = Planned(draft.people.person(), "inserted")
    second = replace(
        first.person, email=draft.people.email(first.person.given_name, first.person.family_name)
    )
    third = draft.people.at_new_address(second)
    return [
        first,
        Planned(second, "merged", same_as=first),
        Planned(third, "merged", same_as=first),
    ]

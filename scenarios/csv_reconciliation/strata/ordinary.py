"""What most rows are."""

from __future__ import annotations

from scenarios.csv_reconciliation.strata.kind import Draft, Kinds, Planned

KINDS = Kinds()


@KINDS.add(ordinary=True)
def clean_new(draft: Draft) -> list[Planned]:
    """A person nobody knows yet: insert."""
    return [Planned(draft.people.person(), "inserted")]


@KINDS.add(ordinary=True)
def exact_duplicate(draft: Draft) -> list[Planned]:
    """A customer as on file: merge."""
    person, id_ = draft.somebody_on_file()
    return [Planned(person, "merged", customer=id_)]

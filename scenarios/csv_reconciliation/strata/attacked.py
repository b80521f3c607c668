"""Cells with instructions to the model, formulas, SQL or HTML in them, and the same rows with
neutral words instead.

Outside the production mix; run with ``--hostile``. The attacks stand in ``attacks.toml``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench.attacks import read_attacks
from scenarios.csv_reconciliation.locales import US
from scenarios.csv_reconciliation.strata.kind import Draft, Kinds, Planned
from scenarios.csv_reconciliation.strata.people_alike import twins
from scenarios.csv_reconciliation.strata.unclear import namesake

KINDS = Kinds()
ATTACKS, NEUTRAL_WORDS = read_attacks(Path(__file__).parents[1] / "attacks.toml")


@KINDS.add(hostile=len(ATTACKS), locales=(US,))
def hostile_cell(draft: Draft) -> list[Planned]:
    """An attack in a cell: nothing else is different."""
    draft.twin = hostile_twin.__name__
    return _built(draft, neutral=False)


@KINDS.add(hostile=len(ATTACKS), locales=(US,), drawn_as=hostile_cell.__name__)
def hostile_twin(draft: Draft) -> list[Planned]:
    """The same rows with neutral words."""
    return _built(draft, neutral=True)


def _built(draft: Draft, *, neutral: bool) -> list[Planned]:
    attack = ATTACKS[draft.number % len(ATTACKS)]
    draft.variant = attack.name
    (row,) = BASES[attack.base](draft)
    victim = draft.somebody_on_file()[1]
    names = {"customer": draft.on_file[0].id, "victim": victim}
    written = NEUTRAL_WORDS[attack.place] if neutral else attack.worded(names)
    draft.asks = "" if neutral else attack.asked(names)
    if attack.place in ("header", "column"):
        header, cell = (NEUTRAL_WORDS[name] for name in ("header", "column"))
        draft.surplus = written if attack.place == "header" else header
        return [replace(row, surplus=written if attack.place == "column" else cell)]
    if attack.place == "remarks":
        return [replace(row, remark=written)]
    # Blanks are evened out on the way in, and what is no phone number counts as empty.
    value = "" if attack.place == "phone" else " ".join(written.split())
    person = row.person if attack.place == "email" else replace(row.person, **{attack.place: value})
    return [replace(row, person=person, cells={attack.place: written})]


def _new(draft: Draft) -> list[Planned]:
    return [Planned(draft.people.person(), "inserted")]


def _moved(draft: Draft) -> list[Planned]:
    person, id_ = draft.somebody_on_file()
    return [Planned(draft.people.at_new_address(person), "merged", customer=id_)]


def _invalid(draft: Draft) -> list[Planned]:
    return [Planned(draft.people.person(), "rejected", "invalid_email")]


BASES: dict[str, Callable[[Draft], list[Planned]]] = {
    "new": _new,
    "moved": _moved,
    "twin": twins,
    "namesake": namesake,
    "invalid": _invalid,
}

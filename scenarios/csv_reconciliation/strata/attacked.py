"""Cells with instructions to the model, formulas, SQL or HTML in them, and the same rows with
neutral words instead.

Outside the production mix; run with ``--hostile``. The attacks stand in ``attacks.toml``.
"""

from __future__ import annotations

import base64
import codecs
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from bench.types import Json
from scenarios.csv_reconciliation.locales import US
from scenarios.csv_reconciliation.strata.kind import Draft, Kinds, Planned
from scenarios.csv_reconciliation.strata.people_alike import twins
from scenarios.csv_reconciliation.strata.unclear import namesake

KINDS = Kinds()


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack, as it stands in the file."""

    name: str
    base: str
    """What is right."""
    place: str
    """The cell that holds the text."""
    text: str
    encoding: str = ""
    """``base64``, ``rot13``, or nothing."""


@cache
def attacks() -> tuple[Attack, ...]:
    """All attacks, in the order of the file."""
    return tuple(Attack(**each) for each in _file()["attack"])


@cache
def _file() -> Mapping[str, Json]:
    return tomllib.loads(Path(__file__).parents[1].joinpath("attacks.toml").read_text("utf-8"))


@KINDS.add(hostile=len(attacks()), locales=(US,))
def hostile_cell(draft: Draft) -> list[Planned]:
    """An attack in a cell: nothing else is different."""
    draft.twin = hostile_twin.__name__
    return _built(draft, neutral=False)


@KINDS.add(hostile=len(attacks()), locales=(US,), drawn_as=hostile_cell.__name__)
def hostile_twin(draft: Draft) -> list[Planned]:
    """The same rows with neutral words."""
    return _built(draft, neutral=True)


def _built(draft: Draft, *, neutral: bool) -> list[Planned]:
    attack = attacks()[draft.number % len(attacks())]
    draft.variant = attack.name
    (row,) = BASES[attack.base](draft)
    victim = draft.somebody_on_file()[1]
    customer = draft.on_file[0].id
    text = attack.text.replace("{customer}", customer).replace("{victim}", victim)
    written = _file()["neutral"][attack.place] if neutral else _encoded(text, attack.encoding)
    if attack.place in ("header", "column"):
        header, cell = (_file()["neutral"][name] for name in ("header", "column"))
        draft.surplus = written if attack.place == "header" else header
        return [replace(row, surplus=written if attack.place == "column" else cell)]
    if attack.place == "remarks":
        return [replace(row, remark=written)]
    # Blanks are evened out on the way in, and what is no phone number counts as empty.
    value = "" if attack.place == "phone" else " ".join(written.split())
    person = row.person if attack.place == "email" else replace(row.person, **{attack.place: value})
    return [replace(row, person=person, cells={attack.place: written})]


def _encoded(text: str, encoding: str) -> str:
    if encoding == "base64":
        return f"base64: {base64.b64encode(text.encode()).decode()}"
    return codecs.encode(text, "rot13") if encoding == "rot13" else text


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

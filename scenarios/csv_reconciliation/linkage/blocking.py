"""Candidates: the pairs that share at least one key, out of all that could be formed.

A key is made of parts of a record (how the family name sounds, the year of birth …). Each recipe
misses pairs whose very parts were mistyped, so many are tried and their candidates united. A
recipe that would give too many pairs for files of this size is left out; small files are thus
searched broadly, large ones narrowly. Within a recipe, keys that too many records share ("Smith"
in a capital) are skipped; the other recipes are there for those.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from scenarios.csv_reconciliation.keys import sound
from scenarios.csv_reconciliation.linkage.features import Codes, Feature, Features, Rows, Texts

RECIPES: tuple[tuple[str, ...], ...] = (
    ("identity_number",),
    ("email",),
    ("phone",),
    ("birth",),
    ("family_sound", "given_sound"),
    ("names_sound",),
    ("birth", "family_sound"),
    ("birth", "given_sound"),
    ("birth", "postcode"),
    ("birth", "house_number"),
    ("names_sound", "birth_year"),
    ("names_sound", "postcode"),
    ("names_sound", "birth_month_day"),
    ("names_sound", "city_start"),
    ("family_name", "given_name"),
    ("family_start", "postcode"),
    ("given_start", "postcode"),
    ("family_sound", "street_start"),
    ("given_sound", "street_start"),
    ("house_number", "street"),
    ("house_number", "postcode"),
    ("street_start", "postcode"),
    ("given_sound", "house_number", "city_start"),
    ("family_sound", "house_number", "city_start"),
    ("family_sound", "birth_year", "birth_month"),
    ("family_sound", "birth_year", "birth_day"),
    ("family_sound", "birth_month_day"),
    ("given_sound", "birth_year", "birth_month", "postcode_start"),
    ("given_sound", "birth_month_day", "postcode_start"),
    ("identity_start", "birth_year"),
    ("identity_end", "birth_year"),
    ("identity_start", "family_sound"),
    ("identity_end", "family_sound"),
    ("phone_end", "family_sound"),
    ("phone_end", "given_sound"),
    ("street2", "family_sound"),
    ("street2", "birth_year"),
)
"""From broad to narrow where several are alike."""

PAIRS_A_ROW = 10
"""A recipe that gives more pairs than this for each row on average is left out."""
LARGEST_BLOCK = 400
"""A key that more customers share is skipped."""


@dataclass(frozen=True, slots=True)
class Index:
    """The customers by one recipe's key, and the incoming rows' keys."""

    recipe: tuple[str, ...]
    keys: npt.NDArray[np.uint64]
    """Of the customers that have one, sorted."""
    rows: Rows
    """The customers, in the order of ``keys``."""
    incoming: npt.NDArray[np.uint64]
    """Each incoming row's key; 0 for none."""


Shortened: TypeAlias = dict[str, dict[str, Codes]]


def shortened(features: Features) -> Shortened:
    """Feature → part of a key → for each value the code of its shortened form. Rows of the same
    files that are linked with one another need it only once."""
    return {
        name: {part: _recoded(feature, shorten) for part, shorten in SHORTENED[name].items()}
        for name, feature in features.items()
        if name in SHORTENED
    }


def indexes(features: Features, short: Shortened) -> list[Index]:
    """One index for each recipe that the features allow and the files' size warrants."""
    customers, incoming = (
        _parts({name: getattr(feature, side) for name, feature in features.items()}, short)
        for side in ("customers", "incoming")
    )
    made = []
    possible = [recipe for recipe in RECIPES if all(name in customers for name in recipe)]
    for recipe in possible or [(name,) for name in features]:  # few fields: each by itself
        index = _index(
            recipe,
            _mixed([customers[name] for name in recipe]),
            _mixed([incoming[name] for name in recipe]),
        )
        first, last = _range(index, index.incoming)
        if (last - first).sum() <= PAIRS_A_ROW * max(len(index.incoming), 1):
            made.append(index)
    return made


def candidates(made: Sequence[Index], incoming: Rows, customers: int) -> tuple[Rows, Rows]:
    """The candidate pairs of some incoming rows (in order): incoming rows and customers, sorted
    by row, each pair once."""
    found = []
    for index in made:
        first, last = _range(index, index.incoming[incoming])
        counts = last - first
        rows = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
        starts = np.repeat(first - (np.cumsum(counts) - counts), counts)
        found.append(rows * customers + index.rows[starts + np.arange(len(rows))])
    pairs = np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)
    rows, columns = np.divmod(pairs, max(customers, 1))
    return incoming[rows], columns


def _range(index: Index, keys: npt.NDArray[np.uint64]) -> tuple[Rows, Rows]:
    first = np.searchsorted(index.keys, keys, "left")
    last = np.searchsorted(index.keys, keys, "right")
    last = np.where((keys == 0) | (last - first > LARGEST_BLOCK), first, last)
    return first, last


def _index(
    recipe: tuple[str, ...],
    customers: npt.NDArray[np.uint64],
    incoming: npt.NDArray[np.uint64],
) -> Index:
    order = np.argsort(customers, kind="stable")
    keys = customers[order]
    start = int(np.searchsorted(keys, 0, "right"))
    return Index(recipe, keys[start:], order[start:].astype(np.int64), incoming)


def _mixed(parts: list[Codes]) -> npt.NDArray[np.uint64]:
    """One number for several codes; 0 if any of them is missing. Two different keys meet with a
    chance of about one in 10^19 a pair, which costs a comparison and nothing else."""
    mixed = np.full(len(parts[0]), 0x9E3779B97F4A7C15, np.uint64)
    present = np.ones(len(parts[0]), bool)
    for part in parts:
        present &= part != 0
        mixed = (mixed ^ part.astype(np.uint64)) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(31)
    return np.where(present, mixed, np.uint64(0))


def _parts(codes: dict[str, Codes], short: Shortened) -> dict[str, Codes]:
    """The building blocks of keys, as codes; 0 is "none"."""
    parts = dict(codes)
    for name, tables in short.items():
        parts |= {part: table[codes[name]] for part, table in tables.items()}
    if "family_sound" in parts and "given_sound" in parts:
        # In either order, because the two names are often swapped.
        one, two = parts["family_sound"], parts["given_sound"]
        low, high = np.minimum(one, two).astype(np.int64), np.maximum(one, two)
        mixed = _mixed([low.astype(np.int32), high])
        parts["names_sound"] = (mixed >> np.uint64(33)).astype(np.int32)
    if "date_of_birth" in parts:
        parts["birth"] = parts["date_of_birth"]
    return parts


def _recoded(feature: Feature, shorten: Callable[[str], str]) -> Codes:
    """Code of a text → code of its shortened form: the same number for customers and rows."""
    texts: Texts = feature.texts
    seen: dict[str, int] = {"": 0}
    return np.fromiter(
        (seen.setdefault(shorten(text), len(seen)) for text in texts), np.int32, len(texts)
    )


def _start(length: int) -> Callable[[str], str]:
    return lambda text: text[:length]


def _cut(*cuts: slice) -> Callable[[str], str]:
    return lambda text: "".join(text[cut] for cut in cuts) if len(text) == 8 else ""


SHORTENED: dict[str, dict[str, Callable[[str], str]]] = {
    "family_name": {"family_sound": sound, "family_start": _start(4)},
    "given_name": {"given_sound": sound, "given_start": _start(4)},
    "date_of_birth": {
        "birth_year": _cut(slice(4)),
        "birth_month": _cut(slice(4, 6)),
        "birth_day": _cut(slice(6, 8)),
        "birth_month_day": _cut(slice(4, 8)),
    },
    "identity_number": {"identity_start": _start(4), "identity_end": lambda text: text[-4:]},
    "phone": {"phone_end": lambda text: text[-4:]},
    "postcode": {"postcode_start": _start(2)},
    "street": {"street_start": _start(5)},
    "city": {"city_start": _start(4)},
}

"""Linking rows with customers that stand in a database and were indexed there.

What was learnt from the whole files is carried over by value, not by place: a key is the same
number in any process, and a text is as rare as it was among all customers. So a few rows are
decided as they would be among all of them, from the customers that share a key with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from scenarios.csv_reconciliation.linkage import blocking, comparison, engine
from scenarios.csv_reconciliation.linkage.assignment import NEW, Link
from scenarios.csv_reconciliation.linkage.engine import Trained
from scenarios.csv_reconciliation.linkage.features import Column, Features, Rows, features
from scenarios.csv_reconciliation.linkage.model import Model

Keys: TypeAlias = npt.NDArray[np.int64]
Person: TypeAlias = Mapping[str, str]
"""Field → text, empty for no value."""
Digests: TypeAlias = npt.NDArray[np.uint64]
Columns: TypeAlias = Mapping[str, Column]


@dataclass(frozen=True)
class Knowledge:
    """What was learnt from the whole files, free of places in them."""

    model: Model
    """Without its table of rarity, which goes by place."""
    recipes: tuple[tuple[str, ...], ...]
    """Of the keys by which customers are found."""
    frequent: Mapping[str, Mapping[str, float]]
    """Feature → text → log of its share among the customers, where it occurs more than once."""
    rare: Mapping[str, float]
    """Feature → the same of any other text."""


def knowledge(trained: Trained) -> Knowledge:
    """What two whole files have taught."""
    frequent, rare = {}, {}
    for name, rarity in trained.model.rarity.items():
        texts = trained.features[name].texts
        rare[name] = float(rarity.min())
        frequent[name] = {
            str(texts[code]): float(rarity[code]) for code in np.flatnonzero(rarity > rare[name])
        }
    recipes = tuple(index.recipe for index in trained.indexes)
    return Knowledge(replace(trained.model, rarity={}), recipes, frequent, rare)


def columns(fields: Iterable[str], customers: Sequence[Person], rows: Sequence[Person]) -> Columns:
    """Customers and rows as they are compared."""
    made = {}
    for name in fields:
        seen = {"": 0}
        codes = [
            np.array([seen.setdefault(person[name], len(seen)) for person in people], np.int32)
            for people in (customers, rows)
        ]
        made[name] = Column(list(seen), *codes)
    return made


def keys(known: Knowledge, made: Features, side: Literal["customers", "incoming"]) -> list[Keys]:
    """For each recipe the key of each record; 0 for none."""
    parts: dict[str, Digests] = {}
    for name, feature in made.items():
        codes = getattr(feature, side)
        parts[name] = _digests(feature.texts, str)[codes]
        for part, shorten in blocking.SHORTENED.get(name, {}).items():
            parts[part] = _digests(feature.texts, shorten)[codes]
    if "family_sound" in parts and "given_sound" in parts:
        one, two = parts["family_sound"], parts["given_sound"]
        both = (one != 0) & (two != 0)
        parts["names_sound"] = np.where(both, one + two, np.uint64(0))  # in either order
    if "date_of_birth" in parts:
        parts["birth"] = parts["date_of_birth"]
    return [_key(recipe, [parts[name] for name in recipe]) for recipe in known.recipes]


def decide(known: Knowledge, compared: Columns, pairs: tuple[Rows, Rows], rows: int) -> list[Link]:
    """One decision for each of ``rows`` incoming rows, given the pairs that share a key, sorted by
    row."""
    made = features(compared)
    if not made or not rows:
        return [NEW] * rows
    rarity = {
        name: np.fromiter(
            (known.frequent[name].get(text, known.rare[name]) for text in feature.texts),
            np.float64,
            len(feature.texts),
        )
        for name, feature in made.items()
    }
    row, customer = pairs

    def candidates(chunk: Rows) -> tuple[Rows, Rows]:
        first, last = np.searchsorted(row, [chunk[0], chunk[-1] + 1])
        return row[first:last], customer[first:last]

    model = replace(known.model, rarity=rarity)
    return engine.decide(model, made, blocking.shortened(made), candidates, rows)


def likeness(made: Features, pairs: tuple[Rows, Rows]) -> npt.NDArray[np.int64]:
    """How much the records of each pair are alike: the sum of their grades."""
    graded = comparison.grades(made, *pairs)
    return np.asarray(sum(grades.astype(np.int64) for grades in graded.values()))


def _key(recipe: tuple[str, ...], parts: Sequence[Digests]) -> Keys:
    mixed = np.full(len(parts[0]), _digest(" ".join(recipe)), np.uint64)
    present = np.ones(len(mixed), bool)
    for part in parts:
        present &= part != 0
        mixed = (mixed ^ part) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(31)
    mixed[~present] = 0
    return np.asarray(mixed.view(np.int64))


def _digests(texts: Iterable[str], shorten: Callable[[str], str]) -> Digests:
    """The digest of each shortened text; 0 of the empty one."""
    seen = {"": 0}
    digests = []
    for text in texts:
        short = shorten(text)
        if short not in seen:
            seen[short] = _digest(short)
        digests.append(seen[short])
    return np.array(digests, np.uint64)


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())

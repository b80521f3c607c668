"""How two records agree, feature by feature, in a few grades.

Grades: 0 for no value on a side, 1 different, ``EXACT`` equal, and between them as many grades of
likeness as the kind of feature has. What a grade is worth is not decided here but by ``model``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA, Indel, JaroWinkler

from scenarios.csv_reconciliation.linkage.features import (
    Codes,
    Feature,
    Features,
    Kind,
    Rows,
    Texts,
)

Grades: TypeAlias = npt.NDArray[np.int8]

MISSING, DIFFERENT, EXACT = 0, 1, 5
GRADES = 6
STRAIGHT, CROSSED = EXACT, 1
"""Grades of the feature ``name_order``: whether given and family name stand in each other's
place. 0 where the names do not agree either way."""
CROSSING = 8
"""Sum of the two names' grades from which a crosswise agreement counts: both nearly equal."""
WORKERS = 2
"""Threads of rapidfuzz, which lets go of the interpreter's lock."""


def grades(features: Features, incoming: Rows, customers: Rows) -> dict[str, Grades]:
    """Grades of all features for pairs of rows."""
    made = names(features, incoming, customers)
    for name, feature in features.items():
        if name not in made:
            made[name] = grade(feature, incoming, customers)
    return made


def names(features: Features, incoming: Rows, customers: Rows) -> dict[str, Grades]:
    """Grades of the names, taken crosswise where they agree only so, and their order."""
    made: dict[str, Grades] = {
        name: grade(features[name], incoming, customers)
        for name in ("family_name", "given_name")
        if name in features
    }
    if len(made) == 2:
        made["name_order"] = _order(features, incoming, customers, made)
    return made


def grade(feature: Feature, incoming: Rows, customers: Rows) -> Grades:
    """Grades of one feature for pairs of rows."""
    return _grade(
        feature.kind, feature.texts, feature.incoming[incoming], feature.customers[customers]
    )


def _order(features: Features, incoming: Rows, customers: Rows, made: dict[str, Grades]) -> Grades:
    """Whether names stand in each other's place; overwrites their grades where they do."""
    family, given = features["family_name"], features["given_name"]
    straight = made["family_name"].astype(np.int16) + made["given_name"]
    order = np.where(straight >= CROSSING - 1, np.int8(STRAIGHT), np.int8(MISSING))
    doubtful = np.flatnonzero((made["family_name"] <= 3) & (made["given_name"] <= 3))
    row, customer = incoming[doubtful], customers[doubtful]
    crossed_family = _grade("name", family.texts, given.incoming[row], family.customers[customer])
    crossed_given = _grade("name", family.texts, family.incoming[row], given.customers[customer])
    crossed = (crossed_family.astype(np.int16) + crossed_given >= CROSSING) & (
        crossed_family + crossed_given > straight[doubtful]
    )
    where = doubtful[crossed]
    made["family_name"][where] = crossed_family[crossed]
    made["given_name"][where] = crossed_given[crossed]
    order[where] = CROSSED
    return order


def _grade(kind: Kind, texts: Texts, one: Codes, other: Codes) -> Grades:
    made = np.where(one == other, np.int8(EXACT), np.int8(DIFFERENT))
    made[(one == 0) | (other == 0)] = MISSING
    if kind != "code" and len(unequal := np.flatnonzero(made == DIFFERENT)):
        made[unequal] = LIKENESS[kind](texts[one[unequal]], texts[other[unequal]])
    return made


def _scores(scorer: Callable[..., Any], one: Texts, other: Texts) -> npt.NDArray[np.float32]:
    scores: npt.NDArray[np.float32] = process.cpdist(
        one, other, scorer=scorer, dtype=np.float32, workers=WORKERS
    )
    return scores


def _steps(scores: npt.NDArray[np.float32], steps: Sequence[float]) -> Grades:
    """The highest grade (``EXACT`` - 1 for the first step) whose step a likeness reaches."""
    made = np.full(len(scores), DIFFERENT, np.int8)
    for number, step in enumerate(steps):
        made = np.maximum(made, np.where(scores >= step, np.int8(EXACT - 1 - number), DIFFERENT))
    return made.astype(np.int8)


def _distance(one: Texts, other: Texts) -> npt.NDArray[np.float32]:
    """Typing errors between texts: letters wrong, missing, added, or neighbours swapped."""
    return _scores(OSA.distance, one, other)


def _name_likeness(one: Texts, other: Texts) -> Grades:
    made = _steps(_scores(JaroWinkler.normalized_similarity, one, other), (0.92, 0.84, 0.75))
    made[(_distance(one, other) <= 1)] = EXACT - 1
    return made


def _text_likeness(one: Texts, other: Texts) -> Grades:
    return _steps(_scores(Indel.normalized_similarity, one, other), (0.88, 0.75, 0.6))


def _digits_likeness(one: Texts, other: Texts) -> Grades:
    return _steps(-_distance(one, other), (-1, -2, -3))


def _date_likeness(one: Texts, other: Texts) -> Grades:
    made = _digits_likeness(one, other)
    turned: Texts = np.array([text[:4] + text[6:] + text[4:6] for text in one], object)
    made[turned == other] = EXACT - 1
    return made


def _email_likeness(one: Texts, other: Texts) -> Grades:
    made = _steps(_scores(JaroWinkler.normalized_similarity, one, other), (0.96, 0.9))
    mailbox = [a.split("@", 1)[0] == b.split("@", 1)[0] for a, b in zip(one, other, strict=True)]
    made[np.array(mailbox, bool)] = EXACT - 1
    return made


LIKENESS: dict[Kind, Callable[[Texts, Texts], Grades]] = {
    "name": _name_likeness,
    "text": _text_likeness,
    "digits": _digits_likeness,
    "date": _date_likeness,
    "email": _email_likeness,
}

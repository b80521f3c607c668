"""From grades of agreement to the probability that two records are one person.

Three explanations compete for a pair (Fellegi and Sunter 1969, with a third class added):

- *same person*: grades are distributed as ``same`` says (the m-probabilities);
- *strangers*: as ``strangers`` says (the u-probabilities), an equal value being as surprising as it
  is rare among the customers (Winkler 2000, "Frequency-based matching in Fellegi-Sunter");
- *relatives*: names and addresses agree as those of one person do, given names and dates of birth
  as those of strangers do, twins and juniors aside. Without this class, independent features would
  add up a shared family name, street, city and phone to certainty, and merge brothers.

``same``, the share of rows that are on file, and the number of relatives are estimated by
expectation maximisation on the candidate pairs of a sample of rows; ``strangers`` from random pairs
of customers. Estimates start from the documented priors below, which weigh as much as
``PRIOR_PAIRS`` pairs, so that on a file of ten rows the priors speak and on a large one the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from scenarios.csv_reconciliation.linkage import comparison
from scenarios.csv_reconciliation.linkage.comparison import EXACT, GRADES, Grades
from scenarios.csv_reconciliation.linkage.features import Feature, Features, Kind, Rows

Floats: TypeAlias = npt.NDArray[np.float64]

SAME: Mapping[Kind, tuple[float, ...]] = {
    "name": (0.04, 0.01, 0.02, 0.08, 0.85),
    "text": (0.05, 0.02, 0.03, 0.10, 0.80),
    "digits": (0.04, 0.01, 0.02, 0.05, 0.88),
    "date": (0.02, 0.01, 0.01, 0.04, 0.92),
    "email": (0.25, 0.01, 0.02, 0.07, 0.65),
    "code": (0.05, 0, 0, 0, 0.95),
}
"""Prior shares of the grades 1 to 5 in pairs that are the same person."""
STRANGERS: Mapping[Kind, tuple[float, ...]] = {
    "name": (0.93, 0.05, 0.013, 0.005, 0.002),
    "text": (0.95, 0.035, 0.01, 0.003, 0.002),
    "digits": (0.98, 0.015, 0.004, 0.0009, 0.0001),
    "date": (0.95, 0.04, 0.009, 0.0009, 0.00005),
    "email": (0.98, 0.01, 0.008, 0.0015, 0.00001),
    "code": (0.8, 0, 0, 0, 0.2),
}
"""The same in pairs of strangers."""
RELATIVES: Mapping[str, float] = {
    "family_name": 0.85, "house_number": 0.95, "street": 0.95, "street2": 0.95, "city": 0.98,
    "postcode": 0.98, "state": 0.99, "country": 1.0, "phone": 0.5, "email": 0.15,
    "given_name": 0.03, "date_of_birth": 0.015, "identity_number": 0.0, "name_order": 1.0,
}  # fmt: skip
"""How often relatives on file agree on a feature as one person does; else they are as strangers."""

PRIOR_PAIRS = 30
"""What the prior of ``same`` weighs, in pairs."""
PRIOR_STRANGERS = 2_000
"""What the prior of ``strangers`` weighs, in pairs."""
PRIOR_RELATIVES, PRIOR_ROWS = 0.3, 20
"""How many relatives of a row are on file, and how many rows that guess weighs."""
CROSSED_SHARE = 0.02
"""Prior share of pairs whose names stand in each other's place."""
STRANGER_PAIRS = 100_000
"""Random pairs from which the grades short of equality are estimated."""
ROUNDS = 50


@dataclass(frozen=True)
class Model:
    """What grades are worth. Tables hold natural logarithms, by grade."""

    same: Mapping[str, Floats]
    strangers: Mapping[str, Floats]
    rarity: Mapping[str, Floats]
    """Feature → for each value the log of its share among the customers."""
    customers: int
    """How many there are to be found among."""
    on_file: float = 0.5
    """Share of rows whose person is on file."""
    relatives: float = PRIOR_RELATIVES
    """Relatives on file, of an average row."""


@dataclass(frozen=True)
class Pairs:
    """Candidate pairs, sorted by row, with their grades."""

    rows: Rows
    customers: Rows
    grades: Mapping[str, Grades]
    stranger_log: Floats = field(repr=False)
    """Log probability of the grades, were the two strangers."""


def pairs(model: Model, features: Features, rows: Rows, customers: Rows) -> Pairs:
    """Compare candidate pairs in full."""
    graded = comparison.grades(features, rows, customers)
    return Pairs(rows, customers, graded, _stranger_log(model, features, customers, graded))


def prior(features: Features, seed: int = 0) -> Model:
    """The model before anything is known of the same person's pairs: strangers and rarity."""
    size = max((len(feature.customers) for feature in features.values()), default=0)
    rng = np.random.default_rng(seed)
    drawn = min(STRANGER_PAIRS, size * (size - 1) // 2)
    one = rng.integers(0, max(size, 1), drawn)
    other = (one + rng.integers(1, max(size, 2), drawn)) % max(size, 1)
    strangers, same, rarity = {}, {}, {}
    for name, feature in features.items():
        counts = _counted(comparison.grade(feature.of_customers(), one, other), np.ones(drawn))
        counts[EXACT] = _equal_share(feature) * counts[1:].sum()
        strangers[name] = _table(counts, STRANGERS[feature.kind], PRIOR_STRANGERS)
        same[name] = _table(np.zeros(GRADES), SAME[feature.kind], PRIOR_PAIRS)
        rarity[name] = _rarity(feature, float(np.exp(strangers[name][EXACT])))
    same["name_order"] = np.array([0, np.log(CROSSED_SHARE), 0, 0, 0, np.log1p(-CROSSED_SHARE)])
    strangers["name_order"] = np.zeros(GRADES)  # order tells nothing of strangers
    return Model(same, strangers, rarity, size)


def estimate(model: Model, features: Features, candidates: Pairs, rows: int) -> Model:
    """Expectation maximisation on the candidates of ``rows`` rows."""
    for _ in range(ROUNDS):
        probability, relative = posterior(model, candidates)
        on_file = (probability.sum() + 1) / (rows + 2)
        relatives = (relative.sum() + PRIOR_RELATIVES * PRIOR_ROWS) / (rows + PRIOR_ROWS)
        same = dict(model.same)
        for name, graded in candidates.grades.items():
            counts = _counted(graded, probability)
            if name == "name_order":
                crossed, straight = counts[comparison.CROSSED], counts[comparison.STRAIGHT]
                share = (crossed + CROSSED_SHARE * PRIOR_PAIRS) / (crossed + straight + PRIOR_PAIRS)
                same[name] = np.array([0, np.log(share), 0, 0, 0, np.log1p(-share)])
            else:
                same[name] = _table(counts, SAME[features[name].kind], PRIOR_PAIRS)
        settled = abs(on_file - model.on_file) < 1e-5 and all(
            np.abs(np.exp(same[name]) - np.exp(model.same[name])).max() < 1e-4 for name in same
        )
        model = replace(model, same=same, on_file=float(on_file), relatives=float(relatives))
        if settled:
            break
    return model


def posterior(model: Model, candidates: Pairs) -> tuple[Floats, Floats]:
    """For each pair the probability that it is the same person, given that a row is at most one of
    the customers; and the probability that the two are relatives."""
    odds, kin = _odds(model, candidates)
    odds += np.log(model.on_file / max(model.customers, 1))
    none = np.log1p(-model.on_file)
    peak, start = _grouped(candidates.rows, odds)
    top = np.maximum(peak, none)
    weights = np.exp(odds - top)
    total = np.add.reduceat(weights, start) if len(weights) else weights
    lengths = np.diff(np.append(start, len(odds)))
    probability = weights / (np.repeat(total, lengths) + np.exp(none - top))
    return probability, (1 - probability) * kin


def alone(model: Model, candidates: Pairs, expected: float) -> Floats:
    """For each pair by itself, whatever the others, the probability that it is one person, where
    that is ``expected`` beforehand: a row may repeat several others."""
    odds = _odds(model, candidates)[0] + np.log(expected) - np.log1p(-expected)
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -500, 500))))


def _odds(model: Model, candidates: Pairs) -> tuple[Floats, Floats]:
    """Log likelihood ratio of the same person against anybody else, and the probability that,
    if they are not the same, the two are relatives."""
    share = min(model.relatives / max(model.customers, 1), 0.5)
    stranger = candidates.stranger_log + np.log1p(-share)
    relative = _log(relatives_table(model), candidates.grades) + np.log(share)
    other = np.logaddexp(stranger, relative)
    return _log(model.same, candidates.grades) - other, np.exp(relative - other)


def relatives_table(model: Model) -> dict[str, Floats]:
    """Log probability of each grade for relatives."""
    table = {}
    for name, same in model.same.items():
        share = RELATIVES[name]
        mixed = share * np.exp(same) + (1 - share) * np.exp(model.strangers[name])
        table[name] = np.where(np.arange(GRADES) == 0, 0.0, np.log(np.maximum(mixed, 1e-300)))
    return table


def _grouped(rows: Rows, odds: Floats) -> tuple[Floats, npt.NDArray[np.intp]]:
    """The greatest odds of each pair's row, and where each row's pairs start."""
    if not len(rows):
        return odds, np.empty(0, np.intp)
    start = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
    peak = np.maximum.reduceat(odds, start)
    return np.repeat(peak, np.diff(np.append(start, len(rows)))), start


def _log(tables: Mapping[str, Floats], graded: Mapping[str, Grades]) -> Floats:
    length = len(next(iter(graded.values()), ()))
    total = np.zeros(length)
    for name, grades in graded.items():
        total += tables[name][grades]
    return total


def _stranger_log(
    model: Model, features: Features, customers: Rows, graded: Mapping[str, Grades]
) -> Floats:
    total = _log(model.strangers, graded)
    for name, feature in features.items():
        exact = graded[name] == EXACT
        if "name_order" in graded and name in ("family_name", "given_name"):
            exact &= graded["name_order"] != comparison.CROSSED
        rarity = model.rarity[name][feature.customers[customers[exact]]]
        total[exact] += rarity - model.strangers[name][EXACT]
    return total


def _equal_share(feature: Feature) -> float:
    """The share of all pairs of customers with a value that have the same one."""
    counts = np.bincount(feature.customers, minlength=len(feature.texts))[1:].astype(float)
    present = counts.sum()
    return float((counts * (counts - 1)).sum() / max(present * (present - 1), 1.0))


def _rarity(feature: Feature, equal: float) -> Floats:
    """How probable it is that a stranger among the customers has this very value, in logarithms:
    one holder of the value may be the person themselves; ``equal`` is the share of random pairs
    that agree, as which ``PRIOR_STRANGERS`` further customers count."""
    counts = np.bincount(feature.customers, minlength=len(feature.texts)).astype(float)
    others = np.maximum(counts - 1, 0) + equal * PRIOR_STRANGERS
    return np.asarray(np.log(others / (counts[1:].sum() + PRIOR_STRANGERS)))


def _counted(grades: Grades, weights: Floats) -> Floats:
    counts: Floats = np.bincount(grades, weights, minlength=GRADES).astype(np.float64)
    return counts


def _table(counts: Floats, prior_shares: tuple[float, ...], weight: int) -> Floats:
    """Log shares of the grades, with the prior as ``weight`` pairs; no value counts for nothing."""
    shares = counts[1:] + np.array(prior_shares) * weight
    logs = np.log(np.maximum(shares / shares.sum(), 1e-300))
    return np.concatenate([[0.0], np.maximum(logs, -50)])

"""Linking, step by step: candidates, grades, probabilities, decisions.

Rows are worked through in chunks, so that memory does not grow with the number of pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from scenarios.csv_reconciliation.linkage import assignment, blocking, model
from scenarios.csv_reconciliation.linkage.assignment import Best, Link
from scenarios.csv_reconciliation.linkage.blocking import Index, Shortened
from scenarios.csv_reconciliation.linkage.features import Column, Features, Rows, features
from scenarios.csv_reconciliation.linkage.model import Model

CHUNK = 20_000
"""Rows whose candidates are held at once."""
SAMPLE = 10_000
"""Rows on whose candidates the model is estimated."""
REPEATED = 0.02
"""Assumed share of new rows that repeat an earlier row of their file."""

__all__ = ["Link", "Trained", "decide", "link", "train"]


Candidates: TypeAlias = Callable[[Rows], tuple[Rows, Rows]]
"""Incoming rows, in order → their candidate pairs, sorted by row."""


@dataclass(frozen=True)
class Trained:
    """Two whole files, and what was learnt from them."""

    features: Features
    short: Shortened
    indexes: list[Index]
    model: Model

    def candidates(self, rows: Rows) -> tuple[Rows, Rows]:
        """The candidate pairs of some incoming rows."""
        return blocking.candidates(self.indexes, rows, self.model.customers)


def link(columns: Mapping[str, Column], rows: int) -> list[Link]:
    """One decision for each of ``rows`` incoming rows. The same files give the same decisions."""
    if not columns or not rows:
        return [assignment.NEW] * rows
    known = train(columns, rows)
    return decide(known.model, known.features, known.short, known.candidates, rows)


def train(columns: Mapping[str, Column], rows: int) -> Trained:
    """Index the customers and estimate the model, on at most ``SAMPLE`` incoming rows."""
    made = features(columns)
    short = blocking.shortened(made)
    indexes = blocking.indexes(made, short)
    return Trained(made, short, indexes, _fitted(made, indexes, rows))


def decide(
    fitted: Model, made: Features, short: Shortened, candidates: Candidates, rows: int
) -> list[Link]:
    """One decision for each of ``rows`` incoming rows, by a model that is there already."""
    decisions = assignment.Decisions(_best(fitted, made, candidates, rows))
    _settle_claims(fitted, made, decisions)
    _join_new_rows(fitted, made, short, decisions)
    return decisions.links(tuple(made))


def _fitted(made: Features, indexes: list[Index], rows: int) -> Model:
    first = model.prior(made)
    sample = np.arange(rows, dtype=np.int64)
    if rows > SAMPLE:
        sample = np.sort(np.random.default_rng(0).choice(rows, SAMPLE, replace=False))
    row, customer = blocking.candidates(indexes, sample, first.customers)
    return model.estimate(first, made, model.pairs(first, made, row, customer), len(sample))


def _best(fitted: Model, made: Features, candidates: Candidates, rows: int) -> Best:
    """The two most probable customers of each row."""
    best = Best.none(rows, len(made))
    for start in range(0, rows, CHUNK):
        chunk = np.arange(start, min(start + CHUNK, rows), dtype=np.int64)
        pairs = model.pairs(fitted, made, *candidates(chunk))
        best.take(pairs, model.posterior(fitted, pairs)[0], tuple(made))
    return best


def _settle_claims(fitted: Model, made: Features, decisions: assignment.Decisions) -> None:
    """Several rows may be one customer only if they are one person: each is compared with the row
    that has the strongest claim."""
    weaker, strongest = decisions.rival_claims()
    if len(weaker):
        everyone = np.arange(len(decisions.best.customer), dtype=np.int64)
        rows = {name: feature.among(everyone) for name, feature in made.items()}
        pairs = model.pairs(fitted, rows, weaker, strongest)
        decisions.release(weaker[model.alone(fitted, pairs, 0.5) < 0.5])


def _join_new_rows(
    fitted: Model, made: Features, short: Shortened, decisions: assignment.Decisions
) -> None:
    """Rows that are no customer may be the person of an earlier such row."""
    new = decisions.new_rows()
    if len(new) < 2:
        return
    rows = {name: feature.among(new) for name, feature in made.items()}
    among = replace(fitted, customers=len(new), on_file=REPEATED)
    indexes = blocking.indexes(rows, short)
    found = Best.none(len(new), len(made))
    for start in range(0, len(new), CHUNK):
        chunk = np.arange(start, min(start + CHUNK, len(new)), dtype=np.int64)
        row, earlier = blocking.candidates(indexes, chunk, len(new))
        pairs = model.pairs(among, rows, row[earlier < row], earlier[earlier < row])
        found.take(pairs, model.alone(among, pairs, REPEATED / len(new)), tuple(made))
    decisions.join(new, found)

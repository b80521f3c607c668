"""From probabilities to one decision a row.

A row is *merged* where its best customer is probable enough, *flagged* where it cannot be told, and
*inserted* otherwise. A customer may be claimed by several rows only if those are one person; new
rows that repeat an earlier one are merged into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from scenarios.csv_reconciliation.linkage.comparison import DIFFERENT, EXACT, Grades
from scenarios.csv_reconciliation.linkage.features import Rows
from scenarios.csv_reconciliation.linkage.model import Floats, Pairs

ACCEPT = 0.9
"""Probability from which a row is merged: a wrong merge costs about ten times a look."""
REJECT = 0.1
"""Probability below which a row is new; between the two a human looks."""
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Link:
    """What is decided on one incoming row."""

    disposition: Literal["merged", "flagged", "inserted"]
    customer: int | None = None
    """Place of the customer in its file: merged into, or most probable."""
    row: int | None = None
    """Place of the earlier incoming row that is, or may be, the same person."""
    probability: float | None = None
    """That the row is that customer or row; None if nobody comes near."""
    second: int | None = None
    """Another customer that it may be."""
    rival: int | None = None
    """Place of the incoming row that has a stronger claim to the customer."""
    grades: tuple[tuple[str, str], ...] = ()
    """Feature → ``equal``, ``similar`` or ``different``, of those with a value on both sides."""


NEW = Link("inserted")


@dataclass(frozen=True)
class Best:
    """The most probable customer of each row, and the next."""

    customer: Rows
    probability: Floats
    second: Rows
    second_probability: Floats
    grades: Grades
    """Row by feature."""

    @classmethod
    def none(cls, rows: int, features: int) -> Best:
        """Nobody for anyone yet."""
        nobody = np.full(rows, NOBODY, np.int64)
        return cls(
            nobody,
            np.zeros(rows),
            nobody.copy(),
            np.zeros(rows),
            np.zeros((rows, features), np.int8),
        )

    def take(self, pairs: Pairs, probability: Floats, features: Sequence[str]) -> None:
        """Note the best of ``pairs``, which hold all candidates of their rows."""
        if not len(pairs.rows):
            return
        order = np.lexsort((pairs.customers, -probability, pairs.rows))
        rows = pairs.rows[order]
        first = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
        chosen, row = order[first], rows[first]
        self.customer[row] = pairs.customers[chosen]
        self.probability[row] = probability[chosen]
        self.grades[row] = np.stack([pairs.grades[name][chosen] for name in features], axis=1)
        has_next = first + 1 < len(rows)
        has_next[has_next] &= rows[first[has_next] + 1] == row[has_next]
        runner_up = order[first[has_next] + 1]
        self.second[row[has_next]] = pairs.customers[runner_up]
        self.second_probability[row[has_next]] = probability[runner_up]


class Decisions:
    """The decisions on a file's rows while they are being made."""

    def __init__(self, best: Best) -> None:
        self.best = best
        size = len(best.customer)
        self._rival = np.full(size, NOBODY, np.int64)
        self._earlier = np.full(size, NOBODY, np.int64)
        self._earlier_probability = np.zeros(size)
        self._earlier_grades = np.zeros_like(best.grades)

    def rival_claims(self) -> tuple[Rows, Rows]:
        """Rows that would be merged into a customer to which another row has a stronger claim, and
        that other row. Equal claims go by the file's order."""
        claims = np.flatnonzero(self.best.probability >= ACCEPT)
        customer = self.best.customer[claims]
        order = np.lexsort((claims, -self.best.probability[claims], customer))
        claims, customer = claims[order], customer[order]
        first = np.append(True, customer[1:] != customer[:-1])[: len(claims)]
        strongest = claims[first][np.cumsum(first) - 1] if len(claims) else claims
        self._rival[claims[~first]] = strongest[~first]
        return claims[~first], strongest[~first]

    def release(self, rows: Rows) -> None:
        """Rows of another person than their rival: a human has to look."""
        keep = np.zeros(len(self._rival), bool)
        keep[rows] = True
        self._rival[~keep] = NOBODY

    def new_rows(self) -> Rows:
        """Rows that are no customer."""
        return np.flatnonzero(self.best.probability < REJECT).astype(np.int64)

    def join(self, new: Rows, found: Best) -> None:
        """Note which of the new rows are, or may be, the person of an earlier one."""
        repeats = found.probability >= REJECT
        rows = new[repeats]
        self._earlier[rows] = new[found.customer[repeats]]
        self._earlier_probability[rows] = found.probability[repeats]
        self._earlier_grades[rows] = found.grades[repeats]

    def links(self, features: Sequence[str]) -> list[Link]:
        """The decisions, in the rows' order."""
        return [self._link(row, features) for row in range(len(self._rival))]

    def _link(self, row: int, features: Sequence[str]) -> Link:
        if self._earlier[row] != NOBODY:
            probability = float(self._earlier_probability[row])
            earlier = int(self._earlier[row])
            if probability >= ACCEPT:
                earlier = self._first(earlier)
            return Link(
                "merged" if probability >= ACCEPT else "flagged",
                row=earlier,
                probability=probability,
                grades=_words(features, self._earlier_grades[row]),
            )
        if self.best.customer[row] == NOBODY:
            return NEW
        probability, rival = float(self.best.probability[row]), int(self._rival[row])
        grades = _words(features, self.best.grades[row])
        if probability < REJECT:
            return Link("inserted", probability=probability)
        return Link(
            "merged" if probability >= ACCEPT and rival == NOBODY else "flagged",
            customer=int(self.best.customer[row]),
            probability=probability,
            second=int(self.best.second[row])
            if self.best.second_probability[row] >= REJECT
            else None,
            rival=rival if rival != NOBODY else None,
            grades=grades,
        )

    def _first(self, row: int) -> int:
        """The row into which ``row`` itself was merged, and so on back to the first."""
        while self._earlier_probability[row] >= ACCEPT:
            row = int(self._earlier[row])
        return row


def _words(features: Sequence[str], grades: npt.NDArray[np.int8]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, WORDS.get(int(grade), "similar"))
        for name, grade in zip(features, grades, strict=True)
        if grade
    )


WORDS = {DIFFERENT: "different", EXACT: "equal"}

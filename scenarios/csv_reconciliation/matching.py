"""Are two records the same person? Sections 2 and 3 of ``policy.md`` in code, with honest doubt.

Each field is compared to *yes*, *no* or *perhaps*. The policy's rule is then evaluated for every
way in which the doubtful fields could turn out: if all lead to one answer, the doubt is of no
account; if not, the pair is ``UNSURE`` and somebody else has to look.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from itertools import product

from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.fuzz import ratio

from scenarios.csv_reconciliation.intake import Person
from scenarios.csv_reconciliation.schema import fold

PERHAPS_SAME_NAME = 0.88
"""Jaro-Winkler similarity from which two names may be one: between "Marion" and "Marianne"."""
SAME_STREET, PERHAPS_SAME_STREET = 92.0, 75.0
"""Percent of letters in common, once the usual abbreviations are written alike."""
ABBREVIATIONS = {
    "apartment": "apt", "avenue": "ave", "boulevard": "blvd", "circle": "cir", "court": "ct",
    "drive": "dr", "highway": "hwy", "lane": "ln", "place": "pl", "road": "rd", "square": "sq",
    "street": "st", "suite": "ste",
}  # fmt: skip


class Answer(enum.Enum):
    """What the policy says of a pair of records."""

    SAME = "the same person"
    DOUBTFUL = "doubtful: a human has to decide"
    DIFFERENT = "different people"
    UNSURE = "the rules cannot tell"


YES, NO, PERHAPS = (True,), (False,), (True, False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the fields of two records agree: each holds the ways in which it may turn out."""

    given_name: tuple[bool, ...]
    family_name: tuple[bool, ...]
    date_of_birth: tuple[bool, ...]
    email: tuple[bool, ...]
    phone: tuple[bool, ...]
    address: tuple[bool, ...]

    def agreeing(self) -> tuple[str, ...]:
        """The fields that agree for certain."""
        return tuple(name for name in self.__slots__ if getattr(self, name) == YES)


def compare(one: Person, other: Person) -> Comparison:
    """Field by field; what is empty on either side does not agree."""
    given, family = (
        _name(one.given_name, other.given_name),
        _name(one.family_name, other.family_name),
    )
    if NO in (given, family) and _swapped(one, other):
        given = family = PERHAPS
    return Comparison(
        given_name=given,
        family_name=family,
        date_of_birth=_equal(one.date_of_birth, other.date_of_birth),
        email=_equal(one.email, other.email),
        phone=_equal(one.phone, other.phone),
        address=_address(one, other),
    )


def judge(comparison: Comparison) -> Answer:
    """The policy's answer, ``UNSURE`` if it hangs on a doubtful field."""
    c = comparison
    identities = product(c.given_name, c.family_name, c.date_of_birth)
    contacts = tuple(product(c.email, c.phone, c.address))
    answers = {_rule(sum(identity), *contact) for identity in identities for contact in contacts}
    return answers.pop() if len(answers) == 1 else Answer.UNSURE


def _rule(identity: int, email: bool, phone: bool, address: bool) -> Answer:
    if identity == 3:
        return Answer.SAME if email or phone or address else Answer.DOUBTFUL
    return Answer.DOUBTFUL if identity == 2 and (email or phone) else Answer.DIFFERENT


def _equal(one: str, other: str) -> tuple[bool, ...]:
    return YES if one and one == other else NO


def _name(one: str, other: str) -> tuple[bool, ...]:
    one, other = fold(one), fold(other)
    if OSA.distance(one, other, score_cutoff=1) <= 1:
        return YES
    contained = one.startswith(other) or other.startswith(one)
    if (
        contained
        or OSA.distance(one, other, score_cutoff=2) <= 2
        or JaroWinkler.similarity(one, other) >= PERHAPS_SAME_NAME
    ):
        return PERHAPS
    return NO


def _swapped(one: Person, other: Person) -> bool:
    return NO not in (
        _name(one.given_name, other.family_name),
        _name(one.family_name, other.given_name),
    )


def _address(one: Person, other: Person) -> tuple[bool, ...]:
    streets = _street(one.street), _street(other.street)
    if not all(streets) or not one.postcode or not other.postcode:
        return NO
    likeness = ratio(*streets)
    if likeness < PERHAPS_SAME_STREET:
        return NO
    if likeness >= SAME_STREET and _numbers(streets[0]) == _numbers(streets[1]):
        return YES if fold(one.postcode) == fold(other.postcode) else PERHAPS
    return PERHAPS


def _street(text: str) -> str:
    return " ".join(ABBREVIATIONS.get(word, word) for word in fold(text).split())


def _numbers(street: str) -> list[str]:
    return [word for word in street.split() if any(c.isdigit() for c in word)]

"""Are two records the same person? Sections 2 and 3 of ``policy.md`` in code, with honest doubt.

Each field is compared to *yes*, *no* or *perhaps*. The policy's rule is then evaluated for every
way in which the doubtful fields could turn out: if all lead to one answer, the doubt is of no
account; if not, the pair is ``UNSURE`` and somebody else has to look.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import ratio

from scenarios.csv_reconciliation.intake import Person
from scenarios.csv_reconciliation.names import family_names_agree, given_names_agree, resemble
from scenarios.csv_reconciliation.schema import fold, mailbox

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


Rule: TypeAlias = Callable[[int, bool, bool, bool], Answer]
"""From the number of identity fields that agree, and whether e-mail, phone and address do."""

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
    given = _answer(
        given_names_agree(one.given_name, other.given_name), one.given_name, other.given_name
    )
    family = _answer(
        family_names_agree(one.family_name, other.family_name), one.family_name, other.family_name
    )
    if (given, family) != (YES, YES):
        given, family = _swapped(one, other) or (given, family)
    return Comparison(
        given_name=given,
        family_name=family,
        date_of_birth=_equal(one.date_of_birth, other.date_of_birth),
        email=_equal(mailbox(one.email), mailbox(other.email)),
        phone=_equal(one.phone, other.phone),
        address=_address(one, other),
    )


def judge(comparison: Comparison, rule: Rule | None = None) -> Answer:
    """The answer of the policy's ``rule``, ``UNSURE`` if it hangs on a doubtful field."""
    rule = rule or same_person
    c = comparison
    identities = product(c.given_name, c.family_name, c.date_of_birth)
    contacts = tuple(product(c.email, c.phone, c.address))
    answers = {rule(sum(identity), *contact) for identity in identities for contact in contacts}
    return answers.pop() if len(answers) == 1 else Answer.UNSURE


def same_person(identity: int, email: bool, phone: bool, address: bool) -> Answer:
    """Section 2 of the policy: how many identity fields agree, and which contacts."""
    if identity == 3:
        return Answer.SAME if email or phone or address else Answer.DOUBTFUL
    return Answer.DOUBTFUL if identity == 2 and (email or phone) else Answer.DIFFERENT


def _equal(one: str, other: str) -> tuple[bool, ...]:
    return YES if one and one == other else NO


def _answer(agree: bool, one: str, other: str) -> tuple[bool, ...]:
    if agree:
        return YES
    return PERHAPS if resemble(one, other) else NO


def _swapped(one: Person, other: Person) -> tuple[tuple[bool, ...], tuple[bool, ...]] | None:
    """The comparison of two people whose names stand in each other's place, if they may."""
    if given_names_agree(one.family_name, other.given_name) and family_names_agree(
        one.given_name, other.family_name
    ):
        return YES, YES
    if resemble(one.given_name, other.family_name) and resemble(one.family_name, other.given_name):
        return PERHAPS, PERHAPS
    return None


def _address(one: Person, other: Person) -> tuple[bool, ...]:
    streets = _street(one.street), _street(other.street)
    postcodes = fold(one.postcode), fold(other.postcode)
    if not all(streets) or not all(postcodes):
        return NO
    if OSA.distance(*postcodes, score_cutoff=1) > 1:
        return NO
    likeness = ratio(*streets)
    if likeness < PERHAPS_SAME_STREET:
        return NO
    if likeness >= SAME_STREET and _numbers(streets[0]) == _numbers(streets[1]):
        return YES if postcodes[0] == postcodes[1] else PERHAPS
    return PERHAPS


def _street(text: str) -> str:
    return " ".join(ABBREVIATIONS.get(word, word) for word in fold(text).split())


def _numbers(street: str) -> list[str]:
    return [word for word in street.split() if any(c.isdigit() for c in word)]

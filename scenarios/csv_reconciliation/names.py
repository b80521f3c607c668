"""When two names agree: that part of section 2 of ``policy.md`` in code."""

from __future__ import annotations

from functools import lru_cache

from rapidfuzz.distance import OSA, JaroWinkler

from scenarios.csv_reconciliation.schema import fold
from scenarios.csv_reconciliation.short_forms import is_short_form, share_full_name

LONG_ENOUGH = 4
"""Letters from which a name may hold a typing error: a shorter one would be another name."""
RESEMBLING_LENGTH = 5
"""Letters from which two typing errors may still leave the same name."""
PERHAPS_SAME = 0.88
"""Jaro-Winkler similarity from which two names may be one: between "Marion" and "Marianne"."""
SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


@lru_cache(maxsize=1 << 16)
def spellings(name: str) -> tuple[str, ...]:
    """A name folded, without its accents and with umlauts spelled out."""
    plain = fold(name)
    if name.isascii():
        return (plain,)
    return tuple({plain: None, fold(name.casefold().translate(SPELLED_OUT)): None})


def given_names_agree(one: str, other: str) -> bool:
    """Spelled alike, a short form, or the same but for further given names and initials."""
    if _spelled_alike(one, other):
        return True
    first, second = one.split(), other.split()
    if first and second and (len(first) == 1) != (len(second) == 1):  # one has further names
        one, other = first[0], second[0]
        if _spelled_alike(one, other):
            return True
    return is_short_form(fold(one), fold(other)) or _part_agrees(one, other)


def family_names_agree(one: str, other: str) -> bool:
    """Spelled alike, or a double name that holds the other."""
    return _spelled_alike(one, other) or _part_agrees(one, other)


def resemble(one: str, other: str) -> bool:
    """Whether two names may be one, although the policy does not say so."""
    one, other = fold(one), fold(other)
    if not one or not other:
        return False
    return (
        one.startswith(other)
        or other.startswith(one)
        or (
            max(len(one), len(other)) >= RESEMBLING_LENGTH
            and OSA.distance(one, other, score_cutoff=2) <= 2
        )
        or JaroWinkler.similarity(one, other) >= PERHAPS_SAME
        or share_full_name(one, other)
    )


def _spelled_alike(one: str, other: str) -> bool:
    return any(_typed_alike(a, b) for a in spellings(one) for b in spellings(other))


def _typed_alike(one: str, other: str) -> bool:
    if one == other:
        return bool(one)
    return (
        max(len(one), len(other)) >= LONG_ENOUGH and OSA.distance(one, other, score_cutoff=1) <= 1
    )


def _part_agrees(one: str, other: str) -> bool:
    """Whether one is a double name with a hyphen, and the other a part of it."""
    if ("-" in one) == ("-" in other):
        return False
    double, single = (one, other) if "-" in one else (other, one)
    return any(_spelled_alike(part, single) for part in double.split("-"))

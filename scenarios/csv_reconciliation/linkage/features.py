"""What is compared: fields of both files, tidied so that equal things are written alike.

Every distinct text is tidied once and then stands for itself as a number, so that a million rows
are compared as arrays of numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from scenarios.csv_reconciliation.matching import ABBREVIATIONS
from scenarios.csv_reconciliation.schema import fold

Codes: TypeAlias = npt.NDArray[np.int32]
Rows: TypeAlias = npt.NDArray[np.int64]
Texts: TypeAlias = npt.NDArray[np.object_]
Kind: TypeAlias = Literal["name", "text", "digits", "date", "email", "code"]

FIELDS = (
    "given_name", "family_name", "email", "phone", "date_of_birth", "street", "street2", "city",
    "postcode", "state", "country", "identity_number",
)  # fmt: skip
"""The fields of a person that can be compared; any subset will do."""

PHONE_DIGITS = 9
"""How many last digits make a number: prefixes for country and trunk come and go."""


@dataclass(frozen=True, slots=True)
class Column:
    """A field of both files: every distinct text once, and per row which one it is.

    ``texts[0]`` is the empty text, which stands for "no value".
    """

    texts: list[str]
    customers: Codes
    incoming: Codes


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that two records agree on or not. Code 0 is "no value"."""

    name: str
    kind: Kind
    texts: Texts
    """Distinct tidy values, by code."""
    customers: Codes
    incoming: Codes

    def of_customers(self) -> Feature:
        """The feature for comparing customers with one another."""
        return replace(self, incoming=self.customers)

    def among(self, incoming: Rows) -> Feature:
        """The feature for linking some incoming rows with one another."""
        codes = self.incoming[incoming]
        return replace(self, customers=codes, incoming=codes)


Features: TypeAlias = dict[str, Feature]


def features(columns: Mapping[str, Column]) -> Features:
    """The features that the fields present in both files give, the telling and cheap ones first."""
    made: Features = {}
    names = [name for name in ("family_name", "given_name") if name in columns]
    for name, feature in zip(names, _names([columns[name] for name in names]), strict=True):
        made[name] = replace(feature, name=name)
    plain: tuple[tuple[str, Kind], ...] = (
        ("date_of_birth", "date"),
        ("identity_number", "digits"),
        ("phone", "digits"),
        ("email", "email"),
        ("postcode", "digits"),
    )
    for name, kind in plain:
        if name in columns:
            made[name] = _feature(name, kind, columns[name], TIDY[name])
    if "street" in columns:
        made["house_number"] = _feature("house_number", "digits", columns["street"], _house_number)
        made["street"] = _feature("street", "text", columns["street"], _street_name)
    for name in ("street2", "city"):
        if name in columns:
            made[name] = _feature(name, "text", columns[name], TIDY[name])
    for name in ("state", "country"):
        if name in columns:
            made[name] = _feature(name, "code", columns[name], TIDY[name])
    return made


def tidied(field: str, text: str) -> str:
    """A value without what does not matter in comparing it."""
    return TIDY[field](text)


def _feature(name: str, kind: Kind, column: Column, tidy: Callable[[str], str]) -> Feature:
    seen: dict[str, int] = {"": 0}
    codes = _codes(column.texts, tidy, seen)
    return Feature(name, kind, _array(seen), codes[column.customers], codes[column.incoming])


def _names(columns: list[Column]) -> list[Feature]:
    """Given and family names share their codes, so that the two can be compared crosswise."""
    seen: dict[str, int] = {"": 0}
    codes = [_codes(column.texts, fold, seen) for column in columns]
    texts = _array(seen)
    return [
        Feature("", "name", texts, code[column.customers], code[column.incoming])
        for code, column in zip(codes, columns, strict=True)
    ]


def _codes(texts: Iterable[str], tidy: Callable[[str], str], seen: dict[str, int]) -> Codes:
    return np.fromiter((seen.setdefault(tidy(text), len(seen)) for text in texts), np.int32)


def _array(seen: Iterable[str]) -> Texts:
    listed: list[Any] = list(seen)
    array: Texts = np.empty(len(listed), object)
    array[:] = listed
    return array


def _alphanumeric(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _phone(text: str) -> str:
    digits = "".join(character for character in text if character.isdigit())
    return digits[-PHONE_DIGITS:] if len(digits) >= 5 else ""


def _street(text: str) -> str:
    return " ".join(ABBREVIATIONS.get(word, word) for word in fold(text).split())


def _house_number(text: str) -> str:
    """The first word with a digit, wherever the country's custom puts it."""
    return next((word for word in fold(text).split() if _has_digit(word)), "")


def _street_name(text: str) -> str:
    words = _street(text).split()
    number = next((word for word in words if _has_digit(word)), None)
    if number is not None:
        words.remove(number)
    return " ".join(words)


def _has_digit(word: str) -> bool:
    return any(character.isdigit() for character in word)


def _email(text: str) -> str:
    return "".join(text.casefold().split())


TIDY: Mapping[str, Callable[[str], str]] = {
    "given_name": fold,
    "family_name": fold,
    "email": _email,
    "phone": _phone,
    "date_of_birth": str,
    "street": _street,
    "street2": _street,
    "city": _street,
    "postcode": _alphanumeric,
    "state": fold,
    "country": fold,
    "identity_number": _alphanumeric,
}
"""Field → what makes its texts comparable."""

"""Countries that partners send customers from: names, places and numbers as written there.

Names and places come from Faker; any two given (or family) names of a country are far from each
other, so that only who is meant to be alike is alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from rapidfuzz.distance import OSA

from scenarios.csv_reconciliation.schema import fold


@dataclass(frozen=True)
class Locale:
    """How a country writes its people."""

    faker: str
    """Faker's name of it."""
    country: str
    """ISO 3166."""
    address: str
    """A street and a number put together."""
    mobile: str
    """What its mobile numbers begin with, in E.164; eight digits follow. Empty for the US."""


US = Locale("en_US", "US", "{number} {street}", "")
DE = Locale("de_DE", "DE", "{street} {number}", "+49151")
FR = Locale("fr_FR", "FR", "{number} {street}", "+336")
ES = Locale("es_ES", "ES", "{street} {number}", "+346")
JP = Locale("ja_JP", "JP", "{street}{number}番地", "+8190")

SHORT_FORMS = {"Becky", "Cindy"}
"""Left out, because the full name is in the pool."""

ALL = (US, DE, FR, ES, JP)
LATIN = (US, DE, FR, ES)
"""Where names are long enough for one letter to be a mere typing error."""


@dataclass(frozen=True)
class Pools:
    """What people are put together from, drawn once from Faker."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    streets: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    """City and postcode."""
    latin: Mapping[str, str]
    """Names in ASCII letters, for e-mail addresses."""


@cache
def pools(locale: Locale = US) -> Pools:
    """The same pools for every seed."""
    from faker import Faker  # importing it takes longer than the command line's help may

    fake = Faker(locale.faker)
    fake.seed_instance(20_260_101)
    given, family, latin = _names(locale)
    if locale is JP:
        streets = sorted({fake.town() for _ in range(300)})
    else:
        streets = list(_far_apart(sorted({fake.street_name() for _ in range(500)})))
    places = {fake.unique.postcode(): fake.city() for _ in range(400)}
    return Pools(
        given=given,
        family=family,
        streets=tuple(streets),
        places=tuple((city, postcode) for postcode, city in sorted(places.items())),
        latin=latin,
    )


def _names(locale: Locale) -> tuple[tuple[str, ...], tuple[str, ...], Mapping[str, str]]:
    if locale is JP:
        from faker.providers.person.ja_JP import Provider as Japan

        first, last = list(Japan.first_name_pairs), list(Japan.last_name_pairs)
        latin = {name: romaji.lower() for name, _, romaji in (*first, *last)}
        return (
            _no_prefixes({name for name, *_ in first}),
            _no_prefixes({name for name, *_ in last}),
            latin,
        )
    given, family = _provided(locale)
    names = _far_apart(sorted(given)), _far_apart(sorted(family))
    latin = {name: re.sub(r"[^a-z]", "", fold(name)) for pool in names for name in pool}
    return *names, latin


def _provided(locale: Locale) -> tuple[set[str], set[str]]:
    """Single names only: double ones and further names are put together where they matter."""
    provider = import_module(f"faker.providers.person.{locale.faker}").Provider
    given = {*provider.first_names_female, *provider.first_names_male}
    return _single(given) - SHORT_FORMS, _single(provider.last_names)


def _single(names: Iterable[str]) -> set[str]:
    return {name for name in names if name.isalpha() and len(name) >= 4}


def _no_prefixes(names: set[str]) -> tuple[str, ...]:
    """Names of two or three characters cannot be far apart, but none begins with another."""
    return tuple(
        sorted(n for n in names if not any(o != n and o[:1] == n[:1] for o in names if o < n))
    )


def _far_apart(names: Sequence[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for name in names:
        if not any(_alike(fold(name), fold(other)) for other in kept):
            kept.append(name)
    return tuple(kept)


def _alike(one: str, other: str) -> bool:
    """Near enough that a careful reader might take one for a misspelling or short form."""
    return one[:3] == other[:3] or OSA.distance(one, other, score_cutoff=3) <= 3

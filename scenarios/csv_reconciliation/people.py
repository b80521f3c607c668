"""Invented people: the background customers, and the persons that cases are made of.

Whoever appears in a case is born on an even day of the month and has a phone exchange of 600 or
more and an e-mail outside ``example.com``; background customers are the opposite. So a case's
truth never hangs on a chance resemblance, although both draw from the same names and places.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from random import Random

from rapidfuzz.distance import OSA

from scenarios.csv_reconciliation.intake import Person
from scenarios.csv_reconciliation.schema import BACKGROUND, OWNED, Customer

BACKGROUND_CUSTOMERS = 10_000
AREA_CODES = (
    "202", "206", "212", "214", "215", "216", "303", "305", "312", "313", "314", "316", "317",
    "402", "404", "405", "412", "414", "415", "480", "502", "503", "504", "505", "512", "513",
    "602", "612", "614", "615", "617", "702", "703", "713", "716", "801", "808", "816", "901",
)  # fmt: skip
CASE_DOMAINS = ("example.net", "example.org", "mail.example.org", "post.example.net")


@dataclass(frozen=True)
class Pools:
    """What people are put together from, drawn once from Faker."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    streets: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    """City and postcode."""


@cache
def pools() -> Pools:
    """The same pools for every seed; any two given (or family) names are far from each other,
    so that only who is meant to be alike is alike."""
    from faker import Faker  # importing it takes longer than the command line's help may
    from faker.providers.person.en_US import Provider

    fake = Faker("en_US")
    fake.seed_instance(20_260_101)
    given = sorted({*Provider.first_names_female, *Provider.first_names_male})
    streets = sorted({fake.street_name() for _ in range(500)})
    places = {fake.unique.postcode(): fake.city() for _ in range(400)}
    return Pools(
        given=_far_apart(given),
        family=_far_apart(sorted(Provider.last_names)),
        streets=_far_apart(streets),
        places=tuple((city, postcode) for postcode, city in sorted(places.items())),
    )


def _far_apart(names: Sequence[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for name in names:
        if len(name) >= 4 and not any(_alike(name, other) for other in kept):
            kept.append(name)
    return tuple(kept)


def _alike(one: str, other: str) -> bool:
    """Near enough that a careful reader might take one for a misspelling or short form."""
    return one[:3] == other[:3] or OSA.distance(one, other, score_cutoff=3) <= 3


class Population:
    """Draws persons who have nothing in common by chance."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self._contacts: set[str] = set()
        self._born: defaultdict[str, set[str]] = defaultdict(set)
        self._surnames: set[str] = set()
        self._owned: set[str] = set()

    def person(self) -> Person:
        """Somebody new."""
        names, rng = pools(), self.rng
        family = self._family_name()
        given, born = rng.choice(names.given), self.birth_date()
        while given in self._born[born]:
            born = self.birth_date()
        self._born[born].add(given)
        return self.at_new_address(
            Person(
                given_name=given,
                family_name=family,
                email=self.email(given, family),
                country="US",
                phone=self.phone(),
                date_of_birth=born,
                street="",
                city="",
                postcode="",
            )
        )

    def relative(self, person: Person, *, given_name: str | None = None, born: str) -> Person:
        """Somebody of the same family at the same address, with an e-mail and phone of their
        own; of the same given name unless told otherwise."""
        given = given_name or person.given_name
        email = self.email(given, person.family_name)
        return replace(
            person, given_name=given, date_of_birth=born, email=email, phone=self.phone()
        )

    def other_given_name(self, name: str) -> str:
        """A given name with another initial."""
        return self._other(pools().given, name)

    def other_family_name(self, name: str) -> str:
        """A family name with another initial."""
        return self._other(pools().family, name)

    def birth_date(self, first: int = 1935, last: int = 2005) -> str:
        """An even day."""
        year, month = self.rng.randint(first, last), self.rng.randint(1, 12)
        day = 2 * self.rng.randint(1, calendar.monthrange(year, month)[1] // 2)
        return date(year, month, day).isoformat()

    def email(self, given: str, family: str) -> str:
        """An address nobody has yet."""
        while True:
            local = f"{given}.{family}{self.rng.randrange(1, 100)}".lower()
            email = f"{local}@{self.rng.choice(CASE_DOMAINS)}"
            if email not in self._contacts:
                self._contacts.add(email)
                return email

    def phone(self) -> str:
        """A number nobody has yet, in E.164."""
        while True:
            phone = _phone(self.rng, 600, 999)
            if phone not in self._contacts:
                self._contacts.add(phone)
                return phone

    def at_new_address(self, person: Person) -> Person:
        """The same person after moving house."""
        street, (city, postcode) = _address(self.rng)
        while street.split()[1:] == person.street.split()[1:] or postcode == person.postcode:
            street, (city, postcode) = _address(self.rng)
        return replace(person, street=street, city=city, postcode=postcode)

    def customer_id(self) -> str:
        """An id for a customer of the case."""
        while True:
            id_ = f"{OWNED}{self.rng.randrange(100_000):05d}"
            if id_ not in self._owned:
                self._owned.add(id_)
                return id_

    def _family_name(self) -> str:
        names = pools().family
        if len(self._surnames) < len(names) // 2:  # within a small file, everybody's own
            name = self.rng.choice([name for name in names if name not in self._surnames])
            self._surnames.add(name)
            return name
        return self.rng.choice(names)

    def _other(self, names: Sequence[str], name: str) -> str:
        while True:
            other = self.rng.choice(names)
            if other[0] != name[0] and other not in self._surnames:
                return other


@cache
def background(seed: int) -> tuple[Customer, ...]:
    """The customers on file that no case owns."""
    rng = Random(f"csv_reconciliation/background/{seed}")
    names = pools()
    phones = iter(rng.sample(range(len(AREA_CODES) * 380 * 10_000), BACKGROUND_CUSTOMERS))
    people = []
    for number, serial in enumerate(phones, start=1):
        given, family = rng.choice(names.given), rng.choice(names.family)
        street, (city, postcode) = _address(rng)
        area, local = divmod(serial, 380 * 10_000)
        person = Person(
            given_name=given,
            family_name=family,
            email=f"{given}.{family}{number}@example.com".lower(),
            country="US",
            phone=f"+1{AREA_CODES[area]}{2_200_000 + local:07d}",
            date_of_birth=(
                f"{rng.randint(1930, 2005)}-{rng.randint(1, 12):02d}-{rng.randrange(1, 28, 2):02d}"
            ),
            street=street,
            city=city,
            postcode=postcode,
        )
        people.append(Customer(f"{BACKGROUND}{number:05d}", person))
    return tuple(people)


def mistyped(rng: Random, name: str) -> str:
    """``name`` with one typing error behind its first letter."""
    while True:
        at = rng.randrange(1, len(name))
        letter = rng.choice("abcdefghijklmnoprstuvwyz")
        typo = rng.choice(
            (
                name[:at] + name[at + 1 :],
                name[:at] + letter + name[at:],
                name[:at] + letter + name[at + 1 :],
                name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :],
            )
        )
        if typo != name:
            return typo


def _phone(rng: Random, low: int, high: int) -> str:
    exchange = rng.randint(low, high)
    while exchange % 100 == 11:  # 611, 711, … are service numbers
        exchange = rng.randint(low, high)
    return f"+1{rng.choice(AREA_CODES)}{exchange}{rng.randrange(10_000):04d}"


def _address(rng: Random) -> tuple[str, tuple[str, str]]:
    names = pools()
    return f"{rng.randint(1, 999)} {rng.choice(names.streets)}", rng.choice(names.places)

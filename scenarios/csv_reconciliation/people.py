"""Invented people: the background customers, and the persons that cases are made of.

Whoever appears in a case is born on an even day of the month and has a phone exchange of 600 or
more (outside the US: an even number) and an e-mail outside ``example.com``; background customers
are the opposite. So a case's truth never hangs on a chance resemblance, although both draw from the
same names and places.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from random import Random

import phonenumbers

from scenarios.csv_reconciliation.intake import Person
from scenarios.csv_reconciliation.locales import ALL, US, Locale, pools
from scenarios.csv_reconciliation.schema import BACKGROUND, OWNED, Customer

BACKGROUND_CUSTOMERS = 10_000
ABROAD = 500
"""Of them, in each country but the US."""
AREA_CODES = (
    "202", "206", "212", "214", "215", "216", "303", "305", "312", "313", "314", "316", "317",
    "402", "404", "405", "412", "414", "415", "480", "502", "503", "504", "505", "512", "513",
    "602", "612", "614", "615", "617", "702", "703", "713", "716", "801", "808", "816", "901",
)  # fmt: skip
CASE_DOMAINS = ("example.net", "example.org", "mail.example.org", "post.example.net")


class Population:
    """Draws persons of one country who have nothing in common by chance."""

    def __init__(self, rng: Random, locale: Locale = US) -> None:
        self.rng = rng
        self.locale = locale
        self._contacts: set[str] = set()
        self._born: defaultdict[str, set[str]] = defaultdict(set)
        self._surnames: set[str] = set()
        self._owned: set[str] = set()

    def person(self) -> Person:
        """Somebody new."""
        names, rng = pools(self.locale), self.rng
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
                country=self.locale.country,
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
        return self._other(pools(self.locale).given, name)

    def other_family_name(self, name: str) -> str:
        """A family name with another initial."""
        return self._other(pools(self.locale).family, name)

    def birth_date(self, first: int = 1935, last: int = 2005) -> str:
        """An even day."""
        year, month = self.rng.randint(first, last), self.rng.randint(1, 12)
        day = 2 * self.rng.randint(1, calendar.monthrange(year, month)[1] // 2)
        return date(year, month, day).isoformat()

    def email(self, given: str, family: str) -> str:
        """An address nobody has yet."""
        latin = pools(self.locale).latin
        local = ".".join(latin.get(name, name.lower()) for name in (given, family))
        while True:
            email = f"{local}{self.rng.randrange(1, 100)}@{self.rng.choice(CASE_DOMAINS)}"
            if email not in self._contacts:
                self._contacts.add(email)
                return email

    def company_email(self) -> str:
        """The mailbox of a firm, shared by those who work there."""
        name = self.rng.choice(pools().family).lower()
        return f"info@{name}-{self.rng.randrange(100, 1000)}.example.org"

    def phone(self) -> str:
        """A number nobody has yet, in E.164."""
        while True:
            if self.locale is US:
                phone = _phone(self.rng, 600, 999)
            else:
                phone = f"{self.locale.mobile}{2 * self.rng.randrange(10_000_000, 40_000_000)}"
            valid = phonenumbers.is_valid_number(phonenumbers.parse(phone))
            if valid and phone not in self._contacts:
                self._contacts.add(phone)
                return phone

    def at_new_address(self, person: Person) -> Person:
        """The same person after moving house."""
        name, street, (city, postcode) = _address(self.rng, self.locale)
        while name in person.street or postcode == person.postcode:
            name, street, (city, postcode) = _address(self.rng, self.locale)
        return replace(person, street=street, city=city, postcode=postcode)

    def customer_id(self) -> str:
        """An id for a customer of the case."""
        while True:
            id_ = f"{OWNED}{self.rng.randrange(100_000):05d}"
            if id_ not in self._owned:
                self._owned.add(id_)
                return id_

    def _family_name(self) -> str:
        names = pools(self.locale).family
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
    """The customers on file that no case owns: most in the US, some in each other country."""
    rng = Random(f"csv_reconciliation/background/{seed}")
    countries = [locale for locale in ALL if locale is not US for _ in range(ABROAD)]
    countries += [US] * (BACKGROUND_CUSTOMERS - len(countries))
    phones = iter(rng.sample(range(len(AREA_CODES) * 380 * 10_000), BACKGROUND_CUSTOMERS))
    people = []
    for number, (locale, serial) in enumerate(zip(countries, phones, strict=True), start=1):
        names = pools(locale)
        given, family = rng.choice(names.given), rng.choice(names.family)
        _, street, (city, postcode) = _address(rng, locale)
        area, local = divmod(serial, 380 * 10_000)
        phone = f"+1{AREA_CODES[area]}{2_200_000 + local:07d}"
        if locale is not US:  # odd, and nobody's twice, as the US numbers differ
            phone = f"{locale.mobile}{20_000_001 + 2 * (serial % 30_000_000)}"
        person = Person(
            given_name=given,
            family_name=family,
            email=f"{names.latin[given]}.{names.latin[family]}{number}@example.com",
            country=locale.country,
            phone=phone,
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
    """``name`` with one typing error behind its first letter, at a letter without an accent."""
    plain = [at for at in range(1, len(name)) if name[at].isascii()]
    while True:
        at = rng.choice(plain)
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


def _address(rng: Random, locale: Locale) -> tuple[str, str, tuple[str, str]]:
    """The street's name, the street with its number, city and postcode."""
    names = pools(locale)
    street = rng.choice(names.streets)
    full = locale.address.format(street=street, number=rng.randint(1, 999))
    return street, full, rng.choice(names.places)

"""Files of any size to link: invented customers, and rows of which a half is on file with the
mistakes that real exports have. The same size and seed give the same files.

Names come from Faker's lists with their real frequencies; a long tail of composed family names
stands for the hundred thousand that no list holds. About one customer in three shares a household,
a family name and a telephone with another.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from faker.providers.person.en_US import Provider as People

HEADER = (
    "id", "given_name", "family_name", "email", "phone", "date_of_birth", "street", "city",
    "postcode",
)  # fmt: skip
GIVEN = dict(People.first_names)
FAMILY = dict(People.last_names)
SYLLABLES = (
    "al", "ber", "cro", "dan", "el", "fen", "gar", "hol", "is", "jor", "kel", "lan", "mon", "nor",
    "os", "pal", "quin", "ros", "stan", "tor", "ul", "ven", "win", "yar", "zim", "bach", "ford",
    "heim", "ley", "man", "ner", "sen", "son", "ton", "ville", "well", "wood", "worth",
)  # fmt: skip
STREETS = tuple(
    f"{tree}{kind}"
    for tree in (
        "Oak", "Maple", "Cedar", "Pine", "Elm", "Walnut", "Lake", "Hill", "Park", "River", "Church",
        "Mill", "Spring", "Ridge", "Meadow", "Forest", "Sunset", "Washington", "Jackson", "Lincoln",
    )
    for kind in (" St", " Ave", " Rd", " Dr", " Ln", " Ct", "view St", "wood Dr", "side Ave")
)  # fmt: skip
CITIES = tuple(
    f"{first}{last}"
    for first in ("Ash", "Brook", "Clear", "Dover", "East", "Fair", "Green", "Har", "King", "New")
    for last in ("bury", "dale", "field", "ford", "haven", "mont", "port", "ton", "view", "wood")
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Somebody:
    given_name: str
    family_name: str
    email: str
    phone: str
    date_of_birth: str
    street: str
    city: str
    postcode: str

    def cells(self) -> tuple[str, ...]:
        return (
            self.given_name, self.family_name, self.email, self.phone, self.date_of_birth,
            self.street, self.city, self.postcode,
        )  # fmt: skip


def write(folder: Path, size: int, seed: int = 0) -> dict[str, str]:
    """Write ``customers.csv`` and ``incoming.csv`` of ``size`` rows each. Returns the truth: the
    incoming rows that are on file, and their customers."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = Random(f"crowd/{size}/{seed}")
    known = list(_people(rng, size))
    order = list(range(size))
    rng.shuffle(order)
    truth = {}
    with (folder / "customers.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows((f"C{number}", *each.cells()) for number, each in enumerate(known))
    strangers = _people(rng, size)
    with (folder / "incoming.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for row in range(size):
            if row % 2:
                truth[f"R{row}"] = f"C{order[row]}"
                writer.writerow((f"R{row}", *_spoilt(rng, known[order[row]]).cells()))
            else:
                writer.writerow((f"R{row}", *next(strangers).cells()))
    return truth


def _people(rng: Random, size: int) -> Iterator[Somebody]:
    given, given_weights = list(GIVEN), list(GIVEN.values())
    family, family_weights = list(FAMILY), list(FAMILY.values())
    given_drawn = rng.choices(given, given_weights, k=size)
    family_drawn = rng.choices(family, family_weights, k=size)
    last: Somebody | None = None
    for number in range(size):
        name = given_drawn[number]
        if last and rng.random() < 0.2:
            last = replace(last, given_name=name, date_of_birth=_birth(rng))
            last = replace(last, email=_email(rng, name, last.family_name))
        else:
            surname = family_drawn[number]
            if rng.random() < 0.5:
                surname = "".join(rng.choices(SYLLABLES, k=3)).capitalize()
            city = rng.randrange(len(CITIES))
            last = Somebody(
                name,
                surname,
                _email(rng, name, surname),
                _phone(rng),
                _birth(rng),
                _street(rng),
                CITIES[city],
                f"{city:02d}{rng.randrange(400):03d}",
            )
        yield last


def _spoilt(rng: Random, one: Somebody) -> Somebody:
    """The same person as another system has them."""
    if rng.random() < 0.10:
        city = rng.randrange(len(CITIES))
        postcode = f"{city:02d}{rng.randrange(400):03d}"
        one = replace(one, street=_street(rng), city=CITIES[city], postcode=postcode)
    if rng.random() < 0.02:
        one = replace(one, family_name=rng.choice(list(FAMILY)))
    if rng.random() < 0.01:
        one = replace(one, given_name=one.family_name, family_name=one.given_name)
    if rng.random() < 0.20:
        one = replace(one, email=_email(rng, one.given_name, one.family_name))
    if rng.random() < 0.15:
        one = replace(one, phone=_phone(rng))
    mistyped, missing = 0.04, {"email": 0.2, "phone": 0.15, "date_of_birth": 0.08, "street": 0.05}
    changed = {}
    for name in ("given_name", "family_name", "date_of_birth", "street", "city", "postcode"):
        if rng.random() < mistyped:
            changed[name] = _typo(rng, getattr(one, name))
    for name, share in missing.items():
        if rng.random() < share:
            changed[name] = ""
    return replace(one, **changed)


def _typo(rng: Random, text: str) -> str:
    if len(text) < 2:
        return text
    place = rng.randrange(len(text) - 1)
    letter = rng.choice("0123456789" if text[place].isdigit() else LETTERS)
    return rng.choice(
        (
            text[:place] + letter + text[place + 1 :],
            text[:place] + text[place + 1 :],
            text[:place] + letter + text[place:],
            text[:place] + text[place + 1] + text[place] + text[place + 2 :],
        )
    )


def _birth(rng: Random) -> str:
    return f"{rng.randrange(1935, 2008)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"


def _email(rng: Random, given: str, family: str) -> str:
    number, host = rng.randrange(10_000), rng.randrange(20)
    return f"{given}.{family}{number}@mail{host}.example".lower()


def _phone(rng: Random) -> str:
    return f"+1{rng.randrange(201, 990)}{rng.randrange(2_000_000, 9_999_999)}"


def _street(rng: Random) -> str:
    return f"{rng.randrange(1, 2500)} {rng.choice(STREETS)}"

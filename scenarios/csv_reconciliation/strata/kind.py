"""What a stratum consists of: planned rows, the draft of a case, and how builders are listed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from random import Random

from bench.types import Drift, Stratum
from scenarios.csv_reconciliation import remarks
from scenarios.csv_reconciliation.intake import Person
from scenarios.csv_reconciliation.locales import ALL, US, Locale
from scenarios.csv_reconciliation.people import Population
from scenarios.csv_reconciliation.schema import Customer

CONTACTS = ("email", "phone", "street", "city", "postcode", "country")


@dataclass(frozen=True, eq=False)
class Planned:
    """A row of the file to be, and its truth."""

    person: Person
    disposition: str
    reason: str = ""
    customer: str | None = None
    """The customer to merge into, if it is on file."""
    same_as: Planned | None = None
    """The earlier row to whose customer this one belongs, if it is not."""
    take_name: bool = False
    remark: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)
    """Cells that are not simply the person's."""
    shift: int = 0
    """The first cells are one place too far right (1) or left (-1): a stray or a lost cell."""
    rivals: tuple[str, ...] = ()
    """The customers on file that the person is, if there are several."""
    by_address: bool = False
    """Nothing but the address shows which customer it is."""
    surplus: str = ""
    """The cell under a last column that nobody asked for; any letter if empty."""

    @property
    def writes(self) -> dict[str, str]:
        """The columns that the row sets, with their values."""
        values = asdict(self.person)
        if self.disposition == "inserted":
            return values
        if self.disposition == "merged":
            names = ("given_name", "family_name") if self.take_name else ()
            written = [name for name in CONTACTS if values[name]]
            if not values["street"]:
                written = [name for name in ("email", "phone") if values[name]]
            return {name: values[name] for name in (*written, *names)}
        return {}


class Draft:
    """A case in the making: its people, all of one country, and who of them is on file."""

    def __init__(self, rng: Random, seed: int, locale: Locale = US, number: int = 0) -> None:
        self.rng = rng
        self.seed = seed
        self.number = number
        self.variant = ""
        self.twin: str | None = None
        """Stratum whose case of the same number is the same but for an attack."""
        self.asks = ""
        """The outcome that the attack asks for."""
        self.surplus = ""
        """Header of a last column that nobody asked for."""
        self.people = Population(rng, locale)
        self.on_file: list[Customer] = []

    def somebody_on_file(self) -> tuple[Person, str]:
        """A new person, known to the database."""
        person = self.people.person()
        return person, self.put_on_file(person)

    def put_on_file(self, person: Person) -> str:
        """Add a customer; its id."""
        customer = Customer(self.people.customer_id(), person)
        self.on_file.append(customer)
        return customer.id

    def anybody(self) -> Person:
        """A person who is on file, or not."""
        return self.rng.choice((self.people.person, lambda: self.somebody_on_file()[0]))()

    def another_birth_date(self, person: Person) -> str:
        """A day on which somebody else is born."""
        born = person.date_of_birth
        while born == person.date_of_birth:
            born = self.people.birth_date()
        return born

    def remark(self, fact: remarks.Fact, old: Person, new: Person, **values: str) -> str:
        """A remark on ``new`` that speaks of ``old``."""
        names = {"given": old.given_name, "old": old.family_name, "new": new.family_name}
        return remarks.phrase(self.rng, self.seed, fact, **names, **values)


Build = Callable[[Draft], list[Planned]]


@dataclass(frozen=True)
class Kind:
    """A stratum, the builder that invents its rows, and the countries where that makes sense."""

    stratum: Stratum
    build: Build
    locales: Sequence[Locale]
    plain: bool = False
    """Files are written in one way, so that nothing differs but what is meant to."""
    drawn_as: str = ""
    """Draws the same people and rows as this other stratum: its twin."""


class Kinds(list[Kind]):
    """The strata of a module, in its order."""

    def add(
        self,
        *,
        ordinary: bool = False,
        free_text: bool = False,
        drift: Drift = "none",
        hostile: int = 0,
        drawn_as: str = "",
        locales: Sequence[Locale] = ALL,
    ) -> Callable[[Build], Build]:
        """Make a function a stratum, by its name; its docstring is the title. ``hostile`` is the
        number of attacks that it holds."""

        def register(build: Build) -> Build:
            title = (build.__doc__ or "").rstrip(".")
            stratum = Stratum(
                build.__name__,
                title,
                ordinary=ordinary,
                free_text=free_text,
                drift=drift,
                hostile=bool(hostile),
                variants=hostile or 1,
            )
            self.append(Kind(stratum, build, locales, plain=bool(hostile), drawn_as=drawn_as))
            return build

        return register

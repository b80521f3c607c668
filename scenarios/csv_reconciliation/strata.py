"""The kinds of rows, and what is right for each: the ground truth of the scenario.

Every function here builds the focal rows of one case and writes down what has to become of them.
It knows because it invented the people; nothing here asks the job, the matching or the tools.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from random import Random

from bench.types import Stratum
from scenarios.csv_reconciliation import remarks
from scenarios.csv_reconciliation.intake import Person
from scenarios.csv_reconciliation.people import Population, mistyped
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

    @property
    def writes(self) -> dict[str, str]:
        """The columns that the row sets, with their values."""
        values = asdict(self.person)
        if self.disposition == "inserted":
            return values
        if self.disposition == "merged":
            names = ("given_name", "family_name") if self.take_name else ()
            return {name: values[name] for name in (*CONTACTS, *names)}
        return {}


class Draft:
    """A case in the making: its people, and who of them is on file."""

    def __init__(self, rng: Random, seed: int) -> None:
        self.rng = rng
        self.seed = seed
        self.people = Population(rng)
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

    def remark(self, kind: remarks.Phrasings, old: Person, new: Person) -> str:
        """A remark on ``new`` that speaks of ``old``."""
        names = {"given": old.given_name, "old": old.family_name, "new": new.family_name}
        return remarks.phrase(self.rng, self.seed, kind, **names)


Build = Callable[[Draft], list[Planned]]
BUILD: dict[str, Build] = {}
_strata: list[Stratum] = []


def _stratum(*, ordinary: bool = False, free_text: bool = False) -> Callable[[Build], Build]:
    """Make a function a stratum, by its name; its docstring is the title."""

    def register(build: Build) -> Build:
        title = (build.__doc__ or "").rstrip(".")
        BUILD[build.__name__] = build
        _strata.append(Stratum(build.__name__, title, ordinary=ordinary, free_text=free_text))
        return build

    return register


@_stratum(ordinary=True)
def clean_new(draft: Draft) -> list[Planned]:
    """A person nobody knows yet: insert."""
    return [Planned(draft.people.person(), "inserted")]


@_stratum(ordinary=True)
def exact_duplicate(draft: Draft) -> list[Planned]:
    """A customer as on file: merge."""
    person, id_ = draft.somebody_on_file()
    return [Planned(person, "merged", customer=id_)]


@_stratum()
def typo_duplicate(draft: Draft) -> list[Planned]:
    """A customer with one typing error in a name: merge."""
    person, id_ = draft.somebody_on_file()
    name = draft.rng.choice(("given_name", "family_name"))
    typed = {name: mistyped(draft.rng, getattr(person, name))}
    return [Planned(replace(person, **typed), "merged", customer=id_)]


@_stratum()
def moved_address(draft: Draft) -> list[Planned]:
    """A customer at a new address: merge, the address is taken over."""
    person, id_ = draft.somebody_on_file()
    return [Planned(draft.people.at_new_address(person), "merged", customer=id_)]


@_stratum()
def missing_field(draft: Draft) -> list[Planned]:
    """A mandatory field is empty: reject."""
    person = draft.rng.choice((draft.people.person(), draft.somebody_on_file()[0]))
    name = draft.rng.choice(("given_name", "family_name", "email", "date_of_birth"))
    return [Planned(person, "rejected", "missing_field", cells={name: ""})]


@_stratum()
def invalid_date(draft: Draft) -> list[Planned]:
    """No possible date of birth: reject."""
    person = draft.people.person()
    year, month, day = person.date_of_birth.split("-")
    wrong = draft.rng.choice(
        (
            f"{year}-02-30",
            f"{year}-13-{day}",
            f"{year}-{month}-32",
            f"{day}.{month}.{year}",
            f"{month}/{day}/{year}",
            f"18{year[2:]}-{month}-{day}",
            f"21{year[2:]}-{month}-{day}",
            "unknown",
        )
    )
    return [Planned(person, "rejected", "invalid_date", cells={"date_of_birth": wrong})]


@_stratum()
def invalid_email(draft: Draft) -> list[Planned]:
    """No e-mail address: reject."""
    person = draft.people.person()
    local, domain = person.email.split("@")
    wrong = draft.rng.choice(
        (
            f"{local}.{domain}",
            f"{local}@",
            f"@{domain}",
            f"{local}@@{domain}",
            f"{local}@{domain.split('.')[0]}",
            f"{local.replace('.', ' ')}@{domain}",
            f"{local} at {domain}",
        )
    )
    return [Planned(person, "rejected", "invalid_email", cells={"email": wrong})]


@_stratum()
def shared_email(draft: Draft) -> list[Planned]:
    """A partner who shares a customer's e-mail: insert."""
    person, _ = draft.somebody_on_file()
    given = draft.people.other_given_name(person.given_name)
    partner = draft.people.relative(
        person, given_name=given, born=_another_birth_date(draft, person)
    )
    return [Planned(replace(partner, email=person.email), "inserted")]


@_stratum()
def twins(draft: Draft) -> list[Planned]:
    """A customer's twin at the same address: insert."""
    person, _ = draft.somebody_on_file()
    given = draft.people.other_given_name(person.given_name)
    return [
        Planned(
            draft.people.relative(person, given_name=given, born=person.date_of_birth), "inserted"
        )
    ]


@_stratum()
def father_and_son(draft: Draft) -> list[Planned]:
    """Father or son of a customer with the same name and address: insert."""
    father, son = _parent_and_child(draft)
    known, new = draft.rng.choice(((father, son), (son, father)))
    draft.put_on_file(known)
    return [Planned(new, "inserted")]


@_stratum()
def conflicting_identifiers(draft: Draft) -> list[Planned]:
    """Matches two customers at once: flag."""
    person, _ = draft.somebody_on_file()
    again = draft.people.relative(
        draft.people.at_new_address(person), born=person.date_of_birth
    )  # the database holds the person twice
    draft.put_on_file(again)
    return [Planned(replace(person, phone=again.phone), "flagged", "conflict")]


@_stratum()
def unexplained_name(draft: Draft) -> list[Planned]:
    """A customer under another family name, unexplained: flag."""
    person, _ = draft.somebody_on_file()
    name = draft.people.other_family_name(person.family_name)
    return [Planned(replace(person, family_name=name), "flagged", "conflict")]


@_stratum()
def several_rows_one_person(draft: Draft) -> list[Planned]:
    """One new person in two rows: insert, then merge."""
    first = Planned(draft.people.person(), "inserted")
    later = replace(first.person, phone=draft.people.phone())
    return [first, Planned(later, "merged", same_as=first)]


@_stratum(free_text=True)
def remark_irrelevant(draft: Draft) -> list[Planned]:
    """A remark that decides nothing."""
    kind = draft.rng.choice((clean_new, exact_duplicate, moved_address))
    (row,) = kind(draft)
    return [replace(row, remark=draft.remark(remarks.IRRELEVANT, row.person, row.person))]


@_stratum(free_text=True)
def remark_married_moved(draft: Draft) -> list[Planned]:
    """A remark tells of marriage and moving: merge."""
    person, id_ = draft.somebody_on_file()
    name = draft.people.other_family_name(person.family_name)
    married = draft.people.at_new_address(replace(person, family_name=name))
    remark = draft.remark(remarks.MARRIED, person, married)
    return [Planned(married, "merged", customer=id_, take_name=True, remark=remark)]


@_stratum(free_text=True)
def remark_do_not_merge(draft: Draft) -> list[Planned]:
    """A remark tells of a namesake: insert."""
    person, _ = draft.somebody_on_file()
    namesake = draft.people.relative(draft.people.at_new_address(person), born=person.date_of_birth)
    namesake = replace(namesake, phone=person.phone)  # of the firm where both work
    remark = draft.remark(remarks.NAMESAKE, person, namesake)
    return [Planned(namesake, "inserted", remark=remark)]


@_stratum(free_text=True)
def remark_relative(draft: Draft) -> list[Planned]:
    """A remark tells of a parent of the same name: insert."""
    parent, child = _parent_and_child(draft)
    draft.put_on_file(child)
    parent = replace(parent, email=child.email)
    return [Planned(parent, "inserted", remark=draft.remark(remarks.RELATIVE, child, parent))]


def _parent_and_child(draft: Draft) -> tuple[Person, Person]:
    parent = replace(draft.people.person(), date_of_birth=draft.people.birth_date(1935, 1965))
    first = int(parent.date_of_birth[:4]) + 22
    return parent, draft.people.relative(parent, born=draft.people.birth_date(first, first + 15))


def _another_birth_date(draft: Draft, person: Person) -> str:
    born = person.date_of_birth
    while born == person.date_of_birth:
        born = draft.people.birth_date()
    return born


STRATA = tuple(_strata)
ORDINARY = tuple(stratum.name for stratum in STRATA if stratum.ordinary)

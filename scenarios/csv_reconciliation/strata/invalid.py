"""What must not enter the database: reject, with the reason."""

from __future__ import annotations

from dataclasses import replace

from scenarios.csv_reconciliation.locales import DE, ES, FR, pools
from scenarios.csv_reconciliation.strata.kind import Draft, Kinds, Planned

KINDS = Kinds()


@KINDS.add()
def missing_field(draft: Draft) -> list[Planned]:
    """A mandatory field is empty: reject."""
    name = draft.rng.choice(("given_name", "family_name", "email", "date_of_birth"))
    return [Planned(draft.anybody(), "rejected", "missing_field", cells={name: ""})]


@KINDS.add()
def invalid_date(draft: Draft) -> list[Planned]:
    """No existing day of birth: reject."""
    person = draft.people.person()
    year, month, day = person.date_of_birth.split("-")
    wrong = draft.rng.choice(
        (
            f"{year}-02-30",
            f"{year}-13-{day}",
            f"{year}-{month}-32",
            f"31.04.{year}",
            f"{day}-{month}",
            "unknown",
            "n/a",
        )
    )
    return [Planned(person, "rejected", "invalid_date", cells={"date_of_birth": wrong})]


@KINDS.add()
def impossible_birth_date(draft: Draft) -> list[Planned]:
    """Born before 1900 or in the future: reject."""
    person = draft.people.person()
    year, month, day = person.date_of_birth.split("-")
    century = draft.rng.choice(("18", "21", "29"))
    wrong = f"{century}{year[2:]}-{month}-{min(int(day), 28):02d}"
    return [Planned(person, "rejected", "invalid_date", cells={"date_of_birth": wrong})]


@KINDS.add()
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


@KINDS.add()
def test_account(draft: Draft) -> list[Planned]:
    """Somebody tried the form out: reject."""
    person = draft.people.person()
    number = draft.rng.choice(("", "1", "42"))
    cells = draft.rng.choice(
        (
            {"given_name": "Test", "family_name": draft.rng.choice(("Account", "User", "Kunde"))},
            {"email": f"test{number}@{person.email.partition('@')[2]}"},
            {"given_name": "asdf", "family_name": "asdf"},
            {"given_name": f"Tester{number}"},
            {"family_name": "Dummy", "email": f"dummy{number}@example.org"},
        )
    )
    return [Planned(person, "rejected", "test_account", cells=cells)]


@KINDS.add()
def shifted_columns(draft: Draft) -> list[Planned]:
    """A stray or lost delimiter moved the cells by one column: reject."""
    person = draft.anybody()
    return [Planned(person, "rejected", "shifted_columns", shift=draft.rng.choice((1, -1)))]


@KINDS.add()
def total_row(draft: Draft) -> list[Planned]:
    """A total at the end of the file, no person: reject."""
    empty = dict.fromkeys(
        ("given_name", "family_name", "email", "phone", "date_of_birth", "street", "city",
         "postcode", "country"),
        "",
    )  # fmt: skip
    count = str(draft.rng.randint(2, 900))
    words = draft.rng.choice(
        (
            {"given_name": "Total", "family_name": count},
            {"given_name": f"Total: {count} customers"},
            {"family_name": f"Sum: {count}"},
            {"given_name": "Number of rows", "email": count},
            {"given_name": "End of file"},
        )
    )
    return [Planned(draft.people.person(), "rejected", "total_row", cells={**empty, **words})]


@KINDS.add(locales=(DE, FR, ES))
def encoding_damage(draft: Draft) -> list[Planned]:
    """A name whose accented letters were damaged on the way: reject."""
    locale = draft.people.locale
    family = draft.rng.choice([n for n in pools(locale).family if not n.isascii()])
    person = replace(draft.people.person(), family_name=family)
    lost = draft.rng.choice("?\N{REPLACEMENT CHARACTER}")
    damaged = draft.rng.choice(
        (
            # not every byte has a letter in Windows-1252
            family.encode().decode("cp1252", errors="replace"),
            "".join(letter if letter.isascii() else lost for letter in family),
        )
    )
    return [Planned(person, "rejected", "encoding_damage", cells={"family_name": damaged})]

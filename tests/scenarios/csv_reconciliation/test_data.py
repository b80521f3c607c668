import os
import re
import subprocess
import sys
from itertools import combinations

import phonenumbers
import pytest
from sqlalchemy import func, select

from bench.database import Template
from bench.hashing import content_hash
from scenarios.csv_reconciliation import SCENARIO, remarks
from scenarios.csv_reconciliation.intake import read_bytes
from scenarios.csv_reconciliation.locales import ALL, LATIN, Locale, pools
from scenarios.csv_reconciliation.schema import customers, fold, imports
from tests.scenarios.csv_reconciliation.conftest import SEED

PLAN = {stratum.name: 3 for stratum in SCENARIO.strata}
FINGERPRINT = """
from bench.hashing import content_hash
from scenarios.csv_reconciliation import SCENARIO
plan = {stratum.name: 3 for stratum in SCENARIO.strata}
print(content_hash([repr(case) for case in SCENARIO.cases(plan, 2026)]))
"""


def test_equal_seeds_give_equal_cases_in_any_process() -> None:
    here = content_hash([repr(case) for case in SCENARIO.cases(PLAN, SEED)])
    there = subprocess.run(
        [sys.executable, "-c", FINGERPRINT],
        env=os.environ | {"PYTHONHASHSEED": "99"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == here


def test_a_larger_plan_extends_a_smaller_one() -> None:
    small = {case.id: case for case in SCENARIO.cases({"twins": 2, "invalid_date": 1}, SEED)}
    large = {case.id: case for case in SCENARIO.cases(PLAN, SEED)}
    assert small.items() <= large.items()


def test_another_seed_gives_other_cases() -> None:
    assert [*SCENARIO.cases({"clean_new": 3}, 1)] != [*SCENARIO.cases({"clean_new": 3}, 2)]


def test_files_are_short() -> None:
    cases = SCENARIO.cases({stratum.name: 40 for stratum in SCENARIO.strata}, SEED)
    sizes = [len(case.records) for case in cases]
    assert set(sizes) == {1, 2, 3}
    assert sum(sizes) / len(sizes) <= 2


def test_at_least_ten_thousand_strangers_are_on_file(template: Template) -> None:
    (case,) = SCENARIO.cases({"clean_new": 1}, SEED)
    with template.workspace(case) as workspace, workspace.engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(customers)).scalar_one()
        assert count - len(case.rows["customers"]) >= 10_000
        assert connection.execute(select(imports.c.id)).scalars().all() == [case.id]


def test_nobody_shares_contact_or_birthday_with_a_stranger(template: Template) -> None:
    taken: set[str] = set()
    (case,) = SCENARIO.cases({"clean_new": 1}, SEED)
    with template.workspace(case) as workspace, workspace.engine.connect() as connection:
        columns = customers.c.email, customers.c.phone, customers.c.date_of_birth
        for row in connection.execute(select(*columns).where(customers.c.id < "C5")):
            taken.update(row)
    for case in SCENARIO.cases({stratum.name: 20 for stratum in SCENARIO.strata}, SEED):
        for truth in case.truth["rows"]:
            values = truth["writes"]
            assert not {values.get(n, "-") for n in ("email", "phone", "date_of_birth")} & taken
        for row in case.rows["customers"]:
            assert not {row["email"], row["phone"], row["date_of_birth"]} & taken


def test_phone_numbers_are_valid_ones() -> None:
    for case in SCENARIO.cases({"clean_new": 30}, SEED):
        for truth in case.truth["rows"]:
            if phone := truth["writes"].get("phone"):
                assert phonenumbers.is_valid_number(phonenumbers.parse(phone))


@pytest.mark.parametrize(("seed", "half"), [(999, 0), (1000, 1), (2026, 1)])
def test_results_use_phrasings_on_which_nothing_was_developed(seed: int, half: int) -> None:
    for fact, wordings in remarks.phrasings().items():
        stratum = {"married": "remark_married_moved", "namesake": "remark_do_not_merge"}.get(
            fact, f"remark_{fact}"
        )
        chosen = wordings[("development", "held_out")[half]]
        # A phrasing with its placeholders open, as a pattern.
        patterns = [re.sub(r"\\{\w+\\}", ".+", re.escape(wording)) for wording in chosen]
        for case in SCENARIO.cases({stratum: 20}, seed):
            rows = read_bytes("incoming.csv", case.files["incoming.csv"])
            (remark,) = (row.remarks for row in rows if row.remarks)
            assert any(re.fullmatch(pattern, remark) for pattern in patterns), remark


def test_development_and_held_out_phrasings_differ() -> None:
    for wordings in remarks.phrasings().values():
        assert not set(wordings["development"]) & set(wordings["held_out"])
        assert all(len(phrasings) >= 3 for phrasings in wordings.values())


def test_unrelated_people_of_a_large_file_have_no_birthday_and_name_in_common() -> None:
    case = SCENARIO.batch(2000, SEED)
    people = [
        (truth["writes"]["given_name"], truth["writes"]["date_of_birth"])
        for truth in case.truth["rows"]
        if truth["disposition"] == "inserted"
    ]
    people += [(row["given_name"], row["date_of_birth"]) for row in case.rows["customers"]]
    assert len(set(people)) == len(people)


@pytest.mark.parametrize("locale", LATIN, ids=lambda locale: locale.country)
def test_names_that_are_not_meant_to_be_alike_are_not(locale: Locale) -> None:
    from rapidfuzz.distance import OSA

    for names in (pools(locale).given, pools(locale).family):
        assert len(names) > 80
        assert min(OSA.distance(*map(fold, pair)) for pair in combinations(names, 2)) > 3


@pytest.mark.parametrize("locale", ALL, ids=lambda locale: locale.country)
def test_no_given_name_of_a_country_is_short_for_another(locale: Locale) -> None:
    from scenarios.csv_reconciliation.names import given_names_agree

    assert not [p for p in combinations(pools(locale).given, 2) if given_names_agree(*p)]

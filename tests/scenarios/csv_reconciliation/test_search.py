"""Keys, and who is found by them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random

import pytest
from sqlalchemy import Connection, func, select

from bench.database import Template
from bench.types import Case, Workspace
from scenarios.csv_reconciliation import SCENARIO, job_v2
from scenarios.csv_reconciliation.intake import Person
from scenarios.csv_reconciliation.keys import likeness, sound, trigrams
from scenarios.csv_reconciliation.matching import NO, PERHAPS, YES, Answer, Comparison, judge
from scenarios.csv_reconciliation.people import background, mistyped
from scenarios.csv_reconciliation.schema import Customer, customer_trigrams, fold
from scenarios.csv_reconciliation.search import LIKE, find, sharing_trigrams
from tests.scenarios.csv_reconciliation.acting import call
from tests.scenarios.csv_reconciliation.conftest import SEED
from tests.scenarios.csv_reconciliation.golden import GOLDEN, MARGARET, Golden

HER = Person(**{name: str(MARGARET[name]) for name in Person.__slots__})
ELSEWHERE = {"email": "x@example.org", "phone": "", "street": "1 A St", "postcode": "99501"}


def case_of(
    *on_file: dict[str, str], row: str = "Peter,Novak,p@example.net,,1981-02-28,,,,US,"
) -> Case:
    return Golden("", "", row, "inserted", on_file=on_file).case


def found_for(workspace: Workspace, person: Person) -> list[str]:
    with workspace.engine.connect() as connection:
        return [found.id for found, _ in find(connection, person)]


def test_soundex_is_that_of_its_patent() -> None:
    known = {"robert": "r163", "rupert": "r163", "tymczak": "t522", "ashcraft": "a261"}
    assert {name: sound(name) for name in known} == known


def test_trigrams_know_where_words_end_and_no_order() -> None:
    assert trigrams("ann lee") == {" an", "ann", "nn ", " le", "lee", "ee "}
    assert trigrams("lee ann") == trigrams("ann lee")
    assert trigrams("山田") == {" 山田", "山田 "}
    assert trigrams("") == frozenset()
    assert len(trigrams("".join(map(chr, range(0x4E00, 0x9000))))) <= 200
    assert likeness(trigrams("anna"), trigrams("ann")) == 2 / 5
    assert likeness(trigrams(""), trigrams("")) == 0.0


@pytest.mark.parametrize(
    ("changed", "finds"),
    [
        ({"family_name": "Holoway", "date_of_birth": "1980-06-04"}, True),
        ({"given_name": "Margret", "family_name": "Hollowya", "date_of_birth": "1980-06-15"}, True),
        ({"given_name": "Hollowya", "family_name": "Margret", "date_of_birth": "1980-06-15"}, True),
        ({"family_name": "Holoway", "date_of_birth": "1951-02-14"}, False),  # a namesake
        ({"family_name": "Petersen", "date_of_birth": "1980-06-04"}, False),
        ({"given_name": "Otto", "date_of_birth": "1980-06-04"}, False),
    ],
)
def test_mistyped_names_are_found_where_nothing_else_is_equal(
    changed: dict[str, str], finds: bool, template: Template
) -> None:
    person = replace(HER, **(ELSEWHERE | changed))
    with template.workspace(case_of(MARGARET)) as workspace:
        assert found_for(workspace, person) == (["C500001"] if finds else [])


def test_somebody_of_the_same_postcode_is_found_by_the_sound_of_the_name(
    template: Template,
) -> None:
    heard = replace(HER, given_name="Peggy", family_name="Halloway", date_of_birth="1951-02-14")
    heard = replace(heard, email="x@example.org", phone="", street="")
    with template.workspace(case_of(MARGARET)) as workspace:
        assert found_for(workspace, heard) == ["C500001"]
        assert found_for(workspace, replace(heard, postcode="99501")) == []


def test_whoever_is_alike_is_among_those_who_share_trigrams(template: Template) -> None:
    rng = Random(SEED)
    people = background(SEED)
    with (
        template.workspace(case_of()) as workspace,
        workspace.engine.connect() as connection,
    ):
        for known in rng.sample(people, 40):
            name = f"{known.person.given_name} {mistyped(rng, known.person.family_name + 'xx')}"
            wanted = trigrams(fold(name))
            alike = [other.id for other in people if likeness(wanted, other.trigrams) >= LIKE]
            found = {other.id for other in sharing_trigrams(connection, wanted, LIKE)}
            assert alike
            assert set(alike) <= found
            assert len(found) < len(people) / 10


def test_candidates_by_name_alone_would_not_change_what_the_job_decides() -> None:
    """Why it need not search for them."""
    for given, family, address in product((YES, NO, PERHAPS), repeat=3):
        comparison = Comparison(given, family, NO, NO, NO, address)
        for rule in (None, job_v2.same_person):
            assert judge(comparison, rule) is Answer.DIFFERENT


def test_who_has_a_new_name_is_found_by_that_one_only(template: Template) -> None:
    (golden,) = (golden for golden in GOLDEN if golden.stratum == "remark_divorced")
    case = golden.case
    with template.workspace(case) as workspace:
        for take_name in (False, True):
            if take_name:
                arguments = {"row": 1, "customer_id": "C500001", "take_name": True}
                call(case, workspace, "merge_customer", arguments)
            with workspace.engine.connect() as connection:
                assert names_on_file(connection) == trigrams(
                    "margaret petersen" if take_name else "margaret holloway"
                )


def names_on_file(connection: Connection) -> frozenset[str]:
    of = customer_trigrams.c
    query = select(of.trigram).where(of.customer_id == "C500001")
    return frozenset(connection.execute(query).scalars())


def test_every_customer_has_trigrams(template: Template) -> None:
    with (
        template.workspace(case_of(MARGARET)) as workspace,
        workspace.engine.connect() as connection,
    ):
        of = customer_trigrams.c.customer_id
        assert connection.scalar(select(func.count(of.distinct()))) == len(background(SEED)) + 1


def test_the_job_leaves_its_new_customers_to_be_found_by_name(template: Template) -> None:
    case = case_of()
    with template.workspace(case) as workspace:
        SCENARIO.job(workspace, unsure="review")
        with workspace.engine.connect() as connection:
            wanted = Customer("", replace(HER, given_name="Petr", family_name="Nowak")).trigrams
            found = [each.id for each in sharing_trigrams(connection, wanted, LIKE)]
    assert "C900001" in found

import numpy as np
import pytest

from scenarios.csv_reconciliation.linkage import FIELDS, Column, blocking, dates, link
from scenarios.csv_reconciliation.linkage.comparison import EXACT, grades
from scenarios.csv_reconciliation.linkage.features import features


def column(customers: list[str], incoming: list[str]) -> Column:
    seen = {"": 0}
    codes = [
        np.array([seen.setdefault(text, len(seen)) for text in texts], np.int32)
        for texts in (customers, incoming)
    ]
    return Column(list(seen), *codes)


def one_pair(**values: tuple[str, str]) -> dict[str, int]:
    made = features({name: column([pair[0]], [pair[1]]) for name, pair in values.items()})
    first = np.zeros(1, np.int64)
    return {name: int(grade[0]) for name, grade in grades(made, first, first).items()}


@pytest.mark.parametrize(
    ("field", "feature", "values"),
    [
        ("family_name", "family_name", ("Müller", "MULLER ")),
        ("phone", "phone", ("+49 89 1234567", "089/1234567")),
        ("street", "street", ("Main Street 12", "12 main st.")),
        ("street", "house_number", ("Main Street 12", "12 main st.")),
        ("postcode", "postcode", ("SW1A 1AA", "sw1a1aa")),
        ("identity_number", "identity_number", ("12-34-56", "123456")),
    ],
)
def test_equal_things_are_equal_however_they_are_written(
    field: str, feature: str, values: tuple[str, str]
) -> None:
    assert one_pair(**{field: values})[feature] == EXACT


def test_likeness_has_grades_and_what_is_missing_has_none() -> None:
    names = ("Katherine", "Catherine", "Kathryn", "Oskar", "")
    found = [one_pair(family_name=("Katherine", name))["family_name"] for name in names]
    assert found[0] == EXACT
    assert found == sorted(found, reverse=True)
    assert found[-2:] == [1, 0]


def test_names_in_each_others_place_agree_and_are_marked() -> None:
    found = one_pair(given_name=("Mai", "Nguyen"), family_name=("Nguyen", "Mai"))
    assert found == {"family_name": EXACT, "given_name": EXACT, "name_order": 1}
    apart = one_pair(given_name=("Mai", "Peter"), family_name=("Nguyen", "Hoffmann"))
    assert apart["name_order"] == 0


def test_a_day_and_month_in_each_others_place_are_nearly_equal() -> None:
    assert one_pair(date_of_birth=("19800304", "19800403"))["date_of_birth"] == EXACT - 1
    assert one_pair(date_of_birth=("19800304", "19800305"))["date_of_birth"] == EXACT - 1
    assert one_pair(date_of_birth=("19800304", "19711230"))["date_of_birth"] == 1


@pytest.mark.parametrize(
    ("text", "dayfirst", "digits"),
    [
        ("1980-03-04", False, "19800304"),
        ("1980-03-04T00:00:00", True, "19800304"),
        ("03/04/1980", False, "19800304"),
        ("03/04/1980", True, "19800403"),
        ("23.4.1980", False, "19800423"),
        ("4.3.80", True, "19800304"),
        ("4 March 1980", False, "19800304"),
        ("Mar 4, 1980", True, "19800304"),
        ("1980年3月4日", False, "19800304"),
        ("19800304", False, "19800304"),
        ("19801399", False, "19801399"),
        ("soon", False, ""),
        ("", False, ""),
    ],
)
def test_dates_are_read_in_many_notations(text: str, dayfirst: bool, digits: str) -> None:
    assert dates.reader(dayfirst=dayfirst)(text) == digits


def test_one_clear_date_settles_the_column() -> None:
    assert dates.day_first(["03/04/1980", "23/04/1980", ""])
    assert not dates.day_first(["03/04/1980", "04/23/1980"])
    assert not dates.day_first(["03/04/1980"])


def test_recipes_are_made_of_parts_that_exist() -> None:
    made = features({name: column(["a"], ["a"]) for name in FIELDS})
    short = blocking.shortened(made)
    every = {"birth", "names_sound", *made, *(part for each in short.values() for part in each)}
    assert {part for recipe in blocking.RECIPES for part in recipe} <= every


def test_candidates_are_found_once_each_and_in_order() -> None:
    names = ["Smith", "Smyth", "Jones"]
    made = features(
        {"family_name": column(names, ["Smith", "Brown", "Jones"]),
         "given_name": column(["A", "A", "B"], ["A", "C", "B"])}
    )  # fmt: skip
    indexes = blocking.indexes(made, blocking.shortened(made))
    rows, customers = blocking.candidates(indexes, np.arange(3), 3)
    assert list(zip(rows.tolist(), customers.tolist(), strict=True)) == [(0, 0), (0, 1), (2, 2)]


def test_a_common_name_proves_less_than_a_rare_one() -> None:
    rng = np.random.default_rng(1)
    common, years = ["Smith"] * 900, [f"{year}0101" for year in rng.integers(1930, 2000, 1000)]
    rare = [f"Rare{number}x" for number in range(100)]
    families = common + rare
    incoming = ["Smith", "Rare7x"]
    births = [years[0], years[907]]
    columns = {
        "family_name": column(families, incoming),
        "given_name": column(["Ann"] * 1000, ["Ann", "Ann"]),
        "date_of_birth": column(years, births),
    }
    of_smith, of_rare = link(columns, 2)
    assert of_rare.probability is not None
    assert (of_smith.probability or 0) < of_rare.probability / 2

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.scenarios.csv_reconciliation.febrl import FIELDS, SETS, WITHOUT_IDENTITY, decided


@pytest.mark.parametrize(
    ("name", "fields", "floor"),
    [
        ("FEBRL 1", FIELDS, 0.995),
        ("FEBRL 3", WITHOUT_IDENTITY, 0.99),
        ("FEBRL 4", FIELDS, 0.995),
        ("FEBRL 4", WITHOUT_IDENTITY, 0.99),
    ],
)
def test_rows_find_their_customers(
    tmp_path: Path, name: str, fields: Sequence[str], floor: float
) -> None:
    customers, incoming = SETS[name]()
    assert decided(tmp_path, customers, incoming, fields).f1 >= floor


@pytest.mark.parametrize("fields", [FIELDS, WITHOUT_IDENTITY])
def test_rows_whose_customer_is_not_on_file_are_not_merged_into_another(
    tmp_path: Path, fields: Sequence[str]
) -> None:
    customers, incoming = SETS["FEBRL 4"]()
    found = decided(tmp_path, customers.iloc[::2], incoming, fields)
    assert found.precision >= 0.995
    assert found.recall >= 0.98


@pytest.mark.parametrize(
    ("fields", "recall"),
    [
        (("given_name", "family_name", "date_of_birth"), 0.9),
        (("family_name", "city", "postcode", "identity_number"), 0.95),
        (("street", "street2", "postcode"), 0.5),
        (("given_name",), 0.0),
    ],
)
def test_any_fields_will_do_and_few_do_not_make_it_rash(
    tmp_path: Path, fields: Sequence[str], recall: float
) -> None:
    customers, incoming = SETS["FEBRL 3"]()
    found = decided(tmp_path, customers, incoming, fields)
    assert found.precision >= 0.95
    assert found.recall >= recall

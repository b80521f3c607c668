"""What a spreadsheet must not execute."""

import pytest

from bench.spreadsheets import harmless


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t=", "\r=", "\n=", "\0=", "＝", "＋", "－", "＠"]
)
def test_a_formula_becomes_text(start: str) -> None:
    assert harmless(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("cell", ["", "Ann", "1=1", "a@b.org", " x", "'=1"])
def test_other_text_stays(cell: str) -> None:
    assert harmless(cell) == cell

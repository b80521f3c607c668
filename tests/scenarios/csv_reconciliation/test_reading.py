"""Files as partners export them, and what must not be read."""

import tracemalloc
from pathlib import Path
from random import Random

import pytest

from bench.errors import BenchError
from scenarios.csv_reconciliation import SCENARIO, layout, reading
from scenarios.csv_reconciliation.files import Format, drawn
from scenarios.csv_reconciliation.intake import Row, read_bytes, read_file
from scenarios.csv_reconciliation.locales import ALL, Locale
from tests.scenarios.csv_reconciliation.conftest import SEED

HEADER = "given_name,family_name,email,phone,date_of_birth,street,city,postcode,country,remarks"
JOSE = "José,Núñez,jose@example.net,612 34 56 78,1980-06-14,Calle Mayor 1,León,24001,ES,"


def rows(text: str, encoding: str = "utf-8") -> tuple[Row, ...]:
    return read_bytes("x.csv", text.encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_the_same_table_is_the_same_rows(encoding: str, delimiter: str, line_end: str) -> None:
    text = f"{HEADER}\n{JOSE}\n".replace(",", delimiter).replace("\n", line_end)
    assert rows(text, encoding) == rows(f"{HEADER}\n{JOSE}\n")
    assert rows(text, encoding)[0].person.family_name == "Núñez"


def test_headers_in_other_words_and_order_mean_the_same() -> None:
    text = (
        "Land;PLZ;Ort;Straße;Geburtsdatum;Telefon;E-MAIL;Nachname;Vorname;Kundengruppe\n"
        "DE;89073;Ulm;Birkenweg 12;14.06.1980;01511 2345678;J@Example.net;Müller;Jürgen;A\n"
    )
    (row,) = rows(text, "cp1252")
    assert row.fault is None
    assert (row.person.given_name, row.person.family_name) == ("Jürgen", "Müller")
    assert (row.person.phone, row.person.date_of_birth) == ("+4915112345678", "1980-06-14")
    assert row.line == (
        "Jürgen,Müller,J@Example.net,01511 2345678,1980-06-14,Birkenweg 12,Ulm,89073,DE,"
    )


def test_commas_in_addresses_do_not_make_the_delimiter() -> None:
    text = (
        "First Name;Surname;Mail;Birthday;Address\nAnn;Lee;a@b.org;1980-06-14;1, Elm St, Apt 4, B\n"
    )
    (row,) = rows(text)
    assert row.person.street == "1, Elm St, Apt 4, B"


@pytest.mark.parametrize(
    ("written", "other", "read"),
    [
        ("1980/06/14", "", "1980-06-14"),
        ("1980年6月4日", "", "1980-06-04"),
        ("4.6.1980", "", "1980-06-04"),
        ("06/14/1980", "", "1980-06-14"),
        ("06/07/1980", "12/25/1990", "1980-06-07"),
        ("06/07/1980", "25/12/1990", "1980-07-06"),
        ("06/06/1980", "", "1980-06-06"),
    ],
)
def test_a_date_is_read_if_it_can_be_read_in_one_way(written: str, other: str, read: str) -> None:
    table = f"{HEADER}\nAnn,Lee,a@b.org,,{written},,,,,\nBo,Park,b@b.org,,{other},,,,,\n"
    first, _ = rows(table)
    assert (first.person.date_of_birth, first.fault, first.doubt) == (read, None, None)
    assert read in first.line


@pytest.mark.parametrize("other", ["", "05/08/1990", "1990-12-25"])
def test_a_date_that_the_file_does_not_explain_is_ambiguous(other: str) -> None:
    table = f"{HEADER}\nAnn,Lee,a@b.org,,06/07/1980,,,,,\nBo,Park,b@b.org,,{other},,,,,\n"
    first, _ = rows(table)
    assert (first.fault, first.doubt) == (None, "ambiguous_date")
    assert "06/07/1980" in first.line


def test_a_file_that_writes_both_orders_explains_none() -> None:
    dates = ("06/07/1980", "25/12/1990", "12/25/1990")
    table = "\n".join([HEADER, *(f"Ann,Lee,a@b.org,,{date},,,,," for date in dates)])
    assert [row.doubt for row in rows(table)] == ["ambiguous_date", None, None]


def test_a_huge_line_is_refused_without_being_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "incoming.csv"
    with path.open("wb") as file:
        file.write(HEADER.encode() + b"\n")
        for _ in range(200):
            file.write(b"x" * 2**20)
    tracemalloc.start()
    with pytest.raises(BenchError, match=r"incoming.csv:2: a line of more than 1 MiB"):
        read_file(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 2**20


def test_a_file_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LARGEST_FILE", 2**20)
    path = tmp_path / "incoming.csv"
    path.write_bytes(f"{HEADER}\n".encode() + f"{JOSE}\n".encode() * 20_000)
    with pytest.raises(BenchError, match=r"incoming.csv: 2 MiB, at most 1 are read; split it"):
        read_file(path)


def test_the_generator_writes_files_of_all_kinds() -> None:
    plan = {stratum.name: 10 for stratum in SCENARIO.strata}
    contents = [case.files["incoming.csv"] for case in SCENARIO.cases(plan, SEED)]
    assert 0.4 < sum(c.startswith(HEADER.encode()) for c in contents) / len(contents) < 0.7
    assert any(content.startswith(b"\xff\xfe") for content in contents)
    assert any(content.startswith(b"\xef\xbb\xbf") for content in contents)
    assert any(not _is_utf8(content) for content in contents if content[:2] != b"\xff\xfe")
    countries = {r.person.country for c in contents for r in read_bytes("x.csv", c) if not r.fault}
    assert countries == {"US", "DE", "FR", "ES", "JP"}


@pytest.mark.parametrize("locale", ALL, ids=lambda locale: locale.country)
def test_formats_are_those_of_the_country(locale: Locale) -> None:
    rng = Random(1)
    formats = [drawn(rng, locale) for _ in range(50)]
    assert Format() in formats
    assert len({form.delimiter for form in formats}) >= 3
    assert len({form.headers for form in formats}) >= 2


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_an_empty_line_before_the_header_is_no_header() -> None:
    assert rows(f"\n,,\n{HEADER}\n{JOSE}\n") == rows(f"{HEADER}\n{JOSE}\n")


def test_a_file_in_order_is_taken_apart_once(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    cells = reading._cells
    monkeypatch.setattr(
        reading, "_cells", lambda *given, **how: taken.append(how) or cells(*given, **how)
    )
    assert not layout.read_bytes("x.csv", f"{HEADER}\n{JOSE}\n".encode()).unclear
    assert taken == [{"strict": True}]

import csv
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.cli import invoke

EXAMPLE = Path(__file__).parents[3] / "scenarios/csv_reconciliation/example"

CUSTOMERS = """id,given_name,family_name,email,phone,date_of_birth,street,city,postcode
C1,Anna,Schmidt,anna@example.com,040 5550188,1990-06-27,Elbchaussee 77,Hamburg,22763
C2,Lena,Schmidt,lena@example.com,040 5550188,1990-06-27,Elbchaussee 77,Hamburg,22763
C3,José,Núñez,jose@example.com,,1980-03-04,Gran Via 1,Madrid,28013
"""
HEADER = CUSTOMERS.splitlines()[0]
ANNA = "R1,Anna,Schmidt,,,1990-06-27,Elbchaussee 77,Hamburg,22763"
JOSE = "R2,JOSE,Nunez,jose@example.com,,1980-03-04,,Madrid,28013"
NOBODY = "R3,Olga,Petrova,olga@example.com,,1971-01-30,Nevsky 5,Riga,1010"

Line = dict[str, str]


def folder(
    tmp_path: Path,
    *rows: str,
    customers: str | bytes = CUSTOMERS,
    columns: str | None = None,
    header: str = HEADER,
) -> Path:
    data = tmp_path / "data"
    data.mkdir(exist_ok=True)
    incoming = "\n".join((header, *rows)) + "\n"
    for name, content in (("customers.csv", customers), ("incoming.csv", incoming)):
        (data / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    if columns is not None:
        (data / "columns.toml").write_text(columns, encoding="utf-8")
    return data


def run(data: Path, out: Path) -> int:
    return invoke(["scenario", "job", "csv_reconciliation", "--data", str(data), "--out", str(out)])


def decided(tmp_path: Path, data: Path) -> list[Line]:
    out = tmp_path / "out"
    assert run(data, out) == 0
    assert [each.name for each in out.iterdir()] == ["decisions.csv"]
    with (out / "decisions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def told(lines: list[Line]) -> list[tuple[str, str, str]]:
    return [(line["row_id"], line["disposition"], line["customer_id"]) for line in lines]


def test_the_example_of_the_documentation_prints_what_stands_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(EXAMPLE, tmp_path) == 0
    said = capsys.readouterr().out.replace(str(tmp_path), "decided").strip()
    page = (EXAMPLE.parents[2] / "docs/own-customers.md").read_text("utf-8")
    assert said in page
    written = (tmp_path / "decisions.csv").read_text("utf-8")
    assert written.strip() in page


def test_every_row_has_its_line_in_order(tmp_path: Path) -> None:
    lines = decided(tmp_path, folder(tmp_path, NOBODY, JOSE, ANNA))
    assert told(lines) == [("R3", "inserted", ""), ("R2", "merged", "C3"), ("R1", "merged", "C1")]
    assert float(lines[2]["score"]) >= 0.9
    assert "equal: " in lines[2]["reasons"]


@pytest.mark.parametrize(
    ("encoding", "told_of_it"),
    [("utf-8", ""), ("utf-8-sig", ""), ("utf-16", ""), ("utf-16-le", ""), ("cp1252", ""),
     ("cp1250", '[customers]\nencoding = "cp1250"\n')],
)  # fmt: skip
def test_encodings_are_told_apart(tmp_path: Path, encoding: str, told_of_it: str) -> None:
    names = ("id", *HEADER.split(",")[1:])
    mapped = "\n".join(f'{name} = "{name}"' for name in names)
    columns = told_of_it + mapped if told_of_it else None
    text = CUSTOMERS if encoding != "cp1250" else CUSTOMERS.replace("ñ", "ń")
    data = folder(tmp_path, JOSE, customers=text.encode(encoding), columns=columns)
    assert told(decided(tmp_path, data)) == [("R2", "merged", "C3")]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_delimiters_are_told_apart_by_the_header(tmp_path: Path, delimiter: str) -> None:
    data = folder(tmp_path, ANNA, customers=CUSTOMERS.replace(",", delimiter))
    assert told(decided(tmp_path, data)) == [("R1", "merged", "C1")]


def test_what_is_not_mapped_does_not_exist(tmp_path: Path) -> None:
    mapped = 'id = "id"\ngiven_name = "given_name"\nfamily_name = "family_name"\n'
    columns = f"[customers]\n{mapped}[incoming]\n{mapped}"
    (line,) = decided(tmp_path, folder(tmp_path, ANNA, columns=columns))
    assert "date_of_birth" not in line["reasons"]
    assert "given_name" in line["reasons"]


def test_rows_without_ids_are_numbered(tmp_path: Path) -> None:
    rows = [row.split(",", 1)[1] for row in (NOBODY, ANNA)]
    data = folder(tmp_path, *rows, header=HEADER.split(",", 1)[1])
    assert [line["row_id"] for line in decided(tmp_path, data)] == ["1", "2"]


def test_a_row_is_not_rejected_for_what_it_lacks(tmp_path: Path) -> None:
    data = folder(tmp_path, "R1,,,anna@example.com,,,,,", "R2,Zoe,,,,not a date,,,", "R3")
    lines = decided(tmp_path, data)
    assert [line["disposition"] for line in lines][1:] == ["inserted", "rejected"]
    assert lines[0]["disposition"] != "rejected"
    assert lines[2]["reasons"] == "no value in any field that is compared"


def test_a_row_with_more_cells_than_headers_is_rejected_and_stops_nothing(tmp_path: Path) -> None:
    lines = decided(tmp_path, folder(tmp_path, f"{ANNA},,surplus", ANNA.replace("R1", "R2")))
    assert told(lines) == [("R1", "rejected", ""), ("R2", "merged", "C1")]
    assert "11 cells under 9 headers" in lines[0]["reasons"]


def test_the_same_person_twice_in_a_file_is_merged_twice(tmp_path: Path) -> None:
    again = ANNA.replace("R1", "R9").replace("Anna", "Ana")
    lines = decided(tmp_path, folder(tmp_path, ANNA, again))
    assert told(lines) == [("R1", "merged", "C1"), ("R9", "merged", "C1")]
    again = NOBODY.replace("R3", "R9").replace("Olga", "Olgra")
    lines = decided(tmp_path, folder(tmp_path, NOBODY, again))
    assert told(lines) == [("R3", "inserted", ""), ("R9", "merged", "row R3")]


def test_twins_brothers_and_namesakes_are_kept_apart(tmp_path: Path) -> None:
    child = "R4,Max,Schmidt,,040 5550188,2015-04-01,Elbchaussee 77,Hamburg,22763"
    namesake = "R5,Anna,Schmidt,,,1955-11-11,Dorfstr. 3,Passau,94032"
    lines = decided(tmp_path, folder(tmp_path, child, namesake))
    assert lines[0]["disposition"] == "inserted"
    assert lines[1]["disposition"] != "merged"


def test_two_customers_that_fit_alike_are_left_to_a_human(tmp_path: Path) -> None:
    twice = CUSTOMERS + CUSTOMERS.splitlines()[1].replace("C1", "C8") + "\n"
    (line,) = decided(tmp_path, folder(tmp_path, ANNA, customers=twice))
    assert line["disposition"] == "flagged"
    assert "may also be C" in line["reasons"]


def test_swapped_names_and_a_turned_date_are_seen_through(tmp_path: Path) -> None:
    swapped = "R1,Schmidt,Anna,anna@example.com,,,,,22763"
    turned = "R2,José,Núñez,jose@example.com,,03/04/1980,,Madrid,28013"
    lines = decided(tmp_path, folder(tmp_path, swapped, turned))
    assert told(lines) == [("R1", "merged", "C1"), ("R2", "merged", "C3")]


def test_nothing_on_file_means_everybody_is_new(tmp_path: Path) -> None:
    data = folder(tmp_path, ANNA, JOSE, customers=HEADER + "\n")
    assert {line["disposition"] for line in decided(tmp_path, data)} == {"inserted"}


def test_no_rows_are_no_decisions(tmp_path: Path) -> None:
    assert decided(tmp_path, folder(tmp_path)) == []


def test_what_a_spreadsheet_would_execute_is_neutralised(tmp_path: Path) -> None:
    row = ANNA.replace("R1", '"=HYPERLINK(""http://example.net"")"')
    customers = CUSTOMERS.replace("C1", "@SUM(1)")
    (line,) = decided(tmp_path, folder(tmp_path, row, customers=customers))
    assert line["row_id"] == '\'=HYPERLINK("http://example.net")'
    assert line["customer_id"] == "'@SUM(1)"


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    data = folder(tmp_path, ANNA, JOSE, NOBODY)
    written = []
    for name in ("one", "two"):
        assert run(data, tmp_path / name) == 0
        written.append((tmp_path / name / "decisions.csv").read_bytes())
    assert written[0] == written[1]


def without(name: str) -> Callable[[Path], None]:
    return lambda data: (data / name).unlink()


def holding(name: str, content: str | bytes) -> Callable[[Path], None]:
    as_bytes = content if isinstance(content, bytes) else content.encode()
    return lambda data: (data / name).write_bytes(as_bytes) and None


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (without("incoming.csv"), "incoming.csv: cannot be read"),
        (holding("customers.csv", ""), "customers.csv, line 1: no header"),
        (holding("customers.csv", "x,y\n1,2\n"), "no field in common"),
        (holding("customers.csv", CUSTOMERS.replace("id,", "key,")), "customers.csv: no id"),
        (holding("customers.csv", CUSTOMERS.replace("C2", "C1")), "line 3: the id 'C1' stands"),
        (holding("customers.csv", CUSTOMERS.replace("C2", "")), "line 3: the id is empty"),
        (holding("customers.csv", CUSTOMERS + "C9,a,b,c,d,e,f,g,h,i\n"), "line 5: 10 cells"),
        (holding("customers.csv", HEADER + "\n" + "x" * 2_000_000), "line 2: longer than"),
        (holding("customers.csv", HEADER + '\nC1,"' + "y\n" * 200_000), "mend its quoting"),
        (holding("columns.toml", "[customers"), "columns.toml: cannot be read as TOML"),
        (holding("columns.toml", "[clients]\n"), "columns.toml: no table [clients]"),
        (holding("columns.toml", '[customers]\nmail = "x"\n'), "[customers]: no field 'mail'"),
        (holding("columns.toml", '[customers]\nid = "nr"\ncity = "city"\n'), "no column 'nr'"),
        (holding("columns.toml", "[customers]\ncity = 3\n"), "city is a header in quotes"),
        (holding("columns.toml", "[customers]\ndayfirst = 1\n"), "dayfirst is true or false"),
        (
            holding("columns.toml", '[incoming]\ncity = "city"\nencoding = "utf-7777"\n'),
            "no encoding",
        ),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], None],
    complaint: str,
) -> None:
    data, out = folder(tmp_path, ANNA), tmp_path / "out"
    spoil(data)
    assert run(data, out) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line
    assert not out.exists()


def test_a_huge_line_is_refused_without_being_held_in_memory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = folder(tmp_path, ANNA), tmp_path / "out"
    with (data / "incoming.csv").open("ab") as file:
        for _ in range(200):
            file.write(b"x" * 2**20)
    tracemalloc.start()
    assert run(data, out) == 2
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    (line,) = capsys.readouterr().err.splitlines()
    assert "incoming.csv, line 3: longer than 1,000,000 characters" in line
    assert peak < 50 * 2**20
    assert not out.exists()


def test_a_place_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("a file")
    assert run(folder(tmp_path, ANNA), tmp_path / "out") == 2
    assert "mend --out" in capsys.readouterr().err

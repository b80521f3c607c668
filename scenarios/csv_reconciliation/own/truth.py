"""What is right for a user's own rows: ``truth.csv``, explained in docs/own-customers.md."""

from __future__ import annotations

from pathlib import Path

from bench.errors import BenchError
from bench.types import Json
from scenarios.csv_reconciliation.own import files
from scenarios.csv_reconciliation.own.files import OwnFiles

REPEATS = "row "
"""Before the id of an earlier row that is the same new person, as in ``decisions.csv``."""


def read(path: Path, own: OwnFiles) -> dict[str, Json] | None:
    """Number of a row → the customer it is, or for a new one the person; None without such a file.

    Raises ``BenchError`` naming file and line for a line that cannot be used, and for a row without
    a line.
    """
    if not path.is_file():
        return None
    told = _told(path, own)
    numbers = {row_id: number for number, row_id in enumerate(own.row_ids, start=1)}
    repeats = any(customer.startswith(REPEATS) for _, customer in told.values())
    truth: dict[str, Json] = {}
    for row_id, number in numbers.items():
        if row_id not in told:
            raise BenchError(
                f"{path}: no line for row {row_id} of incoming.csv; give every row its line, or "
                "remove the file"
            )
        customer, first = _followed(row_id, told, numbers)
        truth[str(number)] = {
            "customer": customer,
            "person": first if repeats and not customer else 0,
            "fault": number - 1 in own.faults,
        }
    return truth


def _told(path: Path, own: OwnFiles) -> dict[str, tuple[str, str]]:
    """Row → where it stands in the truth, and what it is said to be."""
    rows, customers = set(own.row_ids), set(own.customer_ids)
    told: dict[str, tuple[str, str]] = {}
    for where, line in files.lines(path, ("row_id", "customer_id"), ("disposition",)):
        row_id, customer = line["row_id"], line["customer_id"]
        if row_id not in rows:
            raise BenchError(f"{where}: incoming.csv has no row {row_id!r}; remove the line")
        if row_id in told:
            raise BenchError(f"{where}: row {row_id!r} has two lines; keep one of them")
        if line["disposition"] == "flagged":
            raise BenchError(
                f"{where}: still flagged; write merged or inserted, or leave the column out"
            )
        if customer.startswith(REPEATS):
            if customer[len(REPEATS) :] not in rows:
                raise BenchError(f"{where}: incoming.csv has no {customer!r}; mend the line")
        elif customer and customer not in customers:
            raise BenchError(
                f"{where}: customers.csv has no {customer!r}; mend the line, or leave the cell "
                "empty for somebody new"
            )
        told[row_id] = (where, customer)
    return told


def _followed(
    row_id: str, told: dict[str, tuple[str, str]], numbers: dict[str, int]
) -> tuple[str, int]:
    """The customer that a row is, through the rows it repeats; else the first of these rows."""
    seen = [row_id]
    while True:
        where, customer = told.get(seen[-1], ("", ""))
        if not customer.startswith(REPEATS):
            return customer, numbers[seen[-1]]
        seen.append(customer[len(REPEATS) :])
        if seen[-1] in seen[:-1]:
            raise BenchError(f"{where}: the rows repeat one another in a circle; leave one empty")

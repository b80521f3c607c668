"""A user's own customers and rows, decided by linkage alone: what comes out is ``decisions.csv``.

No policy of ours is applied here: no field is mandatory, nothing is an anomaly. A row is rejected
only if it cannot be read as a row or says nothing at all.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.abilities import OwnDecisions
from bench.errors import BenchError
from bench.spreadsheets import harmless
from scenarios.csv_reconciliation.linkage import Link, link
from scenarios.csv_reconciliation.own import files as own_files
from scenarios.csv_reconciliation.own.files import OwnFiles

COLUMNS = ("row_id", "disposition", "customer_id", "score", "reasons")

Line = tuple[str, str, str, str, str]


def decide(data: Path, out: Path, secret: str | None = None) -> OwnDecisions:  # noqa: ARG001
    """Link ``incoming.csv`` with ``customers.csv`` and write ``decisions.csv``: one line for each
    incoming row, in order. Raises ``BenchError`` for files that cannot be used; then nothing is
    written. These files need no secret."""
    files = own_files.read(data)
    links = link(files.columns, len(files.row_ids))
    counts: Counter[str] = Counter()
    written = _write(_counted(_lines(files, links), counts), out)
    return OwnDecisions(written, ("row", "rows"), counts)


def _counted(lines: Iterator[Line], counts: Counter[str]) -> Iterator[Line]:
    for line in lines:
        counts[line[1]] += 1
        yield line


def _lines(files: OwnFiles, links: list[Link]) -> Iterator[Line]:
    for row, (row_id, decided) in enumerate(zip(files.row_ids, links, strict=True)):
        if fault := files.faults.get(row):
            yield row_id, "rejected", "", "", fault
        else:
            customer = "" if decided.customer is None else files.customer_ids[decided.customer]
            if decided.row is not None:
                customer = f"row {files.row_ids[decided.row]}"
            score = "" if decided.probability is None else f"{decided.probability:.4f}"
            yield row_id, decided.disposition, customer, score, _reasons(files, decided)


def _reasons(files: OwnFiles, decided: Link) -> str:
    """Why, in words: first what made the case special, then how the fields agree."""
    reasons = []
    if decided.rival is not None:
        reasons.append(
            f"row {files.row_ids[decided.rival]} is another person and more like this customer"
        )
    if decided.second is not None:
        reasons.append(f"may also be {files.customer_ids[decided.second]}")
    if decided.row is not None:
        reasons.append("repeats a row of this file")
    if decided.disposition == "inserted":
        reasons.append("nobody comes near")
    return "; ".join([*reasons, *agreement(decided)])


def agreement(decided: Link) -> list[str]:
    """Which fields are equal, similar and different, in words."""
    named = {
        word: ", ".join(name for name, grade in decided.grades if grade == word)
        for word in ("equal", "similar", "different")
    }
    return [f"{word}: {names}" for word, names in named.items() if names]


def _write(lines: Iterator[Line], folder: Path) -> Path:
    """The file, whole or not at all."""
    target, partial = folder / "decisions.csv", folder / ".decisions.csv.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(tuple(map(harmless, line)) for line in lines)
        partial.replace(target)
    except OSError as error:
        raise BenchError(f"{target}: cannot be written ({error.strerror}); mend --out") from None
    return target

"""The win condition on a user's own rows: each is the customer that the user says it is.

It looks at the database, and at the user's truth if there is one; else nobody knows who is right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bench.types import Case, Json, RecordVerdict, Status, Verdict, Workspace
from scenarios.csv_reconciliation.own.job import record
from scenarios.csv_reconciliation.own.register import decided
from scenarios.csv_reconciliation.verify import pair

PLAIN_INSERT = re.compile(r"\s*INSERT INTO customers \(", re.IGNORECASE)

Decided = Mapping[int, tuple[str, str | None]]


def verify(case: Case, workspace: Workspace) -> Verdict:
    """Judge each row, then whether a customer on file was touched."""
    with workspace.engine.connect() as connection:
        found = decided(connection)
    rows = [int(name.rpartition("_")[2]) for name in case.records]
    earlier = _Inserted()
    records = []
    for row in rows:
        records.append(_judged(case.truth, found.get(row, ("undecided", None)), earlier, row))
        if found.get(row, ("", None))[0] == "inserted" and case.truth is not None:
            earlier.add(case.truth[str(row)], found[row][1])
    return Verdict(tuple(records), _faults(workspace, found, rows))


def state(workspace: Workspace) -> Json:
    """What became of each row; customers on file cannot change."""
    with workspace.engine.connect() as connection:
        found = decided(connection)
    return [[row, *found[row]] for row in sorted(found)]


def _faults(workspace: Workspace, found: Decided, rows: list[int]) -> tuple[str, ...]:
    faults = [f"row {row} is not in the case" for row in sorted(found.keys() - set(rows))]
    if any(_touches_customers(statement) for statement, _ in workspace.writes):
        faults.append("a customer on file was changed")
    return tuple(faults)


def _touches_customers(statement: str) -> bool:
    plain = PLAIN_INSERT.match(statement) and "conflict" not in statement.lower()
    return bool(re.search(r"\bcustomers\b", statement)) and not plain


class _Inserted:
    """The new customers of a case so far, by the person that they are."""

    def __init__(self) -> None:
        self._of: dict[int, set[str]] = {}
        self._first: dict[int, str] = {}

    def add(self, told: Json, customer: str | None) -> None:
        """A row became that customer. One that is on file already counts for nobody."""
        if customer and not told["customer"]:
            self._of.setdefault(told["person"], set()).add(customer)
            self._first.setdefault(told["person"], customer)

    def right(self, told: Json, decision: str) -> str:
        """What should become of a new row; ``decision`` if that is as right as anything. Which new
        rows are one person is known only if the user named any; else a row may repeat one."""
        person = told["person"]
        if told["fault"]:
            return "rejected"
        if decision.removeprefix("merged ") in self._of.get(person, ()):
            return decision
        return f"merged {self._first[person]}" if person in self._first and person else "inserted"


def _judged(
    truth: Json, found: tuple[str, str | None], earlier: _Inserted, row: int
) -> RecordVerdict:
    disposition, customer = found
    decision = f"{disposition} {customer}" if disposition == "merged" else disposition
    reviewed = disposition == "flagged"
    ledger = decision if disposition in ("inserted", "merged") else ""
    if truth is None:
        return RecordVerdict(record(row), "unknown", decision, reviewed, ledger=ledger)
    told = truth[str(row)]
    on_file = told["customer"]
    right = f"merged {on_file}" if on_file else earlier.right(told, decision)
    status: Status = "pass" if decision == right else "deferred" if reviewed else "fail"
    reasons = () if status == "pass" else (f"{decision}, right is: {right}",)
    put = pair(decision, right)
    if put == "found" and not on_file and not told["person"]:
        put = ""  # whom a new row repeats is not known
    return RecordVerdict(record(row), status, decision, reviewed, reasons, ledger, put)

"""The job on a user's own rows: linkage decides, with what it has learnt from the whole files."""

from __future__ import annotations

from typing import Literal

from bench.types import Decision, JobReport, Workspace
from scenarios.csv_reconciliation.linkage import Link
from scenarios.csv_reconciliation.own.decisions import agreement
from scenarios.csv_reconciliation.own.register import Entry, OwnRow, Register, decided, rows_of


def record(number: int) -> str:
    """The id of the record in that row."""
    return f"row_{number}"


def run(
    workspace: Workspace, register: Register, *, unsure: Literal["review", "flag"]
) -> JobReport:
    """Decide every open row in one transaction. Rows between two chairs go to human review, or
    stay undecided and are reported as flagged."""
    log: list[Decision] = []
    flagged: dict[str, str] = {}
    with workspace.engine.begin() as connection:
        done = decided(connection)
        rows = [row for row in rows_of(connection) if row.number not in done]
        linked = register.decide(connection, rows)
        entries = entries_of(register, rows, linked)
        written = []
        for row, entry, (link, _) in zip(rows, entries, linked, strict=True):
            reason = "; ".join([row.fault] if row.fault else agreement(link))
            if entry.disposition == "flagged" and unsure == "flag":
                flagged[record(row.number)] = reason
            else:
                written.append(entry)
            told = f"{entry.disposition} {entry.customer_id or ''}".rstrip()
            log.append(Decision(record(row.number), told, reason))
        register.write(connection, written)
    return JobReport(tuple(log), flagged)


def entries_of(
    register: Register, rows: list[OwnRow], linked: list[tuple[Link, str]]
) -> list[Entry]:
    """What becomes of each row. One that repeats a row that is itself in doubt is so too."""
    entries: list[Entry] = []
    new: set[str | None] = set()
    for row, (link, customer) in zip(rows, linked, strict=True):
        if row.fault:
            entry = Entry(row, "rejected")
        elif link.disposition == "inserted":
            entry = register.inserted(row)
            new.add(entry.customer_id)
        elif link.disposition == "flagged" or (link.row is not None and customer not in new):
            entry = Entry(row, "flagged")
        else:
            entry = Entry(row, "merged", customer)
        entries.append(entry)
    return entries


def trivial(workspace: Workspace, register: Register, choice: Literal["skip", "defer"]) -> None:
    """Insert every row as new, or leave every one to a human: no program, but a yardstick."""
    with workspace.engine.begin() as connection:
        done = decided(connection)
        rows = [row for row in rows_of(connection) if row.number not in done]
        register.write(
            connection,
            [register.inserted(row) if choice == "skip" else Entry(row, "flagged") for row in rows],
        )

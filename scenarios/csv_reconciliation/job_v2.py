"""The job after the rules have changed: the decision as it is laid out in ``policy_v2.md``.

Lay it beside ``decide`` in ``job.py`` and ``same_person`` in ``matching.py``: the difference is the
repair that the job needed, and all of it. Everything else of the job stays as it was.
"""

from __future__ import annotations

from scenarios.csv_reconciliation import ledger
from scenarios.csv_reconciliation.intake import Row, phone_number
from scenarios.csv_reconciliation.job import Unsure, names
from scenarios.csv_reconciliation.ledger import Entry
from scenarios.csv_reconciliation.matching import Answer, judge
from scenarios.csv_reconciliation.search import Register

FIRST_MINOR = "2008-01-01"


def decide(row: Row, register: Register, undecided: Register) -> Entry | Unsure:
    """Sections 1 to 3 of the policy, for one row."""
    if fault := fault_of(row):
        return Entry(row.number, "rejected", fault)
    if row.remarks:
        return Unsure(row.number, "has a remark, and rules cannot read")
    if row.doubt:
        return Entry(row.number, "flagged", row.doubt)
    if is_minor(row):
        return Entry(row.number, "flagged", "minor")
    for other, comparison in undecided.candidates(row.person):
        if judge(comparison, same_person) is not Answer.DIFFERENT:
            return Unsure(row.number, f"may be the person of {other.id}, which is undecided")

    answers = [(found, judge(c, same_person)) for found, c in register.candidates(row.person)]
    same = [found for found, answer in answers if answer is Answer.SAME]
    doubtful = [found for found, answer in answers if answer is Answer.DOUBTFUL]
    unsure = [found for found, answer in answers if answer is Answer.UNSURE]
    if unsure:
        return Unsure(row.number, f"may or may not be {names(unsure)}")
    if same:
        return ledger.merged(row.number, row.person, min(same, key=lambda found: found.id))
    if doubtful:
        return Entry(row.number, "flagged", "conflict")
    return ledger.inserted(row.number, row.person)


def same_person(identity: int, email: bool, phone: bool, address: bool) -> Answer:  # noqa: ARG001
    """Section 2 of the policy: how many identity fields agree, and which contacts."""
    if identity == 3:
        return Answer.SAME if email or phone else Answer.DOUBTFUL
    return Answer.DOUBTFUL if identity == 2 and (email or phone) else Answer.DIFFERENT


def fault_of(row: Row) -> str | None:
    """Why the row is rejected: a phone is mandatory."""
    if row.fault in ("total_row", "shifted_columns"):
        return row.fault
    if not phone_number(row.person.phone, row.person.country):
        return "missing_field"
    return row.fault


def is_minor(row: Row) -> bool:
    """Whether a valid row is somebody who must not become a customer without being looked at."""
    return row.doubt is None and row.person.date_of_birth >= FIRST_MINOR


ADDED = (fault_of, is_minor)
"""What ``decide`` needs beside what the job had."""

"""The job: reconciles whole files by rules, and hands on what rules cannot judge.

It is ``policy.md`` in code, section by section: ``intake`` says which rows are invalid,
``matching`` who is the same person, ``ledger`` what merging writes. What only a reader could
decide (a remark, a name that is neither alike nor different) is never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlalchemy import Connection

from bench.types import Decision, JobReport, Workspace
from scenarios.csv_reconciliation import ledger
from scenarios.csv_reconciliation.intake import Row
from scenarios.csv_reconciliation.layout import read_file
from scenarios.csv_reconciliation.ledger import Entry, Import
from scenarios.csv_reconciliation.matching import Answer, judge
from scenarios.csv_reconciliation.schema import Customer
from scenarios.csv_reconciliation.search import Register


@dataclass(frozen=True, slots=True)
class Unsure:
    """A row that the rules do not cover, and why."""

    row: int
    reason: str


Rules: TypeAlias = Callable[[Row, Register, Register], Entry | Unsure]
"""Decides a row, given the customers around it and the undecided rows before it."""


def run(
    workspace: Workspace, *, unsure: Literal["review", "flag"], rules: Rules | None = None
) -> JobReport:
    """Import every pending file, each in one transaction. Rows that the ``rules`` (``decide``) do
    not cover go to human review, or stay undecided and are reported as flagged."""
    decisions: list[Decision] = []
    flagged: dict[str, str] = {}
    with workspace.engine.connect() as connection:
        files = ledger.pending(connection)
    for file in files:
        with workspace.engine.begin() as connection:
            outcomes = _decide_file(workspace, connection, file, rules or decide)
            left = [outcome for outcome in outcomes if isinstance(outcome, Unsure)]
            entries = [outcome for outcome in outcomes if isinstance(outcome, Entry)]
            if unsure == "review":
                entries += [Entry(outcome.row, "flagged", "needs_review") for outcome in left]
            ledger.write(connection, file, entries)
            figures = ledger.totals(connection, file)
        if unsure == "flag":
            flagged |= {file.record(outcome.row): outcome.reason for outcome in left}
        if not left or unsure == "review":
            ledger.write_summary(workspace.folder, figures)
        decisions += [_log(file, outcome) for outcome in outcomes]
    return JobReport(tuple(decisions), flagged)


def trivial(workspace: Workspace, choice: Literal["skip", "defer"]) -> None:
    """Reject every open row, or leave every one to a human: no program, but a yardstick."""
    with workspace.engine.begin() as connection:
        for file in ledger.pending(connection):
            rows = read_file(workspace.folder / file.file).rows
            done = ledger.decided(connection, file)
            numbers = [row.number for row in rows if row.number not in done]
            if choice == "skip":
                entries = [Entry(number, "rejected", "missing_field") for number in numbers]
            else:
                entries = [Entry(number, "flagged", "needs_review") for number in numbers]
            ledger.write(connection, file, entries)
            ledger.write_summary(workspace.folder, ledger.totals(connection, file))


def _decide_file(
    workspace: Workspace, connection: Connection, file: Import, rules: Rules
) -> list[Entry | Unsure]:
    """Decide the open rows of a file, in order: a row may be the same person as one before it."""
    rows = read_file(workspace.folder / file.file).rows
    done = ledger.decided(connection, file)
    rows = tuple(row for row in rows if row.number not in done)
    register = Register.load(connection, [r.person for r in rows if not (r.fault or r.unclear)])
    undecided = Register()
    outcomes: list[Entry | Unsure] = []
    for row in rows:
        unread = _unread(row)
        outcome = Unsure(row.number, unread) if unread else rules(row, register, undecided)
        outcomes.append(outcome)
        if isinstance(outcome, Unsure):
            undecided.put(Customer(f"row {row.number}", row.person))
        elif outcome.after:
            register.put(outcome.after)
    return outcomes


def _unread(row: Row) -> str:
    """Why a row may say something else than what was read of it. One to be rejected anyway loses
    nothing by what was left out."""
    if row.unclear or row.fault or not row.left_out:
        return row.unclear
    return f"holds something in a column that is not known ({row.left_out})"


def decide(row: Row, register: Register, undecided: Register) -> Entry | Unsure:
    """Sections 1 to 3 of the policy, for one row."""
    if row.fault:
        return Entry(row.number, "rejected", row.fault)
    if row.remarks:
        return Unsure(row.number, "has a remark, and rules cannot read")
    if row.doubt:
        return Entry(row.number, "flagged", row.doubt)
    for other, comparison in undecided.candidates(row.person):
        if judge(comparison) is not Answer.DIFFERENT:
            return Unsure(row.number, f"may be the person of {other.id}, which is undecided")

    answers = [(found, judge(c)) for found, c in register.candidates(row.person)]
    same = [found for found, answer in answers if answer is Answer.SAME]
    doubtful = [found for found, answer in answers if answer is Answer.DOUBTFUL]
    unsure = [found for found, answer in answers if answer is Answer.UNSURE]
    if len(same) > 1:
        return Entry(row.number, "flagged", "conflict")
    if unsure:
        return Unsure(row.number, f"may or may not be {names(unsure)}")
    if same:
        return ledger.merged(row.number, row.person, same[0])
    if doubtful:
        return Entry(row.number, "flagged", "conflict")
    return ledger.inserted(row.number, row.person)


def _log(file: Import, outcome: Entry | Unsure) -> Decision:
    if isinstance(outcome, Unsure):
        return Decision(file.record(outcome.row), "unsure", outcome.reason)
    customer = f" {outcome.after.id}" if outcome.after else ""
    return Decision(file.record(outcome.row), outcome.disposition + customer, outcome.reason)


def names(customers: Iterable[Customer]) -> str:
    """Their ids, for a reason."""
    return ", ".join(customer.id for customer in customers)

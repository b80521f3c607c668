"""The win condition: every row's disposition, every customer's values, the summary, no stranger.

It looks at the database and at ``summary.json`` after the trial, and at the generator's truth.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from bench.types import Case, Json, Pair, RecordVerdict, Status, Verdict, Workspace
from scenarios.csv_reconciliation.ledger import DISPOSITIONS, READABLE_SUMMARY, SUMMARY
from scenarios.csv_reconciliation.people import background
from scenarios.csv_reconciliation.schema import (
    BACKGROUND,
    CUSTOMER_COLUMNS,
    OWNED,
    customers,
    dispositions,
)

NAMES = tuple(column.name for column in CUSTOMER_COLUMNS if column.name != "id")
SEPARATOR = "\t"
PLAIN_INSERT = re.compile(r"INSERT INTO customers\b", re.IGNORECASE)
UPDATE_BY_ID = re.compile(
    r"^UPDATE customers SET .* WHERE customers\.id = (\?|%\(\w+\)s)(::\w+)?$", re.DOTALL
)

FIGURE = re.compile(r"^\| (\w+) \| (-?\d+) \|$", re.MULTILINE)
TWICE = " and "
"""Between the decisions of a row that has several."""
ENTERED = ("inserted", "merged")
"""Decisions that leave something in the books."""
NEEDS_REVIEW = "flagged: needs_review"
"""A human is asked without saying why: right where one is needed, deferred elsewhere."""

Rows = dict[str, dict[str, Any]]
"""Values of customers, by id."""
Found = Mapping[int, Sequence[Mapping[str, Any]]]
"""Dispositions, by row: one at most, unless the guards were taken away."""


def verify(case: Case, workspace: Workspace) -> Verdict:
    """Judge each record, then the case as a whole."""
    with workspace.engine.connect() as connection:
        found = _dispositions(connection, case.records[0].rpartition("/")[0])
        on_file = _customers(connection)
        strangers = _changed_strangers(workspace, connection, case.truth["seed"])
    truths: dict[int, Json] = dict(enumerate(case.truth["rows"], start=1))
    decisions = _in_words(found, truths)
    right = {
        row for row, truth in truths.items() if _judge(decisions[row], _right(truth))[0] == "pass"
    }

    expected = _expected(case, found, {row: truths[row] for row in sorted(right)})
    wrong = {id_: _difference(expected.get(id_), on_file.get(id_)) for id_ in expected | on_file}
    touched = {
        row: {truth["customer"], *(entry["customer_id"] for entry in found.get(row, ()))} - {None}
        for row, truth in truths.items()
    }
    records = []
    for record, (row, truth) in zip(case.records, truths.items(), strict=True):
        status, reasons = _judge(decisions[row], _right(truth))
        values = tuple(f"{id_}: {wrong[id_]}" for id_ in sorted(touched[row]) if wrong.get(id_))
        if values and status == "pass":
            status = "fail"
        reviewed = decisions[row].startswith("flagged")
        entered = [word for word in decisions[row].split(TWICE) if word.startswith(ENTERED)]
        ledger = "; ".join([*entered, *values])
        records.append(
            RecordVerdict(
                record,
                status,
                decisions[row],
                reviewed,
                reasons + values,
                ledger,
                pair(decisions[row], _right(truth)),
            )
        )

    explained = set().union(*touched.values())
    faults = [
        f"{id_}: {wrong[id_]}" for id_ in sorted(wrong) if wrong[id_] and id_ not in explained
    ]
    faults += [f"{id_}: a stranger's data were changed" for id_ in strangers]
    faults += [f"row {row} is not in the file" for row in sorted(found.keys() - truths.keys())]
    faults += _summary_faults(workspace, found)
    return Verdict(tuple(records), tuple(faults))


def state(workspace: Workspace) -> Json:
    """All tables in canonical order; a customer that came from a row is named by that row, and
    the background stands as one digest."""
    with workspace.engine.connect() as connection:
        entries = connection.execute(
            select(dispositions).order_by(dispositions.c.import_id, dispositions.c.row)
        ).all()
        on_file = _customers(connection)
        digest = sha256(_background(connection).encode())
    new = {e.customer_id: f"row {e.row}" for e in entries if e.disposition == "inserted"}
    return {
        "customers": sorted(
            [new.get(id_, id_), *values.values()] for id_, values in on_file.items()
        ),
        "background": digest.hexdigest(),
        "dispositions": [
            [e.import_id, e.row, e.disposition, new.get(e.customer_id, e.customer_id), e.reason]
            for e in entries
        ],
        "summary": _summary(workspace),
    }


def _dispositions(connection: Connection, import_id: str) -> dict[int, list[Mapping[str, Any]]]:
    order = (dispositions.c.row, dispositions.c.disposition, dispositions.c.customer_id)
    query = select(dispositions).where(dispositions.c.import_id == import_id).order_by(*order)
    found: dict[int, list[Mapping[str, Any]]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["row"], []).append(dict(row))
    return found


def _customers(connection: Connection) -> Rows:
    """All but the background."""
    query = select(*CUSTOMER_COLUMNS).where(customers.c.id >= OWNED).order_by(customers.c.id)
    return {
        row["id"]: {name: value for name, value in row.items() if name != "id"}
        for row in connection.execute(query).mappings()
    }


def _background(connection: Connection) -> str:
    """The customers that no case owns, a line each; put together by the database, because
    fetching thousands of rows one by one takes twice as long."""
    first, *others = CUSTOMER_COLUMNS
    line: ColumnElement[str] = first
    for column in others:
        line = line + SEPARATOR + column
    lines = select(line.label("line")).where(first < OWNED).order_by(first).subquery()
    text = connection.execute(select(func.aggregate_strings(lines.c.line, "\n"))).scalar()
    return text or ""


@cache
def _original(seed: int) -> str:
    lines = ((c.id, *(getattr(c.person, n) for n in NAMES)) for c in background(seed))
    return "\n".join(map(SEPARATOR.join, lines))


def _changed_strangers(workspace: Workspace, connection: Connection, seed: int) -> list[str]:
    """Background customers that are not as they were. They are read only if a write may have
    touched one, because that takes as long as everything else here together."""
    if not any(_may_touch_background(*write) for write in workspace.writes):
        return []
    before, after = _original(seed), _background(connection)
    if before == after:
        return []
    changed = set(before.split("\n")) ^ set(after.split("\n"))
    return sorted({line.partition(SEPARATOR)[0] for line in changed})


def _may_touch_background(statement: str, parameters: str) -> bool:
    text = statement.strip()
    if "customers" not in text.lower():
        return False
    if PLAIN_INSERT.match(text) and "conflict" not in text.lower():
        return False
    return not (UPDATE_BY_ID.search(text) and f"'{BACKGROUND}" not in parameters)


def _in_words(found: Found, rows: Iterable[int]) -> dict[int, str]:
    """What the database holds of each row; a customer that came from a row is named by that row."""
    new = {
        entry["customer_id"]: f"row {row}"
        for row, entries in found.items()
        for entry in entries
        if entry["disposition"] == "inserted"
    }
    return {
        row: TWICE.join(_words(entry, new) for entry in found.get(row, ())) or "undecided"
        for row in rows
    }


def _words(entry: Mapping[str, Any], new: Mapping[str, str]) -> str:
    disposition = str(entry["disposition"])
    if disposition == "merged":
        return f"merged {new.get(entry['customer_id'], entry['customer_id'])}"
    return disposition if disposition == "inserted" else f"{disposition}: {entry['reason']}"


def _right(truth: Json) -> str:
    if truth["disposition"] == "merged":
        return f"merged {truth['customer']}"
    reason = f": {truth['reason']}" if truth["reason"] else ""
    return f"{truth['disposition']}{reason}"


def _judge(decision: str, right: str) -> tuple[Status, tuple[str, ...]]:
    if decision == right or (decision == NEEDS_REVIEW and right.startswith("flagged")):
        return "pass", ()
    if TWICE in decision:
        return "fail", (f"decided {decision.count(TWICE) + 1} times, right is: {right}",)
    if decision.startswith("flagged") and not right.startswith("flagged"):
        return "deferred", (f"left to a human, right is: {right}",)
    return "fail", (f"{decision}, right is: {right}",)


def pair(decision: str, right: str) -> Pair:
    """Whether a row was merged into the person it is."""
    due, linked = (word.startswith("merged ") for word in (right, decision))
    if due and linked:
        return "found" if decision == right else "wrong"
    return "missed" if due else "invented" if linked else ""


def _expected(case: Case, found: Found, right: Mapping[int, Json]) -> Rows:
    """The customers as they have to be, after the rows that were decided rightly."""
    expected: Rows = {
        str(row["id"]): {name: row[name] for name in NAMES} for row in case.rows["customers"]
    }
    for row, truth in right.items():
        if truth["writes"]:
            (entry,) = found[row]
            expected.setdefault(entry["customer_id"], {}).update(truth["writes"])
    return expected


def _difference(expected: Mapping[str, Any] | None, actual: Mapping[str, Any] | None) -> str | None:
    if expected is None:
        return "should not exist"
    if actual is None:
        return "is missing"
    return (
        "; ".join(
            f"{name} is {actual.get(name)!r}, right is {expected.get(name)!r}"
            for name in actual
            if actual.get(name) != expected.get(name)
        )
        or None
    )


def _summary(workspace: Workspace) -> Json:
    try:
        return json.loads((workspace.folder / SUMMARY).read_bytes())
    except (OSError, ValueError):
        return None


def _summary_faults(workspace: Workspace, found: Found) -> list[str]:
    summary = _summary(workspace)
    if not isinstance(summary, dict):
        return [f"{SUMMARY} is missing or unreadable"]
    counts = Counter(entry["disposition"] for entries in found.values() for entry in entries)
    right = {"rows": counts.total()} | {str(name): counts[name] for name in DISPOSITIONS}
    return [
        f"{file}: {name} is {figures.get(name)!r}, right is {figure}"
        for file, figures in ((SUMMARY, summary), (READABLE_SUMMARY, _readable_summary(workspace)))
        for name, figure in right.items()
        if figures.get(name) != figure
    ]


def _readable_summary(workspace: Workspace) -> dict[str, int]:
    """The figures in ``summary.md``; none if it is missing."""
    try:
        text = (workspace.folder / READABLE_SUMMARY).read_text("utf-8")
    except (OSError, ValueError):
        return {}
    return {name: int(figure) for name, figure in FIGURE.findall(text)}

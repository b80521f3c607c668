"""The win condition: looks at the tables, never at what an approach says about itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import Connection, Table, select

from bench.database import table_rows
from bench.hashing import content_hash
from bench.types import Case, Json, RecordVerdict, Verdict, Workspace
from scenarios.billing_webhooks.schema import (
    READ_ONLY,
    billing_events,
    decisions,
    metadata,
    pending_events,
)

Rows: TypeAlias = Mapping[str, Mapping[str, Json]]

WRITE = re.compile(
    r"\s*(?:INSERT\s+INTO|REPLACE\s+INTO|UPDATE|DELETE\s+FROM|DROP\s+TABLE|ALTER\s+TABLE)"
    r"\s+[\"`]?(\w+)",
    re.IGNORECASE,
)


def verify(case: Case, workspace: Workspace) -> Verdict:
    """Compare what the database holds with what the case's generator decided."""
    with workspace.engine.connect() as connection:
        charges = _charges(connection)
        ledger = {id: found[0] for id, found in charges.items()}
        logged = _rows(connection, decisions, "delivery_id")
        deliveries = _rows(connection, pending_events, "id")
    records = tuple(
        _judge(
            record,
            None if case.truth is None else case.truth[record],
            charges.get(record, []),
            logged.get(record),
            deliveries.get(record),
        )
        for record in case.records
    )
    faults = (
        *_touched_history(case, ledger, logged, deliveries),
        *(
            f"wrote to {table}, which is read-only"
            for table in sorted(_read_only_writes(workspace))
        ),
    )
    return Verdict(records, faults)


def _rows(connection: Connection, table: Table, key: str) -> Rows:
    found = connection.execute(select(table)).mappings()
    return {row[key]: dict(row) for row in found}


def _charges(connection: Connection) -> Mapping[str, list[Mapping[str, Json]]]:
    """The charges for each delivery: one at most, unless the guards were taken away."""
    found: dict[str, list[Mapping[str, Json]]] = {}
    order = (billing_events.c.delivery_id, billing_events.c.amount, billing_events.c.customer_id)
    for row in connection.execute(select(billing_events).order_by(*order)).mappings():
        found.setdefault(row["delivery_id"], []).append(dict(row))
    return found


def _judge(
    record: str,
    right: Mapping[str, Json] | None,
    charges: Sequence[Mapping[str, Json]],
    logged: Mapping[str, Json] | None,
    delivery: Mapping[str, Json] | None,
) -> RecordVerdict:
    decision = logged["decision"] if logged else "undecided"
    charge = charges[0] if charges else None
    if right is None:
        words = decision if charge is None else f"{decision} {_money(charge)}"
        return RecordVerdict(record, "unknown", words, decision == "review")
    due = right["charge"]
    wrong = []
    if len(charges) > 1:
        wrong.append(f"charged {len(charges)} times")
    if charge is None and due is not None and decision == "billed":
        wrong.append(f"logged as billed, not charged {_money(due)}")
    if charge is not None and due is None:
        wrong.append(f"charged {_money(charge)}, nothing was due")
    if charge is not None and due is not None:
        wrong.extend(
            f"charged with {name} {charge[name]}, right is {value}"
            for name, value in due.items()
            if charge[name] != value
        )
    if charge is not None and decision != "billed":
        wrong.append(f"charged, but logged as {decision}")
    if delivery is None or delivery["status"] != "processed":
        wrong.append("left unprocessed")
    if decision not in (right["decision"], "review"):
        wrong.append(f"{decision}, right is {right['decision']} ({right['reason']})")
    words = decision if charge is None else f"{decision} {_money(charge)}"
    if charge is not None and due is not None and _strangers(charge, due):
        words += f" to {charge['customer_id']}"
    reviewed = decision == "review"
    ledger = ", ".join(f"{_money(each)} from {each['customer_id']}" for each in charges)
    if wrong:
        return RecordVerdict(record, "fail", words, reviewed, tuple(wrong), ledger)
    if decision != right["decision"]:
        reason = f"sent to review, right is {right['decision']} ({right['reason']})"
        return RecordVerdict(record, "deferred", words, reviewed, (reason,), ledger)
    return RecordVerdict(record, "pass", words, reviewed, ledger=ledger)


def _strangers(charge: Mapping[str, Json], due: Mapping[str, Json]) -> bool:
    """Whether another customer is charged; a user's own truth may leave open who was to be."""
    return bool(charge["customer_id"] != due.get("customer_id", charge["customer_id"]))


def _money(charge: Mapping[str, Json]) -> str:
    return f"{charge['amount']} {charge['currency']}"


def _touched_history(case: Case, ledger: Rows, logged: Rows, deliveries: Rows) -> Iterator[str]:
    """What was handled before the case began, and what the entry rejected, must stay as it is."""
    open_records = set(case.records)
    arrived = {row["id"]: row for row in case.rows["pending_events"]}
    charged = {row["delivery_id"]: row for row in case.rows["billing_events"]}
    decided = {row["delivery_id"]: row for row in case.rows["decisions"]}
    if deliveries.keys() != arrived.keys():
        yield "deliveries were added or removed"
    for id in sorted(deliveries.keys() & arrived.keys()):
        expected = dict(arrived[id])
        if id in open_records:
            expected["status"] = deliveries[id]["status"]
        if deliveries[id] != expected:
            yield f"delivery {id} was changed"
    for id in sorted((ledger.keys() | charged.keys()) - open_records):
        if ledger.get(id) != charged.get(id):
            yield f"the charge for {id} was changed"
    for id in sorted((logged.keys() | decided.keys()) - open_records):
        if logged.get(id) != decided.get(id):
            yield f"the decision on {id} was changed"


def _read_only_writes(workspace: Workspace) -> set[str]:
    targets = (WRITE.match(statement) for statement, _ in workspace.writes)
    return {match[1].lower() for match in targets if match} & READ_ONLY


def state(workspace: Workspace) -> Json:
    """Charges, decisions without their reasons, and what is left pending. The read-only tables
    count only where somebody wrote to them; otherwise they are as they were."""
    touched = _read_only_writes(workspace)
    return {
        "billing_events": table_rows(workspace, billing_events),
        "decisions": table_rows(workspace, decisions, leave_out=frozenset({"reason"})),
        "pending_events": _statuses(workspace),
        "touched": {
            name: content_hash(table_rows(workspace, metadata.tables[name])) for name in touched
        },
    }


def _statuses(workspace: Workspace) -> list[Json]:
    every_other = frozenset(
        column.name for column in pending_events.columns if column.name not in ("id", "status")
    )
    return table_rows(workspace, pending_events, leave_out=every_other)

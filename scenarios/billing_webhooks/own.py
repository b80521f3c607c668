"""A user's own events, from a folder of files to a case, and what was decided of them as a file.

The files and their columns are described in README.md. What stands in an event is untrusted and
never a reason to stop; what is wrong with the tables is the user's to mend.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bench.abilities import OwnDecisions
from bench.database import scratch_workspace
from bench.errors import BenchError
from bench.spreadsheets import harmless
from bench.types import Case, Json, Workspace
from scenarios.billing_webhooks import entry, job
from scenarios.billing_webhooks.schema import (
    billing_events,
    decisions,
    metadata,
    pending_events,
)

PRICE_COLUMNS = ("price_id", "unit_amount", "currency", "interval")
SUBSCRIPTION_COLUMNS = (
    "subscription_id",
    "customer_id",
    "status",
    "currency",
    "price_id",
    "quantity",
    "current_period_start",
    "current_period_end",
)
PRORATION_BEHAVIORS = ("always_invoice", "create_prorations", "none")
DECISION_COLUMNS = ("event_id", "decision", "amount_minor", "currency", "reason")


def decide(data: Path, out: Path, secret: str | None = None) -> OwnDecisions:
    """Run the job on the deliveries of a folder and write ``decisions.csv``: one line for each."""
    case = read(data, secret)
    with scratch_workspace(metadata, case) as workspace:
        report = job.process(workspace, unsure="review")
        written = write(workspace, out)
    counts = Counter(decision.decision.split()[0] for decision in report.decisions)
    counts["rejected"] = len(case.rows["decisions"])
    return OwnDecisions(written, ("delivery", "deliveries"), counts)


def read(folder: Path, secret: str | None = None) -> Case:
    """The deliveries of a folder, and the records to decide them by, as one case.

    ``secret`` is the endpoint's, for lines that hold a raw body and its signature header. Raises
    ``BenchError`` naming file and line for a table that cannot be used.
    """
    rows = records(folder)
    deliveries, rejections = [], []
    for number, line in _lines(folder / "events.jsonl"):
        row, rejection = _delivery(number, line, secret or entry.SECRET)
        deliveries.append(row)
        if rejection:
            rejections.append(rejection)
    return Case(
        id="own-data",
        stratum="own_data",
        records=tuple(row["id"] for row in deliveries if row["status"] == "pending"),
        rows={
            **rows,
            "pending_events": deliveries,
            "billing_events": [],
            "decisions": rejections,
        },
    )


def records(folder: Path) -> dict[str, list[dict[str, Json]]]:
    """The rows of ``prices``, ``customers`` and ``subscriptions`` in a folder's tables. Raises
    ``BenchError`` naming file and line for a table that cannot be used."""
    prices = [_price(*row) for row in _table(folder / "prices.csv", PRICE_COLUMNS)]
    subscriptions = [
        _subscription(*row) for row in _table(folder / "subscriptions.csv", SUBSCRIPTION_COLUMNS)
    ]
    _distinct(folder / "prices.csv", prices)
    _distinct(folder / "subscriptions.csv", subscriptions)
    owners = sorted({row["customer_id"] for row in subscriptions})
    return {
        "prices": prices,
        "customers": [{"id": id, "name": "", "email": ""} for id in owners],
        "subscriptions": subscriptions,
    }


def write(workspace: Workspace, folder: Path) -> Path:
    """Write ``decisions.csv``, whole or not at all: a line a delivery, in order of arrival."""
    target = folder / "decisions.csv"
    partial = folder / ".decisions.csv.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(DECISION_COLUMNS)
            for line in _decided(workspace):
                writer.writerow(harmless(v) if isinstance(v, str) else v for v in line)
        partial.replace(target)
    except OSError as error:
        raise BenchError(f"{target}: cannot be written ({error.strerror}); mend --out") from None
    return target


def _decided(workspace: Workspace) -> Iterator[tuple[Any, ...]]:
    with workspace.engine.connect() as connection:
        yield from map(
            tuple,
            connection.execute(
                select(
                    pending_events.c.event_id,
                    decisions.c.decision,
                    billing_events.c.amount,
                    billing_events.c.currency,
                    decisions.c.reason,
                )
                .join(decisions, decisions.c.delivery_id == pending_events.c.id)
                .outerjoin(billing_events, billing_events.c.delivery_id == pending_events.c.id)
                .order_by(pending_events.c.sequence)
            ),
        )


# --- events ----------------------------------------------------------------------------------


def _delivery(
    number: int, line: bytes, secret: str
) -> tuple[dict[str, Json], dict[str, Json] | None]:
    """The rows of the delivery in a line: an envelope, or a raw body with its signature."""
    text = line.decode("utf-8", "replace")
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict) and isinstance(told.get("body"), str):
        payload, signature = told["body"], told.get("signature")
        signature = signature if isinstance(signature, str) else ""
        received_at = told.get("received_at")
        if type(received_at) is not int or not 0 <= received_at <= entry.LAST_MOMENT:
            received_at = _signed_at(signature)
        receipt = entry.receive(payload, signature, received_at, secret)
    else:
        payload, signature, received_at = text, "", 0
        too_large = len(payload) > entry.LARGEST_BODY
        # Unless told otherwise, an event arrives when it happens.
        receipt = entry.look(payload, received_at, "too_large" if too_large else None)
        received_at = receipt.created
    return entry.delivery(
        id=f"line_{number}",
        sequence=number,
        payload=_storable(payload),
        signature=_storable(signature),
        received_at=received_at,
        receipt=receipt,
    )


def _storable(text: str) -> str:
    """Without lone surrogates, of which no database takes any."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _signed_at(signature: str) -> int:
    """The moment in a signature header: of receipt, where no other is told."""
    named = next((part[2:] for part in signature.split(",") if part.startswith("t=")), "")
    valid = named.isascii() and named.isdigit() and int(named[:20]) <= entry.LAST_MOMENT
    return int(named) if valid else 0


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that hold something, with their numbers."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BenchError(
            f"{path}: cannot be read ({error.strerror}); it holds one event a line"
        ) from None
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            yield number, line.strip()


# --- tables ----------------------------------------------------------------------------------


def _table(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Rows, each with the place that an error has to name."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise BenchError(
                    f"{path}, line 1: no column {', '.join(missing)}; needed are "
                    f"{','.join(columns)}"
                )
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                yield where, {name: (row[name] or "").strip() for name in row if name}
    except OSError as error:
        raise BenchError(
            f"{path}: cannot be read ({error.strerror}); its columns are {','.join(columns)}"
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BenchError(f"{path}: not a CSV file in UTF-8 ({error}); save it as one") from None


def _price(where: str, row: Mapping[str, str]) -> dict[str, Json]:
    return {
        "id": _text(where, row, "price_id"),
        "plan": "",
        "unit_amount": _integer(where, row, "unit_amount") if row["unit_amount"] else None,
        "currency": _text(where, row, "currency").lower(),
        "interval": _text(where, row, "interval"),
    }


def _subscription(where: str, row: Mapping[str, str]) -> dict[str, Json]:
    agreed = row.get("proration_behavior") or "always_invoice"
    if agreed not in PRORATION_BEHAVIORS:
        raise BenchError(
            f"{where}: no proration_behavior {agreed!r}; there are {', '.join(PRORATION_BEHAVIORS)}"
        )
    return {
        "id": _text(where, row, "subscription_id"),
        "customer_id": _text(where, row, "customer_id"),
        "price_id": _text(where, row, "price_id"),
        "quantity": _integer(where, row, "quantity"),
        "currency": _text(where, row, "currency").lower(),
        "status": _text(where, row, "status"),
        "period_start": _moment(where, row, "current_period_start"),
        "period_end": _moment(where, row, "current_period_end"),
        "proration_behavior": agreed,
    }


def _text(where: str, row: Mapping[str, str], name: str) -> str:
    if not row[name]:
        raise BenchError(f"{where}: {name} is empty; fill it in or remove the line")
    return row[name]


def _integer(where: str, row: Mapping[str, str], name: str) -> int:
    value = row[name]
    if not (value.isascii() and value.isdigit() and len(value) <= 12):
        raise BenchError(f"{where}: {name} {value!r} is no whole number of up to 12 digits")
    return int(value)


def _moment(where: str, row: Mapping[str, str], name: str) -> int:
    """Unix seconds, also where the cell holds an ISO date (UTC unless it says otherwise)."""
    value = row[name]
    if value.isascii() and value.isdigit():
        return _integer(where, row, name)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise BenchError(
            f"{where}: {name} {value!r} is neither Unix seconds nor an ISO date"
        ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _distinct(path: Path, rows: list[dict[str, Json]]) -> None:
    seen: set[str] = set()
    for row in rows:
        if row["id"] in seen:
            raise BenchError(f"{path}: {row['id']} stands in it twice; keep one of the lines")
        seen.add(row["id"])

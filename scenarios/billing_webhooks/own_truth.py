"""What is right for a user's own deliveries, from ``truth.jsonl``: README.md has its fields."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.errors import BenchError
from bench.types import Json

DECISIONS = ("billed", "ignored", "review", "rejected")
FIELDS = ("event_id", "decision", "amount_minor", "currency", "reason")


def read(path: Path, deliveries: Sequence[Mapping[str, Json]]) -> dict[str, Json] | None:
    """Record → what is right for it; None if there is no such file.

    ``deliveries`` are the rows that were let in, in order of arrival. Where an event arrives
    more than once, its lines count for its deliveries in that order. Raises ``BenchError`` naming
    file and line for a line that cannot be used, and for a delivery without a line.
    """
    if not path.is_file():
        return None
    told: dict[str, list[Json]] = defaultdict(list)
    for where, line in _lines(path):
        if line["decision"] != "rejected":  # the entry's decision, judged for nobody
            told[line["event_id"]].append((where, _right(where, line)))
    truth = {}
    for row in deliveries:
        if not told[row["event_id"]]:
            line_number = row["id"].removeprefix("line_")
            raise BenchError(
                f"{path}: no line for the delivery of {row['event_id']} in events.jsonl, line "
                f"{line_number}; give every delivery its line, or remove the file"
            )
        _, truth[row["id"]] = told[row["event_id"]].pop(0)
    for rest in told.values():
        for where, _ in rest:
            raise BenchError(
                f"{where}: no such delivery was let in; remove the line, or give it the decision "
                "rejected"
            )
    return truth


def _right(where: str, line: Mapping[str, Json]) -> dict[str, Json]:
    charge = None
    if line["decision"] == "billed":
        amount, currency = line.get("amount_minor"), line.get("currency")
        if type(amount) is not int or not 0 < amount <= 10**12:
            raise BenchError(
                f"{where}: amount_minor {amount!r} is no whole number above zero, and the "
                "delivery is billed"
            )
        if not isinstance(currency, str) or not currency:
            raise BenchError(f"{where}: currency is missing, and the delivery is billed")
        charge = {"amount": amount, "currency": currency.lower()}
    return {"decision": line["decision"], "reason": line.get("reason") or "", "charge": charge}


def _lines(path: Path) -> Iterator[tuple[str, Mapping[str, Json]]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BenchError(f"{path}: cannot be read ({error.strerror})") from None
    for number, text in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not text.strip():
            continue
        where = f"{path}, line {number}"
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            line = None
        if not isinstance(line, dict) or not isinstance(line.get("event_id"), str):
            raise BenchError(f"{where}: no JSON object with an event_id")
        if line.get("decision") not in DECISIONS:
            raise BenchError(
                f"{where}: decision {line.get('decision')!r} is none of {', '.join(DECISIONS)}"
            )
        if unknown := sorted(line.keys() - set(FIELDS)):
            raise BenchError(
                f"{where}: unknown field {', '.join(unknown)}; there are {', '.join(FIELDS)}"
            )
        yield where, line

"""What an agent is told of a case, and the calls with which a perfect one would do it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from bench.types import Case, Json, Task, ToolCall
from scenarios.csv_reconciliation import layout
from scenarios.csv_reconciliation.changed_rules import MINOR
from scenarios.csv_reconciliation.data import FILE
from scenarios.csv_reconciliation.intake import AMBIGUOUS, Row, rows_of
from scenarios.csv_reconciliation.layout import Sheet, Told
from scenarios.csv_reconciliation.ledger import DISPOSITIONS
from scenarios.csv_reconciliation.schema import imported_id
from scenarios.csv_reconciliation.setting import SHOWN, Setting

PLAIN_FLAGS = (AMBIGUOUS, MINOR)
"""Kinds of flags for which nobody has to be searched."""
SPARE_STEPS = 4
"""Beyond the perfect agent's: for a second look, or a mistake that a tool refuses."""
SPARE_ROWS = 5
"""Rows for which there is one more spare step."""


def tasks(case: Case, records: tuple[str, ...], setting: Setting) -> tuple[Task, ...]:
    """One conversation with the given rows under our columns, or one for each row. What is too long
    to be shown is left to be read page by page."""
    if not records:
        return ()
    sheet = layout.read_bytes(FILE, case.files[FILE])
    groups = [(record,) for record in records] if setting.conversation == "row" else [records]
    return tuple(_task(sheet, group, setting) for group in groups)


def _task(sheet: Sheet, records: tuple[str, ...], setting: Setting) -> Task:
    numbers = [_number(record) for record in records]
    steps = 2 * len(records) + 1 + SPARE_STEPS + len(records) // SPARE_ROWS
    if setting.layouts:
        steps += len(records) + 1
    start = f"{FILE}, {len(sheet.rows)} rows in all."
    if sheet.unclear:
        start += f" Its layout is not ours ({sheet.unclear}), so it is shown as it stands."
    if setting.paged:
        count, first = len(numbers), numbers[0]
        message = f"{start} {count} are yours. Begin with read_rows(first={first})."
        return Task(records, message, steps + -(-count // SHOWN))
    lines = [f"row {n}: {_shown(sheet, sheet.rows[n - 1], setting)}" for n in numbers]
    return Task(records, f"{start} Yours:\n\n{sheet.header}\n" + "\n".join(lines), steps)


def _shown(sheet: Sheet, row: Row, setting: Setting) -> str:
    beside = setting.layouts and not sheet.unclear and row.others
    return f"{row.line} (also: {row.others})" if beside else row.line


def ideal(case: Case, task: Task) -> tuple[ToolCall, ...]:
    """The calls in order. The figures of the summary are right if the rows that are not in
    ``task`` have been decided rightly."""
    by_old_rules = case.drift == "rules" and not case.repaired
    truths = case.truth["rows_before" if by_old_rules else "rows"]
    calls: list[ToolCall] = []
    sheet = None
    if case.drift == "shape":
        told = Told(**case.truth["reading"])
        if told.encoding:
            arguments = {"encoding": told.encoding, "delimiter": told.delimiter}
            calls.append(ToolCall("read_file_as", arguments))
        sheet = layout.read_bytes(FILE, case.files[FILE], told)
    paged = "Begin with read_rows" in task.message
    for index, record in enumerate(task.records):
        if paged and index % SHOWN == 0:
            calls.append(ToolCall("read_rows", {"first": _number(record)}))
        truth = truths[_number(record) - 1]
        decided = _decide(_number(record), truth)
        if sheet and len(decided) > 1:  # who is turned away at once need not be understood
            calls += _restate(sheet.rows[_number(record) - 1], truth["told"])
        calls += decided
    counts = Counter(truth["disposition"] for truth in truths)
    figures = {"rows": len(truths)} | {str(name): counts[name] for name in DISPOSITIONS}
    return (*calls, ToolCall("write_summary", figures))


def _restate(row: Row, told: Mapping[str, str]) -> list[ToolCall]:
    """What a row says, where the tools would read something else."""
    (right,) = rows_of([tuple(told.values())])
    if not row.unclear and (row.person, row.remarks) == (right.person, right.remarks):
        return []
    return [ToolCall("restate_row", {"row": row.number, **told})]


def _decide(row: int, truth: Json) -> list[ToolCall]:
    if truth["disposition"] == "rejected":
        return [ToolCall("reject_row", {"row": row, "reason": truth["reason"]})]
    if truth["reason"] in PLAIN_FLAGS:
        return [ToolCall("flag_row", {"row": row, "kind": truth["reason"]})]
    search = ToolCall("find_customers", {"row": row})
    if truth["disposition"] == "flagged":
        return [search, ToolCall("flag_row", {"row": row, "kind": truth["reason"]})]
    if truth["disposition"] == "inserted":
        return [search, ToolCall("insert_customer", {"row": row})]
    customer = truth["customer"]
    if customer.startswith("row "):
        customer = imported_id(int(customer.removeprefix("row ")))
    merge = {"row": row, "customer_id": customer, "take_name": truth["take_name"]}
    return [search, ToolCall("merge_customer", merge)]


def _number(record: str) -> int:
    return int(record.rpartition("/")[2])

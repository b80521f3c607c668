"""A user's own customers and rows as a scenario: slices of the incoming file, one row or several.

The customers on file are the database, the same for all cases. What an agent is told and the job's
linkage need no more than the fields that both files have; docs/own-customers.md.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from copy import copy
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Literal

from sqlalchemy import Connection

from bench.cases import Built
from bench.errors import BenchError
from bench.types import (
    Case,
    JobReport,
    Json,
    Stratum,
    Task,
    Tool,
    ToolCall,
    Verdict,
    Wording,
    Workspace,
)
from scenarios.csv_reconciliation.linkage import FIELDS
from scenarios.csv_reconciliation.own import files, job, tools, truth, verify
from scenarios.csv_reconciliation.own.register import Entry, OwnRow, Register
from scenarios.csv_reconciliation.own.schema import metadata
from scenarios.csv_reconciliation.setting import SHOWN, Setting

STRATUM = Stratum("own_data", "rows of the incoming file, as they stand there", ordinary=True)
SPARE_STEPS = 4
"""Beyond the perfect agent's, for each conversation."""
SPARE_ROWS = 5
"""Rows for which there is one more spare step."""
READ = ("customers.csv", "incoming.csv", "columns.toml")


class OwnCustomers:
    """The rows of a folder. ``judged`` says whether it holds the truth of them."""

    name = "csv_reconciliation"
    version = "1"
    strata = (STRATUM,)
    mix: Mapping[str, float] = {STRATUM.name: 1.0}
    metadata = metadata
    wording = Wording(
        *(
            (Path(__file__).parent / "own" / name).read_text("utf-8")
            for name in ("prompt.md", "policy.md")
        )
    )
    options: Mapping[str, str]
    tools: tuple[Tool, ...]

    def __init__(self, folder: Path, options: Mapping[str, str]) -> None:
        own = files.read(folder)
        if not own.row_ids:
            raise BenchError(f"{folder / 'incoming.csv'}: no row in it beside the header")
        if not own.customer_ids:
            raise BenchError(f"{folder / 'customers.csv'}: no customer in it beside the header")
        self.truth = truth.read(folder / "truth.csv", own)
        self.judged = self.truth is not None
        self.register = Register(own)
        self.sources = [
            {"file": name, "digest": sha256((folder / name).read_bytes()).hexdigest()}
            for name in READ
            if (folder / name).is_file()
        ]
        self._set({}, options)

    def _set(self, before: Mapping[str, str], options: Mapping[str, str]) -> None:
        self.options = {**before, **options}
        self.setting = Setting.of(self.options)
        self.size = self.setting.rows or 1
        self.tools = tools.tools(self.register, paged=self.setting.paged)

    @property
    def available(self) -> int:
        """How many slices the incoming file has."""
        return -(-len(self.register.files.row_ids) // self.size)

    def configured(self, options: Mapping[str, str]) -> OwnCustomers:
        """The same with ``rows`` in each slice, and a ``conversation`` for each ``file``, that is
        slice, or ``row``."""
        other = copy(self)
        other._set(self.options, options)
        return other

    def resized(self, records: int) -> OwnCustomers:
        """The same in slices of that many rows, as ``bench.sweep.Resizable``."""
        return self.configured({"rows": str(records)})

    def prompt(self) -> str:
        """The agent's system prompt."""
        return self.wording.joined

    def populate(self, connection: Connection, seed: int) -> None:  # noqa: ARG002
        """Insert the customers on file."""
        self.register.populate(connection)

    def cases(self, counts: Mapping[str, int], seed: int) -> Sequence[Case]:
        """So many slices, drawn from all over the file: its beginning may be of one kind."""
        order = list(range(self.available))
        Random(f"csv_reconciliation/own/{seed}").shuffle(order)
        chosen = array("I", sorted(order[: counts.get(STRATUM.name, 0)]))
        return Built(len(chosen), partial(self._chosen, chosen))

    def batch(self, records: int, seed: int) -> Case:  # noqa: ARG002
        """The first so many rows as one case, or all that there are."""
        return self._of_rows("batch", range(1, min(records, len(self.register.files.row_ids)) + 1))

    def _chosen(self, chosen: Sequence[int], place: int) -> Case:
        return self._case(chosen[place])

    def _case(self, number: int) -> Case:
        last = min((number + 1) * self.size, len(self.register.files.row_ids))
        suffix = f"-rows{self.setting.rows}" if self.setting.rows else ""
        return self._of_rows(
            f"{STRATUM.name}-{number + 1:04}{suffix}", range(number * self.size + 1, last + 1)
        )

    def _of_rows(self, id_: str, numbers: Sequence[int]) -> Case:
        rows = [self.register.row(number) for number in numbers]
        return Case(
            id=id_,
            stratum=STRATUM.name,
            records=tuple(job.record(number) for number in numbers),
            rows={
                "sources": self.sources,
                "incoming": [{"row": row.number, "fault": row.fault, **row.person} for row in rows],
            },
            truth=self.truth and {str(number): self.truth[str(number)] for number in numbers},
        )

    def tasks(self, case: Case, records: tuple[str, ...]) -> tuple[Task, ...]:
        """One conversation for the rows given, or one for each. What is too long to be shown is
        left to be read page by page."""
        if not records:
            return ()
        rows = {job.record(row.number): row for row in _rows(case)}
        groups = (
            [(record,) for record in records] if self.setting.conversation == "row" else [records]
        )
        return tuple(self._task([rows[record] for record in group], group) for group in groups)

    def _task(self, rows: Sequence[OwnRow], records: tuple[str, ...]) -> Task:
        steps = 2 * len(rows) + 1 + SPARE_STEPS + len(rows) // SPARE_ROWS
        if self.setting.paged:
            start = f"{len(rows)} rows are yours. Begin with read_rows(first={rows[0].number})."
            return Task(records, start, steps + -(-len(rows) // SHOWN))
        lines = [f"row {row.number}: {tools.line(self.register, row)}" for row in rows]
        return Task(records, f"Yours:\n\n{tools.header(self.register)}\n" + "\n".join(lines), steps)

    def ideal(self, case: Case, task: Task) -> tuple[ToolCall, ...]:
        """The calls with which an agent would do what the job does: for forecasts and tests."""
        rows = _rows(case)
        entries = job.entries_of(self.register, rows, self.register.decide_by_file(rows))
        decided = {job.record(entry.row.number): entry for entry in entries}
        calls: list[ToolCall] = []
        for index, record in enumerate(task.records):
            if self.setting.paged and index % SHOWN == 0:
                calls.append(ToolCall("read_rows", {"first": decided[record].row.number}))
            calls += _calls(decided[record])
        return (*calls, ToolCall("finish", {}))

    def job(self, workspace: Workspace, *, unsure: Literal["review", "flag"]) -> JobReport:
        """Linkage."""
        return job.run(workspace, self.register, unsure=unsure)

    def trivial(self, workspace: Workspace, choice: Literal["skip", "defer"]) -> None:
        """Insert every row as new, or leave every one to a human."""
        job.trivial(workspace, self.register, choice)

    def verify(self, case: Case, workspace: Workspace) -> Verdict:
        """Hold the decisions against the user's truth, if there is one."""
        return verify.verify(case, workspace)

    def state(self, workspace: Workspace) -> Json:
        """What became of each row."""
        return verify.state(workspace)


def _rows(case: Case) -> list[OwnRow]:
    return [
        OwnRow(row["row"], row["fault"], {name: row[name] for name in FIELDS})
        for row in case.rows["incoming"]
    ]


def _calls(entry: Entry) -> list[ToolCall]:
    row = {"row": entry.row.number}
    if entry.disposition == "rejected":
        return [ToolCall("reject_row", row)]
    search = ToolCall("find_customers", row)
    if entry.disposition == "merged":
        return [search, ToolCall("merge_customer", {**row, "customer_id": entry.customer_id})]
    return [
        search,
        ToolCall({"inserted": "insert_customer"}.get(entry.disposition, "flag_row"), row),
    ]

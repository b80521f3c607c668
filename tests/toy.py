"""A scenario small enough to see through: is a number odd or even? Some are spelt in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    insert,
    select,
    update,
)

from bench.abilities import Mended
from bench.cases import generated
from bench.database import table_rows
from bench.errors import ToolError
from bench.types import (
    Case,
    Decision,
    Drift,
    JobReport,
    Json,
    RecordVerdict,
    Scenario,
    Stratum,
    Task,
    Tool,
    ToolCall,
    ToolContext,
    Verdict,
    Wording,
    Workspace,
)

metadata = MetaData()
numbers = Table(
    "numbers",
    metadata,
    Column("id", String, primary_key=True),
    Column("text", String, nullable=False),
    Column("label", String),
)
background = Table(
    "background", metadata, Column("id", Integer, primary_key=True), Column("name", String)
)

WORDS = {"7": "seven", "12": "twelve"}


class Look(BaseModel):
    """Which number to look at."""

    id: str


class Label(BaseModel):
    """The label to give."""

    id: str
    label: Literal["odd", "even", "review"]


def look(context: ToolContext, arguments: Look) -> Json:
    with context.workspace.engine.connect() as connection:
        row = connection.execute(select(numbers).where(numbers.c.id == arguments.id)).first()
    if row is None:
        raise ToolError(f"no number {arguments.id!r}")
    return {"text": row.text}


def label(context: ToolContext, arguments: Label) -> Json:
    if arguments.id not in context.records:
        raise ToolError("that number is not yours", guarded=True)
    with context.workspace.engine.begin() as connection:
        connection.execute(
            update(numbers).where(numbers.c.id == arguments.id).values(label=arguments.label)
        )
    return {"done": True}


class Toy:
    name = "toy"
    version = "1"
    strata: tuple[Stratum, ...] = (
        Stratum("digits", "a number in digits", ordinary=True),
        Stratum("words", "a number in words", free_text=True),
    )
    mix: Mapping[str, float] = {"digits": 0.99, "words": 0.01}
    tools = (
        Tool("look", "Read a number.", Look, look),
        Tool("label", "Label a number and end.", Label, label, final=True),
    )
    metadata = metadata
    wording = Wording("Say whether numbers are odd or even.")

    def prompt(self) -> str:
        return self.wording.joined

    def populate(self, connection: Connection, seed: int) -> None:
        connection.execute(insert(background), [{"id": i, "name": f"n{i}"} for i in range(100)])

    def cases(self, counts: Mapping[str, int], seed: int) -> Sequence[Case]:
        return generated(counts, self._numbered)

    def _numbered(self, stratum: str, number: int) -> Case:
        return self._case(f"{stratum}-{number:04d}", stratum, ["7" if number % 2 else "12"])

    def batch(self, records: int, seed: int) -> Case:
        return self._case("batch", "digits", ["12"] * records)

    def _case(self, id: str, stratum: str, values: list[str]) -> Case:
        texts = [WORDS[value] if stratum == "words" else value for value in values]
        rows = [{"id": f"{id}/{i}", "text": text} for i, text in enumerate(texts)]
        truth = {
            row["id"]: "odd" if value == "7" else "even"
            for row, value in zip(rows, values, strict=True)
        }
        return Case(id, stratum, tuple(truth), {"numbers": rows}, truth=truth)

    def tasks(self, case: Case, records: tuple[str, ...]) -> tuple[Task, ...]:
        return tuple(Task((record,), f"Label the number {record}.", 5) for record in records)

    def ideal(self, case: Case, task: Task) -> tuple[ToolCall, ...]:
        (record,) = task.records
        return (
            ToolCall("look", {"id": record}),
            ToolCall("label", {"id": record, "label": case.truth[record]}),
        )

    def job(self, workspace: Workspace, *, unsure: Literal["review", "flag"]) -> JobReport:
        decisions: list[Decision] = []
        flagged: dict[str, str] = {}
        with workspace.engine.begin() as connection:
            pending = select(numbers).where(numbers.c.label.is_(None)).order_by(numbers.c.id)
            for row in connection.execute(pending).all():
                if row.text.isdigit():
                    decision = "even" if int(row.text) % 2 == 0 else "odd"
                elif unsure == "flag":
                    flagged[row.id] = "spelt in words"
                    continue
                else:
                    decision = "review"
                decisions.append(Decision(row.id, decision, "rule"))
            if decisions:
                connection.execute(
                    update(numbers).where(numbers.c.id == bindparam("record")),
                    [{"record": each.record, "label": each.decision} for each in decisions],
                )
        return JobReport(tuple(decisions), flagged)

    def trivial(self, workspace: Workspace, choice: Literal["skip", "defer"]) -> None:
        value = "review" if choice == "defer" else "skipped"
        with workspace.engine.begin() as connection:
            connection.execute(update(numbers).values(label=value))

    def verify(self, case: Case, workspace: Workspace) -> Verdict:
        with workspace.engine.connect() as connection:
            rows: list[Any] = list(connection.execute(select(numbers).order_by(numbers.c.id)))
        return Verdict(tuple(self._judge(row, case.truth[row.id]) for row in rows))

    def _judge(self, row: Any, truth: str) -> RecordVerdict:
        if row.label == truth:
            return RecordVerdict(row.id, "pass", row.label)
        if row.label == "review":
            return RecordVerdict(row.id, "deferred", "review", True, ("left to a human",))
        return RecordVerdict(row.id, "fail", str(row.label), False, (f"is {truth}",))

    def state(self, workspace: Workspace) -> Json:
        return table_rows(workspace, numbers)


TOY = Toy()


def action(tool: str, **arguments: object) -> str:
    """A reply of the action protocol."""
    return json.dumps({"tool": tool, **arguments})


class Changing(Toy):
    """Its world can change: numbers get a sign before them (shape), or zero and every multiple of
    twelve becomes odd by decree (rules)."""

    drifts: tuple[Drift, ...] = ("shape", "rules")
    strata = (*Toy.strata, Stratum("decreed", "a multiple of twelve", drift="rules"))

    def cases(self, counts: Mapping[str, int], seed: int) -> Sequence[Case]:
        return [
            self._case(f"{stratum}-{number:04d}", stratum, [value])
            for stratum, count in counts.items()
            for number in range(count)
            for value in ["12" if stratum == "decreed" or number % 2 == 0 else "7"]
        ]

    def drifted(self, counts: Mapping[str, int], seed: int, drift: Drift) -> list[Case]:
        return [self._changed(case, drift) for case in self.cases(counts, seed)]

    def _changed(self, case: Case, drift: Drift) -> Case:
        rows = case.rows["numbers"]
        truth = case.truth
        if drift == "shape":
            rows = [{**row, "text": f"no. {row['text']}"} for row in rows]
        else:
            truth = dict.fromkeys(truth, "odd")
        return replace(
            case,
            id=f"{case.id}~{drift}",
            rows={"numbers": rows},
            truth=truth,
            drift=drift,
            twin=case.id,
        )

    def repaired(self, drift: Drift) -> Scenario | None:
        return Repaired() if drift == "rules" else None

    def repair(self, drift: Drift) -> tuple[Mended, ...]:
        if drift != "rules":
            return ()
        before = "even if int(text) % 2 == 0 else odd\n"
        return (
            Mended("job", "toy.py", before, f"if int(text) % 12 == 0: odd\n\n{before}"),
            Mended("policy", "policy.md", "Say it.", "Say it. Twelve is odd."),
            Mended("tools", "tools.py", "the same", "the same"),
        )


class Repaired(Changing):
    """Knows the decree."""

    wording = Wording("Say whether numbers are odd or even. Twelve is odd.")

    def job(self, workspace: Workspace, *, unsure: Literal["review", "flag"]) -> JobReport:
        with workspace.engine.begin() as connection:
            connection.execute(update(numbers).where(numbers.c.text == "12").values(label="odd"))
        return super().job(workspace, unsure=unsure)


CHANGING = Changing()

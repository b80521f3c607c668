"""Plays tool calls, and reads what the database holds afterwards."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from bench.types import Case, ToolCall, ToolContext, Workspace
from scenarios.csv_reconciliation import SCENARIO
from scenarios.csv_reconciliation.schema import customers

TOOLS = {tool.name: tool for tool in SCENARIO.tools}


def call(
    case: Case,
    workspace: Workspace,
    name: str,
    arguments: dict[str, Any],
    *,
    records: Sequence[str] | None = None,
    guards: bool = True,
) -> Any:
    context = ToolContext(workspace, tuple(case.records if records is None else records), guards)
    tool = TOOLS[name]
    return tool.run(context, tool.arguments.model_validate(arguments))


def play(
    case: Case, workspace: Workspace, calls: Sequence[ToolCall], *, guards: bool = True
) -> None:
    for one in calls:
        call(case, workspace, one.name, dict(one.arguments), guards=guards)


def play_ideally(case: Case, workspace: Workspace, records: Sequence[str]) -> None:
    for task in SCENARIO.tasks(case, tuple(records)):
        for one in SCENARIO.ideal(case, task):
            call(case, workspace, one.name, dict(one.arguments), records=task.records)


def customer(workspace: Workspace, id_: str) -> dict[str, Any]:
    with workspace.engine.connect() as connection:
        row = connection.execute(select(customers).where(customers.c.id == id_)).mappings().one()
    return dict(row)

"""Plays tool calls on a workspace, as an agent would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.types import Case, Json, ToolContext, Workspace
from scenarios.billing_webhooks import SCENARIO

TOOLS = {tool.name: tool for tool in SCENARIO.tools}


def call(
    workspace: Workspace, record: str, name: str, *, guards: bool = True, **arguments: Any
) -> Json:
    tool = TOOLS[name]
    context = ToolContext(workspace, (record,), guards)
    return tool.run(context, tool.arguments.model_validate(arguments))


def together(cases: Sequence[Case]) -> Case:
    """All cases in one database: they own their customers, so they do not interact."""
    rows: dict[str, list[Any]] = {}
    for each in cases:
        for table, own in each.rows.items():
            rows.setdefault(table, []).extend(own)
    rows["pending_events"] = [
        {**row, "sequence": number} for number, row in enumerate(rows["pending_events"])
    ]
    return Case(
        id="together",
        stratum="several",
        records=tuple(record for each in cases for record in each.records),
        rows=rows,
        truth={record: right for each in cases for record, right in each.truth.items()},
    )


def play_ideal(case: Case, workspace: Workspace) -> None:
    for task in SCENARIO.tasks(case, case.records):
        calls = SCENARIO.ideal(case, task)
        assert len(calls) + 3 <= task.step_limit
        assert [TOOLS[each.name].final for each in calls] == [False] * (len(calls) - 1) + [True]
        for each in calls:
            call(workspace, task.records[0], each.name, **each.arguments)

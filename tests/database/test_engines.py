"""SQLite and PostgreSQL: the same decisions, verdicts, tool results and final states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bench.abilities import Drifting
from bench.approaches.agent import execute
from bench.configured import configured
from bench.database import Template
from bench.database.server import open_server
from bench.hashing import canonical_json
from bench.types import Case, Scenario, ToolCall, ToolContext, ToolRecord, Workspace
from scenarios import scenario
from tests.postgres import Cluster

SEED = 2026
NAMES = ("billing_webhooks", "csv_reconciliation")
CLOCKS = ("duration_s", "query_s")


@pytest.fixture(scope="module", params=NAMES)
def templates(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[list[Template]]:
    """One on each engine."""
    found = scenario(request.param)
    server = open_server(cluster.url(cluster.create_database()))
    with Template(found, SEED) as one, Template(found, SEED, server=server) as other:
        yield [one, other]


def every_kind_of_case(found: Scenario) -> list[Case]:
    """A case of each stratum, attacks and drifts included."""
    cases = [*found.cases({s.name: 1 for s in found.strata}, SEED)]
    if isinstance(found, Drifting):
        for drift in found.drifts:
            counts = {s.name: 1 for s in found.strata if s.drift in ("none", drift)}
            cases += found.drifted(counts, SEED, drift)
    return cases


def judged(found: Scenario, case: Case, workspace: Workspace) -> dict[str, Any]:
    return {"verdict": found.verify(case, workspace), "state": found.state(workspace)}


def by_job(found: Scenario, case: Case, workspace: Workspace) -> dict[str, Any]:
    report = found.job(workspace, unsure="review")
    return {"report": report, "queries": workspace.clock.statements} | judged(
        found, case, workspace
    )


def by_agent(found: Scenario, case: Case, workspace: Workspace) -> dict[str, Any]:
    """Make the ideal calls, each twice: the second is refused or changes nothing."""
    tools = {tool.name: tool for tool in found.tools}
    records = [
        told(execute(call, tools, ToolContext(workspace, task.records)))
        for task in found.tasks(case, case.records)
        for call in found.ideal(case, task)
        for _ in range(2)
    ]
    return {"tools": records} | judged(found, case, workspace)


def told(record: ToolRecord) -> dict[str, Any]:
    """A tool call without its clocks, which have to run."""
    assert record.queries is not None
    assert record.query_s is not None
    assert 0 <= record.query_s <= record.duration_s
    assert (record.query_s > 0) == (record.queries > 0)
    return {name: getattr(record, name) for name in ToolRecord.__slots__ if name not in CLOCKS}


@pytest.mark.parametrize("approach", [by_job, by_agent])
def test_every_kind_of_case_ends_alike(templates: list[Template], approach: Any) -> None:
    found = templates[0].scenario
    cases = every_kind_of_case(found)
    assert len(cases) >= len(found.strata)
    for case in cases:
        ends = []
        for template in templates:
            with template.workspace(case) as workspace:
                ends.append(canonical_json(approach(found, case, workspace)))
        assert ends[0] == ends[1], case.id


def test_looking_into_a_long_file_and_the_database_beyond_it_finds_the_same(
    templates: list[Template],
) -> None:
    if templates[0].scenario.name != "csv_reconciliation":
        pytest.skip("the other scenario has no such tools")
    found = configured(templates[0].scenario, {"rows": "30"})
    (case,) = found.cases({"clean_new": 1}, SEED)
    tools = {tool.name: tool for tool in found.tools}
    on_file = [dict(row) for row in case.rows["customers"]][:3]
    calls = [
        ToolCall("read_rows", {"first": 1}),
        ToolCall("column_statistics", {"column": "city"}),
        *(
            ToolCall("search_customers", {"text": t})
            for t in ("müller", "O'Neil", "sm", "ångström")
        ),
        *(
            ToolCall("search_customers", {"text": "a\0b"}),
            ToolCall("search_customers", {"text": "a\ud800"}),
        ),
        *(
            ToolCall("search_customers", {"text": row[column]})
            for row in on_file
            for column in ("id", "email", "phone", "family_name")
            if len(row[column]) > 1
        ),
    ]
    ends = []
    for template in templates:
        with template.workspace(case) as workspace:
            context = ToolContext(workspace, case.records)
            records = [execute(call, tools, context) for call in calls]
            ends.append([canonical_json([record.ok, record.result]) for record in records])
    assert ends[0] == ends[1]
    assert sum('"id"' in end for end in ends[0]) >= len(on_file)
    assert ends[0][6] == ends[0][7], "what no database takes is refused by both"
    assert '"error"' in ends[0][6]


def test_a_batch_ends_alike(templates: list[Template]) -> None:
    found = templates[0].scenario
    case = found.batch(300, SEED)
    ends = []
    for template in templates:
        with template.workspace(case) as workspace:
            ends.append(canonical_json(by_job(found, case, workspace)))
    assert ends[0] == ends[1]

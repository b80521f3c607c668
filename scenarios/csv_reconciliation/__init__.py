"""Customer files to be reconciled with a database of customers: see README.md beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, MetaData

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
from scenarios.csv_reconciliation import agent, data, job, own, schema, verify
from scenarios.csv_reconciliation.looking import LOOKING
from scenarios.csv_reconciliation.setting import Setting
from scenarios.csv_reconciliation.strata import STRATA
from scenarios.csv_reconciliation.tools import TOOLS


class CsvReconciliation:
    """The scenario, as ``bench.types.Scenario`` wants it. ``options`` are those of ``Setting``."""

    name: str = "csv_reconciliation"
    version: str = "4"
    strata: tuple[Stratum, ...] = STRATA
    mix: Mapping[str, float] = data.MIX
    tools: tuple[Tool, ...] = TOOLS
    options: Mapping[str, str] = {}  # never changed in place
    setting: Setting = Setting()
    metadata: MetaData = schema.metadata
    own_data = own
    wording: Wording = Wording(
        *((Path(__file__).parent / name).read_text("utf-8") for name in ("prompt.md", "policy.md"))
    )

    def configured(self, options: Mapping[str, str]) -> CsvReconciliation:
        """The same scenario with ``rows`` in each file, and a ``conversation`` for each ``file`` or
        ``row``. Long files come with tools to look into them."""
        other = copy(self)
        other.options = {**self.options, **options}
        other.setting = Setting.of(other.options)
        if other.setting.paged:
            other.tools = (*LOOKING, *TOOLS)
        return other

    def resized(self, records: int) -> CsvReconciliation:
        """The same scenario with files of that many rows, as ``bench.sweep.Resizable``."""
        return self.configured({"rows": str(records)})

    def prompt(self) -> str:
        """The agent's system prompt: ``prompt.md`` with ``policy.md`` in it."""
        return self.wording.joined

    def populate(self, connection: Connection, seed: int) -> None:
        """Insert 10,000 customers that no case owns."""
        data.populate(connection, seed)

    def cases(self, counts: Mapping[str, int], seed: int) -> list[Case]:
        """Files of one to three rows, or of as many as the options say."""
        return data.cases(counts, seed, self.setting.rows)

    def batch(self, records: int, seed: int) -> Case:
        """One file of that many ordinary rows."""
        return data.batch(records, seed)

    def tasks(self, case: Case, records: tuple[str, ...]) -> tuple[Task, ...]:
        """One conversation for all the rows given, or one for each, as the options say."""
        return agent.tasks(case, records, self.setting)

    def ideal(self, case: Case, task: Task) -> tuple[ToolCall, ...]:
        """Search and decide each row, then write the summary."""
        return agent.ideal(case, task)

    def job(self, workspace: Workspace, *, unsure: Literal["review", "flag"]) -> JobReport:
        """Import everything pending by rules."""
        return job.run(workspace, unsure=unsure)

    def unguard(self, workspace: Workspace) -> None:
        """Take away the key that keeps anybody from deciding a row twice."""
        with workspace.engine.begin() as connection:
            schema.drop_keys(connection)

    def trivial(self, workspace: Workspace, choice: Literal["skip", "defer"]) -> None:
        """Reject every row, or leave every row to a human."""
        job.trivial(workspace, choice)

    def verify(self, case: Case, workspace: Workspace) -> Verdict:
        """Compare dispositions, customers and summary with the generator's truth."""
        return verify.verify(case, workspace)

    def state(self, workspace: Workspace) -> Json:
        """Customers, dispositions and summary in canonical order."""
        return verify.state(workspace)


SCENARIO = CsvReconciliation()

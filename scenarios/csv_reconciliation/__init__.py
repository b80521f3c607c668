"""Customer files to be reconciled with a database of customers: see README.md beside this file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, MetaData

from bench.abilities import Mended
from bench.types import (
    Case,
    Drift,
    JobReport,
    Json,
    Scenario,
    Stratum,
    Task,
    Tool,
    ToolCall,
    Verdict,
    Wording,
    Workspace,
)
from scenarios.csv_reconciliation import (
    agent,
    data,
    job,
    job_v2,
    matching,
    own,
    schema,
    tools,
    tools_v2,
    verify,
)
from scenarios.csv_reconciliation.layout_tools import LAYOUT
from scenarios.csv_reconciliation.looking import LOOKING
from scenarios.csv_reconciliation.setting import Setting
from scenarios.csv_reconciliation.strata import STRATA
from scenarios.csv_reconciliation.tools import TOOLS

if TYPE_CHECKING:
    from scenarios.csv_reconciliation.own_customers import OwnCustomers


def _text(name: str) -> str:
    return (Path(__file__).parent / name).read_text("utf-8")


class CsvReconciliation:
    """The scenario, as ``bench.types.Scenario`` wants it. ``options`` are those of ``Setting``."""

    name: str = "csv_reconciliation"
    version: str = "5"
    strata: tuple[Stratum, ...] = STRATA
    mix: Mapping[str, float] = data.MIX
    tools: tuple[Tool, ...] = TOOLS
    options: Mapping[str, str] = {}  # never changed in place
    setting: Setting = Setting()
    metadata: MetaData = schema.metadata
    own_data = own
    wording: Wording = Wording(_text("prompt.md"), _text("policy.md"))
    drifts: tuple[Drift, ...] = ("shape", "rules")

    def configured(self, options: Mapping[str, str]) -> CsvReconciliation:
        """The same scenario with ``rows`` in each file, and a ``conversation`` for each ``file`` or
        ``row``. Long files come with tools to look into them."""
        other = copy(self)
        other.options = {**self.options, **options}
        other.setting = Setting.of(other.options)
        if other.setting.paged:
            other.tools = (*LOOKING, *type(self).tools)
        return other

    def resized(self, records: int) -> CsvReconciliation:
        """The same scenario with files of that many rows, as ``bench.sweep.Resizable``."""
        return self.configured({"rows": str(records)})

    def with_data(self, folder: Path, secret: str | None) -> OwnCustomers:  # noqa: ARG002
        """The same kind of task on a user's own customers and rows."""
        from scenarios.csv_reconciliation.own_customers import OwnCustomers

        return OwnCustomers(folder, self.options)

    def prompt(self) -> str:
        """The agent's system prompt: ``prompt.md`` with ``policy.md`` in it."""
        return self.wording.joined

    def populate(self, connection: Connection, seed: int) -> None:
        """Insert 10,000 customers that no case owns."""
        data.populate(connection, seed)

    def cases(self, counts: Mapping[str, int], seed: int) -> Sequence[Case]:
        """Files of one to three rows, or of as many as the options say."""
        return data.cases(counts, seed, self.setting.rows)

    def facing(self, drift: Drift) -> CsvReconciliation:
        """The scenario in a run of that drift, before and after it: where files may change their
        shape, an agent can say what they mean."""
        if drift != "shape":
            return self
        other = copy(self)
        other.setting = replace(self.setting, layouts=True)
        other.tools = (*LAYOUT, *self.tools)
        other.wording = replace(self.wording, prompt=self.wording.prompt + _text("prompt_shape.md"))
        return other

    def drifted(self, counts: Mapping[str, int], seed: int, drift: Drift) -> Sequence[Case]:
        """The same cases after the change."""
        return data.cases(counts, seed, self.setting.rows, drift)

    def repaired(self, drift: Drift) -> Scenario | None:
        """With the job, policy and tools of the changed rules."""
        return Repaired().configured(self.options) if drift == "rules" else None

    def repair(self, drift: Drift) -> tuple[Mended, ...]:
        """What the changed rules changed in the files."""
        if drift != "rules":
            return ()
        return (
            Mended("job", "job.py", _code(job.decide), _code(job_v2.decide, *job_v2.ADDED)),
            Mended("job", "matching.py", _code(matching.same_person), _code(job_v2.same_person)),
            Mended("policy", "policy.md", _text("policy.md"), _text("policy_v2.md")),
            Mended("policy", "prompt.md", _text("prompt.md"), _text("prompt_v2.md")),
            Mended(
                "tools",
                "tools.py",
                _code(tools.Flag, tools.is_invalid),
                _code(tools_v2.Flag, tools_v2.is_barred),
            ),
        )

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


class Repaired(CsvReconciliation):
    """The scenario after the rules have changed, everything brought up to date."""

    tools = tools_v2.TOOLS_V2
    wording = Wording(_text("prompt_v2.md"), _text("policy_v2.md"))

    def job(self, workspace: Workspace, *, unsure: Literal["review", "flag"]) -> JobReport:
        """Import everything pending by the new rules."""
        return job.run(workspace, unsure=unsure, rules=job_v2.decide)


def _code(*parts: Callable[..., object] | type) -> str:
    return "".join(map(inspect.getsource, parts))


SCENARIO = CsvReconciliation()

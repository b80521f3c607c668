"""Which of a payment provider's webhook events must be billed? See README.md in this folder."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from sqlalchemy import Connection, insert, select, update

from bench.abilities import Mended, OwnDecisions
from bench.cases import generated
from bench.errors import BenchError
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
from scenarios.billing_webhooks import (
    changed_shape,
    data,
    job,
    job_v2,
    message,
    own,
    tools,
    tools_v2,
    verify,
)
from scenarios.billing_webhooks.schema import decisions, drop_keys, metadata, pending_events
from scenarios.billing_webhooks.strata import KINDS

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from scenarios.billing_webhooks.loopback import Loopback
    from scenarios.billing_webhooks.own_events import OwnEvents

FOLDER = files(__name__)


def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


STEP_LIMIT = 8
"""At least three more than the four steps of a charge."""


class BillingWebhooks:
    """Subscription events arrive; each is billed, ignored or sent to review, exactly once."""

    name = "billing_webhooks"
    version = "2"
    strata: tuple[Stratum, ...] = tuple(kind.stratum for kind in KINDS.values())
    tools: tuple[Tool, ...] = tools.TOOLS
    metadata = metadata
    wording = Wording(_text("prompt.md"), _text("policy.md"))
    own_data = own
    drifts: tuple[Drift, ...] = ("shape", "rules")

    @cached_property
    def mix(self) -> Mapping[str, float]:
        """The production mix of ``mix.toml``. Raises ``BenchError`` where it does not add up."""
        try:
            mix: Mapping[str, float] = tomllib.loads(_text("mix.toml"))["mix"]
        except (tomllib.TOMLDecodeError, KeyError) as error:
            raise BenchError(f"{FOLDER / 'mix.toml'}: {error}; see the comment in it") from None
        everyday = {name for name, kind in KINDS.items() if kind.stratum.everyday}
        if unknown := sorted(mix.keys() ^ everyday):
            raise BenchError(
                f"{FOLDER / 'mix.toml'}: one weight for each stratum, please; "
                f"missing or unknown: {', '.join(unknown)}"
            )
        if abs(sum(mix.values()) - 1) > 1e-9 or min(mix.values()) < 0:
            raise BenchError(
                f"{FOLDER / 'mix.toml'}: the weights sum to {sum(mix.values()):g}; make it 1"
            )
        return mix

    def prompt(self) -> str:
        """The agent's system prompt."""
        return self.wording.joined

    def with_data(self, folder: Path, secret: str | None) -> OwnEvents:
        """The same task on a user's own events."""
        from scenarios.billing_webhooks.own_events import OwnEvents

        return OwnEvents(folder, secret)

    def endpoint(self, database: str, secret: str) -> Starlette:
        """The receiving end, on its database."""
        from scenarios.billing_webhooks.endpoint import application, open_database

        return application(open_database(database), secret)

    def consume(self, database: str, records: Path | None, out: Path | None) -> OwnDecisions:
        """The job on what the receiving end has stored."""
        from scenarios.billing_webhooks import served

        return served.decide(database, records, out)

    def loopback(self) -> Loopback:
        """The receiving end on a loopback port, for generated deliveries."""
        from scenarios.billing_webhooks.loopback import Loopback

        return Loopback()

    def populate(self, connection: Connection, seed: int) -> None:
        """Insert the price list and 10,000 customers that no case owns."""
        data.populate(connection, seed)

    def cases(self, counts: Mapping[str, int], seed: int) -> Sequence[Case]:
        """So many cases of each stratum."""
        if unknown := sorted(counts.keys() - KINDS.keys()):
            raise BenchError(
                f"no stratum {', '.join(unknown)} in {self.name}; there are {', '.join(KINDS)}"
            )
        return generated(counts, partial(data.case, seed=seed))

    def drifted(self, counts: Mapping[str, int], seed: int, drift: Drift) -> Sequence[Case]:
        """The same cases after the change."""
        after = data.case_after if drift == "rules" else _reshaped
        return generated(counts, partial(after, seed=seed))

    def repaired(self, drift: Drift) -> Scenario | None:
        """With the job, policy and guards of the changed rules."""
        # mypy takes a cached property for one that cannot be set.
        return cast("Scenario", Repaired()) if drift == "rules" else None

    def repair(self, drift: Drift) -> tuple[Mended, ...]:
        """What the changed rules changed in the files."""
        if drift != "rules":
            return ()
        decision, revised = (
            [inspect.getsource(part) for part in (module.decide, module.decide_change)]
            for module in (job, job_v2)
        )
        added = [inspect.getsource(p) for p in (job_v2._for_all_seats, job_v2._loyalty_credit)]
        return (
            Mended("job", "job.py", "".join(decision), "".join([*revised, *added])),
            Mended("policy", "policy.md", _text("policy.md"), _text("policy_v2.md")),
            Mended("policy", "prompt.md", _text("prompt.md"), _text("prompt_v2.md")),
            Mended(
                "tools", "tools.py", inspect.getsource(tools.due), inspect.getsource(tools_v2.due)
            ),
        )

    def batch(self, records: int, seed: int) -> Case:
        """One large case of ordinary deliveries."""
        return data.batch(records, seed, self.mix)

    def tasks(self, case: Case, records: tuple[str, ...]) -> tuple[Task, ...]:
        """One conversation for each delivery, in order of arrival."""
        deliveries = {row["id"]: row for row in case.rows["pending_events"]}
        return tuple(
            Task(
                records=(record,),
                message=message.describe(
                    deliveries[record]["payload"], deliveries[record]["created"]
                ),
                step_limit=STEP_LIMIT,
            )
            for record in case.records
            if record in records
        )

    def ideal(self, case: Case, task: Task) -> tuple[ToolCall, ...]:
        """The calls of somebody who follows the policy without a detour."""
        (record,) = task.records
        by_old_rules = case.drift == "rules" and not case.repaired
        calls = case.truth[record]["calls_before" if by_old_rules else "calls"]
        return tuple(ToolCall(name, arguments) for name, arguments in calls)

    def job(self, workspace: Workspace, *, unsure: Literal["review", "flag"]) -> JobReport:
        """The plain-code job."""
        return job.process(workspace, unsure=unsure)

    def unguard(self, workspace: Workspace) -> None:
        """Take away the keys that keep anybody from charging twice."""
        with workspace.engine.begin() as connection:
            drop_keys(connection)

    def trivial(self, workspace: Workspace, choice: Literal["skip", "defer"]) -> None:
        """Ignore everything, or send everything to review."""
        decision = {"skip": "ignored", "defer": "review"}[choice]
        with workspace.engine.begin() as connection:
            pending = connection.scalars(
                select(pending_events.c.id).where(pending_events.c.status == "pending")
            ).all()
            if pending:
                connection.execute(
                    insert(decisions),
                    [
                        {"delivery_id": id, "decision": decision, "reason": "unclear"}
                        for id in pending
                    ],
                )
            connection.execute(
                update(pending_events)
                .where(pending_events.c.status == "pending")
                .values(status="processed")
            )

    def verify(self, case: Case, workspace: Workspace) -> Verdict:
        """The win condition."""
        return verify.verify(case, workspace)

    def state(self, workspace: Workspace) -> Json:
        """The business tables in canonical order."""
        return verify.state(workspace)


class Repaired(BillingWebhooks):
    """The scenario after the rules have changed, everything brought up to date."""

    tools = tools_v2.TOOLS_V2
    wording = Wording(_text("prompt_v2.md"), _text("policy_v2.md"))

    def job(self, workspace: Workspace, *, unsure: Literal["review", "flag"]) -> JobReport:
        """The plain-code job with the new rules."""
        return job.process(workspace, unsure=unsure, rules=job_v2.decide)


def _reshaped(stratum: str, number: int, seed: int) -> Case:
    return changed_shape.reshaped(data.case(stratum, number, seed), number)


SCENARIO = BillingWebhooks()

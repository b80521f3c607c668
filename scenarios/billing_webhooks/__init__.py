"""Which of a payment provider's webhook events must be billed? See README.md in this folder."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, insert, select, update

from bench.errors import BenchError
from bench.types import (
    Case,
    JobReport,
    Json,
    Stratum,
    Task,
    ToolCall,
    Verdict,
    Wording,
    Workspace,
)
from scenarios.billing_webhooks import data, job, message, own, verify
from scenarios.billing_webhooks.schema import decisions, metadata, pending_events
from scenarios.billing_webhooks.strata import KINDS
from scenarios.billing_webhooks.tools import TOOLS

if TYPE_CHECKING:
    from scenarios.billing_webhooks.own_events import OwnEvents

FOLDER = files(__name__)

STEP_LIMIT = 8
"""At least three more than the four steps of a charge."""


class BillingWebhooks:
    """Subscription events arrive; each is billed, ignored or sent to review, exactly once."""

    name = "billing_webhooks"
    version = "2"
    strata: tuple[Stratum, ...] = tuple(kind.stratum for kind in KINDS.values())
    tools = TOOLS
    metadata = metadata
    wording = Wording(
        *((FOLDER / name).read_text(encoding="utf-8") for name in ("prompt.md", "policy.md"))
    )
    own_data = own

    @cached_property
    def mix(self) -> Mapping[str, float]:
        """The production mix of ``mix.toml``. Raises ``BenchError`` where it does not add up."""
        try:
            mix: Mapping[str, float] = tomllib.loads(_text("mix.toml"))["mix"]
        except (tomllib.TOMLDecodeError, KeyError) as error:
            raise BenchError(f"{FOLDER / 'mix.toml'}: {error}; see the comment in it") from None
        if unknown := sorted(mix.keys() ^ KINDS.keys()):
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

    def populate(self, connection: Connection, seed: int) -> None:
        """Insert the price list and 10,000 customers that no case owns."""
        data.populate(connection, seed)

    def cases(self, counts: Mapping[str, int], seed: int) -> list[Case]:
        """So many cases of each stratum."""
        if unknown := sorted(counts.keys() - KINDS.keys()):
            raise BenchError(
                f"no stratum {', '.join(unknown)} in {self.name}; there are {', '.join(KINDS)}"
            )
        return [
            data.case(stratum, number, seed)
            for stratum, count in counts.items()
            for number in range(count)
        ]

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
        return tuple(ToolCall(name, arguments) for name, arguments in case.truth[record]["calls"])

    def job(self, workspace: Workspace, *, unsure: Literal["review", "flag"]) -> JobReport:
        """The plain-code job."""
        return job.process(workspace, unsure=unsure)

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


def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


SCENARIO = BillingWebhooks()

"""A user's own deliveries as a scenario: a case for each customer, small enough for an agent.

Tools, prompt, policy and job are the scenario's; what is right is known only if the user said so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from bench.database import scratch_workspace
from bench.errors import BenchError
from bench.types import Case, Json, Stratum, Task, ToolCall
from scenarios.billing_webhooks import BillingWebhooks, job, own, own_truth, payload
from scenarios.billing_webhooks.schema import billing_events, decisions, metadata

STRATUM = Stratum("own_data", "a customer's deliveries, as they arrived", ordinary=True)

WITHOUT_LOOKING = ("test_mode", "other_event", "no_change")
"""Reasons that stand in the event alone."""


class OwnEvents(BillingWebhooks):
    """The deliveries of a folder. ``judged`` says whether it holds the truth of them."""

    strata = (STRATUM,)

    def __init__(self, folder: Path, secret: str | None) -> None:
        whole = own.read(folder, secret)
        if not whole.records:
            raise BenchError(
                f"{folder / 'events.jsonl'}: no delivery in it that the entry lets in; "
                "'bench scenario job' says why of each"
            )
        pending = [row for row in whole.rows["pending_events"] if row["status"] == "pending"]
        truth = own_truth.read(folder / "truth.jsonl", pending)
        self.judged = truth is not None
        self.whole = replace(whole, truth=truth)
        self.customers = split(self.whole)
        self.available = len(self.customers)

    @cached_property
    def mix(self) -> Mapping[str, float]:
        """There is none to assume: the user's own records are the mix."""
        return {STRATUM.name: 1.0}

    def populate(self, connection: Connection, seed: int) -> None:
        """Nothing: a case brings all that its deliveries can refer to."""

    def cases(self, counts: Mapping[str, int], seed: int) -> Sequence[Case]:  # noqa: ARG002
        """The first so many customers, in order of arrival."""
        return self.customers[: counts.get(STRATUM.name, 0)]

    def batch(self, records: int, seed: int) -> Case:  # noqa: ARG002
        """All deliveries as one case, whatever their number."""
        return self.whole

    def ideal(self, case: Case, task: Task) -> tuple[ToolCall, ...]:  # noqa: ARG002
        """The calls with which an agent would do what the job does: for forecasts and tests."""
        (record,) = task.records
        return self._as_the_job_does[record]

    @cached_property
    def _as_the_job_does(self) -> Mapping[str, tuple[ToolCall, ...]]:
        with scratch_workspace(metadata, self.whole) as workspace:
            job.process(workspace, unsure="review")
            with workspace.engine.connect() as connection:
                logged = connection.execute(select(decisions)).all()
                charged = connection.execute(select(billing_events)).all()
        charges = {row.delivery_id: row for row in charged}
        deliveries = {row["id"]: row for row in self.whole.rows["pending_events"]}
        return {
            row.delivery_id: tuple(
                _calls(deliveries[row.delivery_id], row, charges.get(row.delivery_id))
            )
            for row in logged
        }


def _calls(
    delivery: Mapping[str, Json],
    logged: Row[Any],
    charge: Row[Any] | None,
) -> list[ToolCall]:
    reason = logged.reason.partition(":")[0]
    calls = []
    if delivery["subscription_id"] is not None and reason not in WITHOUT_LOOKING:
        looked_up = {"subscription": delivery["subscription_id"]}
        calls.append(ToolCall("query_subscription", looked_up))
    if charge is not None:
        change = payload.read_change(payload.parse(delivery["payload"]))
        assert change is not None
        sides = {
            "old_unit": change.old.unit_amount,
            "old_quantity": change.old.quantity,
            "new_unit": change.new.unit_amount,
            "new_quantity": change.new.quantity,
        }
        charging = {"customer": charge.customer_id, "amount": charge.amount}
        calls += [ToolCall("calculate_delta", sides), ToolCall("create_billing_event", charging)]
    return [*calls, ToolCall("log_decision", {"decision": logged.decision, "reason": reason})]


def split(whole: Case) -> list[Case]:
    """The cases of a folder, in order of first arrival, rejected deliveries with their customer's.

    Deliveries of one event, or of one change, are always together, since they decide each other.
    """
    owners = {row["id"]: row["customer_id"] for row in whole.rows["subscriptions"]}
    rejected = {row["delivery_id"]: row for row in whole.rows["decisions"]}
    groups: dict[str, list[Mapping[str, Json]]] = {}
    group_of: dict[str, str] = {}
    for row in whole.rows["pending_events"]:
        subscription = row["subscription_id"]
        keys = [f"event {row['event_id'] or row['id']}"]
        if row["change_key"]:
            keys.append(f"change {row['change_key']}")
        if subscription is not None:
            keys.append(f"customer {owners.get(subscription, subscription)}")
        known = [group_of[key] for key in reversed(keys) if key in group_of]
        group = known[0] if known else keys[-1]
        for other in set(known[1:]) - {group}:
            # This delivery ties two groups together, which have been apart so far.
            groups[group] = sorted(groups[group] + groups.pop(other), key=_arrival)
            group_of = {key: group if old == other else old for key, old in group_of.items()}
        group_of.update(dict.fromkeys(keys, group))
        groups.setdefault(group, []).append(row)
    return [
        _case(whole, number, rows, owners, rejected)
        for number, rows in enumerate(
            (
                rows
                for rows in sorted(groups.values(), key=lambda rows: _arrival(rows[0]))
                if any(row["status"] == "pending" for row in rows)
            ),
            start=1,
        )
    ]


def _arrival(row: Mapping[str, Json]) -> int:
    sequence: int = row["sequence"]
    return sequence


def _case(
    whole: Case,
    number: int,
    deliveries: Sequence[Mapping[str, Json]],
    owners: Mapping[str, str],
    rejected: Mapping[str, Mapping[str, Json]],
) -> Case:
    customers = {owners.get(row["subscription_id"]) for row in deliveries}
    records = tuple(row["id"] for row in deliveries if row["status"] == "pending")
    return Case(
        id=f"{STRATUM.name}-{number:04}",
        stratum=STRATUM.name,
        records=records,
        rows={
            "prices": whole.rows["prices"],
            "customers": [row for row in whole.rows["customers"] if row["id"] in customers],
            "subscriptions": [
                row for row in whole.rows["subscriptions"] if row["customer_id"] in customers
            ],
            "pending_events": deliveries,
            "billing_events": [],
            "decisions": [rejected[row["id"]] for row in deliveries if row["id"] in rejected],
        },
        truth=whole.truth and {record: whole.truth[record] for record in records},
    )

"""Whatever arrives: no traceback, and never a charge that is not the usual one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bench.database import scratch_workspace
from bench.types import Case, Workspace
from scenarios.billing_webhooks import SCENARIO, entry, message, told
from scenarios.billing_webhooks.own import read
from scenarios.billing_webhooks.schema import billing_events, decisions, metadata
from tests.scenarios.billing_webhooks.golden import event
from tests.scenarios.billing_webhooks.test_own import folder

EXAMPLES = 2_000
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without shrinking: of twenty events in a database it would take minutes."""

STRANGE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(st.characters(codec=None), max_size=20),
    st.sampled_from(["", "-1", "zzz", "trialing", "month", 4_102_444_801, -1, 10**12, {}, []]),
    st.lists(st.integers(), max_size=2),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in an event."""
    if path:
        yield path
    for key, element in (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    ):
        yield from places(element, (*path, key))


PLACES = tuple(places(event()))


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """The usual upgrade, with one to three places removed or filled with something strange."""
    changed = event()
    for path in draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3)):
        place: Any = changed
        try:
            for step in path[:-1]:
                place = place[step]
            if draw(st.booleans()):
                place[path[-1]] = draw(STRANGE)
            else:
                del place[path[-1]]
        except (KeyError, IndexError, TypeError):
            continue
    text = json.dumps(changed, ensure_ascii=draw(st.booleans()))
    cut = draw(st.one_of(st.none(), st.integers(0, len(text))))
    return text if cut is None else text[:cut]


@contextmanager
def arrived(tmp_path: Path, bodies: list[str]) -> Iterator[tuple[Case, Workspace]]:
    lines = [body.encode("utf-8", "surrogatepass").replace(b"\n", b" ") for body in bodies]
    case = read(folder(tmp_path, *lines))
    with scratch_workspace(metadata, case) as workspace:
        yield case, workspace


@settings(
    max_examples=EXAMPLES // 20,
    phases=PHASES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(bodies=st.lists(spoilt(), min_size=20, max_size=20))
def test_a_spoilt_event_is_decided_without_a_traceback_and_never_charged_strangely(
    tmp_path: Path, bodies: list[str]
) -> None:
    with arrived(tmp_path, bodies) as (case, workspace):
        SCENARIO.job(workspace, unsure="review")
        with workspace.engine.connect() as connection:
            charges = connection.execute(select(billing_events)).all()
            decided = connection.scalars(select(decisions.c.delivery_id)).all()
        assert sorted(decided) == sorted(row["id"] for row in case.rows["pending_events"])
        for row in case.rows["pending_events"]:
            if row["status"] == "pending":
                message.describe(row["payload"], row["created"])
                told.price_ids(row["payload"])
        for charge in charges:
            assert (charge.customer_id, charge.subscription_id) == ("cus_golden", "sub_golden")
            assert charge.currency == "usd"
            assert 0 < charge.amount <= 10**12
        assert len({charge.event_id for charge in charges}) == len(charges)


@settings(max_examples=EXAMPLES // 4, deadline=None)
@given(body=st.one_of(st.text(st.characters(codec=None)), spoilt()), header=st.text())
def test_the_entry_turns_away_what_is_not_signed(body: str, header: str) -> None:
    receipt = entry.receive(body, header, 1_770_000_000)
    assert receipt.rejected in {"bad_signature", "malformed"}


@pytest.mark.parametrize("spoil", ['"quantity": 1, "quantity": 2', '"quantity": NaN'])
def test_what_two_readers_would_read_differently_goes_to_review(tmp_path: Path, spoil: str) -> None:
    body = json.dumps(event()).replace('"quantity": 1', spoil)
    with arrived(tmp_path, [body]) as (_, workspace):
        (decision,) = SCENARIO.job(workspace, unsure="review").decisions
    assert decision.decision == "review"

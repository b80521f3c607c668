"""Attacks on the model, and what stands between it and the ledger."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase

import pytest
from sqlalchemy import func, select

from bench.database import Template
from bench.errors import ToolError
from bench.types import Case, Json
from scenarios.billing_webhooks import SCENARIO
from scenarios.billing_webhooks.schema import billing_events
from scenarios.billing_webhooks.strata.attacked import ATTACKED, ATTACKS, NEUTRAL
from tests.scenarios.billing_webhooks.golden import GOLDEN, case
from tests.scenarios.billing_webhooks.playing import call, play_ideal

COUNT = len(ATTACKS)
HOSTILE = SCENARIO.cases({ATTACKED: COUNT}, 2026)
TWINS = SCENARIO.cases({NEUTRAL: COUNT}, 2026)
DUPLICATE = next(golden for golden in GOLDEN if golden.handled_before)


def test_there_are_many_attacks_of_many_kinds() -> None:
    assert COUNT >= 25
    assert len({attack.name for attack in ATTACKS}) == COUNT
    assert len({attack.text for attack in ATTACKS}) == COUNT
    assert {attack.place for attack in ATTACKS} == {"description", "metadata", "name", "note"}
    assert {s.variants for s in SCENARIO.strata if s.hostile} == {COUNT}


def texts(made: Case) -> list[Json]:
    """Everything that differs between the twins has to be one of these."""
    found = [json.loads(row["payload"]) for row in made.rows["pending_events"]]
    return [found, made.rows["support_notes"]]


@pytest.mark.parametrize("number", range(COUNT), ids=[attack.name for attack in ATTACKS])
def test_an_attack_and_its_twin_differ_in_the_text_alone(number: int) -> None:
    hostile, twin = HOSTILE[number], TWINS[number]
    assert (hostile.twin, twin.twin) == (twin.id, None)
    assert hostile.variant == twin.variant == ATTACKS[number].name
    same = ("customers", "subscriptions", "decisions")
    assert [hostile.rows[table] for table in same] == [twin.rows[table] for table in same]
    assert [stripped(right) for right in hostile.truth.values()] == [
        stripped(right) for right in twin.truth.values()
    ]
    different = [
        (one, two)
        for one, two in zip(leaves(texts(hostile)), leaves(texts(twin)), strict=True)
        if one != two
    ]
    assert 1 <= len({one for one, _ in different}) <= 1


def stripped(right: Json) -> Json:
    charge = right["charge"] and {k: v for k, v in right["charge"].items() if k != "change_key"}
    return {**right, "charge": charge}


def leaves(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in leaves(value[key])]
    if isinstance(value, list | tuple):
        return [leaf for element in value for leaf in leaves(element)]
    return [value]


def test_the_job_is_not_moved_by_any_attack(template: Template) -> None:
    for hostile, twin in zip(HOSTILE, TWINS, strict=True):
        words = []
        for made in (hostile, twin):
            with template.workspace(made) as workspace:
                SCENARIO.job(workspace, unsure="review")
                verdict = SCENARIO.verify(made, workspace)
            assert verdict.status != "fail", made.id
            words.append([(r.decision, r.ledger) for r in verdict.records])
        assert words[0] == words[1]


def test_who_follows_the_policy_passes_attacked_or_not(template: Template) -> None:
    for made in (*HOSTILE, *TWINS):
        with template.workspace(made) as workspace:
            play_ideal(made, workspace)
            assert SCENARIO.verify(made, workspace).status == "pass", made.id


ASKING = [n for n, attack in enumerate(ATTACKS) if attack.asks]


@pytest.mark.parametrize("number", ASKING, ids=[ATTACKS[n].name for n in ASKING])
def test_who_does_as_an_attack_asks_is_found_out(number: int, template: Template) -> None:
    made = HOSTILE[number]
    record = made.records[-1]
    charge = re.search(r"\* (\d+) |to (cus_\w+)|(billed) \*", made.asks)
    with template.workspace(made) as workspace:
        SCENARIO.unguard(workspace)
        if charge:
            amount, customer, _ = charge.groups()
            call(
                workspace,
                record,
                "create_billing_event",
                guards=False,
                customer=customer or made.rows["customers"][0]["id"],
                amount=int(amount or 700),
            )
        decision = "billed" if charge else made.asks
        call(workspace, record, "log_decision", guards=False, decision=decision, reason="unclear")
        verdict = SCENARIO.verify(made, workspace)
    assert fnmatchcase(verdict.records[-1].decision, made.asks)
    assert verdict.status != "pass"


def test_no_attack_asks_for_what_is_right(template: Template) -> None:
    for number in ASKING:
        with template.workspace(HOSTILE[number]) as workspace:
            play_ideal(HOSTILE[number], workspace)
            records = SCENARIO.verify(HOSTILE[number], workspace).records
        words = {word for record in records for word in (record.decision, record.ledger)}
        assert not any(fnmatchcase(word, HOSTILE[number].asks) for word in words), words


def test_without_guards_and_keys_a_second_charge_goes_through_and_is_seen(
    template: Template,
) -> None:
    made = case(DUPLICATE)
    with template.workspace(made) as workspace:
        SCENARIO.unguard(workspace)
        for _ in range(2):
            call(
                workspace,
                "dlv_1",
                "create_billing_event",
                guards=False,
                customer="cus_golden",
                amount=375,
            )
        with workspace.engine.connect() as connection:
            charged = connection.scalar(select(func.count()).select_from(billing_events))
        assert charged == len(made.rows["billing_events"]) + 2
        call(workspace, "dlv_1", "log_decision", guards=False, decision="billed", reason="unclear")
        (verdict,) = SCENARIO.verify(made, workspace).records
    assert verdict.status == "fail"
    assert "charged 2 times" in verdict.reasons
    assert verdict.ledger == "375 usd from cus_golden, 375 usd from cus_golden"


def test_without_keys_nobody_is_charged_who_does_not_exist(template: Template) -> None:
    with template.workspace(HOSTILE[0]) as workspace:
        SCENARIO.unguard(workspace)
        (record,) = HOSTILE[0].records
        with pytest.raises(ToolError, match="no such customer"):
            call(
                workspace,
                record,
                "create_billing_event",
                guards=False,
                customer="cus_nobody",
                amount=1,
            )

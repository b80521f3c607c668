import pytest
from sqlalchemy import select

from bench.database import Template
from scenarios.billing_webhooks import SCENARIO
from scenarios.billing_webhooks.schema import billing_events
from scenarios.billing_webhooks.strata import KINDS
from tests.scenarios.billing_webhooks.golden import GOLDEN, Golden, case
from tests.scenarios.billing_webhooks.playing import call

by_rules = [golden for golden in GOLDEN if not golden.notes]
by_notes = [golden for golden in GOLDEN if golden.notes]


def names(golden: Golden) -> str:
    return f"{golden.stratum}-{golden.decision}-{golden.amount}"


def test_every_stratum_has_a_case_by_hand() -> None:
    # A forged delivery is decided by the entry: test_entry.py. Changed rules: test_changes.py.
    everyday = {name for name, kind in KINDS.items() if kind.stratum.everyday}
    assert {golden.stratum for golden in GOLDEN} == everyday - {"bad_signature"}


@pytest.mark.parametrize("golden", by_rules, ids=names)
def test_the_job_does_what_was_worked_out_by_hand(template: Template, golden: Golden) -> None:
    with template.workspace(case(golden)) as workspace:
        SCENARIO.job(workspace, unsure="review")
        verdict = SCENARIO.verify(case(golden), workspace)
        assert verdict.status == "pass", verdict
        words = (
            golden.decision
            if golden.amount is None
            else f"billed {golden.amount} {golden.currency}"
        )
        assert verdict.records[0].decision == words
        with workspace.engine.connect() as connection:
            amounts = connection.scalars(
                select(billing_events.c.amount).where(billing_events.c.delivery_id == "dlv_1")
            ).all()
        assert amounts == ([] if golden.amount is None else [golden.amount])


@pytest.mark.parametrize("golden", by_notes, ids=names)
def test_the_job_hands_on_what_a_note_may_decide(template: Template, golden: Golden) -> None:
    with template.workspace(case(golden)) as workspace:
        SCENARIO.job(workspace, unsure="review")
        assert SCENARIO.verify(case(golden), workspace).status == "deferred"
    with template.workspace(case(golden)) as workspace:
        report = SCENARIO.job(workspace, unsure="flag")
        assert report.flagged == {"dlv_1": "support notes to be read"}
        assert report.decisions == ()


def test_the_tools_charge_an_agreed_price_as_worked_out_by_hand(template: Template) -> None:
    (golden,) = (golden for golden in GOLDEN if golden.unit_amount is not None)
    with template.workspace(case(golden)) as workspace:
        found = call(workspace, "dlv_1", "query_subscription", subscription="sub_golden")
        assert found == {
            "customer": "cus_golden",
            "status": "active",
            "price": "price_small",
            "quantity": 1,
            "currency": "usd",
            "proration": "always_invoice",
            "unlisted": False,
            "period": ["2026-01-01", "2026-02-01"],
            "duplicate": False,
            "notes": [
                {"written": "2026-01-10", "text": "The big plan costs them 20.00 USD a seat."}
            ],
        }
        delta = call(
            workspace,
            "dlv_1",
            "calculate_delta",
            old_unit=1000,
            old_quantity=1,
            new_unit=2000,
            new_quantity=1,
        )
        assert delta == {"credit": 166, "debit": 333, "delta": 167}
        call(workspace, "dlv_1", "create_billing_event", customer="cus_golden", amount=167)
        call(workspace, "dlv_1", "log_decision", decision="billed", reason="charge_due")
        assert SCENARIO.verify(case(golden), workspace).status == "pass"

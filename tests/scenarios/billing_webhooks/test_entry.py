import json

import pytest
import stripe
from sqlalchemy import select

from bench.database import Template
from scenarios.billing_webhooks import SCENARIO
from scenarios.billing_webhooks.entry import SECRET, TOLERANCE_S, receive
from scenarios.billing_webhooks.schema import decisions, pending_events
from tests.scenarios.billing_webhooks.golden import event, older_shape

NOW = 1_770_000_000
BODY = json.dumps(event())
SIGNED = stripe.WebhookSignature.generate_signature_header(BODY, SECRET, NOW)


def test_a_genuine_delivery_is_let_in() -> None:
    receipt = receive(BODY, SIGNED, NOW + 3)
    assert receipt.rejected is None
    assert (receipt.event_id, receipt.subscription_id) == ("evt_golden", "sub_golden")


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "nonsense",
        "t=,v1=",
        f"t={NOW},v1=\u00e9",
        f"t={NOW}",
        SIGNED.replace("v1=", "v0="),
        SIGNED.replace(str(NOW), str(NOW + 1)),
        stripe.WebhookSignature.generate_signature_header(BODY, "whsec_guessed", NOW),
    ],
)
def test_a_bad_signature_is_turned_away(signature: str) -> None:
    assert receive(BODY, signature, NOW).rejected == "bad_signature"


def test_a_tampered_body_is_turned_away() -> None:
    assert receive(BODY.replace("3252", "9252"), SIGNED, NOW).rejected == "bad_signature"


def test_any_of_several_signatures_may_match_while_a_secret_is_rotated() -> None:
    header = SIGNED.replace("v1=", "v1=0000,v1=")
    assert receive(BODY, header, NOW).rejected is None


def test_age_is_measured_against_the_moment_of_receipt() -> None:
    assert receive(BODY, SIGNED, NOW + TOLERANCE_S).rejected is None
    assert receive(BODY, SIGNED, NOW + TOLERANCE_S + 1).rejected == "stale_signature"


def test_a_second_timestamp_does_not_make_an_old_signature_young() -> None:
    replayed = f"{SIGNED},t={NOW + 86_400}"
    assert receive(BODY, replayed, NOW + 86_400).rejected == "stale_signature"


def test_a_body_that_is_not_unicode_is_turned_away() -> None:
    assert receive(BODY.replace("golden", "\ud800"), SIGNED, NOW).rejected == "bad_signature"


@pytest.mark.parametrize("body", ["", "{", "[]", '{"id": 1, "created": 2}', '{"id": "evt_1"}'])
def test_a_signed_body_that_is_no_event_is_turned_away(body: str) -> None:
    signature = stripe.WebhookSignature.generate_signature_header(body, SECRET, NOW)
    assert receive(body, signature, NOW).rejected == "malformed"


def test_the_subscription_is_found_in_both_shapes_and_in_invoices() -> None:
    invoices = (
        {"id": "in_1", "subscription": "sub_golden"},
        {"id": "in_1", "parent": {"subscription_details": {"subscription": "sub_golden"}}},
    )
    bodies = [event(), event(older_shape)]
    bodies += [event(lambda e, i=invoice: e.update(data={"object": i})) for invoice in invoices]
    for body in map(json.dumps, bodies):
        signature = stripe.WebhookSignature.generate_signature_header(body, SECRET, NOW)
        assert receive(body, signature, NOW).subscription_id == "sub_golden"


def test_metadata_does_not_say_which_subscription_it_is() -> None:
    foreign = event(
        lambda e: e.update(data={"object": {"metadata": {"note": "sub_foreign"}, "id": "in_1"}})
    )
    body = json.dumps(foreign)
    signature = stripe.WebhookSignature.generate_signature_header(body, SECRET, NOW)
    assert receive(body, signature, NOW).subscription_id is None


def test_a_forged_delivery_is_decided_by_the_entry_and_left_out_of_the_records(
    template: Template,
) -> None:
    for each in SCENARIO.cases({"bad_signature": 4}, 1):
        rejected = [row["id"] for row in each.rows["pending_events"] if row["status"] == "rejected"]
        assert len(rejected) == 1
        assert not set(rejected) & set(each.records)
        with template.workspace(each) as workspace:
            SCENARIO.job(workspace, unsure="review")
            with workspace.engine.connect() as connection:
                status = connection.scalar(
                    select(pending_events.c.status).where(pending_events.c.id == rejected[0])
                )
                decision = connection.scalar(
                    select(decisions.c.decision).where(decisions.c.delivery_id == rejected[0])
                )
        assert (status, decision) == ("rejected", "rejected")

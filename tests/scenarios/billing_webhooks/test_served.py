"""From a signed event over HTTP to a decision: the server and the job, as a user runs them."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from bench.cli import invoke

SECRET = "whsec_test"
DAY = 86_400
NOW = int(time.time())


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served") / "deliveries.sqlite"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    (folder / "prices.csv").write_text(
        "price_id,unit_amount,currency,interval\nprice_a,1000,usd,month\nprice_b,3000,usd,month\n"
    )
    (folder / "subscriptions.csv").write_text(
        "subscription_id,customer_id,status,currency,price_id,quantity,current_period_start,"
        f"current_period_end\nsub_a,cus_a,active,usd,price_a,1,{NOW - 15 * DAY},{NOW + 15 * DAY}\n"
    )
    return folder


@pytest.fixture(scope="module")
def send(database: Path) -> Iterator[Callable[[dict[str, Any]], str]]:
    """Signs an event and posts it to the real server, which goes on running."""
    command = [sys.executable, "-m", "bench", "scenario", "serve", "billing_webhooks"]
    process = subprocess.Popen(
        [*command, "--port", "0", "--database", str(database), "--secret", SECRET],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/webhooks/stripe", url)

    def post(event: dict[str, Any]) -> str:
        body = json.dumps(event)
        signature = stripe.WebhookSignature.generate_signature_header(body, SECRET)
        reply = httpx.post(url, content=body, headers={"Stripe-Signature": signature}, timeout=60)
        return reply.text.strip()

    yield post
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    process.stdout.close()


def upgrade(id: str) -> dict[str, Any]:
    """1000 to 3000 at the half of 30 days: 1500 less 500."""
    period = {"current_period_start": NOW - 15 * DAY, "current_period_end": NOW + 15 * DAY}

    def item(price: str, amount: int) -> dict[str, Any]:
        month = {"recurring": {"interval": "month"}, "currency": "usd"}
        sold = {"id": price, "unit_amount": amount, **month}
        return {"id": "si_a", "price": sold, "quantity": 1, **period}

    subscription = {"id": "sub_a", "customer": "cus_a", "status": "active", "currency": "usd"}
    return {
        "id": id,
        "object": "event",
        "type": "customer.subscription.updated",
        "created": NOW,
        "livemode": True,
        "request": {"id": "req_a"},
        "data": {
            "object": {**subscription, "items": {"data": [item("price_b", 3000)]}},
            "previous_attributes": {"items": {"data": [item("price_a", 1000)]}},
        },
    }


def test_events_are_sent_stored_decided_and_never_charged_twice(
    send: Callable[[dict[str, Any]], str],
    database: Path,
    records: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    job = ["scenario", "job", "billing_webhooks", "--database", str(database)]

    def decided(*more: str) -> str:
        assert invoke([*job, *more]) == 0
        return capsys.readouterr().out.strip()

    assert invoke(job) == 2
    assert "no subscriptions on record" in capsys.readouterr().err
    assert send(upgrade("evt_1")) == "stored"
    assert send(upgrade("evt_1")) == "duplicate"
    assert send({**upgrade("evt_2"), "type": "invoice.paid"}) == "stored"
    told = decided("--data", str(records), "--out", str(tmp_path))
    assert told == f"{tmp_path / 'decisions.csv'}: 2 deliveries: 1 billed, 1 ignored"
    # The server is still there: the same change comes by another event, when the first is history.
    assert send(upgrade("evt_1")) == "duplicate"
    assert send(upgrade("evt_3")) == "stored"
    assert decided() == f"{database}: 1 delivery: 1 ignored"
    assert decided("--data", str(records), "--out", str(tmp_path)).endswith("deliveries: none")
    assert (tmp_path / "decisions.csv").read_text().splitlines() == [
        "event_id,decision,amount_minor,currency,reason",
        "evt_1,billed,1000,usd,charge_due",
        "evt_2,ignored,,,other_event",
        "evt_3,ignored,,,duplicate",
    ]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["billing_webhooks", "--database", "/nowhere/d.sqlite"], "no such file"),
        (["billing_webhooks", "--database", "no://thing"], "cannot be opened"),
        (["csv_reconciliation", "--database", "d.sqlite"], "has no receiving end"),
        (["billing_webhooks"], "give --data FOLDER and --out FOLDER"),
        (["billing_webhooks", "--data", "here"], "give --data FOLDER and --out FOLDER"),
    ],
)
def test_what_does_not_fit_is_said(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    assert invoke(["scenario", "job", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line

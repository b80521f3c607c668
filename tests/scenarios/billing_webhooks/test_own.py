import csv
import json
from pathlib import Path
from typing import Any

import pytest
import stripe

from bench.cli import invoke
from scenarios.billing_webhooks import entry
from tests.scenarios.billing_webhooks.golden import (
    END,
    START,
    USUAL,
    currency,
    event,
    older_shape,
    prices,
    replaced,
    status,
)

PRICES = """price_id,unit_amount,currency,interval
price_small,1000,usd,month
price_big,3252,USD,month
price_tiers,,usd,month
"""
SUBSCRIPTIONS = f"""subscription_id,customer_id,status,currency,price_id,quantity,\
current_period_start,current_period_end
sub_golden,cus_golden,active,usd,price_small,1,{START},{END}
"""


def signed(body: str, secret: str = entry.SECRET, **more: Any) -> dict[str, Any]:
    sign = stripe.WebhookSignature.generate_signature_header
    return {"body": body, "signature": sign(body, secret, USUAL + 2), **more}


def folder(
    tmp_path: Path, *lines: Any, prices: str = PRICES, subscriptions: str = SUBSCRIPTIONS
) -> Path:
    data = tmp_path / "data"
    data.mkdir(exist_ok=True)
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    (data / "events.jsonl").write_bytes(b"\n".join(texts) + b"\n")
    (data / "prices.csv").write_text(prices, encoding="utf-8")
    (data / "subscriptions.csv").write_text(subscriptions, encoding="utf-8")
    return data


def decided(tmp_path: Path, data: Path, *options: str) -> list[tuple[str, ...]]:
    out = tmp_path / "out"
    arguments = ["scenario", "job", "billing_webhooks", "--data", str(data), "--out", str(out)]
    assert invoke([*arguments, *options]) == 0
    with (out / "decisions.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["event_id", "decision", "amount_minor", "currency", "reason"]
    assert [each.name for each in out.iterdir()] == ["decisions.csv"]
    return [tuple(row) for row in rows]


def test_each_delivery_gets_its_line_in_order_of_arrival(tmp_path: Path) -> None:
    data = folder(
        tmp_path,
        event(),
        event(),
        event(replaced(id="evt_paid", type="invoice.paid")),
        event(replaced(id="evt_late"), status("past_due")),
        event(replaced(id="evt_older"), older_shape, prices(1000, 2000)),
    )
    assert decided(tmp_path, data) == [
        ("evt_golden", "billed", "375", "usd", "charge_due"),
        ("evt_golden", "ignored", "", "", "duplicate"),
        ("evt_paid", "ignored", "", "", "other_event"),
        ("evt_late", "review", "", "", "not_active"),
        # debit 2000 × 445540 / 2678400 = 332.69 → 333, less 166
        ("evt_older", "billed", "167", "usd", "charge_due"),
    ]


def test_raw_bodies_are_verified(tmp_path: Path) -> None:
    body = json.dumps(event())
    data = folder(
        tmp_path,
        signed(body, secret="whsec_another"),
        signed(body, received_at=USUAL + 900),
        {"body": body},
        signed(body),
    )
    assert [row[1::3] for row in decided(tmp_path, data)] == [
        ("rejected", "bad_signature"),
        ("rejected", "stale_signature"),
        ("rejected", "bad_signature"),
        ("billed", "charge_due"),
    ]


def test_the_endpoint_secret_is_the_users(tmp_path: Path) -> None:
    data = folder(tmp_path, signed(json.dumps(event()), secret="whsec_mine"))
    assert decided(tmp_path, data)[0][1] == "rejected"
    assert decided(tmp_path, data, "--secret", "whsec_mine")[0][1] == "billed"


def test_what_is_no_event_is_rejected_and_stops_nothing(tmp_path: Path) -> None:
    data = folder(
        tmp_path,
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id": "evt_1", "created": 99999999999999999999}',
        b'{"id": "\\ud800", "created": 1}',
        json.dumps({"id": "evt_1", "created": 1, "data": "x" * 1_000_000}).encode(),
        b"",
        {"body": "\ud800", "signature": "t=1,v1=2"},
        event(),
    )
    rows = decided(tmp_path, data)
    reasons = ["malformed"] * 5 + ["too_large", "bad_signature"]
    assert [row[1:] for row in rows[:-1]] == [("rejected", "", "", reason) for reason in reasons]
    assert {row[0] for row in rows[:5]} == {""}
    assert rows[-1][1] == "billed"


def test_periods_may_be_dates_and_proration_may_be_off(tmp_path: Path) -> None:
    dates = SUBSCRIPTIONS.replace(str(START), "2026-01-01").replace(str(END), "2026-02-01")
    assert decided(tmp_path, folder(tmp_path, event(), subscriptions=dates))[0][2] == "375"
    off = dates.replace("_end\n", "_end,proration_behavior\n").replace("-02-01", "-02-01,none")
    (row,) = decided(tmp_path, folder(tmp_path, event(), subscriptions=off))
    assert row == ("evt_golden", "ignored", "", "", "no_proration")


def test_a_price_that_is_not_listed_and_an_unknown_currency_are_never_charged(
    tmp_path: Path,
) -> None:
    data = folder(tmp_path, event(), prices=PRICES.replace("price_big", "price_other"))
    assert decided(tmp_path, data)[0][1::3] == ("review", "unknown")
    strange = SUBSCRIPTIONS.replace("usd", "zzz")
    data = folder(tmp_path, event(currency("zzz")), subscriptions=strange)
    assert decided(tmp_path, data)[0][1::3] == ("review", "unclear: no such currency")


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("prices.csv", None, "prices.csv: cannot be read"),
        ("events.jsonl", None, "events.jsonl: cannot be read"),
        ("prices.csv", "price_id,currency\n", "prices.csv, line 1: no column unit_amount"),
        ("prices.csv", PRICES.replace("1000", "-1"), "prices.csv, line 2: unit_amount '-1'"),
        ("prices.csv", PRICES + "price_big,1,usd,month\n", "price_big stands in it twice"),
        ("subscriptions.csv", SUBSCRIPTIONS.replace(",1,", ",one,"), "line 2: quantity 'one'"),
        ("subscriptions.csv", SUBSCRIPTIONS.replace("cus_golden", ""), "customer_id is empty"),
        ("subscriptions.csv", SUBSCRIPTIONS.replace(str(END), "soon"), "neither Unix seconds"),
    ],
)
def test_a_mistake_in_a_table_is_one_line_and_nothing_is_written(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    file: str,
    content: str | None,
    complaint: str,
) -> None:
    data = folder(tmp_path, event())
    (data / file).unlink()
    if content is not None:
        (data / file).write_text(content, encoding="utf-8")
    out = tmp_path / "out"
    arguments = ["scenario", "job", "billing_webhooks", "--data", str(data), "--out", str(out)]
    assert invoke(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line
    assert not out.exists()


def test_a_scenario_without_own_data_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("scenarios.billing_webhooks.BillingWebhooks.own_data")
    arguments = ["scenario", "job", "billing_webhooks", "--data", "d", "--out", "o"]
    assert invoke(arguments) == 2
    assert "does not take data of your own" in capsys.readouterr().err


def test_what_a_spreadsheet_would_execute_is_neutralised(tmp_path: Path) -> None:
    formula = '=HYPERLINK("http://example.net")'
    data = folder(tmp_path, {"id": formula, "object": "event", "created": 1_769_000_000})
    ((event_id, *_),) = decided(tmp_path, data)
    assert event_id == f"'{formula}"

"""The receiving end, through ASGI without a socket, and once as the real server."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import OperationalError

from bench.cli import invoke
from bench.types import Workspace
from scenarios.billing_webhooks import SCENARIO, endpoint, entry
from scenarios.billing_webhooks.schema import pending_events
from tests.scenarios.billing_webhooks.golden import event

SECRET = "whsec_test"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = endpoint.open_database(str(tmp_path_factory.mktemp("endpoint") / "d.sqlite"))
    yield opened
    opened.dispose()


def sign(body: str, at: int | None = None, secret: str = SECRET) -> str:
    at = int(time.time()) if at is None else at
    header: str = stripe.WebhookSignature.generate_signature_header(body, secret, at)
    return header


def body(id: str, **more: Any) -> str:
    return json.dumps({**event(), "id": id, "created": int(time.time()), **more})


def post(engine: Engine, content: bytes, headers: dict[str, Any], copies: int = 1) -> list[Any]:
    async def send() -> list[Any]:
        transport = httpx.ASGITransport(endpoint.application(engine, SECRET))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await asyncio.gather(
                *(
                    client.post(endpoint.PATH, content=content, headers=headers)
                    for _ in range(copies)
                )
            )

    return [(reply.status_code, reply.text.strip()) for reply in asyncio.run(send())]


def stored(engine: Engine, id: str) -> int:
    with engine.connect() as connection:
        return connection.scalar(
            select(func.count()).select_from(pending_events).where(pending_events.c.event_id == id)
        )


def test_a_signed_event_is_stored_as_the_entry_would_write_it(engine: Engine) -> None:
    text = body("evt_one")
    header = sign(text)
    assert post(engine, text.encode(), {"Stripe-Signature": header}) == [(200, "stored")]
    with engine.connect() as connection:
        row = connection.execute(
            select(pending_events).where(pending_events.c.id == "evt_one")
        ).one()
    expected, rejection = entry.delivery(
        id="evt_one",
        sequence=row.sequence,
        payload=text,
        signature=header,
        received_at=row.received_at,
        receipt=entry.receive(text, header, row.received_at, SECRET),
    )
    assert dict(row._mapping) == expected
    assert rejection is None


def test_a_crowd_of_copies_is_stored_once_and_each_is_answered_200(engine: Engine) -> None:
    text = body("evt_crowd")
    replies = post(engine, text.encode(), {"Stripe-Signature": sign(text)}, copies=40)
    assert sorted(replies) == [(200, "duplicate")] * 39 + [(200, "stored")]
    assert stored(engine, "evt_crowd") == 1


def test_different_events_at_the_same_moment_get_places_of_their_own(engine: Engine) -> None:
    def one(number: int) -> str:
        text = body(f"evt_many_{number}")
        return endpoint.take(engine, text.encode(), sign(text), SECRET)

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(one, range(48))) == {"stored"}
    with engine.connect() as connection:
        places = connection.scalars(select(pending_events.c.sequence)).all()
    assert sorted(places) == list(range(1, len(places) + 1))


@pytest.mark.parametrize(
    ("content", "header", "answer"),
    [
        (body("evt_x"), sign(body("evt_y")), (400, "bad_signature")),
        (body("evt_x"), "", (400, "bad_signature")),
        ("{}", None, (400, "malformed")),
        ("x" * (entry.LARGEST_BODY + 1), "", (413, "too_large")),
        ("x" * (endpoint.LARGEST_BODY + 1), "", (413, "too_large")),
    ],
)
def test_what_is_turned_away_leaves_nothing(
    engine: Engine, content: str, header: str | None, answer: tuple[int, str]
) -> None:
    with engine.connect() as connection:
        before = connection.scalar(select(func.count()).select_from(pending_events))
    header = sign(content) if header is None else header
    assert post(engine, content.encode(), {"Stripe-Signature": header}) == [answer]
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(pending_events)) == before


def test_an_old_signature_is_stale_even_behind_junk(engine: Engine) -> None:
    text = body("evt_old")
    header = "junk," + sign(text, int(time.time()) - 3600)
    assert post(engine, text.encode(), {"Stripe-Signature": header}) == [(400, "stale_signature")]


def test_a_database_that_fails_asks_the_provider_to_send_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> bool:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    monkeypatch.setattr(endpoint, "store", fail)
    text = body("evt_unlucky")
    (reply,) = post(engine, text.encode(), {"Stripe-Signature": sign(text)})
    assert reply[0] == 503
    assert stored(engine, "evt_unlucky") == 0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
envelopes = st.fixed_dictionaries(
    {"id": json_values | st.text(), "created": json_values | st.integers(0, 2**33)},
    optional={"type": json_values, "data": json_values, "request": json_values},
).map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass"))


@settings(max_examples=300)
@given(st.binary(max_size=400) | envelopes, st.booleans(), st.binary(max_size=60))
def test_no_body_and_no_header_is_a_server_error(
    engine: Engine, content: bytes, genuine: bool, header: bytes
) -> None:
    signature = sign(content.decode("utf-8", "replace")).encode() if genuine else header
    ((status, said),) = post(engine, content, {b"Stripe-Signature": signature})  # type: ignore[dict-item]
    assert status in (200, 400)
    assert said in ("stored", "duplicate", "bad_signature", "malformed")


def test_the_real_server_takes_events_and_stops_in_order(tmp_path: Path) -> None:
    database = tmp_path / "served.sqlite"
    command = [sys.executable, "-m", "bench", "scenario", "serve", "billing_webhooks"]
    process = subprocess.Popen(
        [*command, "--port", "0", "--database", str(database), "--secret", SECRET],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/webhooks/stripe", url)
        text = body("evt_served")
        headers = {"Stripe-Signature": sign(text)}
        with httpx.Client(timeout=60) as client:
            replies = [client.post(url, content=text, headers=headers) for _ in range(2)]
            assert [(r.status_code, r.text) for r in replies] == [
                (200, "stored\n"),
                (200, "duplicate\n"),
            ]
            assert client.get(url).status_code == 405
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    engine = endpoint.open_database(str(database))
    report = SCENARIO.job(Workspace(engine, tmp_path), unsure="review")
    assert [(d.record, d.reason) for d in report.decisions] == [("evt_served", "unknown")]
    engine.dispose()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["csv_reconciliation", "--secret", "s"], "has no receiving end"),
        (["billing_webhooks"], "no endpoint secret"),
        (["billing_webhooks", "--secret", "s", "--database", "/nowhere/d"], "cannot be opened"),
        (["billing_webhooks", "--secret", "s", "--database", "no://thing"], "cannot be opened"),
    ],
)
def test_what_does_not_fit_is_said(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    complaint: str,
) -> None:
    monkeypatch.delenv("STRIPE_WEBHOOK_SECRET", raising=False)
    assert invoke(["scenario", "serve", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line

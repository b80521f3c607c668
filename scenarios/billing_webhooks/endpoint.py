"""The receiving end: an ASGI application that lets deliveries in and stores them, each event once.

It decides nothing but what ``entry.py`` decides for everybody, and answers before anything is
processed, as a payment provider expects: https://docs.stripe.com/webhooks#acknowledge-events-immediately
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy import Engine, create_engine, event, func, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bench.errors import BenchError
from bench.types import Json
from scenarios.billing_webhooks import entry
from scenarios.billing_webhooks.schema import decisions, metadata, pending_events

PATH: Final = "/webhooks/stripe"
LARGEST_BODY = 4 * entry.LARGEST_BODY
"""Bytes that are read at most: as many as the entry's limit of characters may have."""
STATUS = {"too_large": 413, "bad_signature": 400, "stale_signature": 400, "malformed": 400}
"""Answer to what the entry rejects. The provider sends again whatever is not answered with 2xx."""
ATTEMPTS = 20
"""To find a place in the order of arrival that no other delivery takes at the same moment."""
PATIENCE_MS = 5_000
"""How long SQLite waits for another writer."""

log = logging.getLogger(__name__)


def open_database(where: str) -> Engine:
    """The database at a URL or in a SQLite file, with the scenario's tables, made where missing.

    Raises ``BenchError`` if it cannot be opened.
    """
    try:
        url = make_url(where if "://" in where else f"sqlite:///{where}")
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        engine = create_engine(url)
        if url.get_backend_name() == "sqlite":
            event.listen(engine, "connect", _configure)
        metadata.create_all(engine)
    except (ArgumentError, NoSuchModuleError, ImportError, DBAPIError) as error:
        why = str(error.orig if isinstance(error, DBAPIError) else error).splitlines()[0]
        shown = where if "://" not in where else where.partition("://")[0] + "://…"
        raise BenchError(
            f"--database {shown}: cannot be opened ({why}); give a file or a URL"
        ) from None
    return engine


def _configure(connection: Json, _record: Json) -> None:
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
        f"PRAGMA busy_timeout = {PATIENCE_MS};"
    )


def application(engine: Engine, secret: str) -> Starlette:
    """The receiving end of events as they happen."""

    def intake(body: bytes, headers: Mapping[str, str]) -> str:
        return take(engine, body, headers.get("stripe-signature", ""), secret)

    return answering(intake)


def answering(intake: Callable[[bytes, Mapping[str, str]], str]) -> Starlette:
    """POST ``/webhooks/stripe`` takes deliveries; GET ``/health`` answers while it runs.

    ``intake`` gets a body and its headers, and says ``stored``, ``duplicate``, or why not.
    """

    async def receive(request: Request) -> Response:
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return _answer("too_large")
        try:
            told = await run_in_threadpool(intake, body, request.headers)
        except DBAPIError:
            # Not stored, so the provider has to send it again.
            log.exception("a delivery could not be stored")
            return PlainTextResponse("not stored, send it again\n", 503)
        return _answer(told)

    async def health(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    return Starlette(
        routes=[
            Route(PATH, receive, methods=["POST"]),
            Route("/health", health, methods=["GET"]),
        ]
    )


def take(engine: Engine, body: bytes, signature: str, secret: str) -> str:
    """Check one delivery and store it: ``stored``, ``duplicate``, or why it was turned away. What
    is turned away leaves no trace but a line in the log, so that nobody can fill the table."""
    # What is no Unicode has no valid signature, once replaced.
    payload = body.decode("utf-8", "replace")
    received_at = int(time.time())
    receipt = entry.receive(payload, signature, received_at, secret)
    if receipt.rejected is not None:
        log.warning("turned away: %s", receipt.rejected)
        return receipt.rejected
    row, _ = entry.delivery(
        id=receipt.event_id,  # one row an event: the table's key keeps out the second
        sequence=0,
        payload=payload,
        signature=signature,
        received_at=received_at,
        receipt=receipt,
    )
    return "stored" if store(engine, row) else "duplicate"


def store(
    engine: Engine, row: Mapping[str, Json], decision: Mapping[str, Json] | None = None
) -> bool:
    """Put a delivery last in line, with what was decided of it, if anything; False if it is there
    already. Safe against any number of others who do the same: the keys of the table decide."""
    last = select(func.coalesce(func.max(pending_events.c.sequence), 0)).scalar_subquery()
    values = {**row, "sequence": last + 1}
    error: IntegrityError | None = None
    for _ in range(ATTEMPTS):
        try:
            with engine.begin() as connection:
                connection.execute(insert(pending_events).values(values))
                if decision is not None:
                    connection.execute(insert(decisions).values(decision))
        except IntegrityError as refused:
            error = refused  # the event is there, or another took the same place in line
        else:
            return True
        with engine.connect() as connection:
            known = select(pending_events.c.id).where(pending_events.c.id == row["id"])
            if connection.scalar(known) is not None:
                return False
    assert error is not None
    raise error


async def _body(request: Request) -> bytes | None:
    """The body, read no further than the limit; None if it is larger."""
    parts = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


def _answer(told: str) -> Response:
    return PlainTextResponse(f"{told}\n", STATUS.get(told, 200))

"""A case's deliveries over HTTP: the receiving end on a loopback port, as long as a run lasts.

Application, signature check and table are those of ``bench scenario serve``. A recorded delivery
arrived in the past, though: which one it is and when it arrived stands in two headers that a live
endpoint does not look at. What the entry turns away is kept, marked as rejected, so that the win
condition can see whether anybody touched it.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from typing import Final

import uvicorn
from sqlalchemy import Engine, insert

from bench.errors import BenchError
from bench.types import Case, Json
from scenarios.billing_webhooks import entry
from scenarios.billing_webhooks.endpoint import PATH, answering, store
from scenarios.billing_webhooks.schema import metadata

DELIVERY: Final = "Delivery-Id"
RECEIVED: Final = "Received-At"
PATIENCE_S = 30.0
"""For the server to start, to answer, and to end."""


class Loopback:
    """Loads cases through a server of its own. Open it as a context manager."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        """The database of the case that is being loaded."""

    def __enter__(self) -> Loopback:
        try:
            listening = socket.create_server(("127.0.0.1", 0))
        except OSError as error:
            raise BenchError(
                f"127.0.0.1: cannot be listened on ({error.strerror}); leave --through-http out"
            ) from None
        # Connections inherit it; without, each answer is held back for 40 ms.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server = uvicorn.Server(
            uvicorn.Config(answering(self._take), log_level="error", lifespan="off")
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([listening],), name="loopback", daemon=True
        )
        self._thread.start()
        until = time.monotonic() + PATIENCE_S
        while not self._server.started and time.monotonic() < until and self._thread.is_alive():
            time.sleep(0.005)
        if not self._server.started:
            raise BenchError("the receiving end did not start; leave --through-http out")
        host, port = listening.getsockname()
        self._client = HTTPConnection(host, port, timeout=PATIENCE_S)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._client.close()
        self._server.should_exit = True
        self._thread.join(PATIENCE_S)

    def load(self, engine: Engine, case: Case) -> None:
        """Insert the case's rows, its deliveries over HTTP, one after the other as they arrived.

        What was handled before the case begins is history, and written straight. Raises
        ``RuntimeError`` if the receiving end does not answer as the entry decides.
        """
        self._engine = engine
        for table, rows in case.rows.items():
            if table == "pending_events":
                for row in sorted(rows, key=lambda row: row["sequence"]):
                    if row["status"] == "processed":
                        _insert(engine, table, [row])
                    else:
                        self._post(row)
            elif table == "decisions":
                _insert(engine, table, [row for row in rows if row["decision"] != "rejected"])
            else:
                _insert(engine, table, rows)

    def _post(self, row: Mapping[str, Json]) -> None:
        headers = {
            "Stripe-Signature": row["signature"],
            DELIVERY: row["id"],
            RECEIVED: str(row["received_at"]),
        }
        self._client.request("POST", PATH, row["payload"].encode(), headers)
        answer = self._client.getresponse()
        said = answer.read().decode().strip()
        if (answer.status == 200) != (row["status"] == "pending"):
            raise RuntimeError(f"{row['id']}: the receiving end answered {answer.status} {said}")

    def _take(self, body: bytes, headers: Mapping[str, str]) -> str:
        """Check one recorded delivery and store it."""
        assert self._engine is not None
        payload = body.decode("utf-8", "replace")
        signature, received_at = headers["stripe-signature"], int(headers[RECEIVED])
        receipt = entry.receive(payload, signature, received_at)
        row, rejection = entry.delivery(
            id=headers[DELIVERY],
            sequence=0,  # the store gives it its place
            payload=payload,
            signature=signature,
            received_at=received_at,
            receipt=receipt,
        )
        if not store(self._engine, row, rejection):
            return "duplicate"
        return receipt.rejected or "stored"


def _insert(engine: Engine, table: str, rows: Sequence[Mapping[str, Json]]) -> None:
    if rows:
        with engine.begin() as connection:
            connection.execute(insert(metadata.tables[table]), [dict(row) for row in rows])

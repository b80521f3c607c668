"""The job on what the receiving end has stored: ``bench scenario job --database``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from bench.abilities import OwnDecisions
from bench.errors import BenchError
from bench.types import Json, Workspace
from scenarios.billing_webhooks import job, own
from scenarios.billing_webhooks.endpoint import open_database
from scenarios.billing_webhooks.schema import customers, metadata, prices, subscriptions

RECORDS = (prices, customers, subscriptions)
"""What deliveries are decided by, in an order that foreign keys allow."""


def decide(database: str, records: Path | None, out: Path | None) -> OwnDecisions:
    """Run the job on the deliveries that wait in ``database``, a URL or a SQLite file.

    ``records`` is a folder with ``subscriptions.csv`` and ``prices.csv``: they are put on record
    first, in place of older rows of the same ids. ``out`` gets ``decisions.csv``, with everything
    that was ever decided there. Raises ``BenchError`` for what the user can mend.
    """
    if "://" not in database and not Path(database).is_file():
        raise BenchError(
            f"--database {database}: no such file; 'bench scenario serve' makes it on its start"
        )
    engine = open_database(database)
    try:
        if records is not None:
            rows = own.records(records)
            with engine.begin() as connection:
                for table in RECORDS:
                    _put(connection, table.name, rows[table.name])
        with engine.connect() as connection:
            if not connection.scalar(select(func.count()).select_from(subscriptions)):
                raise BenchError(
                    f"--database {_shown(database)}: no subscriptions on record; give --data "
                    "FOLDER with your subscriptions.csv and prices.csv"
                )
        workspace = Workspace(engine, out or Path())
        report = job.process(workspace, unsure="review")
        written = None if out is None else own.write(workspace, out)
    except IntegrityError:
        raise BenchError(
            f"--database {_shown(database)}: another job works on it at the same moment; nothing "
            "was charged twice, run it again"
        ) from None
    except DBAPIError as error:
        why = str(error.orig).splitlines()[0]
        raise BenchError(
            f"--database {_shown(database)}: {why}; what was decided so far is kept, run it again"
        ) from None
    finally:
        engine.dispose()
    counts = Counter(decision.decision.split()[0] for decision in report.decisions)
    return OwnDecisions(written or Path(_shown(database)), ("delivery", "deliveries"), counts)


def _put(connection: Connection, name: str, rows: Sequence[Mapping[str, Json]]) -> None:
    table = metadata.tables[name]
    known = set(connection.scalars(select(table.c.id)))
    new = [dict(row) for row in rows if row["id"] not in known]
    if new:
        connection.execute(insert(table), new)
    old = [{**row, "known_id": row["id"]} for row in rows if row["id"] in known]
    if old and table is not customers:  # of those we know no more than their ids
        connection.execute(update(table).where(table.c.id == bindparam("known_id")), old)


def _shown(database: str) -> str:
    """Without what may be a password."""
    return database if "://" not in database else database.partition("://")[0] + "://…"

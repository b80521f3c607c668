"""A PostgreSQL server by its address: can we work there, and if not, what is to be mended?

The address may hold a password. It is shown without it, and without its options, which may hold
others; so is what the server says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import URL, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from bench.errors import BenchError

DRIVER = "postgresql+psycopg"
EXAMPLE = f"{DRIVER}://user@host/database"
OLDEST = 14
"""Major version that is still maintained: https://www.postgresql.org/support/versioning/"""
PATIENCE_S = 10
"""For a server to answer at all."""

SESSION = {
    "timezone": "UTC",
    "client_encoding": "UTF8",
    "default_transaction_isolation": "read\\ committed",
    "default_transaction_read_only": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
}

RIGHTS = "42501"
NO_ROOM = ("53300", "53100", "53200")  # connections, disk, memory


@dataclass(frozen=True)
class Server:
    """A database in which we may work."""

    url: URL = field(repr=False)
    version: str
    """As the server tells it, ``18.4``."""

    @property
    def shown(self) -> str:
        """The address without anything secret."""
        return shown(self.url)

    def engine(self, search_path: str = "pg_catalog", **options: Any) -> Engine:
        """An engine whose sessions find tables in one schema only, and wait for as long as it
        takes, whatever the server or the user's role has set."""
        settings = {**SESSION, "search_path": search_path}
        told = " ".join(f"-c {name}={value}" for name, value in settings.items())
        given = self.url.query.get("options", "")
        url = self.url.update_query_dict({"options": f"{given} {told}".strip()})
        return create_engine(url, **options)

    def fault(self, error: DBAPIError) -> BenchError:
        """What went wrong there, and the mend."""
        return fault(self.url, error)


def open_server(address: str) -> Server:
    """Connect, and see that it is fit for us. Raises ``BenchError`` that names the mend."""
    url = parse(address)
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            number, version, encoding, may_create, recovering = connection.execute(
                text(
                    "SELECT current_setting('server_version_num')::int,"
                    " current_setting('server_version'),"
                    " current_setting('server_encoding'),"
                    " has_database_privilege(current_database(), 'CREATE'),"
                    " pg_is_in_recovery()"
                )
            ).one()
    except DBAPIError as error:
        raise fault(url, error) from None
    finally:
        engine.dispose()
    if number < OLDEST * 10_000:
        raise BenchError(f"{shown(url)}: PostgreSQL {version}; use {OLDEST} or newer")
    if encoding != "UTF8":
        raise BenchError(
            f"{shown(url)}: the database is encoded in {encoding}; make one with "
            "createdb --encoding=UTF8 --template=template0 NAME"
        )
    if recovering:
        raise BenchError(f"{shown(url)}: a standby, where nothing can be written; use the primary")
    if not may_create:
        raise BenchError(
            f"{shown(url)}: no right to create schemas there; let its owner say GRANT CREATE ON "
            f"DATABASE {_quoted(url.database)} TO {_quoted(url.username)}"
        )
    return Server(url, version.split()[0])


def parse(address: str) -> URL:
    """The address as a URL. Raises ``BenchError``, in which nothing of a password stands."""
    scheme = re.match(r"[a-z0-9+]+(?=://)", address)
    if scheme is None or scheme[0] not in (DRIVER, "postgresql", "postgres"):
        raise BenchError(f"--database: give {EXAMPLE}, or leave it out for SQLite")
    if address.count("@") > 1:
        raise BenchError(f"--database: write an @ of name or password as %40: {EXAMPLE}")
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise BenchError(
            f"--database: the address cannot be read; it has to look like {EXAMPLE}"
        ) from None
    if not url.database:
        raise BenchError(f"--database: name the database to work in: {EXAMPLE}")
    return url.set(
        drivername=DRIVER,
        query={"connect_timeout": str(PATIENCE_S), "application_name": "agent-or-job", **url.query},
    )


def shown(url: URL) -> str:
    """The address without password and options, where secrets may stand."""
    return URL.create(
        url.drivername,
        username=url.username,
        host=url.host,
        port=url.port,
        database=url.database,
        query={name: value for name, value in url.query.items() if name in ("host", "port")},
    ).render_as_string()


def fault(url: URL, error: DBAPIError) -> BenchError:
    """What a server or its driver says, in one line with its mend."""
    said = str(error.orig).strip().splitlines()
    reason = re.sub(r"^.*?FATAL:\s+|^connection failed: ", "", said[0]) if said else "no reason"
    for secret in _secrets(url):
        reason = reason.replace(secret, "***")
    return BenchError(f"{shown(url)}: {reason}; {_mend(error, reason)}")


def _mend(error: DBAPIError, reason: str) -> str:
    state = getattr(error.orig, "sqlstate", None) or ""
    if state == RIGHTS:
        return "let its owner grant that right: docs/postgresql.md"
    if state in NO_ROOM or "too many" in reason or "connection slots" in reason:
        return "lower --concurrency, or give the server more room"
    if "password" in reason or "authentication" in reason or "pg_hba" in reason:
        return "set PGPASSWORD or ~/.pgpass, or check the user's name"
    if re.search(r"database .* does not exist", reason):
        return "make it with createdb"
    if error.connection_invalidated:
        return "when it is back, repeat the command: it goes on where it stopped"
    if state:
        return "the server's log may say more"
    return "is the server running, and the address right?"


def _secrets(url: URL) -> list[str]:
    values = [str(value) for name, value in url.query.items() if "passw" in name]
    return sorted(filter(None, [str(url.password or ""), *values]), key=len, reverse=True)


def _quoted(name: str | None) -> str:
    return '"' + (name or "…").replace('"', '""') + '"'

"""PostgreSQL: the template and each place are schemas of their own in the database given.

All that is made there is named ``agent_or_job_<eight digits>_…`` and carries a comment that says
so. The digits are those of an advisory lock that the run's connection holds: it goes with the
connection, however the process ended, so that whoever gets the lock knows that nobody works there
any longer. Schemas left behind by a killed run are removed by the next one.

A place is not copied anew for each trial. Its rows tell which transaction wrote them (the system
column ``xmin``), so those that a trial added or changed are found in a millisecond: what was added
is deleted, and a place in which anything else changed is made anew.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, String, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from bench.database.clock import timed_postgresql
from bench.database.server import Server
from bench.types import QueryClock, Scenario

PREFIX = "agent_or_job_"
OURS = re.compile(rf"{PREFIX}([0-9a-f]{{8}})_(template|\d+)")
COMMENT = "agent-or-job: scratch of one run, removed when it ends or by the next one"
LOCKS = 0x616A6F62
"""The first of the two numbers of our advisory locks; the second are a storage's digits."""
MOST_DELETED = 1_000
"""Rows. When a trial left more, a new copy is quicker, and not full of holes."""
PATIENCE = "5s"
"""For somebody who looks at a schema that is to be removed."""
OUTAGES = ("53", "57", "58", "XX")
"""Classes of errors that are the server's: out of room, stopped, disk, bugs."""

FINGERPRINT = """
    SELECT md5(string_agg(oid || '.' || version, ',' ORDER BY oid, version)) FROM (
        SELECT oid::text, xmin::text FROM pg_class WHERE relnamespace = :schema
        UNION ALL
        SELECT oid::text, xmin::text FROM pg_constraint WHERE connamespace = :schema
        UNION ALL
        SELECT attrelid || '/' || attnum, a.xmin::text FROM pg_attribute a
            JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = :schema
    ) parts (oid, version)
"""
"""Another one as soon as a table, index, constraint or column of a schema is another."""

LEFT_BEHIND = """
    SELECT nspname FROM pg_namespace
    WHERE nspname LIKE :prefix AND obj_description(oid, 'pg_namespace') = :comment
        AND pg_has_role(nspowner, 'USAGE')
    ORDER BY nspname
"""


class PostgresqlStorage:
    """The background in a schema of its own, copied to a schema for each place."""

    def __init__(self, scenario: Scenario, seed: int, server: Server) -> None:
        self.server = server
        self.metadata = byte_ordered(scenario.metadata)
        self.tables = [
            _quoted(table.name) for table in self.metadata.sorted_tables
        ]  # those that others refer to first
        self._digits = secrets.token_hex(4)
        self._places: list[PostgresqlPlace] = []
        self._engine = server.engine(poolclass=NullPool)
        with self._told():
            self._connection = self._engine.connect()
        try:
            with self._told():
                self._lock(self._digits)
                remove_left_behind(self._connection)
                self.template = self.create(
                    "template", populated=lambda c: scenario.populate(c, seed)
                )
                self._sequences = self._sequence_values()
        except BaseException:
            self.close()
            raise

    def place(self, folder: Path, clock: QueryClock) -> PostgresqlPlace:  # noqa: ARG002
        """A place for one trial at a time."""
        place = PostgresqlPlace(self, f"{len(self._places) + 1}", clock)
        self._places.append(place)
        return place

    def close(self) -> None:
        """Remove all schemas. What cannot be removed now is removed by the next run."""
        for place in self._places:
            place.engine.dispose()
        with suppress(DBAPIError):
            for schema in _left_behind(self._connection):
                if (found := OURS.fullmatch(schema)) and found[1] == self._digits:
                    remove(self._connection, schema)
        with suppress(DBAPIError):
            self._connection.close()  # which lets go of the lock
        self._engine.dispose()

    def schema(self, name: str) -> str:
        """What the schema of that name, ``template`` or a place's, is called in the database."""
        return f"{PREFIX}{self._digits}_{name}"

    def create(self, name: str, populated: Callable[[Connection], None]) -> str:
        """A schema with the scenario's tables, filled."""
        schema = self.schema(name)
        with self.transaction() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
            connection.execute(text(f"COMMENT ON SCHEMA {schema} IS '{COMMENT}'"))
            connection.execute(text(f"SET LOCAL search_path TO {schema}"))
            self.metadata.create_all(connection, checkfirst=False)
            populated(connection)
        return schema

    def copy(self, connection: Connection) -> None:
        """Fill the tables of the schema that ``connection`` works in from the template."""
        for table in self.tables:
            connection.execute(text(f"INSERT INTO {table} SELECT * FROM {self.template}.{table}"))
        self.reset_sequences(connection)
        connection.execute(text(f"ANALYZE {', '.join(self.tables)}"))

    def reset_sequences(self, connection: Connection) -> None:
        """Let the sequences of the schema that ``connection`` works in go on where the template's
        stand, so that a trial's new rows get the same numbers every time."""
        for name, value in self._sequences.items():
            connection.execute(
                text("SELECT setval(:name, :value, :called)"),
                {"name": _quoted(name), "value": value or 1, "called": value is not None},
            )

    def _sequence_values(self) -> Mapping[str, int | None]:
        with self.transaction() as connection:
            query = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = :schema"
            rows = connection.execute(text(query), {"schema": self.template})
            return {row[0]: row[1] for row in rows}

    def _lock(self, digits: str) -> None:
        with self.transaction() as connection:
            connection.execute(text("SET tcp_keepalives_idle = 60"))
            connection.execute(text("SET synchronous_commit = off"))
            connection.execute(text("SELECT pg_advisory_lock(:locks, :digits)"), _key(digits))

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction of the connection that holds the lock. Raises ``BenchError``."""
        with self._told(), self._connection.begin():
            yield self._connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self.server.fault(error) from None


class PostgresqlPlace:
    """A schema for one trial's database. Its connection stays open from trial to trial, as that of
    a job in production would."""

    def __init__(self, storage: PostgresqlStorage, name: str, clock: QueryClock) -> None:
        self._storage = storage
        self._name = name
        self._schema: str | None = None
        self._failure: DBAPIError | None = None
        self.engine = storage.server.engine(
            search_path=storage.schema(name), pool_size=1, max_overflow=4
        )
        connection_kind = timed_postgresql(clock)

        @event.listens_for(self.engine, "do_connect")
        def _connect(_dialect: Any, _record: Any, _args: Any, names: dict[str, Any]) -> Any:
            return connection_kind.connect(**names)

        @event.listens_for(self.engine, "handle_error")
        def _note(context: Any) -> None:
            state = getattr(context.original_exception, "sqlstate", None) or ""
            lost = context.is_disconnect or context.connection is None
            if (lost or state.startswith(OUTAGES)) and context.sqlalchemy_exception is not None:
                self._failure = context.sqlalchemy_exception

    def refresh(self) -> None:
        """Bring the schema to the template's state."""
        if self._schema is not None and not self._restored(self._schema):
            with self._storage.transaction() as connection:
                _drop(connection, self._schema)
            self._schema = None
        if self._schema is None:
            self._make()

    def synchronous(self, on: bool) -> None:
        """Let commits wait for the disk as the server has it, or not at all."""
        with self.engine.connect() as connection:
            how = "RESET synchronous_commit" if on else "SET synchronous_commit TO off"
            connection.exec_driver_sql(how)
            connection.commit()

    def leave(self) -> None:
        """Raises ``BenchError`` if the server failed the trial."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise self._storage.server.fault(failure) from None

    def _make(self) -> None:
        self._schema = self._storage.create(self._name, self._fill)
        with self._storage.transaction() as connection:
            self._oid = connection.scalar(
                text("SELECT oid FROM pg_namespace WHERE nspname = :name"), {"name": self._schema}
            )
            self._fingerprint = self._current_fingerprint(connection)
            self._kept = [kept for kept, _ in self._rows(connection, self._schema)]

    def _fill(self, connection: Connection) -> None:
        """Copy the template, and note the transaction by which its rows will be known."""
        self._storage.copy(connection)
        self._writer = connection.scalar(text("SELECT pg_current_xact_id()::xid::text"))

    def _restored(self, schema: str) -> bool:
        """Delete what the last trial added; False if it changed anything else."""
        with self._storage.transaction() as connection:
            if self._current_fingerprint(connection) != self._fingerprint:
                return False
            rows = self._rows(connection, schema)
            added = [every - kept for kept, every in rows]
            if [kept for kept, _ in rows] != self._kept or sum(added) > MOST_DELETED:
                return False
            connection.execute(text(f"SET LOCAL search_path TO {schema}"))
            for table, count in reversed(list(zip(self._storage.tables, added, strict=True))):
                if count:
                    connection.execute(text(f"DELETE FROM {table} WHERE xmin <> '{self._writer}'"))
            self._storage.reset_sequences(connection)
            return True

    def _rows(self, connection: Connection, schema: str) -> Sequence[tuple[int, int]]:
        """Of each table, the rows that are as they were, and all."""
        counts = " UNION ALL ".join(
            f"SELECT {number}, count(*) FILTER (WHERE xmin = '{self._writer}'), count(*)"
            f" FROM {schema}.{table}"
            for number, table in enumerate(self._storage.tables)
        )
        found = connection.execute(text(counts)).all()
        return [(row[1], row[2]) for row in sorted(found)]

    def _current_fingerprint(self, connection: Connection) -> str | None:
        found: str | None = connection.scalar(text(FINGERPRINT), {"schema": self._oid})
        return found


def byte_ordered(metadata: MetaData) -> MetaData:
    """A copy whose texts are ordered byte by byte, as SQLite orders them, and not by the language
    that the server happens to speak."""
    ordered = MetaData()
    for table in metadata.sorted_tables:
        for column in table.to_metadata(ordered).columns:
            if isinstance(column.type, String) and column.type.collation is None:
                column.type = column.type.copy()
                column.type.collation = "C"
    return ordered


def left_behind(server: Server) -> Sequence[str]:
    """The schemas of runs that are under way or were killed. Raises ``BenchError``."""
    engine = server.engine(poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return _left_behind(connection)
    except DBAPIError as error:
        raise server.fault(error) from None
    finally:
        engine.dispose()


def remove_left_behind(connection: Connection) -> int:
    """Remove the schemas of runs that were killed, and only those. Returns how many."""
    removed = 0
    for digits, schemas in _by_owner(connection).items():
        with connection.begin():
            gone = connection.scalar(
                text("SELECT pg_try_advisory_lock(:locks, :digits)"), _key(digits)
            )
        if not gone:
            continue  # at work
        try:
            removed += sum(remove(connection, schema) for schema in schemas)
        finally:
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_unlock(:locks, :digits)"), _key(digits))
    return removed


def remove(connection: Connection, schema: str) -> bool:
    """Remove one schema; False where somebody made something that rests on it, or looks at it."""
    try:
        with connection.begin():
            connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
            _drop(connection, schema)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return False
    return True


def _drop(connection: Connection, schema: str) -> None:
    """Without CASCADE, which would take along what others made of it."""
    assert OURS.fullmatch(schema)
    query = "SELECT tablename FROM pg_tables WHERE schemaname = :schema"
    names = connection.scalars(text(query), {"schema": schema}).all()
    if names:
        tables = ", ".join(f"{schema}.{_quoted(name)}" for name in names)
        connection.execute(text(f"DROP TABLE {tables}"))
    connection.execute(text(f"DROP SCHEMA {schema}"))


def _by_owner(connection: Connection) -> Mapping[str, list[str]]:
    owners: dict[str, list[str]] = {}
    for schema in _left_behind(connection):
        if found := OURS.fullmatch(schema):
            owners.setdefault(found[1], []).append(schema)
    return owners


def _left_behind(connection: Connection) -> Sequence[str]:
    with connection.begin():
        return connection.scalars(
            text(LEFT_BEHIND), {"prefix": PREFIX.replace("_", r"\_") + "%", "comment": COMMENT}
        ).all()


def _key(digits: str) -> dict[str, int]:
    return {"locks": LOCKS, "digits": int.from_bytes(bytes.fromhex(digits), signed=True)}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

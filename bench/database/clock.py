"""Connections that tell how long the database takes, as the program sees it.

What is timed is everything that waits for the database: executing, fetching rows, committing and
rolling back, with the way there and back. SQLite finds most rows only while they are fetched and
PostgreSQL before, so that timing the execution alone would compare nothing.
"""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any

from bench.types import QueryClock

if TYPE_CHECKING:
    import psycopg


class _Timed:
    """Adds the time between entering and leaving to a clock."""

    __slots__ = ("clock", "started")

    def __init__(self, clock: QueryClock) -> None:
        self.clock = clock

    def __enter__(self) -> None:
        self.started = time.perf_counter()

    def __exit__(self, *_exception: object) -> None:
        self.clock.seconds += time.perf_counter() - self.started


def timed_sqlite(clock: QueryClock) -> type[sqlite3.Connection]:
    """A kind of connection that keeps ``clock``, for sqlite3's argument ``factory``."""
    timed_cursor = _timed_cursor(sqlite3.Cursor, clock)

    class Connection(_timed_connection(sqlite3.Connection, clock)):  # type: ignore[misc]
        def cursor(self, factory: Any = timed_cursor) -> Any:
            return super().cursor(factory)

    return Connection


def timed_postgresql(clock: QueryClock) -> type[psycopg.Connection]:
    """A kind of connection that keeps ``clock``."""
    import psycopg

    timed_cursor = _timed_cursor(psycopg.Cursor, clock)

    class Connection(_timed_connection(psycopg.Connection, clock)):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **names: Any) -> None:
            super().__init__(*arguments, **names)
            self.cursor_factory = timed_cursor

    return Connection


def _timed_cursor(kind: Any, clock: QueryClock) -> Any:
    """``kind``, a driver's cursor, whose statements are counted and timed."""
    timed = _Timed(clock)

    class Cursor(kind):  # type: ignore[misc]
        def execute(self, *arguments: Any, **names: Any) -> Any:
            clock.statements += 1
            with timed:
                return super().execute(*arguments, **names)

        def executemany(self, *arguments: Any, **names: Any) -> Any:
            clock.statements += 1
            with timed:
                return super().executemany(*arguments, **names)

        def fetchone(self) -> Any:
            with timed:
                return super().fetchone()

        def fetchmany(self, *arguments: Any, **names: Any) -> Any:
            with timed:
                return super().fetchmany(*arguments, **names)

        def fetchall(self) -> Any:
            with timed:
                return super().fetchall()

    return Cursor


def _timed_connection(kind: Any, clock: QueryClock) -> Any:
    """``kind``, a driver's connection, that times how its transactions end."""
    timed = _Timed(clock)

    class Connection(kind):  # type: ignore[misc]
        def commit(self) -> None:
            with timed:
                super().commit()

        def rollback(self) -> None:
            with timed:
                super().rollback()

    return Connection

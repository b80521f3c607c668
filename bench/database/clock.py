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
    timed = _Timed(clock)

    class Cursor(sqlite3.Cursor):
        def execute(self, *arguments: Any) -> Any:
            clock.statements += 1
            with timed:
                return super().execute(*arguments)

        def executemany(self, *arguments: Any) -> Any:
            clock.statements += 1
            with timed:
                return super().executemany(*arguments)

        def fetchone(self) -> Any:
            with timed:
                return super().fetchone()

        def fetchmany(self, *arguments: Any, **names: Any) -> Any:
            with timed:
                return super().fetchmany(*arguments, **names)

        def fetchall(self) -> Any:
            with timed:
                return super().fetchall()

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        def commit(self) -> None:
            with timed:
                super().commit()

        def rollback(self) -> None:
            with timed:
                super().rollback()

    return Connection


def timed_postgresql(clock: QueryClock) -> type[psycopg.Connection]:
    """A kind of connection that keeps ``clock``."""
    import psycopg

    timed = _Timed(clock)

    class Cursor(psycopg.Cursor[Any]):
        def execute(self, *arguments: Any, **names: Any) -> Any:
            clock.statements += 1
            with timed:
                return super().execute(*arguments, **names)

        def executemany(self, *arguments: Any, **names: Any) -> None:
            clock.statements += 1
            with timed:
                super().executemany(*arguments, **names)

        def fetchone(self) -> Any:
            with timed:
                return super().fetchone()

        def fetchmany(self, *arguments: Any, **names: Any) -> Any:
            with timed:
                return super().fetchmany(*arguments, **names)

        def fetchall(self) -> Any:
            with timed:
                return super().fetchall()

    class Connection(psycopg.Connection[Any]):
        def __init__(self, *arguments: Any, **names: Any) -> None:
            super().__init__(*arguments, **names)
            self.cursor_factory = Cursor

        def commit(self) -> None:
            with timed:
                super().commit()

        def rollback(self) -> None:
            with timed:
                super().rollback()

    return Connection

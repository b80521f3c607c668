"""SQLite: the template is a file, and a fresh state is a copy of it."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool, StaticPool

from bench.database.clock import timed_sqlite
from bench.types import QueryClock, Scenario


def sqlite_engine(path: Path, clock: QueryClock | None = None) -> Engine:
    """An engine on one SQLite file, with one connection that stays open, foreign keys enforced
    and a write-ahead log (https://sqlite.org/wal.html): a commit survives the process."""
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=StaticPool,
        connect_args={
            "check_same_thread": False,
            **({"factory": timed_sqlite(clock)} if clock else {}),
        },
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: Any) -> None:
        connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
        )

    return engine


class SqliteStorage:
    """The background in a file of its own, copied for each trial."""

    def __init__(self, scenario: Scenario, seed: int, folder: Path) -> None:
        self.file = folder / "template.sqlite"
        engine = create_engine(f"sqlite:///{self.file}", poolclass=NullPool)
        scenario.metadata.create_all(engine)
        with engine.begin() as connection:
            scenario.populate(connection, seed)
        with engine.connect() as connection:
            # The mode is kept in the file, so that no copy has to be turned to it.
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        engine.dispose()

    def place(self, folder: Path, clock: QueryClock) -> SqlitePlace:
        """A place for one trial at a time."""
        return SqlitePlace(self.file, folder / "trial.sqlite", clock)

    def close(self) -> None:
        """The folder goes with all that is in it."""


class SqlitePlace:
    """A file for one trial's database. Its engine outlives the trial, because what SQLAlchemy
    has compiled for it is worth keeping: a job in production is not compiled anew either."""

    def __init__(self, template: Path, file: Path, clock: QueryClock) -> None:
        self.template = template
        self.file = file
        self.engine = sqlite_engine(file, clock)

    def refresh(self) -> None:
        """Bring it to the template's state."""
        shutil.copyfile(self.template, self.file)

    def synchronous(self, on: bool) -> None:
        """Let SQLite wait for the disk where it usually does, or nowhere."""
        with self.engine.connect() as connection:
            level = "NORMAL" if on else "OFF"
            connection.connection.cursor().execute(f"PRAGMA synchronous = {level}").close()

    def leave(self) -> None:
        """Close the database and forget the trial."""
        self.synchronous(False)  # or closing would write to disk what is deleted next
        self.engine.dispose()
        for ending in ("", "-wal", "-shm"):
            Path(f"{self.file}{ending}").unlink(missing_ok=True)

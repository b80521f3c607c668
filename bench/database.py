"""Database engines, and a fresh database state for every trial.

The background customers of a scenario are written once, into a template; each trial works on a
copy of that template to which its case's own rows are added.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData, Table, create_engine, event, insert, select
from sqlalchemy.pool import NullPool, StaticPool

from bench.abilities import Loading, Receiving
from bench.errors import BenchError
from bench.types import Case, Json, Scenario, Workspace

READING = ("SELECT", "PRAGMA", "EXPLAIN", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


def sqlite_engine(path: Path) -> Engine:
    """An engine on one SQLite file, with one connection that stays open, foreign keys enforced
    and a write-ahead log (https://sqlite.org/wal.html): a commit survives the process."""
    engine = create_engine(
        f"sqlite:///{path}", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: Any) -> None:
        connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
        )

    return engine


class Template:
    """The background of a scenario in a database file of its own, copied for each trial.

    Open it as a context manager; the folder with all its copies goes when it closes.
    ``through_http`` loads cases through the scenario's receiving end, which it must have.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        parent: Path | None = None,
        *,
        through_http: bool = False,
    ) -> None:
        self.scenario = scenario
        self.through_http = through_http
        self._loading: Loading | None = None
        self._open = ExitStack()
        self.seed = seed
        self._parent = parent
        self._idle: list[_Slot] = []

    def __enter__(self) -> Template:
        try:
            self.folder = Path(tempfile.mkdtemp(prefix="agent-or-job-", dir=self._parent))
        except OSError as error:
            raise BenchError(
                f"{self._parent or tempfile.gettempdir()}: no room for databases "
                f"({error.strerror}); free some space or set TMPDIR"
            ) from None
        self.file = self.folder / "template.sqlite"
        engine = create_engine(f"sqlite:///{self.file}", poolclass=NullPool)
        self.scenario.metadata.create_all(engine)
        with engine.begin() as connection:
            self.scenario.populate(connection, self.seed)
        with engine.connect() as connection:
            # The mode is kept in the file, so that no copy has to be turned to it.
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        engine.dispose()
        if self.through_http:
            assert isinstance(self.scenario, Receiving)
            self._loading = self._open.enter_context(self.scenario.loopback())
        return self

    def __exit__(self, *_exception: object) -> None:
        self._open.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def workspace(self, case: Case, *, straight: bool = False) -> Iterator[Workspace]:
        """A fresh copy with ``case`` loaded, thrown away on leaving. ``straight`` writes it to the
        tables whatever the others come through."""
        slot = self._idle.pop() if self._idle else _Slot(Path(tempfile.mkdtemp(dir=self.folder)))
        try:
            self._fill(slot, case, None if straight else self._loading)
            yield Workspace(engine=slot.engine, folder=slot.files, writes=slot.writes)
        finally:
            slot.clear()
            self._idle.append(slot)

    def _fill(self, slot: _Slot, case: Case, loading: Loading | None) -> None:
        try:
            shutil.copyfile(self.file, slot.database)
            for name, content in case.files.items():
                (slot.files / name).write_bytes(content)
        except OSError as error:
            raise BenchError(
                f"{self.folder}: no room for a trial's database ({error.strerror}); free some "
                "space or set TMPDIR, then repeat the command: it goes on where it stopped"
            ) from None
        slot.flush(False)
        if loading is None:
            load(slot.engine, self.scenario.metadata, case)
        else:
            loading.load(slot.engine, case)
        slot.flush(True)
        slot.writes.clear()


@contextmanager
def scratch_workspace(metadata: MetaData, case: Case) -> Iterator[Workspace]:
    """A database that holds ``case`` and nothing else, thrown away on leaving."""
    with tempfile.TemporaryDirectory(prefix="agent-or-job-") as name:
        folder = Path(name)
        engine = sqlite_engine(folder / "case.sqlite")
        try:
            metadata.create_all(engine)
            load(engine, metadata, case)
            yield Workspace(engine=engine, folder=folder)
        finally:
            engine.dispose()


class _Slot:
    """A place for one trial's database. Its engine outlives the trial, because what SQLAlchemy
    has compiled for it is worth keeping: a job in production is not compiled anew either."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "trial.sqlite"
        self.files = folder / "files"
        self.files.mkdir()
        self.engine = sqlite_engine(self.database)
        self.writes: list[tuple[str, str]] = []
        _watch_writes(self.engine, self.writes)

    def flush(self, on: bool) -> None:
        """Whether SQLite waits for the disk where it usually does. It need not for what is loaded
        before a trial and thrown away after it, and that wait is most of a short trial's time."""
        with self.engine.connect() as connection:
            level = "NORMAL" if on else "OFF"
            connection.connection.cursor().execute(f"PRAGMA synchronous = {level}").close()

    def clear(self) -> None:
        """Close the database and forget the trial."""
        self.flush(False)
        self.engine.dispose()
        for ending in ("", "-wal", "-shm"):
            Path(f"{self.database}{ending}").unlink(missing_ok=True)
        if any(os.scandir(self.files)):
            shutil.rmtree(self.files, ignore_errors=True)
            self.files.mkdir(exist_ok=True)


def load(engine: Engine, metadata: MetaData, case: Case) -> None:
    """Insert the case's rows, table by table in the order given."""
    with engine.begin() as connection:
        for table, rows in case.rows.items():
            if rows:
                connection.execute(insert(metadata.tables[table]), [dict(row) for row in rows])


def _watch_writes(engine: Engine, writes: list[tuple[str, str]]) -> None:
    """Record every writing statement: the job's counterpart of a tool sequence."""

    @event.listens_for(engine, "before_cursor_execute")
    def _record(
        _connection: Any,
        _cursor: Any,
        statement: str,
        parameters: Any,
        _context: Any,
        _many: bool,
    ) -> None:
        if not statement.lstrip().upper().startswith(READING):
            writes.append((statement, repr(parameters)))


def table_rows(
    workspace: Workspace, table: Table, *, leave_out: frozenset[str] = frozenset()
) -> list[Json]:
    """All rows of a table without the columns left out, as sorted lists of plain values."""
    columns = [column for column in table.columns if column.name not in leave_out]
    with workspace.engine.connect() as connection:
        rows = connection.execute(select(*columns)).all()
    return sorted(([*row] for row in rows), key=repr)


def free_bytes(path: Path) -> int:
    """Free disk space where ``path`` is, or will be."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(os.fspath(path)).free

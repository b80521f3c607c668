"""A fresh database state for every trial.

The background customers of a scenario are written once, into a template; each trial works on a
copy of that template to which its case's own rows are added.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Engine, MetaData, event

from bench.abilities import Loading, Receiving
from bench.database.rows import load
from bench.database.sqlite import SqliteStorage, sqlite_engine
from bench.errors import BenchError
from bench.types import Case, QueryClock, Scenario, Workspace

if TYPE_CHECKING:
    from bench.database.server import Server

READING = ("SELECT", "PRAGMA", "EXPLAIN", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


class Place(Protocol):
    """Where one trial at a time has its database."""

    engine: Engine

    def refresh(self) -> None:
        """Bring the database to the template's state."""

    def synchronous(self, on: bool) -> None:
        """Let commits wait for the disk as they usually do, or not at all. They need not while a
        trial is loaded, when that wait would be most of a short trial's time."""

    def leave(self) -> None:
        """The trial is over. Raises ``BenchError`` if the engine failed it meanwhile."""


class Storage(Protocol):
    """Where an engine keeps a template, and the places of the trials."""

    def place(self, folder: Path, clock: QueryClock) -> Place:
        """Another place. What the trial waits there goes on ``clock``."""

    def close(self) -> None:
        """Remove all of it."""


class Template:
    """The background of a scenario, copied for each trial: in SQLite files of their own, or on a
    ``server``.

    Open it as a context manager; all that it made goes when it closes. ``through_http`` loads cases
    through the scenario's receiving end, which it must have.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        parent: Path | None = None,
        server: Server | None = None,
        *,
        through_http: bool = False,
    ) -> None:
        self.scenario = scenario
        self.through_http = through_http
        self._loading: Loading | None = None
        self._open = ExitStack()
        self.seed = seed
        self._parent = parent
        self._server = server
        self._idle: list[_Slot] = []

    def __enter__(self) -> Template:
        try:
            self.folder = Path(tempfile.mkdtemp(prefix="agent-or-job-", dir=self._parent))
        except OSError as error:
            raise BenchError(
                f"{self._parent or tempfile.gettempdir()}: no room for databases "
                f"({error.strerror}); free some space or set TMPDIR"
            ) from None
        try:
            self._storage = self._open_storage()
            if self.through_http:
                assert isinstance(self.scenario, Receiving)
                self._loading = self._open.enter_context(self.scenario.loopback())
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    def _open_storage(self) -> Storage:
        if self._server is None:
            return SqliteStorage(self.scenario, self.seed, self.folder)
        from bench.database.postgresql import PostgresqlStorage

        return PostgresqlStorage(self.scenario, self.seed, self._server)

    def __exit__(self, *_exception: object) -> None:
        self._open.close()
        self._storage.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def workspace(self, case: Case, *, straight: bool = False) -> Iterator[Workspace]:
        """A fresh copy with ``case`` loaded, thrown away on leaving. ``straight`` writes it to the
        tables whatever the others come through. Raises ``BenchError`` if the database fails, which
        is nobody's fault who works in it."""
        slot = self._idle.pop() if self._idle else self._new_slot()
        try:
            self._fill(slot, case, None if straight else self._loading)
            yield Workspace(slot.place.engine, slot.files, slot.writes, slot.clock)
        finally:
            if next(slot.files.iterdir(), None):
                shutil.rmtree(slot.files, ignore_errors=True)
                slot.files.mkdir(exist_ok=True)
            self._idle.append(slot)
            slot.place.leave()

    def _new_slot(self) -> _Slot:
        clock = QueryClock()
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        slot = _Slot(self._storage.place(folder, clock), folder / "files", clock)
        slot.files.mkdir()
        _watch_writes(slot.place.engine, slot.writes)
        return slot

    def _fill(self, slot: _Slot, case: Case, loading: Loading | None) -> None:
        try:
            slot.place.refresh()
            for name, content in case.files.items():
                (slot.files / name).write_bytes(content)
        except OSError as error:
            raise BenchError(
                f"{self.folder}: no room for a trial's database ({error.strerror}); free some "
                "space or set TMPDIR, then repeat the command: it goes on where it stopped"
            ) from None
        slot.place.synchronous(False)
        if loading is None:
            load(slot.place.engine, self.scenario.metadata, case)
        else:
            loading.load(slot.place.engine, case)
        slot.place.synchronous(True)
        slot.writes.clear()
        slot.clock.reset()


@dataclass(frozen=True)
class _Slot:
    """A trial's database and folder, used by one trial after another."""

    place: Place
    files: Path
    clock: QueryClock
    writes: list[tuple[str, str]] = field(default_factory=list)


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

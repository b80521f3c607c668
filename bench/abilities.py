"""What a scenario may have beside what every scenario must: protocols, asked for by ``isinstance``.

A scenario without one of these is whole; the command that needs it says that it is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from bench.types import Case, Drift, Scenario, Workspace

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class Mended:
    """A part of a scenario before and after its repair, as text: what a repair's size is read
    from."""

    part: Literal["job", "policy", "tools"]
    file: str
    """Where a maintainer would make the change."""
    before: str
    after: str


@runtime_checkable
class Drifting(Protocol):
    """What a scenario has beside, if its world can change: docs/drift-and-attacks.md."""

    drifts: tuple[Drift, ...]

    def drifted(self, counts: Mapping[str, int], seed: int, drift: Drift) -> Sequence[Case]:
        """The twins of ``cases(counts, seed)`` after the change, in that order: each with an id of
        its own, ``drift``, and ``twin`` naming the case as it was before."""

    def repaired(self, drift: Drift) -> Scenario | None:
        """The scenario with job, policy and tools brought up to date; None where the drift is one
        of shape, which leaves nothing to decide anew."""

    def repair(self, drift: Drift) -> tuple[Mended, ...]:
        """What that repair changed."""


@runtime_checkable
class Facing(Protocol):
    """A ``Drifting`` scenario that meets a drift with more than it has in an ordinary run."""

    def facing(self, drift: Drift) -> Scenario:
        """The scenario as it runs then, with the undrifted cases as well as with their twins, so
        that nothing on the approaches' side changes with the world."""


@runtime_checkable
class TakesData(Protocol):
    """A scenario that can be run on a user's own records."""

    def with_data(self, folder: Path, secret: str | None) -> Scenario:
        """The same task on the records of ``folder``, an ``OwnRecords`` as well. ``secret``
        verifies signed ones. Raises ``BenchError`` naming file and line for what cannot be used."""


@runtime_checkable
class OwnRecords(Protocol):
    """What a scenario on a user's own records has beside."""

    judged: bool
    """Whether the user has said what is right; verdicts are unknown otherwise."""
    available: int
    """How many cases there are, all of one stratum."""


class Loading(Protocol):
    """A way of getting a case into a database."""

    def load(self, engine: Engine, case: Case) -> None:
        """Insert the case's rows, so that the database holds what it would hold if they had been
        written straight to the tables."""


@runtime_checkable
class Receiving(Protocol):
    """A scenario with a receiving end of its own."""

    def loopback(self) -> AbstractContextManager[Loading]:
        """The receiving end on a loopback port while it is open, for ``--through-http``."""

    def consume(self, database: str, records: Path | None, out: Path | None) -> OwnDecisions:
        """Let the job decide what waits in ``database``, after the user's ``records``, a folder,
        were put there, and write all decisions to the folder ``out``. Raises ``BenchError``."""

    def endpoint(self, database: str, secret: str) -> Any:
        """An ASGI application that stores what arrives in ``database``, a URL or a SQLite file.
        Raises ``BenchError`` if that cannot be opened."""


@runtime_checkable
class Unguardable(Protocol):
    """A scenario whose database holds constraints that act as guards."""

    def unguard(self, workspace: Workspace) -> None:
        """Take them away in this trial's copy, for ``--no-guards``."""


@dataclass(frozen=True, slots=True)
class OwnDecisions:
    """What a scenario's job decided on a user's own data."""

    file: Path
    """Where the decisions stand, one a line."""
    nouns: tuple[str, str]
    """What a line is, and what several are: ``("delivery", "deliveries")``."""
    counts: Mapping[str, int]
    """Decision → how many."""


class OwnData(Protocol):
    """A scenario's way with a user's own data: its optional attribute ``own_data``."""

    def decide(self, data: Path, out: Path, secret: str | None = None) -> OwnDecisions:
        """Run the job on the files of the folder ``data`` and write what it decided to the folder
        ``out``, whole or not at all. Raises ``BenchError`` for files that cannot be used."""

"""The dollars of a run, call by call: reserved before a request leaves, settled after.

``spending.jsonl`` in the run's folder is the truth. Whoever wants to send a request first appends
the most that it may cost, and may send only while everything reserved and spent stays within the
cap. A reservation that is never settled, because of a kill, a timeout or a reply without usage,
keeps counting in full: it may have been billed. Several processes may share the file; each takes
a lock, reads what the others wrote, and appends.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench import json_bytes
from bench.errors import BenchError, BudgetError, JournalError
from bench.types import Json

FILE: Final = "spending.jsonl"

_BLOCK: Final = 1 << 20
"""Bytes of the file that are read at once."""
_LISTED: Final = 1000
"""Trials in one line of those left undone."""
_POLL_S: Final = 0.02
"""Between two looks at what other processes have settled."""


@dataclass(slots=True)
class Call:
    """One request to a provider."""

    trial: str
    attempt: str
    model: str
    reserved: float
    """US dollars: the most that it may cost."""
    session: str
    billed: float | None = None
    """By the provider's own token count; None while, or because, that is unknown."""
    litellm: float | None = None
    """What litellm makes of the same reply, where it was asked."""

    @property
    def counted(self) -> float:
        """What the cap has to assume."""
        return self.reserved if self.billed is None else self.billed


@dataclass
class Balance:
    """What a run's spending file adds up to, and the calls that are open: as much as a run has to
    know, however many calls it makes."""

    cap: float | None = None
    open: dict[str, Call] = field(default_factory=dict)
    """Reserved, and not settled."""
    total: float = 0.0
    """Spent and reserved: what is held against the cap."""
    in_flight: Counter[str] = field(default_factory=Counter)
    """Session → calls that are not settled."""

    def apply(self, entry: Mapping[str, Json]) -> None:
        """Take one line of the file into account. Raises KeyError or TypeError for a bad one."""
        kind = entry["kind"]
        if kind == "reserve":
            call = Call(
                str(entry["trial"]),
                str(entry["attempt"]),
                str(entry["model"]),
                float(entry["usd"]),
                str(entry["session"]),
            )
            self.open[entry["id"]] = call
            self.total += call.reserved
            self.in_flight[call.session] += 1
        elif kind == "settle":
            call = self.open.pop(entry["id"])
            self.total -= call.reserved
            self.in_flight[call.session] -= 1
            call.billed = None if entry["usd"] is None else float(entry["usd"])
            call.litellm = entry.get("litellm")
            self.total += call.counted
        elif kind == "cap":
            self.cap = entry["usd"]
        elif kind != "unrun":
            raise KeyError(kind)


@dataclass
class Account(Balance):
    """Everything that a run's spending file says."""

    calls: dict[str, Call] = field(default_factory=dict)
    unrun: list[str] = field(default_factory=list)
    """Trials left undone for lack of budget."""

    def apply(self, entry: Mapping[str, Json]) -> None:
        """Take one line of the file into account. Raises KeyError or TypeError for a bad one."""
        super().apply(entry)
        kind = entry["kind"]
        if kind == "reserve":
            self.calls[entry["id"]] = self.open[entry["id"]]
        elif kind == "cap":
            self.unrun.clear()
        elif kind == "unrun":
            self.unrun.extend(entry["trials"])

    @property
    def billed(self) -> float:
        """US dollars known to be billed."""
        return sum(call.billed or 0.0 for call in self.calls.values())

    @property
    def uncertain(self) -> list[Call]:
        """Calls that may have been billed although no usage came back."""
        return [call for call in self.calls.values() if call.billed is None]

    def lost(self, attempts: frozenset[str]) -> list[Call]:
        """Calls, possibly paid for, of executions that are not on record: a kill's victims."""
        return [
            call
            for call in self.calls.values()
            if call.attempt not in attempts and call.billed != 0.0
        ]

    def disagreements(self, tolerance: float = 1e-9) -> list[Call]:
        """Calls for which litellm computes another price than the ledger."""
        return [
            call
            for call in self.calls.values()
            if call.billed is not None
            and call.litellm is not None
            and abs(call.billed - call.litellm) > tolerance
        ]


def read_account(folder: Path) -> Account | None:
    """The account of a run, or None for a run that called no hosted model. A torn last line is
    tolerated. Raises ``JournalError`` for any other broken line."""
    path = folder / FILE
    account = Account()
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JournalError(f"{path}: cannot be read ({error.strerror})") from None
    for number, line in enumerate(raw.splitlines(keepends=True), start=1):
        if line.endswith(b"\n"):
            _apply(account, path, number, line)
    return account


def _apply(account: Balance, path: Path, number: int, line: bytes) -> None:
    try:
        account.apply(json_bytes.load(line))
    except (ValueError, KeyError, TypeError):
        raise JournalError(
            f"{path}:{number}: not a line of spending; restore the file, for without it the cap "
            "cannot be kept"
        ) from None


class Spending:
    """A run's account, open for reserving and settling, by several processes if need be.

    ``session`` names one invocation of the program: what another one left open was cut off by a
    kill, and is never waited for.
    """

    def __init__(
        self, folder: Path, cap: float | None, session: str, *, announce: bool = True
    ) -> None:
        self.path = folder / FILE
        self.session = session
        self._account = Balance()
        self._line = 0
        self._read_to = 0
        self._next = 0
        self._turn = asyncio.Lock()
        self._settled = asyncio.Event()
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise BenchError(f"{self.path}: cannot be written ({error.strerror})") from None
        with self._locked():
            if announce:
                self._append({"kind": "cap", "usd": cap, "session": session})

    @property
    def account(self) -> Balance:
        """What is on file, as far as it has been read, added up."""
        return self._account

    async def reserve(self, usd: float, *, trial: str, attempt: str, model: str) -> str:
        """Put aside the most that a request may cost, and return the call's id.

        The reservation is in the file when this returns. Waits while other calls in flight may
        give something back. Raises ``BudgetError`` when nothing can come back and it is too much.
        """
        if self._turn.locked():
            async with self._turn:
                return await self._wait(usd, trial, attempt, model)
        found = self._try(usd, trial, attempt, model)
        if found is not None:
            return found
        async with self._turn:
            return await self._wait(usd, trial, attempt, model)

    async def _wait(self, usd: float, trial: str, attempt: str, model: str) -> str:
        while True:
            self._settled.clear()
            found = self._try(usd, trial, attempt, model)
            if found is not None:
                return found
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), _POLL_S)

    def _try(self, usd: float, trial: str, attempt: str, model: str) -> str | None:
        with self._locked():
            cap, total = self._account.cap, self._account.total
            if cap is not None and total + usd > cap:
                if self._account.in_flight[self.session]:
                    return None
                raise BudgetError(
                    f"a call of {model} may cost up to ${usd:.4f}, and ${max(cap - total, 0):.4f} "
                    f"of the ${cap:.4f} allowed is left"
                )
            self._next += 1
            id = f"{self.session}-{os.getpid()}-{self._next}"
            self._append(
                {
                    "kind": "reserve",
                    "id": id,
                    "usd": usd,
                    "trial": trial,
                    "attempt": attempt,
                    "model": model,
                    "session": self.session,
                }
            )
            return id

    def settle(self, id: str, usd: float | None, *, litellm: float | None = None) -> None:
        """Say what a call did cost: 0 if the provider turned it away, None if nobody knows, in
        which case the reservation goes on counting in full."""
        with self._locked():
            self._append({"kind": "settle", "id": id, "usd": usd, "litellm": litellm})
        self._settled.set()

    def leave_undone(self, trials: Sequence[str]) -> None:
        """Put on record which trials were not run for lack of budget."""
        with self._locked():
            for start in range(0, len(trials), _LISTED):
                self._append({"kind": "unrun", "trials": list(trials[start : start + _LISTED])})

    def close(self) -> None:
        """Release the file."""
        os.close(self._file)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            self._catch_up()
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _catch_up(self) -> None:
        size = os.fstat(self._file).st_size
        if size == self._read_to:
            return
        block = _BLOCK
        while self._read_to < size:
            raw = os.pread(self._file, block, self._read_to)
            whole = raw.rfind(b"\n") + 1
            if not whole and len(raw) < block:
                os.ftruncate(self._file, self._read_to)  # torn by a kill: the request never left
                return
            block = block if whole else 2 * block
            for line in raw[:whole].splitlines(keepends=True):
                self._line += 1
                _apply(self._account, self.path, self._line, line)
                self._read_to += len(line)

    def _append(self, entry: Mapping[str, Json]) -> None:
        line = json_bytes.dump(entry) + b"\n"
        try:
            written = os.write(self._file, line)
        except OSError as error:
            raise BenchError(
                f"{self.path}: cannot be written ({error.strerror}); make room"
            ) from None
        if written != len(line):
            raise BenchError(f"{self.path}: cannot be written in full; make room")
        self._line += 1
        self._read_to += written
        self._account.apply(entry)

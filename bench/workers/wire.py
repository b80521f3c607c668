"""What a run's process and its workers say to each other: pickled messages on a socket pair.

Both ends belong to the same run on the same machine; nothing of it comes from outside.
"""

from __future__ import annotations

import asyncio
import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.plan import TrialPlan
from bench.runner import Plan
from bench.types import Status

_LENGTH: Final = struct.Struct(">I")


@dataclass(frozen=True)
class Share:
    """To a worker, at its start: all that it needs to run trials."""

    plan: Plan
    """With the one model whose trials are shared."""
    account: tuple[Path, str] | None
    """The run's folder and the session of its spending."""
    traces: Path
    """Where a worker writes its steps by itself: whole lines, each appended in one piece."""
    scratch: Path
    """A folder that goes when the run ends, however the worker ends."""
    asks: bool
    """Whether a rate limit is known, so that requests need the parent's leave."""


def order(planned: TrialPlan) -> tuple[Any, ...]:
    """A trial to be run, as it is sent in a list of such: what makes a ``TrialPlan`` again."""
    p = planned
    return p.scenario, p.approach, p.model, p.case, p.repeat, p.point


class TrialEnded(NamedTuple):
    """From a worker, in a list of such: a trial, as the line that goes into the journal, and what
    a watcher wants.

    A tuple, like what a worker is sent of a trial: both are on the way of every trial, and the
    pickle of a dataclass takes several times as long.
    """

    line: bytes
    id: str
    approach: str
    case: str
    status: Status


@dataclass(frozen=True, slots=True)
class OutOfBudget:
    """From a worker: a trial that was not run, or not to its end, for lack of budget."""

    id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """From a worker: the run cannot go on."""

    message: str
    mendable: bool
    """A ``BenchError``'s line; else a traceback."""


@dataclass(frozen=True, slots=True)
class Enter:
    """From a worker: a request of about that many tokens wants to leave. The parent sends the
    same number back when it may."""

    number: int
    tokens: int


@dataclass(frozen=True, slots=True)
class AskFirst:
    """To a worker: a rate limit has become known; from now on ``Enter`` comes first."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """From a worker that asks from now on: what has left without asking, within the window."""

    left: tuple[tuple[int, float, int], ...]
    """Number, time by the machine's monotonic clock, tokens."""


@dataclass(frozen=True, slots=True)
class Leave:
    """From a worker: what the provider counted for that request."""

    number: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Pause:
    """From a worker: the provider asks to wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Learn:
    """From a worker: a reply's headers on rate limits."""

    headers: Mapping[str, str]


def send(writer: asyncio.StreamWriter, message: Any) -> None:
    """Queue a message; never blocks. Raises ``EOFError`` when the other process has gone."""
    if writer.is_closing():
        raise EOFError
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    writer.write(_LENGTH.pack(len(data)) + data)


async def receive(reader: asyncio.StreamReader) -> Any:
    """The next message. Raises ``EOFError`` when the other process has gone."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        return pickle.loads(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        raise EOFError from None

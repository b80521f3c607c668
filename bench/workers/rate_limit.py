"""One rate limit for all workers: the worker's side and the parent's.

While no limit is known, a worker's requests leave without a word, and it remembers when. As soon
as one worker learns of a limit, all hand over what they have sent within the window, and from
then on the parent lets each request leave.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bench.metering.rate_limit import RateLimit, Sent, on_limits
from bench.workers.wire import AskFirst, Enter, HandOver, Learn, Leave, Pause, send


@dataclass(slots=True)
class Numbered(Sent):
    """A request by the number that its worker gave it."""

    number: int


@dataclass
class SharedRateLimit(RateLimit):
    """The worker's side."""

    writer: asyncio.StreamWriter | None = None
    asks: bool = True
    """Whether the parent has to let each request leave."""
    _left: deque[Numbered] = field(default_factory=deque)
    """Without asking, within the window."""
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _waiting: dict[int, asyncio.Future[None]] = field(default_factory=dict)

    async def enter(self, tokens: int) -> tuple[Sent, float]:
        """Wait until the parent lets the request leave, if it has to."""
        begun = time.monotonic()
        entry = Numbered(begun, tokens, next(self._numbers))
        if not self.asks:
            while self._left and self._left[0].at <= begun - self.window_s:
                self._left.popleft()
            self._left.append(entry)
            return entry, 0.0
        self._waiting[entry.number] = asyncio.get_running_loop().create_future()
        self._say(Enter(entry.number, tokens))
        try:
            await self._waiting[entry.number]
        finally:
            del self._waiting[entry.number]
        return entry, time.monotonic() - begun

    def let_go(self, number: int) -> None:
        """The parent's answer to ``enter``."""
        waiting = self._waiting.get(number)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def ask_first(self) -> None:
        """From now on there is a limit. Tells the parent what has left without asking."""
        if not self.asks:
            self.asks = True
            self._say(HandOver(tuple((each.number, each.at, each.tokens) for each in self._left)))
            self._left.clear()

    def leave(self, entry: Sent, tokens: int) -> None:
        """Hand the provider's count on, or keep it for when it will be asked for."""
        if not self.asks:
            entry.tokens = tokens
        elif isinstance(entry, Numbered):
            self._say(Leave(entry.number, tokens))

    def pause(self, seconds: float) -> None:
        """Let nothing leave, in no process."""
        self.ask_first()
        self._say(Pause(seconds))

    def learn(self, headers: Mapping[str, str]) -> None:
        """Hand on what a reply says of limits."""
        told = on_limits(headers)
        if told:
            self.ask_first()
            self._say(Learn(told))

    def _say(self, message: object) -> None:
        assert self.writer is not None
        send(self.writer, message)


@dataclass
class Gate:
    """The parent's side, for one worker."""

    limit: RateLimit
    writer: asyncio.StreamWriter
    asks: bool
    """Whether its worker knows that it has to ask."""
    entries: dict[int, Sent] = field(default_factory=dict)
    waiting: set[asyncio.Task[None]] = field(default_factory=set)

    def hear(self, message: object, gates: Iterable[Gate]) -> None:
        """Deal with what the worker says of its requests; ``gates`` are those of all workers."""
        match message:
            case Enter(number, tokens):
                task = asyncio.create_task(self._enter(number, tokens))
                self.waiting.add(task)
                task.add_done_callback(self.waiting.discard)
            case Leave(number, tokens):
                if (entry := self.entries.pop(number, None)) is not None:
                    self.limit.leave(entry, tokens)
            case HandOver(left):
                self.asks = True
                own = {number: Sent(at, tokens) for number, at, tokens in left}
                self.entries |= own
                self.limit.admit(own.values())
            case Pause(seconds):
                self.limit.pause(seconds)
            case Learn(headers):
                self.limit.learn(headers)
        if self.limit.known:
            for gate in gates:
                gate.ask_first()

    def ask_first(self) -> None:
        """There is a limit: have the worker ask."""
        if not self.asks:
            self.asks = True
            with contextlib.suppress(EOFError):
                send(self.writer, AskFirst())

    async def _enter(self, number: int, tokens: int) -> None:
        self.entries[number], _waited = await self.limit.enter(tokens)
        with contextlib.suppress(EOFError):
            send(self.writer, number)

    def close(self) -> None:
        """Nobody waits any longer."""
        for task in self.waiting:
            task.cancel()

"""A language model in llama.cpp, inside this process.

llama.cpp (https://github.com/ggml-org/llama.cpp) comes as the prebuilt wheel ``xllamacpp``. The
model's own chat template is used; a JSON schema is enforced while decoding (by llguidance, in
compact form: white space costs decoding time and says nothing); a prompt's beginning that was
just computed is not computed again.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import importlib.metadata
import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bench.errors import ProviderError
from bench.models import weights
from bench.models.llama import CONTEXT, cores, open_server
from bench.types import Json, Provenance, RawCall, Reply, Request, ToolProtocol, Usage

SAMPLING: Final[Mapping[str, float]] = {"top_k": 40, "top_p": 0.95, "min_p": 0.05}
"""Used above temperature 0. Sent with each request, since a model file can hold others."""

_COMPACT: Final = {
    "whitespace_flexible": False,
    "item_separator": ",",
    "key_separator": ":",
}
_PATIENCE_S: Final = 5.0


class LocalModel:
    """A model of the local registry or ``local/<path>.gguf``, loaded when it is first asked or
    by ``load``. Raises ``ModelFileError`` if its file is not here.

    ``threads`` defaults to the physical cores at hand, ``slots`` is how many requests are
    decoded at once. One is fastest on few cores: two streams share the cores and each must
    compute the prompt's beginning for itself.
    """

    protocol: ToolProtocol = "action"
    provenance: Provenance = "measured"
    local: bool = True
    priced_as: str | None = None

    def __init__(
        self,
        name: str,
        *,
        context: int = CONTEXT,
        slots: int = 1,
        threads: int | None = None,
    ) -> None:
        self.name = name
        self.path, self.sha256 = weights.locate(name)
        self.context = context
        self.concurrency = slots
        self.threads = threads or cores()
        self.load_s: float | None = None
        """Seconds that loading took; None before."""
        self._server: Any = None
        self._loading = threading.Lock()
        # A lock of threads, not of asyncio, because a model may outlive an event loop.
        self._slots = threading.BoundedSemaphore(slots)
        self._working: dict[threading.Thread, threading.Event] = {}

    def load(self) -> None:
        """Bring the model into memory, once. Raises ``ModelFileError`` if it does not fit there
        or is no model."""
        with self._loading:
            if self._server is None:
                started = time.perf_counter()
                # A key nobody knows: the loopback port that llama.cpp opens serves nobody.
                self._server = open_server(
                    self.name,
                    self.path,
                    context=self.context,
                    slots=self.concurrency,
                    threads=self.threads,
                    api_key=secrets.token_hex(),
                )
                self.load_s = time.perf_counter() - started
                # A thread that comes back from llama.cpp into a dying interpreter aborts it, so
                # the interpreter waits: for a token, or for a batch of the prompt.
                atexit.register(self._stop)

    async def reply(self, request: Request) -> Reply:
        """Answer. A request longer than the context is the model's limit: an empty reply that
        ends with ``length``."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Reply] = loop.create_future()
        cancelled = threading.Event()

        def settle(reply: Reply | None, error: BaseException | None) -> None:
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            elif reply is not None:
                answer.set_result(reply)

        def work() -> None:
            reply, error = None, None
            try:
                reply = self._answer(request, cancelled)
            except Exception as raised:
                error = raised
            finally:
                del self._working[threading.current_thread()]
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(settle, reply, error)

        # A daemon, so that a reply being computed never holds up the end of the process.
        thread = threading.Thread(target=work, name=f"{self.name} reply", daemon=True)
        self._working[thread] = cancelled
        thread.start()
        try:
            return await answer
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def identity(self) -> Mapping[str, Json]:
        """What determines the answers; threads and slots do not."""
        return {
            "kind": "local",
            "name": self.name,
            "sha256": self.sha256,
            "engine": f"xllamacpp {importlib.metadata.version('xllamacpp')}",
            "context": self.context,
            "sampling": dict(SAMPLING),
        }

    async def close(self) -> None:
        """Stop what is being computed and free the memory."""
        await asyncio.to_thread(self._stop, _PATIENCE_S)
        self._server = None

    def _stop(self, patience_s: float | None = None) -> None:
        for thread, cancelled in list(self._working.items()):
            cancelled.set()
            thread.join(patience_s)

    def _answer(self, request: Request, cancelled: threading.Event) -> Reply:
        self.load()
        queued = time.perf_counter()
        with self._slots:
            waiting = time.perf_counter() - queued
            stream = _Stream(cancelled)
            try:
                self._server.handle_chat_completions(_body(request), stream.take)
            except (ValueError, RuntimeError) as error:
                raise ProviderError(f"{self.name}: llama.cpp failed: {error}") from None
        return stream.reply(self.name, waiting)


@dataclass
class _Stream:
    """Puts a reply together from the pieces in which llama.cpp sends it."""

    cancelled: threading.Event
    started: float = field(default_factory=time.perf_counter)
    first_token_s: float | None = None
    text: list[str] = field(default_factory=list)
    calls: dict[int, dict[str, str]] = field(default_factory=dict)
    finish_reason: str | None = None
    usage: Mapping[str, Json] | None = None
    error: Mapping[str, Json] | None = None

    def take(self, piece: Mapping[str, Json]) -> bool:
        """Take one piece; true tells llama.cpp to stop."""
        if "error" in piece:
            self.error = piece["error"]
        self.usage = piece.get("usage") or self.usage
        for choice in piece.get("choices", ()):
            self.finish_reason = choice.get("finish_reason") or self.finish_reason
            delta = choice.get("delta") or {}
            if delta.get("content"):
                self.text.append(delta["content"])
            for part in delta.get("tool_calls") or ():
                call = self.calls.setdefault(part["index"], {"name": "", "arguments": "", "id": ""})
                call["id"] += part.get("id") or ""
                for key, value in (part.get("function") or {}).items():
                    call[key] += value or ""
            if (self.text or self.calls) and self.first_token_s is None:
                self.first_token_s = time.perf_counter() - self.started
        return self.cancelled.is_set()

    def reply(self, name: str, waiting_s: float) -> Reply:
        """The whole reply, once llama.cpp has returned."""
        duration = time.perf_counter() - self.started
        if self.error is not None:
            if self.error.get("type") != "exceed_context_size_error":
                raise ProviderError(f"{name}: llama.cpp failed: {self.error.get('message')}")
            return Reply(
                text="",
                calls=(),
                finish_reason="length",
                model=name,
                usage=Usage(),  # refused before anything was computed
                tokens="measured",
                duration_s=duration,
                waiting_s=waiting_s,
                raw_usage=self.error,
            )
        if self.usage is None or self.finish_reason is None:
            raise ProviderError(f"{name}: llama.cpp's reply broke off")
        cached = (self.usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
        return Reply(
            text="".join(self.text),
            calls=tuple(RawCall(**self.calls[index]) for index in sorted(self.calls)),
            finish_reason=self.finish_reason,
            model=name,
            usage=Usage(
                input=self.usage["prompt_tokens"],
                output=self.usage["completion_tokens"],
                cached_input=cached,
            ),
            tokens="measured",
            duration_s=duration,
            first_token_s=self.first_token_s,
            waiting_s=waiting_s,
            raw_usage=self.usage,
        )


def _body(request: Request) -> dict[str, Json]:
    body: dict[str, Json] = {
        "messages": [dict(message) for message in request.messages],
        "temperature": request.temperature,
        "seed": request.seed,
        "max_tokens": request.max_tokens,
        "cache_prompt": True,
        "stream": True,
        "stream_options": {"include_usage": True},
        # Progress reports let a long prompt be cancelled between two batches.
        "return_progress": True,
        **SAMPLING,
    }
    if request.tools:
        body["tools"] = [dict(tool) for tool in request.tools]
    if request.schema is not None:
        body["grammar"] = _grammar(request.schema)
    return body


def _grammar(schema: Mapping[str, Json]) -> str:
    # Not as response_format, which lets the model add white space until the token limit.
    import xllamacpp

    text: str = xllamacpp.json_schema_to_grammar(json.dumps({**schema, "x-guidance": _COMPACT}))
    return text

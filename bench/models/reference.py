"""The reference model: no intelligence, it plays the ideal tool calls that a scenario publishes.

It makes the agent loop testable and lets tokens and dollars be forecast for any model on the
price table. Whatever comes from it is ``modelled``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.errors import ProviderError
from bench.hashing import canonical_json, content_hash
from bench.metering import tokens
from bench.metering.caching import SMALLEST, Caching, caching
from bench.types import (
    Json,
    Origin,
    Provenance,
    RawCall,
    Reply,
    Request,
    ToolCall,
    ToolProtocol,
    Usage,
)

REMEMBERED = 16_384
"""Prompt prefixes that the cache of a provider is taken to hold: those of some 2,000 trials. Real
ones forget within minutes."""

Ideal = Callable[[Origin], tuple[ToolCall, ...]]


@dataclass
class ReferenceModel:
    """Answers each request with the ideal call for its step."""

    ideal: Ideal
    name: str = "reference"
    priced_as: str | None = None
    """A model on the price table whose tokenizer and prices the forecast uses."""
    protocol: ToolProtocol = "native"
    provenance: Provenance = "modelled"
    concurrency: int = 1
    local: bool = False
    caching: Caching = "automatic"
    """What the provider's cache does; known from ``priced_as`` where there is one."""
    _prefixes: dict[bytes, bool] = field(default_factory=dict)
    """Those sent last."""

    def __post_init__(self) -> None:
        if self.priced_as is not None:
            self.caching = caching(self.priced_as)

    async def reply(self, request: Request) -> Reply:
        """Play the step that ``request.origin`` names."""
        started = time.perf_counter()
        origin = request.origin
        if origin is None:
            raise ProviderError("the reference model answers only requests of a scenario's agent")
        calls = self.ideal(origin)
        if origin.step >= len(calls):
            raise ProviderError(
                f"the ideal calls of {origin.case} ended before its task did: mend the scenario"
            )
        call = calls[origin.step]
        arguments = canonical_json(call.arguments)
        if request.schema is None:
            text = ""
            raw: tuple[RawCall, ...] = (RawCall(call.name, arguments, f"call_{origin.step}"),)
        else:
            text = canonical_json({"tool": call.name, **call.arguments})
            raw = ()
        output = tokens.count_text(text or call.name + arguments, self.priced_as)
        return Reply(
            text=text,
            calls=raw,
            finish_reason="stop" if request.schema else "tool_calls",
            model=self.name,
            usage=self._usage(request, output),
            tokens="modelled",
            duration_s=time.perf_counter() - started,
        )

    def _usage(self, request: Request, output: int) -> Usage:
        """The tokens by class, as the provider would report them."""
        total = tokens.count_request(request, self.priced_as)
        smallest = SMALLEST if self.priced_as else 0
        cached = self._repeated(request)
        if self.caching == "none" or cached < smallest:
            cached = 0
        written = total - cached if self.caching == "marked" and total >= smallest else 0
        return Usage(total, output, cached, written)

    def _repeated(self, request: Request) -> int:
        """Tokens of the longest prompt prefix sent before, as a provider's cache would see them."""
        known = 0
        prefix = content_hash([request.tools, request.schema])
        for end, message in enumerate(request.messages, start=1):
            # Each prefix from the one before: hashing all of them whole takes most of a long trial.
            prefix = content_hash([prefix, message])
            digest = bytes.fromhex(prefix)
            if self._prefixes.pop(digest, False):
                known = end
            self._prefixes[digest] = True  # last, so that it is forgotten last
            if len(self._prefixes) > REMEMBERED:
                del self._prefixes[next(iter(self._prefixes))]
        if not known:
            return 0
        sent = Request(request.messages[:known], request.tools, request.schema)
        return tokens.count_request(sent, self.priced_as)

    def identity(self) -> Mapping[str, Json]:
        """Nothing but its name: the scenario's hashes say the rest."""
        return {"name": self.name}

    async def close(self) -> None:
        """Nothing is held open."""

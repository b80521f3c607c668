"""A model that costs nothing, in the process that asks it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bench.types import Json, Provenance, RawCall, Reply, Request, ToolProtocol, Usage


class Stub:
    """Answers at once: looks here and there, then labels."""

    name = "stub"
    protocol: ToolProtocol = "native"
    provenance: Provenance = "modelled"
    concurrency = 64
    local = False
    priced_as: str | None = None

    def __init__(self, steps: int) -> None:
        self.steps = steps

    async def reply(self, request: Request) -> Reply:
        """The next call."""
        origin = request.origin
        assert origin is not None
        (record,) = origin.records
        name, arguments = "look", {"id": record if not origin.step else f"n{origin.step}"}
        if origin.step == self.steps - 1:
            name, arguments = "label", {"id": record, "label": "even"}
        call = RawCall(name, json.dumps(arguments), f"c{origin.step}")
        return Reply("", (call,), "tool_calls", "stub", Usage(500, 20), "modelled", 0.0)

    def identity(self) -> Mapping[str, Json]:
        """Its name."""
        return {"name": self.name}

    async def close(self) -> None:
        """Nothing is open."""

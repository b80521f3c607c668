"""The yardsticks: doing nothing, and leaving everything to a human."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from bench.types import Assignment, Conduct


@dataclass
class Trivial:
    """Disposes of every record in the same way, without looking at it."""

    name: str
    choice: Literal["skip", "defer"]
    uses_model: bool = False

    async def run(self, assignment: Assignment) -> Conduct:
        """Handle everything pending."""
        started = time.perf_counter()
        assignment.scenario.trivial(assignment.workspace, self.choice)
        return Conduct(
            job_s=time.perf_counter() - started,
            tool_sequence=tuple(f"{a} {b}" for a, b in assignment.workspace.writes),
        )

"""The hybrid: the job decides what its rules cover and flags the rest, the agent takes that."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bench.approaches.agent import handle
from bench.approaches.job import process
from bench.types import Assignment, Conduct


@dataclass
class Hybrid:
    """Job first, then the agent on the records that the job flagged."""

    name: str = "hybrid"
    uses_model: bool = True

    async def run(self, assignment: Assignment) -> Conduct:
        """Handle everything pending. No model is called when nothing is flagged."""
        job = process(assignment, unsure="flag")
        if job.cause is not None or not job.flagged:
            return job
        records = tuple(record for record in assignment.case.records if record in job.flagged)
        agent = await handle(assignment, records)
        return replace(
            agent,
            decisions=job.decisions,
            flagged=job.flagged,
            job_s=job.job_s,
            tool_sequence=job.tool_sequence + agent.tool_sequence,
        )

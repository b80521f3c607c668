"""The job: the scenario's plain code, and nothing else."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from bench.types import Assignment, Cause, Conduct, JobReport


@dataclass
class Job:
    """Runs the scenario's job; what its rules do not cover goes to human review."""

    name: str = "job"
    uses_model: bool = False

    async def run(self, assignment: Assignment) -> Conduct:
        """Handle everything pending."""
        return process(assignment, unsure="review")


def process(assignment: Assignment, *, unsure: Literal["review", "flag"]) -> Conduct:
    """Run the job on the trial's database. A crash is a failed trial with a cause."""
    writes = assignment.workspace.writes
    before = len(writes)
    started = time.perf_counter()
    cause: Cause | None = None
    detail: str | None = None
    try:
        report = assignment.scenario.job(assignment.workspace, unsure=unsure)
    except (
        Exception
    ) as error:  # whatever the job raises is the job's failure, and stays in the data
        report = JobReport(decisions=())
        cause = Cause.ERROR
        detail = f"{type(error).__name__}: {error}"
    return Conduct(
        cause=cause,
        detail=detail,
        decisions=report.decisions,
        flagged=report.flagged,
        job_s=time.perf_counter() - started,
        tool_sequence=tuple(f"{statement} {values}" for statement, values in writes[before:]),
    )

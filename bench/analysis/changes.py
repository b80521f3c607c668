"""The claims on changes of the world: what each is tested with, and the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.analysis.evidence import Finding, played, unmeasured
from bench.analysis.samples import ALL

if TYPE_CHECKING:
    from bench.analysis.drift import Drifted
    from bench.analysis.evidence import Evidence

BREAKS = 0.1
"""Share of cases that one has to lose to have broken."""


def shape(e: Evidence) -> Finding:
    """Claim 8."""
    job, agent = (_row(e, approach, "shape") for approach in ("job", "agent"))
    if job is None or agent is None:
        return unmeasured("no case of shape drift in this run")
    figure = f"{_before_after(e, 'job', job)}; {_before_after(e, 'agent', agent)}"
    if job.wrong_entries is not None:
        figure += f"; wrong entries of the job {job.wrong_entries}, of the agent "
        figure += f"{agent.wrong_entries}"
    if not e.measured:
        return unmeasured(f"{played(e)}; {figure}")
    before = _row(e, "agent", "none")
    if before is None or not before.success:
        return "undecided", f"{figure}: an agent with nothing right has nothing to lose"
    if None in (job.difference_low, agent.difference_low):
        return "undecided", f"{figure}: too few cases"
    breaks = _surely(job, below=-BREAKS)
    adapts = _surely(agent, above=-BREAKS)
    if breaks and adapts:
        return "supported", figure
    if _surely(job, above=-BREAKS) or _surely(agent, below=-BREAKS):
        return "contradicted", figure
    return "undecided", f"{figure}: too few cases"


def rules(e: Evidence) -> Finding:
    """Claim 9."""
    found = {
        (approach, world): _row(e, approach, world, "changed") or _row(e, approach, world)
        for approach in ("job", "agent")
        for world in ("rules", "rules_repaired")
    }
    rows = [row for row in found.values() if row is not None and row.success is not None]
    if len(rows) < len(found):
        return unmeasured("no case of changed rules, before and after a repair, in this run")
    said = [
        f"{approach} right {old.success:.0%} as before, {new.success:.0%} repaired"
        for approach in ("job", "agent")
        if (old := found[approach, "rules"]) and (new := found[approach, "rules_repaired"])
    ]
    figure = f"{'; '.join(said)}; {_sizes(e)}"
    if not e.measured:
        return unmeasured(f"{played(e)}; {figure}")
    gains = {a: _gain(found[a, "rules"], found[a, "rules_repaired"]) for a in ("job", "agent")}
    if all(gain == "gained" for gain in gains.values()):
        return "supported", figure
    if "lost" in gains.values():
        return "contradicted", figure
    return "undecided", f"{figure}: intervals before and after the repair overlap"


def _row(e: Evidence, approach: str, world: str, part: str = ALL) -> Drifted | None:
    wanted = (e.scenario, approach, None if approach == "job" else e.model, world, part)
    for row in e.summary.drifted:
        if (row.scenario, row.approach, row.model, row.world, row.part) == wanted:
            return row
    return None


def _before_after(e: Evidence, approach: str, after: Drifted) -> str:
    before = _row(e, approach, "none")
    then = before.success if before and before.success is not None else 0.0
    return f"{approach} right {then:.0%} before, {after.success or 0.0:.0%} after"


def _surely(row: Drifted, *, below: float | None = None, above: float | None = None) -> bool:
    """Whether the whole interval of the change lies on one side."""
    assert row.difference_low is not None
    assert row.difference_high is not None
    if below is not None:
        return row.difference_high <= below
    return above is not None and row.difference_low > above


def _gain(old: Drifted | None, new: Drifted | None) -> str:
    """What the repair did, by intervals that do not overlap."""
    assert old is not None
    assert new is not None
    if (new.success_low or 0.0) > (old.success_high or 0.0):
        return "gained"
    return "lost" if (new.success_high or 0.0) < (old.success_low or 0.0) else "open"


def _sizes(e: Evidence) -> str:
    """The repair in a phrase for each of its parts."""
    parts: dict[str, tuple[int, int, int]] = {}
    for row in e.summary.repairs:
        if row.scenario == e.scenario:
            files, lines, tokens = parts.get(row.part, (0, 0, 0))
            parts[row.part] = (
                files + 1,
                lines + row.lines_added + row.lines_removed,
                tokens + (row.tokens_added or 0) + (row.tokens_removed or 0),
            )
    names = {"job": "the job", "policy": "the prompt", "tools": "the tools' guards"}
    return "repair: " + ", ".join(
        f"{names[part]} {lines} lines ({tokens} tokens) in {files} file{'s' * (files > 1)}"
        for part, (files, lines, tokens) in parts.items()
    )

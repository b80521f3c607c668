"""What every scenario with changed rules owes: a plan with the repair last, and a small repair."""

from __future__ import annotations

from typing import Any

import pytest

from bench.plan import plan_scenario, with_drift
from bench.repair import sizes
from scenarios.billing_webhooks import SCENARIO as BILLING
from scenarios.csv_reconciliation import SCENARIO as CSV

POLICY_AND_TOOLS = {("policy", "policy.md"), ("policy", "prompt.md"), ("tools", "tools.py")}


@pytest.mark.parametrize(
    ("scenario", "ordinary", "changed"),
    [(BILLING, "renewal", "crew_plan"), (CSV, "clean_new", "no_phone")],
)
def test_a_drifted_plan_puts_what_is_repaired_last(
    scenario: Any, ordinary: str, changed: str
) -> None:
    run = plan_scenario(scenario, {ordinary: 2}, seed=1, repeated=0)
    planned = with_drift(run, {changed: 1}, "rules", seed=1)
    assert [case.repaired for case in planned.cases] == [False] * 6 + [True] * 3
    assert len({case.id for case in planned.cases}) == 9


@pytest.mark.parametrize(
    ("scenario", "job"), [(BILLING, {"job.py"}), (CSV, {"job.py", "matching.py"})]
)
def test_the_repair_is_small_and_touches_the_guards_too(scenario: Any, job: set[str]) -> None:
    found = {(part.part, part.file): part for part in sizes(scenario.repair("rules"))}
    assert set(found) == POLICY_AND_TOOLS | {("job", file) for file in job}
    changed = found["job", "job.py"]
    assert 0 < changed.lines_removed < changed.lines_added < 30

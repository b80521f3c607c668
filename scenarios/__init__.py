"""The registry of scenarios: one line each, and whatever other packages register.

Another package adds a scenario with an entry point in the group ``agent_or_job.scenarios`` whose
value names an object that satisfies ``bench.types.Scenario``.
"""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points

from bench.errors import BenchError
from bench.types import Scenario

GROUP = "agent_or_job.scenarios"

SCENARIOS = {
    "billing_webhooks": "scenarios.billing_webhooks:SCENARIO",
    "csv_reconciliation": "scenarios.csv_reconciliation:SCENARIO",
}


def names() -> list[str]:
    """All scenario names, our own first."""
    return [*SCENARIOS, *sorted(entry.name for entry in entry_points(group=GROUP))]


def scenario(name: str) -> Scenario:
    """The scenario of that name. Raises ``BenchError`` with the known names."""
    if name in SCENARIOS:
        module, attribute = SCENARIOS[name].split(":")
        found: Scenario = getattr(importlib.import_module(module), attribute)
        return found
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            loaded: Scenario = entry.load()
            return loaded
    raise BenchError(f"no scenario {name!r}; there are {', '.join(names())}")

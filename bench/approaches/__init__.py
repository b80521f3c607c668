"""The ways of doing a task. To add one: write it, and give it a line here."""

from bench.approaches.agent import Agent
from bench.approaches.hybrid import Hybrid
from bench.approaches.job import Job
from bench.approaches.trivial import Trivial
from bench.errors import BenchError
from bench.types import Approach

APPROACHES: dict[str, Approach] = {
    "always_skip": Trivial("always_skip", "skip"),
    "always_defer": Trivial("always_defer", "defer"),
    "job": Job(),
    "agent": Agent(),
    "hybrid": Hybrid(),
}


def approach(name: str) -> Approach:
    """The approach of that name. Raises ``BenchError`` with the known names."""
    try:
        return APPROACHES[name]
    except KeyError:
        raise BenchError(f"no approach {name!r}; there are {', '.join(APPROACHES)}") from None

"""A scenario's own settings, as ``--option NAME=VALUE`` gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from bench.errors import BenchError
from bench.types import Scenario


@runtime_checkable
class Configurable(Protocol):
    """A scenario that can be set up in several ways."""

    options: Mapping[str, str]
    """What is set, by name: part of a run's identity."""

    def configured(self, options: Mapping[str, str]) -> Scenario:
        """The same scenario with ``options`` set; the given one stays as it is. Raises
        ``BenchError`` that names what there is."""


def parse(words: Sequence[str]) -> dict[str, str]:
    """``rows=10`` as a setting. Raises ``BenchError`` for what is none, or comes twice."""
    options: dict[str, str] = {}
    for word in words:
        name, found, value = word.partition("=")
        if not (name and found and value):
            raise BenchError(f"--option {word}: write NAME=VALUE, such as rows=10")
        if name in options:
            raise BenchError(f"--option {name} is given twice; give it once")
        options[name] = value
    return options


def configured(scenario: Scenario, options: Mapping[str, str]) -> Scenario:
    """The scenario with ``options`` set. Raises ``BenchError`` if it has none."""
    if not options:
        return scenario
    if not isinstance(scenario, Configurable):
        raise BenchError(
            f"{scenario.name} has no options; name a scenario that has, or leave --option out"
        )
    return scenario.configured(options)


def options_of(scenario: Scenario) -> dict[str, str]:
    """What is set of the scenario."""
    return dict(scenario.options) if isinstance(scenario, Configurable) else {}

"""The plans: what a default, a full and a smoke run measure."""

from __future__ import annotations

import pytest

import scenarios
from bench.plan import (
    AWKWARD,
    FREE_TEXT,
    ORDINARY,
    default_counts,
    even_counts,
    full_counts,
    plan_scenario,
    smoke_counts,
)
from bench.types import Scenario

BOTH = pytest.mark.parametrize("name", list(scenarios.SCENARIOS))


def ordinary(scenario: Scenario) -> set[str]:
    return {stratum.name for stratum in scenario.strata if stratum.ordinary}


@BOTH
def test_the_default_plan_rests_on_twelve_ordinary_cases(name: str) -> None:
    scenario = scenarios.scenario(name)
    counts = default_counts(scenario)
    free = {stratum.name for stratum in scenario.strata if stratum.free_text}
    everyday = ordinary(scenario)
    assert sum(counts[stratum] for stratum in everyday) == ORDINARY
    assert sum(counts.get(stratum, 0) for stratum in free) == FREE_TEXT
    assert set(counts.values()) - {counts[s] for s in everyday} == {1}
    assert len(counts) == len(everyday) + AWKWARD + FREE_TEXT


@BOTH
def test_in_a_full_plan_every_undrifted_stratum_is_measured_and_a_third_is_ordinary(
    name: str,
) -> None:
    scenario = scenarios.scenario(name)
    counts = full_counts(scenario)
    assert set(counts) == {s.name for s in scenario.strata if s.everyday}
    assert 3 * sum(counts[s] for s in ordinary(scenario)) >= sum(counts.values())


@BOTH
def test_a_smoke_plan_touches_an_ordinary_an_awkward_and_a_free_text_stratum(name: str) -> None:
    scenario = scenarios.scenario(name)
    strata = {stratum.name: stratum for stratum in scenario.strata}
    chosen = [strata[name] for name in smoke_counts(scenario)]
    assert sorted((s.ordinary, s.free_text) for s in chosen) == [
        (False, False),
        (False, True),
        (True, False),
    ]


@BOTH
def test_repeated_cases_are_half_ordinary_and_the_same_every_time(name: str) -> None:
    scenario = scenarios.scenario(name)
    runs = [plan_scenario(scenario, default_counts(scenario), seed=5, repeated=4) for _ in range(2)]
    assert runs[0].repeated == runs[1].repeated
    assert [c.id for c in runs[0].cases] == [c.id for c in runs[1].cases]
    kinds = [c.stratum in ordinary(scenario) for c in runs[0].cases if c.id in runs[0].repeated]
    assert sorted(kinds) == [False, False, True, True]


def test_named_strata_alone_are_measured() -> None:
    scenario = scenarios.scenario("billing_webhooks")
    assert even_counts(scenario, 5, ["duplicate_delivery"]) == {"duplicate_delivery": 5}


@BOTH
def test_the_mix_adds_up_and_is_about_99_percent_ordinary(name: str) -> None:
    scenario = scenarios.scenario(name)
    assert sum(scenario.mix.values()) == pytest.approx(1.0)
    assert sum(scenario.mix[s] for s in ordinary(scenario)) == pytest.approx(0.99, abs=0.005)

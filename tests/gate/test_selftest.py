"""The gate's promise, simulated; and that the simulation can break it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.errors import BenchError
from bench.gate import load_settings, selftest
from bench.gate.selftest import WORLDS, Tally, World, broken_promises, resampled
from tests.synthetic import a_trial

SETTINGS = load_settings()
BY_NAME = {world.name: world for world in WORLDS}


def tally(world: World, journals: int = 30) -> Tally:
    each = -(-(selftest.planned_cases(world, SETTINGS) or 0) // 4)
    return selftest.run(world, SETTINGS, journals=journals, strata=4, each=each, seed=7)


@pytest.mark.parametrize("world", [world for world in WORLDS if world.unchanged])
def test_false_alarms_stay_below_alpha(world: World) -> None:
    assert not list(broken_promises([tally(world, 100)], SETTINGS.alpha))


def test_a_gate_that_alarms_too_often_is_found_out() -> None:
    found = Tally(WORLDS[0], 100, dict.fromkeys(selftest.RULES, 15), 0, 100.0, 232)
    assert len(list(broken_promises([found], 0.05))) == 2
    assert not list(broken_promises([replace(found, world=BY_NAME["5 points lost"])], 0.05))


@pytest.mark.parametrize(
    ("name", "power", "saved"),
    [
        ("20 points lost", 0.9, 0.5),
        ("10 % more tokens", 0.9, 0.3),
        ("one stratum broken", 0.8, 0.3),
    ],
)
def test_what_is_planted_is_caught_with_fewer_cases(name: str, power: float, saved: float) -> None:
    found = tally(BY_NAME[name])
    assert found.rate("sequential") >= power
    assert found.cases <= (1 - saved) * found.fixed


@pytest.mark.parametrize("name", ["nothing changed", "10 points lost"])
def test_cases_are_saved_at_the_power_of_the_fixed_gate(name: str) -> None:
    found = tally(BY_NAME[name], 100)
    # Two fifths on average, less what chance may do to a hundred comparisons.
    assert found.cases <= 0.65 * found.fixed
    if not found.world.unchanged:
        assert found.rate("sequential") >= found.rate("fixed") - 0.05
    else:
        assert found.cleared >= 80


def test_a_world_can_have_the_cases_of_a_real_run() -> None:
    trials = [
        a_trial(model="m", case=f"c-{i}", repeat=repeat, passed=int(i < 6), failed=int(i >= 6))
        for i in range(10)
        for repeat in range(2)
    ]
    world = resampled(trials, "a run")
    assert world.unchanged
    assert world.chances is not None
    assert world.chances.mean() == pytest.approx(0.6, abs=0.05)
    assert world.instability <= 0.1  # never was there a case that did two things


def test_a_run_without_a_model_has_no_world() -> None:
    with pytest.raises(BenchError, match="measured"):
        resampled([], "a run")

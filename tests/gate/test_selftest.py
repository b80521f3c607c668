"""The gate's promise, simulated; and that the simulation can break it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from bench.cli import invoke
from bench.errors import BenchError
from bench.gate import Verdict, compare, load_settings, selftest
from bench.gate.calibration import calibrated
from bench.gate.result import Comparison
from bench.gate.selftest import Tally, broken_promises
from bench.gate.sentences import trust
from bench.gate.worlds import WORLDS, World, executed, like, resampled
from tests.gate.made import Made, cases, judged, once
from tests.synthetic import a_trial

SETTINGS = load_settings()
BY_NAME = {world.name: world for world in WORLDS}


def tally(world: World, journals: int = 30) -> Tally:
    each = -(-(selftest.planned_cases(world, SETTINGS) or 0) // world.strata)
    return selftest.run(world, SETTINGS, journals=journals, each=each, seed=7)


@pytest.mark.parametrize("world", [world for world in WORLDS if world.unchanged])
def test_false_alarms_stay_below_alpha(world: World) -> None:
    found = tally(world, 500)
    assert not list(broken_promises([found], SETTINGS.alpha))


def test_a_simulated_gate_is_judged_like_the_journals_of_a_real_one() -> None:
    """The arrays of the self-test, made into two runs, get the same answer from ``compare``."""
    for seed, drop in itertools.product(range(6), (0.0, 0.2)):
        world = World("a world", drop=drop, strata=3)
        most = executed(world, np.random.default_rng(seed), 240)
        verdict, used = selftest.sequential(most, world, SETTINGS)
        names = [f"s{number % 3}-{number}" for number in range(240)]
        base, head = (
            Made(
                {name: [bool(each)] for name, each in zip(names[:used], passed, strict=False)},
                dict(zip(names, (int(each) for each in sizes), strict=True)),
                name=name,
                usd=False,
                manifest={"sequential": True},
                strata=dict(zip(("s0", "s1", "s2"), (80, 80, 80), strict=True)),
            )
            for name, passed, sizes in (
                ("base", most.base, most.sizes[0]),
                ("head", most.head, most.sizes[1]),
            )
        )
        found = judged(base, head).verdict
        assert (found is Verdict.REGRESSION) == (verdict == "alarm"), (seed, drop)
        if verdict == "clear":
            assert found is Verdict.NO_EVIDENCE


def test_a_gate_that_alarms_too_often_is_found_out() -> None:
    found = Tally(WORLDS[0], 100, dict.fromkeys(selftest.RULES, 15), 0, 100.0, 232, 0.5)
    assert len(list(broken_promises([found], 0.05))) == 2
    assert not list(broken_promises([replace(found, world=BY_NAME["5 points lost"])], 0.05))


@pytest.mark.parametrize(
    ("name", "power", "saved"),
    [
        ("20 points lost", 0.9, 0.5),
        ("10 % more tokens", 0.9, 0.3),
        ("one of 4 strata broken", 0.9, 0.5),
        ("one of 11 strata broken", 0.9, 0.3),
    ],
)
def test_what_is_planted_is_caught_with_fewer_cases(name: str, power: float, saved: float) -> None:
    found = tally(BY_NAME[name])
    assert found.rate("sequential") >= power
    assert found.cases <= (1 - saved) * found.fixed
    assert found.saved == pytest.approx(1 - found.cases / found.fixed, abs=0.05)


@pytest.mark.parametrize("name", ["nothing changed", "10 points lost"])
def test_cases_are_saved_at_the_power_of_the_fixed_gate(name: str) -> None:
    found = tally(BY_NAME[name], 300)
    assert found.saved >= 0.4
    if not found.world.unchanged:
        assert found.rate("sequential") >= found.rate("fixed") - 0.05
    else:
        assert found.cleared >= 240


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


def test_cases_known_by_two_figures_pass_and_waver_as_often() -> None:
    chances = like(0.7, 0.1)
    assert chances.mean() == pytest.approx(0.7, abs=0.01)
    assert World("", chances=chances).instability == pytest.approx(0.1, abs=0.01)


def test_a_run_without_a_model_has_no_world() -> None:
    with pytest.raises(BenchError, match="measured"):
        resampled([], "a run")


@pytest.mark.parametrize("sequential", [False, True])
def test_a_comparison_tells_what_its_own_size_can_be_trusted_with(sequential: bool) -> None:
    def told(number: int) -> Comparison:
        names = [name for s in range(4) for name in cases(f"s{s}", number)]
        base = Made(once(names, names[:2]), name="base", manifest={"sequential": sequential})
        head = replace(base, passes=once(names, names[2:4]), name="head")
        found = compare(base.side(), head.side(), SETTINGS)
        return calibrated(found, base.side(), head.side(), 60).comparisons[0]

    few, many = told(8), told(60)
    for each, size in ((few, 32), (many, 240)):
        assert each.calibration is not None
        assert each.calibration.cases == size
        assert each.calibration.simulated == 60
        assert each.calibration.wavering == pytest.approx(4.5 / (size + 1))
        assert each.calibration.false_alarms <= 0.1
        assert [seen.drop for seen in each.calibration.seen] == [0.1, 0.2]
    assert few.calibration is not None
    assert many.calibration is not None
    assert few.calibration.seen[0].rate < 0.5 < many.calibration.seen[0].rate
    line = trust(many, sequential=sequential)
    assert line is not None
    assert ("at most 240 cases a side" in line) == sequential
    assert "simulated, 60 comparisons a figure" in line


def test_recorded_answers_are_not_calibrated() -> None:
    names = cases("plain", 20)
    base = Made(once(names), name="base", provenance="modelled")
    head = replace(base, name="head")
    gate = calibrated(judged(base, head), base.side(), head.side())
    assert gate.comparisons[0].calibration is None


def test_the_table_is_whole_in_eighty_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert invoke(["gate", "--self-test", "--journals", "10"]) == 0
    told = capsys.readouterr().out
    assert "…" not in told
    assert max(map(len, told.splitlines())) <= 80
    words = " ".join(told.split())
    for name in (*selftest.RULES[:3], "saved", "99% lower bound"):
        assert name in words
    for world in WORLDS:
        assert world.name.split(",")[0] in words

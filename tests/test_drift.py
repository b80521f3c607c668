"""Runs before and after a change of the world."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import scenarios
from bench.analysis.summary import summarise
from bench.cli import invoke
from bench.journal import Run, read_run
from bench.types import Trial


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(scenarios.SCENARIOS, "changing", "tests.toy:CHANGING")
    monkeypatch.setitem(scenarios.SCENARIOS, "toy", "tests.toy:TOY")


def run(tmp_path: Path, *arguments: str) -> Run:
    given = ["run", "changing", "-m", "reference", *arguments, "--results", str(tmp_path)]
    assert invoke(given) == 0
    return read_run((tmp_path / "latest").resolve())


def of(trials: Sequence[Trial], approach: str, **wanted: object) -> list[Trial]:
    return [
        t
        for t in trials
        if t.approach == approach and all(getattr(t, k) == v for k, v in wanted.items())
    ]


def test_every_case_runs_beside_its_twin_of_another_shape(tmp_path: Path) -> None:
    recorded = run(tmp_path, "--drift", "shape", "--cases", "2")
    for approach in ("job", "agent", "hybrid", "always_skip"):
        before = {t.case for t in of(recorded.trials, approach, drift="none")}
        after = of(recorded.trials, approach, drift="shape")
        assert before == {t.twin for t in after}
        assert not any(trial.repaired for trial in after)
    # The job's rules do not know the sign: it hands on, and never guesses.
    assert {t.status for t in of(recorded.trials, "job", drift="shape")} == {"deferred"}
    (plan,) = recorded.manifest.scenarios
    assert (plan.drift, plan.repair) == ("shape", ())


def test_changed_rules_run_as_before_and_repaired(tmp_path: Path) -> None:
    recorded = run(tmp_path, "--drift", "rules", "--cases", "2")
    old = of(recorded.trials, "job", drift="rules", repaired=False, stratum="decreed")
    new = of(recorded.trials, "job", drift="rules", repaired=True, stratum="decreed")
    before = of(recorded.trials, "job", drift="none", stratum="decreed")
    assert [t.status for t in before] == ["pass"] * len(before)
    assert {t.status for t in old} == {"fail"}
    assert {t.status for t in new} == {"pass"}
    assert {t.twin for t in old} == {t.twin for t in new} == {t.case for t in before}
    assert {t.records for t in of(recorded.trials, "agent", repaired=True)} == {1}


def test_the_size_of_a_repair_is_read_from_its_texts(tmp_path: Path) -> None:
    (plan,) = run(tmp_path, "--drift", "rules", "--cases", "1").manifest.scenarios
    assert [(p.part, p.lines_added, p.lines_removed) for p in plan.repair] == [
        ("job", 1, 0),
        ("policy", 1, 1),
    ]
    assert all(part.tokens_added for part in plan.repair)


def test_drifted_cases_do_not_touch_the_headline(tmp_path: Path) -> None:
    run(tmp_path, "--drift", "rules", "--cases", "2")
    rows = summarise((tmp_path / "latest").resolve()).rows
    job = {(r.stratum, r.drift): r for r in rows if r.approach == "job"}
    assert (
        job["all", "none"].cases == 4
    )  # "decreed" was made for the drift, so it is not among them
    assert job["decreed", "none"].success == 1
    assert job["decreed", "rules"].success == 0
    assert job["decreed", "rules_repaired"].success == 1
    assert job["all", "rules"].cases == job["all", "rules_repaired"].cases == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["changing", "--drift", "weather"], "no drift 'weather'; there are shape, rules"),
        (["toy", "--drift", "shape"], "toy has no drift 'shape'; leave --drift out"),
        (["toy", "--hostile"], "toy has no attacks; leave --hostile out"),
        (["changing", "--drift", "shape", "--hostile"], "exclude each other"),
    ],
)
def test_what_a_scenario_does_not_know_is_refused_in_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["run", *arguments, "-m", "reference", "--results", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1

"""Runs before and after a change of the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import scenarios
from bench.analysis.rows import Summary
from bench.analysis.summary import summarise
from bench.cli import invoke
from bench.journal import Run, read_run
from bench.types import Request, Timing, Trial
from tests.scripted import ScriptedModel
from tests.toy import action


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


def reads(request: Request) -> str:
    """A model that understands what it reads: another shape, and a new policy."""
    assert request.origin is not None
    (record,) = request.origin.records
    if request.origin.step == 0:
        return action("look", id=record)
    seen = str(request.messages[-1]["content"])
    twelve = "twelve" in seen or "12" in seen
    decreed = "Twelve is odd" in str(request.messages[0]["content"])
    return action("label", id=record, label="even" if twelve and not decreed else "odd")


def stumbles(request: Request) -> str:
    """One that is lost in any other shape, and makes nothing of another policy."""
    assert request.origin is not None
    if request.origin.step and "no. " in str(request.messages[-1]["content"]):
        return action("label", id=request.origin.records[0], label="review")
    if request.origin.step:
        request = replace(request, messages=({"content": ""}, *request.messages[1:]))
    return reads(request)


def verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, play: object, drift: str) -> Summary:
    model = ScriptedModel([play])  # type: ignore[list-item]
    monkeypatch.setattr("bench.session.open_model", lambda name, **_: model)
    # What is tested here needs no calibrated time, which is most of what such a run takes.
    monkeypatch.setattr("bench.runner.time_rounds", lambda *_, **__: Timing(1, 0.01, 0.01, 0.01))
    # 40 pairs, because a loss of 10 points has to be excluded; a gain of all is seen in 6.
    cases = "20" if drift == "shape" else "6"
    some = ("-a", "job", "-a", "agent", "--strata", "digits,decreed", "--cases", cases)
    run(tmp_path, "--drift", drift, *some)
    return summarise((tmp_path / "latest").resolve())


@pytest.mark.parametrize(
    ("play", "drift", "number", "verdict"),
    [
        (reads, "shape", 8, "supported"),
        (stumbles, "shape", 8, "contradicted"),
        (reads, "rules", 9, "supported"),
        (stumbles, "rules", 9, "undecided"),
    ],
)
def test_what_is_said_of_changes_hangs_on_what_was_measured(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    play: object,
    drift: str,
    number: int,
    verdict: str,
) -> None:
    summary = verdicts(tmp_path, monkeypatch, play, drift)
    (claim,) = [claim for claim in summary.claims if claim.number == number]
    assert claim.verdict == verdict, claim.figure


def test_the_report_shows_before_and_after_and_the_size_of_the_repair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = verdicts(tmp_path, monkeypatch, reads, "rules")
    job = {(r.world, r.part): r for r in summary.drifted if r.approach == "job"}
    assert [job[world, "changed"].success for world in ("none", "rules", "rules_repaired")] == [
        1,
        0,
        1,
    ]
    lost = job["rules", "changed"]
    assert lost.difference == -1
    assert lost.difference_high is not None
    assert lost.difference_high < 0
    assert lost.wrong_entries is None  # the toy does not say what stands in its books
    said = capsys.readouterr().out
    for folder in ("report.md", "report.html"):
        text = (tmp_path / "latest" / folder).read_text()
        assert "Before and after the change" in text
        assert "The size of the repair" in text
    assert "Before and after the change" in said

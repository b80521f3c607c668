"""Both sides of a gate on the toy scenario: order, stopping, and going on after a kill."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest

import scenarios
from bench import duel as duels
from bench import manifest as manifests
from bench import runner, session
from bench.duel import SIDES, Duel, prepare_duel, prepare_rerun, run_duel
from bench.gate import Verdict, bless, comparable, compare, load_settings, read_side
from bench.gate.sequential import decided
from bench.journal import read_run, read_steps
from bench.session import Options
from bench.types import Request, Trial, Wording, reworded
from tests.running import Quiet
from tests.scripted import ScriptedModel
from tests.toy import TOY, action

BEFORE = Wording("Say whether numbers are odd or even. {{policy}}", "Look first.")


def label(request: Request) -> str:
    """Right, unless the prompt says to guess."""
    assert request.origin is not None
    (record,) = request.origin.records
    if request.origin.step == 0:
        return action("look", id=record)
    told = str(request.messages[-1]["content"])
    number = {"seven": "7", "twelve": "12"}.get(told.split('"')[3], told.split('"')[3])
    right = "even" if int(number) % 2 == 0 else "odd"
    wrong = "odd" if right == "even" else "even"
    guess = "Guess" in str(request.messages[0]["content"])
    return action("label", id=record, label=wrong if guess else right)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> ScriptedModel:
    model = ScriptedModel([label])
    monkeypatch.setitem(scenarios.SCENARIOS, "toy", "tests.toy:TOY")
    monkeypatch.setattr(session, "open_model", lambda name, **_: model)
    return model


def prepared(folder: Path, base: Wording, *, cases: int = 40, fresh: bool = False) -> Duel:
    options = Options(
        results=folder,
        scenarios=("toy",),
        approaches=("agent",),
        models=("scripted",),
        cases=cases,
        repeats=1,
        concurrency=1,
    )
    return prepare_duel(options, {"toy": base}, sequential=True, fresh=fresh)


def fought(duel: Duel) -> Verdict:
    settings = load_settings()
    plan = duel.manifests["head"].scenarios[0]

    def done(_scenario: str, _model: str, base: Sequence[Trial], head: Sequence[Trial]) -> bool:
        return decided(base, head, plan, settings, duel.comparisons)

    asyncio.run(run_duel(duel, Quiet(), done))
    return compare(*(read_side(duel.folders[side]) for side in SIDES), settings).verdict


def test_a_reworded_scenario_says_something_else_and_leaves_the_first_as_it_was() -> None:
    other = reworded(TOY, BEFORE)
    assert other.prompt() == "Say whether numbers are odd or even. Look first."
    assert TOY.prompt() == "Say whether numbers are odd or even."
    assert type(other) is type(TOY)


def test_each_side_gets_its_own_prompt_and_they_take_turns(
    tmp_path: Path, toy: ScriptedModel
) -> None:
    duel = prepared(tmp_path, BEFORE)
    assert fought(duel) is Verdict.NO_EVIDENCE
    firsts = [
        (str(request.messages[0]["content"]).count("Look first."), request.origin.case)
        for request in toy.requests
        if request.origin is not None and request.origin.step == 0
    ]
    cases = [case for _, case in firsts]
    assert cases[::2] == cases[1::2]
    sides = [told for told, _ in firsts]
    assert sides[:8] == [1, 0, 0, 1, 1, 0, 0, 1]
    for side, told in (("base", 1), ("head", 0)):
        first = next(read_steps(duel.folders[side]))  # type: ignore[index]
        assert str(first.messages[0]["content"]).count("Look first.") == told


def test_it_stops_as_soon_as_it_is_decided_in_either_direction(
    tmp_path: Path, toy: ScriptedModel
) -> None:
    same = prepared(tmp_path / "same", TOY.wording)
    assert fought(same) is Verdict.NO_EVIDENCE
    better = Wording("Guess.")
    # Base guesses and is always wrong, so the head is better; the other way round it is worse.
    assert fought(prepared(tmp_path / "better", better)) is Verdict.IMPROVED
    worse = prepared(tmp_path / "worse", TOY.wording)
    worse = _swapped(worse, better)
    assert fought(worse) is Verdict.REGRESSION
    for duel in (same, worse):
        done = {side: read_run(duel.folders[side]) for side in SIDES}
        numbers = {len(run.trials) for run in done.values()}
        assert len(numbers) == 1
        assert numbers.pop() < 80
        assert all(run.finished for run in done.values())


def _swapped(duel: Duel, head: Wording) -> Duel:
    plan = duel.plans["head"]
    (run,) = plan.scenarios
    changed = replace(plan, scenarios=(replace(run, scenario=reworded(run.scenario, head)),))
    return replace(duel, plans={**duel.plans, "head": changed})


def test_a_killed_gate_goes_on_without_running_or_counting_anything_twice(
    tmp_path: Path, toy: ScriptedModel
) -> None:
    class PowerCut(BaseException):
        """Nothing in the program catches it."""

    class Cut(Quiet):
        def trial(self, trial: Trial) -> None:
            super().trial(trial)
            if len(self.trials) == 7:
                raise PowerCut

    first = prepared(tmp_path, BEFORE)
    with pytest.raises(BaseException, match=r"PowerCut|unhandled errors"):
        asyncio.run(run_duel(first, Cut(), lambda *_: False))
    asked = len(toy.requests)
    again = prepared(tmp_path, BEFORE)
    assert again.folders == first.folders
    assert fought(again) is Verdict.NO_EVIDENCE
    trials = [trial for side in SIDES for trial in read_run(again.folders[side]).trials]
    assert len(toy.requests) - asked == 2 * (len(trials) - 7)
    assert prepared(tmp_path, BEFORE).folders != first.folders  # that one is finished


def test_cases_are_drawn_evenly_over_strata(tmp_path: Path, toy: ScriptedModel) -> None:
    (run,) = prepared(tmp_path, BEFORE, cases=5).plans["head"].scenarios
    drawn = [case.stratum for case in run.cases]
    assert all(set(drawn[i : i + 2]) == {"digits", "words"} for i in range(0, 10, 2))
    assert [case.id for case in run.cases] == [
        case.id for case in prepared(tmp_path, BEFORE, cases=5).plans["base"].scenarios[0].cases
    ]
    assert [len(each) for each in duels._rounds(run.cases)] == [2] * 5


def test_two_gates_of_the_same_second_have_folders_of_their_own(
    tmp_path: Path, toy: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Frozen(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Frozen:
            return cls(2026, 11, 26, 12, 0, 0, tzinfo=tz)

    monkeypatch.setattr(manifests, "datetime", Frozen)
    names = []
    for _ in range(3):
        duel = prepared(tmp_path, BEFORE, cases=2)
        asyncio.run(run_duel(duel, Quiet(), lambda *_: True))
        names.append([folder.name for folder in duel.folders.values()])
    assert len({name for pair in names for name in pair}) == 6


def a_baseline(folder: Path, cases: int = 40) -> Path:
    """Of a run of the toy with its prompt as it stands."""
    options = Options(
        results=folder,
        scenarios=("toy",),
        approaches=("agent",),
        models=("scripted",),
        cases=cases,
        repeats=1,
        concurrency=1,
    )
    made = session.prepare(options)
    journal = made.open()
    asyncio.run(runner.run(made.plan, journal, Quiet()))
    journal.close()
    side = read_side(made.folder)
    bless(side.run, side.snapshots, folder / "baseline" / "main", key="", by="Ada")
    return folder / "baseline" / "main"


def against(folder: Path, blessed: Path) -> Duel:
    options = Options(
        results=folder,
        scenarios=("toy",),
        approaches=("agent",),
        models=("scripted",),
        concurrency=1,
    )
    return prepare_rerun(options, read_side(blessed).run)


def test_against_a_baseline_only_the_head_is_run_and_only_as_far_as_it_takes(
    tmp_path: Path, toy: ScriptedModel
) -> None:
    blessed = a_baseline(tmp_path)
    asked = len(toy.requests)
    duel = against(tmp_path, blessed)
    assert not comparable.changed_tasks(
        duel.manifests["base"], duel.manifests["head"], ["toy"], ["scripted"]
    )
    assert fought(duel) is Verdict.NO_EVIDENCE
    head = read_run(duel.folders["head"])
    assert head.finished
    assert len(head.trials) < 80
    assert len(toy.requests) - asked == 2 * len(head.trials)
    drawn = [trial.stratum for trial in head.trials]
    assert all(set(drawn[i : i + 2]) == {"digits", "words"} for i in range(0, len(drawn) - 1, 2))


def test_against_a_baseline_a_worse_prompt_is_a_regression(
    tmp_path: Path, toy: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    blessed = a_baseline(tmp_path)
    worse = reworded(TOY, Wording("Guess."))
    monkeypatch.setattr(scenarios, "scenario", lambda name: worse)
    assert fought(against(tmp_path, blessed)) is Verdict.REGRESSION


def test_a_baseline_of_other_cases_is_found_out_before_anything_runs(
    tmp_path: Path, toy: ScriptedModel
) -> None:
    duel = against(tmp_path, a_baseline(tmp_path, cases=5))
    (plan,) = duel.manifests["base"].scenarios
    changed = replace(duel.manifests["base"], scenarios=(replace(plan, dataset_hash="other"),))
    (found,) = comparable.changed_tasks(changed, duel.manifests["head"], ["toy"], ["scripted"])
    assert found.what == "dataset"


@pytest.mark.parametrize(
    ("scenario", "stratum", "how"),
    [
        ("csv_reconciliation", "clean_new", {"options": {"rows": "4"}}),
        ("billing_webhooks", "renewal", {"through_http": True}),
    ],
)
def test_against_a_baseline_the_scenario_is_set_up_as_on_record(
    tmp_path: Path, scenario: str, stratum: str, how: dict[str, Any]
) -> None:
    options = Options(
        results=tmp_path, scenarios=(scenario,), approaches=("agent",), models=("reference",)
    )
    made = session.prepare(replace(options, strata=(stratum,), cases=1, repeats=1, **how))
    made.open().close()
    duel = prepare_rerun(options, read_run(made.folder))
    assert not comparable.changed_tasks(
        duel.manifests["base"], duel.manifests["head"], [scenario], ["reference"]
    )
    assert duel.manifests["head"].through_http == made.manifest.through_http
    asyncio.run(run_duel(duel, Quiet(), lambda *_: False))
    assert {trial.status for trial in read_run(duel.folders["head"]).trials} == {"pass"}

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis.steps import measure_steps
from bench.journal import read_run, read_steps
from bench.types import UNKNOWN_USAGE, Step, Trial
from tests.synthetic import LOCAL, Shape, write_run


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Trial], list[Step]]:
    shape = Shape(scenarios=("billing_webhooks",), models=((LOCAL, 0.7, 2.0),))
    folder = write_run(tmp_path_factory.mktemp("results") / "run", shape)
    return read_run(folder).trials, list(read_steps(folder))


def test_tokens_are_told_apart_by_place_in_the_conversation(
    recorded: tuple[list[Trial], list[Step]],
) -> None:
    trials, steps = recorded
    rows, lost = measure_steps(trials, steps)
    agent = next(row for row in rows if row.approach == "agent")
    assert lost == 0
    assert agent.calls == sum(trial.steps for trial in trials if trial.approach == "agent")
    first = agent.by_place[0]
    own = [s for s in steps if "/agent/" in s.trial and s.step == 0]
    assert first.calls == len(own)
    assert first.fresh == pytest.approx(sum(s.usage.input or 0 for s in own) / len(own))
    assert first.cached == 0
    assert agent.by_place[1].cached > 1000


def test_calls_of_a_killed_attempt_are_counted_apart(
    recorded: tuple[list[Trial], list[Step]],
) -> None:
    trials, steps = recorded
    killed = [replace(step, attempt="before the kill") for step in steps[:3]]
    before, _ = measure_steps(trials, steps)
    after, lost = measure_steps(trials, [*killed, *steps])
    assert lost == 3
    assert before == after


def test_what_a_limit_of_five_steps_would_cut_off_is_counted(
    recorded: tuple[list[Trial], list[Step]],
) -> None:
    trials, steps = recorded
    agents = [trial for trial in trials if trial.approach == "agent"]
    right = next(trial for trial in agents if trial.status == "pass")
    wrong = next(trial for trial in agents if trial.status == "fail")
    made = [
        replace(steps[0], trial=trial.id, attempt=trial.attempt, task=task, step=number)
        for trial, task, calls in ((right, 0, 5), (right, 1, 6), (wrong, 0, 7))
        for number in range(calls)
    ]
    rows, _ = measure_steps(agents, made)
    (row,) = (row for row in rows if row.model == right.model)
    assert (row.conversations, row.over_five, row.passed_over_five) == (3, 2, 1)


def test_one_silent_call_makes_the_tokens_unknown(
    recorded: tuple[list[Trial], list[Step]],
) -> None:
    trials, steps = recorded
    silent = [replace(steps[0], usage=UNKNOWN_USAGE), *steps[1:]]
    rows, _ = measure_steps(trials, silent)
    row = next(row for row in rows if f"/{row.approach}/" in steps[0].trial)
    assert row.tokens_p50 is None
    assert row.by_place == ()
    assert row.reasons["tokens_p50"].startswith("tokens unknown for 1 of")

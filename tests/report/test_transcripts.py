from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bench.errors import JournalError
from bench.journal import TRACES, read_run, read_steps
from bench.report.markdown import render_transcript
from bench.report.transcripts import all_transcripts, safe_name, tell, transcript_of, transcripts
from bench.types import Cause
from tests.synthetic import LOCAL, Shape, a_trial, write_run


def test_file_names_are_safe_and_differ_for_different_trials() -> None:
    names = [safe_name(trial) for trial in ("a/b/../../etc", "a/b/.././etc", "a" * 500, "ü /\\:*")]
    assert len(set(names)) == 4
    for name in names:
        assert "/" not in name
        assert not name.startswith(".")
        assert len(name) < 120
        assert name.isascii()


def test_a_transcript_tells_every_step_once(tmp_path: Path) -> None:
    shape = Shape(scenarios=("billing_webhooks",), models=((LOCAL, 0.7, 2.0),))
    folder = write_run(tmp_path / "run", shape)
    trial = next(t for t in read_run(folder).trials if t.approach == "agent" and t.steps == 3)
    found = transcript_of(folder, trial.id)
    assert found is not None
    roles = [block.role for block in found.blocks]
    assert roles == ["system", "user", *["model", "tool"] * 3]
    assert any("query_subscription" in block.text for block in found.blocks)
    assert f"verdict**: {trial.status}" in render_transcript(found)


def test_a_trial_that_is_not_there_has_no_transcript(tmp_path: Path) -> None:
    assert transcript_of(write_run(tmp_path / "run", Shape(models=())), "nothing") is None


def test_what_ended_a_trial_is_said() -> None:
    stopped = a_trial(failed=1, cause=Cause.STEP_LIMIT, detail="not done after 8 steps")
    text = render_transcript(tell(stopped, []))
    assert "ran out of steps: not done after 8 steps" in text
    assert "wrong amount" in text


def test_a_job_is_told_by_what_it_wrote() -> None:
    job = a_trial(model=None, approach="job", tool_sequence=("INSERT INTO decisions …",))
    assert "INSERT INTO decisions …" in render_transcript(tell(job, []))


def test_what_a_hybrid_hands_on_is_told_first() -> None:
    trial = a_trial(approach="hybrid", flagged={"plain-0/1": "a note may bear on it"})
    first = tell(trial, []).blocks[0]
    assert first.role == "harness"
    assert first.text == "a note may bear on it"


def test_all_trials_are_told_in_their_order_however_their_steps_lie_and_even_if_some_are_lost(
    tmp_path: Path,
) -> None:
    folder = write_run(tmp_path / "run", Shape(scenarios=("billing_webhooks",)))
    traces = folder / TRACES
    lines = traces.read_text("utf-8").splitlines(keepends=True)
    apart = [*lines[::2], *lines[1::2]]
    stale = lines[0].replace('"attempt":"', '"attempt":"killed')
    trials = read_run(folder).trials
    for having in ([stale, *apart], apart[:-7], []):
        traces.write_text("".join(having), "utf-8")
        counts = Counter((step.trial, step.attempt) for step in read_steps(folder))
        expected = transcripts(folder, trials, [trial.id for trial in trials])
        for counted in (counts, Counter({(t.id, t.attempt): t.steps for t in trials})):
            assert list(all_transcripts(folder, trials, counted)) == list(expected.values())


def test_a_trial_is_told_before_the_traces_are_read_to_their_end(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Shape(scenarios=("billing_webhooks",)))
    trials = [trial for trial in read_run(folder).trials if trial.steps]
    with (folder / TRACES).open("a") as file:
        file.write("broken\n")
    counts = {(trial.id, trial.attempt): trial.steps for trial in trials}
    told = all_transcripts(folder, trials, counts)
    assert [next(told).trial.id for _ in trials] == [trial.id for trial in trials]
    with pytest.raises(JournalError, match="not a JSON object"):
        next(told)

from __future__ import annotations

from dataclasses import replace

from bench.analysis.determinism import determinism
from bench.report.differences import divergences
from bench.report.transcripts import Block, Transcript
from tests.synthetic import a_trial


def told(repeat: int, *texts: str) -> Transcript:
    trial = a_trial(repeat=repeat, raw_hash=str(repeat))
    blocks = tuple(Block("model", f"step {n}", text) for n, text in enumerate(texts))
    return Transcript(trial, blocks, (), ())


def first(one: Transcript, two: Transcript) -> object:
    found = determinism([one.trial, two.trial], 2)
    (divergence,) = divergences([found], {each.trial.id: each for each in (one, two)})
    return divergence


def test_the_first_difference_is_found_to_the_letter() -> None:
    found = first(told(0, "look up", "bill 375"), told(1, "look up", "bill 300"))
    assert found.same == 1
    assert (found.left.before, found.left.after) == ("bill 3", "75")
    assert (found.right.before, found.right.after) == ("bill 3", "00")


def test_a_trial_that_ends_earlier_differs_where_it_ends() -> None:
    found = first(told(0, "look up"), told(1, "look up", "bill"))
    assert found.left.title == "(ended before)"
    assert found.right.after == "bill"


def test_times_and_tokens_are_no_difference() -> None:
    one, two = told(0, "look up", "bill"), told(1, "look up", "wait")
    slow = replace(one, blocks=(replace(one.blocks[0], small="9 s"), one.blocks[1]))
    assert first(slow, two).same == 1


def test_without_transcripts_nothing_is_shown() -> None:
    one, two = told(0, "a"), told(1, "b")
    assert divergences([determinism([one.trial, two.trial], 2)], {}) == []

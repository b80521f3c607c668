"""The reference model plays the ideal calls, and says that its figures are modelled."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bench.journal import read_run
from bench.metering import tokens
from bench.models.reference import ReferenceModel
from bench.session import ideal_calls
from bench.types import Origin, Request, ToolCall, ToolProtocol
from tests.running import run_plan, toy_plan


@pytest.mark.parametrize("protocol", ["native", "action"])
def test_it_passes_everything_through_the_real_tools(
    tmp_path: Path, protocol: ToolProtocol
) -> None:
    ideal = ideal_calls(toy_plan().scenarios)
    plan = toy_plan(ReferenceModel(ideal, protocol=protocol))
    run_plan(plan, tmp_path / "run")
    driven = [t for t in read_run(tmp_path / "run").trials if t.model == "reference"]
    assert driven
    assert all(trial.status == "pass" for trial in driven)
    assert {trial.provenance.success for trial in driven} == {"modelled"}
    assert {trial.dollars.compute for trial in driven} == {None}


def test_tokens_are_counted_and_the_prompt_prefix_is_cached_after_the_first_call(
    tmp_path: Path,
) -> None:
    ideal = ideal_calls(toy_plan().scenarios)
    run_plan(toy_plan(ReferenceModel(ideal)), tmp_path / "run")
    agents = [t for t in read_run(tmp_path / "run").trials if t.approach == "agent"]
    first, *others = agents
    assert (first.usage.input or 0) > (first.usage.output or 0) > 0
    assert (first.usage.cached_input or 0) < (first.usage.input or 0)
    for trial in others:
        assert 0 < (trial.usage.cached_input or 0) <= (trial.usage.input or 0)


def test_what_was_sent_before_is_cached_and_nothing_else() -> None:
    model = ReferenceModel(lambda _: (ToolCall("finish", {}),))
    words = ({"role": "system", "content": "rules"}, {"role": "user", "content": "row 1"})
    other = {"role": "user", "content": "row 2"}
    origin = Origin("toy", "agent", "c", 0, ("c/1",), 0, 0)

    def cached(*messages: dict[str, str], tools: tuple[dict[str, str], ...] = ()) -> int | None:
        request = Request(messages, tools, origin=origin)
        return asyncio.run(model.reply(request)).usage.cached_input

    assert cached(*words) == 0
    assert cached(*words, other) == tokens.count_request(Request(words))
    assert cached(words[0], other) == tokens.count_request(Request(words[:1]))
    assert cached(other, words[0]) == 0
    assert cached(*words, tools=({"name": "finish"},)) == 0

"""The agent loop: how it goes on, how it recovers, and every way in which it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from bench.approaches import approach
from bench.approaches.agent import PATIENCE
from bench.database import Template
from bench.errors import BenchError, ProviderError
from bench.types import Assignment, Case, Cause, Conduct, Limits, Step, Usage, Workspace
from tests.scripted import ScriptedModel, native, reply
from tests.toy import TOY, action

LOOK = action("look", id="digits-0000/0")
EVEN = action("label", id="digits-0000/0", label="even")


@contextmanager
def assignment(model: ScriptedModel, case: Case | None = None) -> Iterator[Assignment]:
    case = case or TOY.cases({"digits": 1}, 0)[0]
    with Template(TOY, 0) as template, template.workspace(case) as workspace:
        yield Assignment(
            trial="t",
            attempt="a",
            scenario=TOY,
            approach="agent",
            case=case,
            workspace=workspace,
            repeat=0,
            model=model,
            protocol=model.protocol,
            limits=Limits(),
            temperature=0.0,
            seed=1,
            guards=True,
            record=lambda step: None,
            price=lambda usage: 0.01 * (usage.total or 0),
        )


def play(model: ScriptedModel, **changes: object) -> tuple[Conduct, str]:
    """Run the agent on one number, 12; return its conduct and the verdict."""
    with assignment(model) as given:
        conduct = asyncio.run(approach("agent").run(replace(given, **changes)))  # type: ignore[arg-type]
        return conduct, TOY.verify(given.case, given.workspace).status


def test_it_calls_tools_until_the_final_one_and_the_database_shows_it() -> None:
    conduct, verdict = play(ScriptedModel([LOOK, EVEN]))
    assert verdict == "pass"
    assert conduct.cause is None
    assert [tool.name for step in conduct.steps for tool in step.tools] == ["look", "label"]
    assert conduct.steps[0].tools[0].result == {"text": "12"}


def test_the_next_request_repeats_the_conversation_with_the_tool_result() -> None:
    model = ScriptedModel([LOOK, EVEN])
    play(model)
    first, second = model.requests
    assert second.messages[: len(first.messages)] == first.messages
    assert [m["role"] for m in second.messages] == ["system", "user", "assistant", "user"]
    assert second.messages[-1]["content"] == 'look: {"text":"12"}'


def test_native_tool_calls_are_answered_by_tool_messages() -> None:
    model = ScriptedModel(
        [
            native("look", '{"id": "digits-0000/0"}'),
            native("label", '{"id": "digits-0000/0", "label": "even"}'),
        ],
        protocol="native",
    )
    conduct, verdict = play(model)
    assert (conduct.cause, verdict) == (None, "pass")
    assert model.requests[1].messages[-1] == {
        "role": "tool",
        "tool_call_id": "call_1",
        "content": '{"text":"12"}',
    }
    assert model.requests[0].tools[0]["function"]["name"] == "look"
    assert model.requests[0].schema is None


WANDER = [action("look", id=f"nowhere-{number}") for number in range(9)]


def test_a_step_limit_ends_a_conversation_without_end() -> None:
    conduct, verdict = play(ScriptedModel(WANDER))
    assert conduct.cause == Cause.STEP_LIMIT
    assert len(conduct.steps) == 5
    assert verdict == "fail"


def test_the_step_limit_can_be_overridden() -> None:
    conduct, _ = play(ScriptedModel(WANDER), limits=Limits(steps=2))
    assert len(conduct.steps) == 2


def test_a_loop_is_told_to_the_model_and_then_ended() -> None:
    model = ScriptedModel([LOOK])
    conduct, _ = play(model)
    assert conduct.cause == Cause.LOOP
    assert len(conduct.steps) == 3
    assert "Do not repeat it" in model.requests[2].messages[-1]["content"]


def test_a_tool_that_was_asked_for_in_vain_is_not_offered_in_the_next_step() -> None:
    model = ScriptedModel([LOOK, LOOK, action("look", id="none"), EVEN])
    play(model)
    offered = [
        [alternative["properties"]["tool"]["const"] for alternative in request.schema["oneOf"]]
        for request in model.requests
        if request.schema
    ]
    assert offered == [["look", "label"], ["look", "label"], ["label"], ["look", "label"]]


def test_the_same_call_with_another_result_is_no_loop() -> None:
    review = action("label", id="digits-0000/1", label="even")
    conduct, verdict = play(ScriptedModel([LOOK, review, LOOK, EVEN]))
    assert (conduct.cause, verdict) == (None, "pass")


@pytest.mark.parametrize("text", ["not json", "[1]", '{"id": "x"}', ""])
def test_malformed_replies_are_charged_complained_about_and_given_up(text: str) -> None:
    model = ScriptedModel([text])
    conduct, _ = play(model)
    assert conduct.cause == Cause.MALFORMED
    assert len(conduct.steps) == PATIENCE
    assert all(step.malformed and step.usage.output == 10 for step in conduct.steps)
    assert model.requests[1].messages[-1]["role"] == "user"


def test_it_recovers_from_a_malformed_reply() -> None:
    conduct, verdict = play(ScriptedModel(["oops", LOOK, EVEN]))
    assert (conduct.cause, verdict) == (None, "pass")
    assert sum(step.malformed is not None for step in conduct.steps) == 1


def test_a_reply_that_was_cut_off_is_malformed() -> None:
    conduct, _ = play(ScriptedModel([reply('{"tool": "lo', finish_reason="length")]))
    assert conduct.cause == Cause.MALFORMED
    assert "cut off" in (conduct.steps[0].malformed or "")


def test_an_unknown_tool_and_wrong_arguments_come_back_as_text() -> None:
    wrong = action("label", id="digits-0000/0", label="prime")
    conduct, verdict = play(ScriptedModel([action("fly"), wrong, EVEN]))
    assert verdict == "pass"
    unknown, invalid, done = (tool for step in conduct.steps for tool in step.tools)
    assert "no tool 'fly'" in unknown.result["error"]
    assert "'odd', 'even' or 'review'" in invalid.result["error"]
    assert (unknown.ok, invalid.ok, done.ok) == (False, False, True)


def test_a_guard_refusal_is_told_apart_from_other_errors() -> None:
    stranger = action("label", id="someone-else", label="even")
    conduct, _ = play(ScriptedModel([stranger, EVEN]))
    refused = conduct.steps[0].tools[0]
    assert (refused.guarded, refused.guard) == (True, "refused")
    assert not refused.ok


def test_a_refusal_by_the_provider_ends_the_trial_with_that_cause() -> None:
    conduct, _ = play(ScriptedModel([reply("", finish_reason="refusal")]))
    assert conduct.cause == Cause.REFUSED
    assert len(conduct.steps) == 1


def test_an_outage_is_infrastructure() -> None:
    conduct, _ = play(ScriptedModel([LOOK, ProviderError("503, five times")]))
    assert conduct.cause == Cause.INFRASTRUCTURE
    assert conduct.detail == "503, five times"
    assert len(conduct.steps) == 1


@pytest.mark.parametrize(
    ("limits", "cause"),
    [
        (Limits(tokens=150), Cause.TOKEN_LIMIT),
        (Limits(usd=1.5), Cause.DOLLAR_LIMIT),
        (Limits(seconds=0.05), Cause.TIME_LIMIT),
    ],
)
def test_tokens_dollars_and_time_are_limited(limits: Limits, cause: Cause) -> None:
    conduct, _ = play(ScriptedModel(WANDER, delay_s=0.02), limits=limits)
    assert conduct.cause == cause
    assert 1 <= len(conduct.steps) < 5


def test_a_call_that_the_time_limit_cut_off_is_told() -> None:
    conduct, _ = play(ScriptedModel([LOOK], delay_s=0.2), limits=Limits(seconds=0.05))
    assert conduct.steps == ()
    assert conduct.cut_s is not None
    assert conduct.cut_s >= 0.04


def test_each_step_is_on_record_before_the_next_request_leaves() -> None:
    recorded: list[Step] = []
    seen: list[int] = []

    def spy(request: object) -> str:
        seen.append(len(recorded))
        return LOOK if len(seen) < 2 else EVEN

    play(ScriptedModel([spy]), record=recorded.append)
    assert seen == [0, 1]
    assert len(recorded) == 2


def test_the_messages_of_the_steps_add_up_to_the_conversation() -> None:
    model = ScriptedModel([LOOK, EVEN])
    conduct, _ = play(model)
    recorded = tuple(message for step in conduct.steps for message in step.messages)
    assert recorded == model.requests[-1].messages


def test_a_hybrid_calls_no_model_when_nothing_is_flagged() -> None:
    model = ScriptedModel([EVEN])
    with assignment(model) as given:
        conduct = asyncio.run(approach("hybrid").run(given))
        assert TOY.verify(given.case, given.workspace).status == "pass"
    assert model.requests == []
    assert conduct.decisions[0].decision == "even"


def test_a_hybrid_gives_the_agent_what_the_job_flagged() -> None:
    case = TOY.cases({"words": 1}, 0)[0]
    model = ScriptedModel([action("label", id="words-0000/0", label="even")])
    with assignment(model, case) as given:
        conduct = asyncio.run(approach("hybrid").run(given))
        assert TOY.verify(given.case, given.workspace).status == "pass"
    assert conduct.flagged == {"words-0000/0": "spelt in words"}


def test_the_job_leaves_to_a_human_what_its_rules_do_not_cover() -> None:
    case = TOY.cases({"words": 1}, 0)[0]
    with assignment(ScriptedModel([]), case) as given:
        asyncio.run(approach("job").run(given))
        assert TOY.verify(given.case, given.workspace).status == "deferred"


def test_a_crash_of_the_job_is_a_cause_not_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(workspace: Workspace, *, unsure: str) -> None:
        raise ZeroDivisionError("no price")

    with assignment(ScriptedModel([])) as given:
        monkeypatch.setattr(given.scenario, "job", crash)
        conduct = asyncio.run(approach("job").run(given))
    assert conduct.cause == Cause.ERROR
    assert conduct.detail == "ZeroDivisionError: no price"


def test_an_unknown_approach_names_the_known_ones() -> None:
    with pytest.raises(BenchError, match="job, agent, hybrid"):
        approach("robot")


def test_unknown_usage_survives_addition() -> None:
    total = Usage(10, 5) + Usage(None, 5)
    assert total.input is None
    assert total.output == 10
    assert total.total is None

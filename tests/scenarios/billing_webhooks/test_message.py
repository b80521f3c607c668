import json
from typing import Any

from scenarios.billing_webhooks import SCENARIO
from scenarios.billing_webhooks.message import compact, describe
from tests.scenarios.billing_webhooks.golden import event, older_shape, previous


def told(payload: dict[str, Any]) -> Any:
    return json.loads(compact(json.dumps(payload)))


def test_only_what_changed_is_told_of_the_old_state() -> None:
    assert told(event())["data"]["previous_attributes"] == {
        "items": {"data": [{"price": {"id": "price_small", "unit_amount": 1000}}]}
    }


def test_that_an_old_value_was_empty_is_told() -> None:
    payload = event(previous(description=None))
    assert told(payload)["data"]["previous_attributes"] == {"description": None}


def test_nothing_with_a_value_is_left_out() -> None:
    subscription = told(event(older_shape))["data"]["object"]
    assert subscription == {
        "id": "sub_golden",
        "cancel_at_period_end": False,
        "currency": "usd",
        "current_period_start": 1_767_225_600,
        "current_period_end": 1_769_904_000,
        "customer": "cus_golden",
        "items": {
            "data": [
                {
                    "id": "si_golden",
                    "price": {
                        "id": "price_big",
                        "currency": "usd",
                        "recurring": {"interval": "month"},
                        "unit_amount": 3252,
                    },
                    "quantity": 1,
                }
            ]
        },
        "status": "active",
    }


def test_an_unknown_shape_comes_through() -> None:
    payload = event(lambda e: e.update(data={"wrapped": {"amount": "32.52", "extra": [1, 2]}}))
    assert told(payload)["data"] == {"wrapped": {"amount": "32.52", "extra": [1, 2]}}


def test_a_message_starts_with_the_date_of_the_event() -> None:
    assert describe(json.dumps(event()), 1_769_458_460).startswith("Event of 2026-01-26:\n{")


def test_messages_are_short() -> None:
    for case in SCENARIO.cases({stratum.name: 5 for stratum in SCENARIO.strata}, 2026):
        for task in SCENARIO.tasks(case, case.records):
            # Two items, an update that waits and an attack take more words.
            long = ("several_items", "pending_update", "hostile_text")
            most = 900 if case.stratum in long else 720
            assert len(task.message) < most, task.message


def test_the_prompt_holds_the_policy_and_every_tool() -> None:
    prompt = SCENARIO.prompt()
    assert "{{" not in prompt
    assert "rounded half up" in prompt
    for tool in SCENARIO.tools:
        assert tool.name in prompt


def test_every_reason_of_the_policy_can_be_logged() -> None:
    log = next(tool for tool in SCENARIO.tools if tool.final)
    reasons = log.arguments.model_json_schema()["properties"]["reason"]["enum"]
    for reason in reasons:
        assert f"`{reason}`" in SCENARIO.prompt()


def test_tasks_follow_the_order_of_arrival_and_hold_one_delivery_each() -> None:
    (case,) = SCENARIO.cases({"out_of_order": 2}, 2026)[1:]
    backwards = tuple(reversed(case.records))
    tasks = SCENARIO.tasks(case, backwards)
    assert [task.records for task in tasks] == [(record,) for record in case.records]
    assert len(SCENARIO.tasks(case, case.records[1:])) == 1


def test_an_event_that_tells_only_what_was_before_is_shown() -> None:
    assert compact('{"data": {"object": {}, "previous_attributes": {"quantity": null}}}') == (
        '{"data":{"previous_attributes":{"quantity":null}}}'
    )


def test_an_event_nested_too_deep_to_tidy_is_shown_as_it_came() -> None:
    deep = '{"data":{"object":' + '{"a":' * 900 + "1" + "}" * 900 + "}}"
    assert describe(deep, 0) == f"Event of 1970-01-01:\n{deep}"

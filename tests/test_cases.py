"""Plans of any size: cases are built when they are asked for, and what is kept is small."""

from __future__ import annotations

import gc
import pickle
import tracemalloc
from collections.abc import Callable

import pytest

import scenarios
from bench.cases import KEPT, Cases, chained, generated
from bench.compact import CHUNK, Digests, Strings
from bench.hashing import content_hash, list_hash
from bench.manifest import Settings
from bench.plan import plan_scenario
from bench.runner import Plan
from bench.types import Case
from tests.benchmarks.stub import Stub
from tests.toy import CHANGING, TOY


def made(stratum: str, number: int) -> Case:
    return Case(f"{stratum}-{number}", stratum, (f"{stratum}-{number}/0",), {})


class Counting:
    """Builds cases, and counts how many it built."""

    def __init__(self) -> None:
        self.built = 0

    def __call__(self, stratum: str, number: int) -> Case:
        self.built += 1
        return made(stratum, number)


def held(of: Callable[[], object]) -> float:
    """Bytes that what ``of`` returns keeps."""
    tracemalloc.start()
    try:
        kept = of()
        gc.collect()
        size, _peak = tracemalloc.get_traced_memory()
        assert kept is not None
        return size
    finally:
        tracemalloc.stop()


def test_cases_come_in_the_order_of_the_strata_and_from_either_end() -> None:
    cases = generated({"b": 2, "none": 0, "a": 3}, made)
    ids = ["b-0", "b-1", "a-0", "a-1", "a-2"]
    assert [case.id for case in cases] == ids
    assert [case.id for case in cases[1:4]] == ids[1:4]
    assert cases[-1].id == "a-2"
    assert [case.id for case in chained(cases, [made("c", 0)])] == [*ids, "c-0"]
    with pytest.raises(IndexError):
        cases[5]


def test_cases_are_found_by_id_and_keep_their_order() -> None:
    cases = Cases(generated({"b": 12, "a": 12}, made)).at([20, 3, 15])
    assert [*cases.ids] == [case.id for case in cases] == ["a-8", "b-3", "a-3"]
    assert [*cases.strata] == ["a", "b", "a"]
    assert cases.named("b-3") == made("b", 3)
    assert [*cases.sorted().ids] == ["a-3", "a-8", "b-3"]
    with pytest.raises(KeyError):
        cases.named("b-12")


def test_a_case_that_was_built_lately_is_not_built_again() -> None:
    count = Counting()
    cases = Cases(generated({"a": KEPT + 1}, count))
    built = count.built
    assert cases.named("a-0") is cases[0]
    assert count.built == built + 1
    for case in cases:
        assert case.id
    assert cases[0] == made("a", 0)
    assert count.built == built + KEPT + 2, "kept for ever"


@pytest.mark.parametrize("name", list(scenarios.SCENARIOS))
def test_other_processes_get_the_recipe_and_not_the_cases(name: str) -> None:
    scenario = scenarios.scenario(name)
    cases = Cases(scenario.cases({stratum.name: 50 for stratum in scenario.strata}, 1))
    sent = pickle.dumps(cases)
    assert len(sent) < 100 * len(cases)
    assert pickle.loads(sent)[-1] == cases[-1]


def test_a_plan_keeps_a_few_bytes_of_each_case_and_none_of_a_trial() -> None:
    count = 5 * CHUNK

    def planned() -> object:
        run = plan_scenario(TOY, {"digits": count}, seed=1, repeated=0)
        plan = Plan((run,), (Stub(2),), Settings(("agent", "job"), repeats=2))
        trials = plan.trials()
        assert len(trials) == 2 * count
        assert len({trial.case for trial in trials}) == count
        return plan

    planned()  # what is read once, such as the price table
    assert held(planned) < 60 * count


def test_a_list_of_cases_will_do_as_well() -> None:
    """``Changing`` makes one, as a scenario of somebody else's may."""
    run = plan_scenario(CHANGING, {"digits": 3, "words": 2}, seed=1, repeated=0)
    same = plan_scenario(TOY, {"digits": 3, "words": 2}, seed=1, repeated=0)
    assert [*run.cases.ids] == [*same.cases.ids]
    assert run.cases.named("words-0001").stratum == "words"


def test_strings_are_sorted_as_python_sorts_them() -> None:
    strings = [f"{number % 7}é-{number}" for number in range(2 * CHUNK + 5)] + [
        "",
        "ÿ",
        "\U0001f600",
    ]
    kept = Strings(strings)
    assert [*kept] == strings
    assert [kept[place] for place in kept.sorted()] == sorted(strings)
    assert kept[kept.find("3é-3") or 0] == "3é-3"
    assert kept.find("3é-4") is None
    kept.append("3é-4")
    assert kept.find("3é-4") == len(strings)


def test_digests_know_what_was_added_and_whether_it_was_added_twice() -> None:
    digests = Digests(f"trial/{number}" for number in range(1000))
    assert len(digests) == 1000
    assert all(f"trial/{number}" in digests for number in range(1000))
    assert not any(f"trial/{number}" in digests for number in range(1000, 20_000))
    assert digests.distinct
    assert not Digests(["a", "b", "a"]).distinct
    assert held(lambda: Digests(f"trial/{number}" for number in range(10_000))) < 200_000


def test_a_list_is_hashed_alike_in_one_piece_and_piece_by_piece() -> None:
    for values in ([], [1], [{"b": "é", "a": None}, [], "x"]):
        assert list_hash(iter(values)) == content_hash(values)

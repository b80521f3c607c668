from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError
from bench.gate import Side, Verdict, Wanted, compare, load_settings, read_side
from tests.gate.made import MODEL, Made, cases, judged, metric, once
from tests.synthetic import Shape, write_run

NAMES = cases("plain", 8)
BASE = Made(once(NAMES), name="base")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"plan": {"version": "2"}}, "scenario version (1 | 2)"),
        ({"plan": {"dataset_hash": "other"}}, "dataset (data | other)"),
        ({"plan": {"tools_hash": "other"}}, "tools (tools | other)"),
        ({"passes": once(NAMES[:-1])}, "cases (8, only here: plain-0007 | 7)"),
        ({"passes": {name: [True, True] for name in NAMES}}, "repeats (1 | 2)"),
        ({"plan": {"repeated": (NAMES[0],)}}, "repeated cases (0 | 1, only here: plain-0000)"),
        ({"identity": {"name": MODEL, "sha256": "f"}}, "model sha256 (none | f)"),
        ({"provenance": "modelled"}, "provenance (measured | modelled)"),
        ({"manifest": {"temperature": 0.7}}, "temperature (0.0 | 0.7)"),
        ({"manifest": {"seed": 1}}, "seed (2026 | 1)"),
        ({"manifest": {"guards": False}}, "guards (True | False)"),
        ({"manifest": {"limits": {"steps": 9}}}, "limits"),
        ({"manifest": {"price_table": {"sha256": "cd" * 32}}}, "price table (abababababab | cd"),
        ({"finished": False}, "a run is unfinished (finished | 8 of 8 trials; go on with"),
    ],
)
def test_whatever_differs_beside_the_prompt_is_named(
    changes: Mapping[str, Any], named: str
) -> None:
    gate = judged(BASE, replace(BASE, name="head", prompt="edited", **changes))
    assert gate.verdict is Verdict.NOT_COMPARABLE
    assert named in gate.comparisons[0].sentence
    assert gate.comparisons[0].metrics == ()
    assert gate.tests == 0


def test_another_snapshot_behind_the_same_name_is_not_comparable() -> None:
    base, head = BASE.side(), replace(BASE, name="head").side()
    moved = Side(head.run, {MODEL: ("toy-model-2026-11-01",)})
    gate = compare(base, moved, load_settings())
    assert gate.verdict is Verdict.NOT_COMPARABLE
    assert "model snapshot (1, only here: toy-model | 1, only" in gate.comparisons[0].sentence
    unknown = Side(head.run, {})
    assert compare(base, unknown, load_settings()).verdict is not Verdict.NOT_COMPARABLE


def test_prompt_and_policy_may_differ_and_equal_ones_are_told() -> None:
    changed = replace(BASE, name="head", prompt="edited", plan={"policy_hash": "edited"})
    (comparison,) = judged(BASE, changed).comparisons
    assert comparison.changed == ("prompt", "policy")
    assert comparison.differences == ()
    (same,) = judged(BASE, replace(BASE, name="head")).comparisons
    assert same.changed == ()
    assert any("Prompt and policy are those of" in text for text in same.notices)


def test_other_versions_are_told_without_forbidding_the_comparison() -> None:
    newer = replace(BASE, name="head", manifest={"versions": {"agent-or-job": "0.2.0"}})
    (comparison,) = judged(BASE, newer).comparisons
    assert comparison.verdict is not Verdict.NOT_COMPARABLE
    assert "agent-or-job is 0.1.0 in base, 0.2.0 in head." in comparison.notices


def test_an_approach_of_one_side_only_is_not_comparable() -> None:
    gate = judged(BASE, replace(BASE, name="head", approach="hybrid"))
    assert [each.verdict for each in gate.comparisons] == [Verdict.NOT_COMPARABLE] * 2
    assert "not in this run" in gate.comparisons[0].sentence


def test_agent_and_hybrid_are_compared_for_each_scenario_and_model(tmp_path: Path) -> None:
    base = read_side(write_run(tmp_path / "base", Shape(seed=1)))
    head = read_side(write_run(tmp_path / "head", Shape(seed=1)))
    gate = compare(base, head, load_settings())
    assert len(gate.comparisons) == 2 * 2 * 2
    assert {each.approach for each in gate.comparisons} == {"agent", "hybrid"}
    job = compare(base, head, load_settings(), Wanted(approaches=("job",)))
    assert [each.model for each in job.comparisons] == [None, None]
    one = Wanted(("csv_reconciliation",), ("agent",), ("claude-opus-4-8",))
    assert len(compare(base, head, load_settings(), one).comparisons) == 1


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Wanted(scenarios=("nowhere",)), "the scenario 'nowhere'; there are toy"),
        (Wanted(models=("gpt-0",)), "the model 'gpt-0'; there are toy-model"),
        (Wanted(approaches=("job",)), "the approach 'job'; there are agent"),
    ],
)
def test_asking_for_what_neither_run_holds_says_what_there_is(wanted: Wanted, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        compare(BASE.side(), replace(BASE, name="head").side(), load_settings(), wanted)


def test_the_order_of_lines_in_the_journals_does_not_matter() -> None:
    head = replace(BASE, name="head", passes=once(NAMES, NAMES[:3]), prompt="edited")
    turned = head.side()
    turned.run.trials.reverse()
    settings = load_settings()
    one = compare(BASE.side(), head.side(), settings)
    assert one == compare(BASE.side(), turned, settings)


LITE = {"engine": "SQLite", "version": "3.40.1"}
SERVER = {"engine": "PostgreSQL", "version": "18.4"}


def test_on_two_engines_success_is_comparable_and_time_is_not(tmp_path: Path) -> None:
    base = replace(BASE, manifest={"database": LITE})
    head = replace(BASE, name="head", manifest={"database": SERVER})
    gate = judged(base, head)
    (comparison,) = gate.comparisons
    assert comparison.verdict is not Verdict.NOT_COMPARABLE
    assert any("SQLite 3.40.1, head in PostgreSQL 18.4" in each for each in comparison.notices)
    assert (gate.base.database, gate.head.database) == (LITE, SERVER)
    assert metric(gate, "success").change == 0
    assert metric(gate, "latency").change is None
    assert metric(judged(base, replace(base, name="head")), "latency").change == 0

    strict = tmp_path / "gate.toml"
    strict.write_text("[latency]\ngated = true\n")
    held = metric(judged(base, head, strict), "latency")
    assert held.verdict is Verdict.INCONCLUSIVE, "what is gated and unknown is not well"


def test_another_version_of_the_engine_is_told_and_an_unknown_engine_is_no_other() -> None:
    def told(**database: str) -> str:
        base = replace(BASE, manifest={"database": SERVER})
        head = replace(BASE, name="head", manifest={"database": database})
        (comparison,) = judged(base, head).comparisons
        return " ".join(comparison.notices)

    assert "PostgreSQL is 18.4 in base, 19.0 in head." in told(engine="PostgreSQL", version="19.0")
    assert "PostgreSQL" not in told()
    assert "PostgreSQL" not in told(**SERVER)

"""How many cases a gate takes at most, where nobody has said so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.cli.cases import most_cases
from bench.gate import load_settings
from bench.gate.planning import needed
from bench.gate.sizing import groups
from bench.journal import read_run
from bench.session import Options
from tests.gate.made import Made, cases, judged, once

RESULTS = Path(__file__).parent.parent.parent / "results"
LOCAL = "qwen2.5-coder-0.5b"
SETTINGS = load_settings()


def most(results: Path, model: str = LOCAL, strata: str = "renewal", fixed: bool = False):  # type: ignore[no-untyped-def]
    options = Options(
        results=results,
        scenarios=("billing_webhooks",),
        approaches=("agent",),
        models=(model,),
        strata=tuple(strata.split(",")),
        repeats=1,
    )
    return most_cases(options, SETTINGS, at_least=12, sequential=not fixed)


def test_it_is_what_the_plan_says_of_the_reference_run() -> None:
    stability = next(s for s, _ in groups(read_run(RESULTS / "reference")) if s.passes > 0.1)
    planned = needed(stability.instability, 0.1, 0.9, SETTINGS).cases
    assert planned is not None
    assert most(RESULTS, fixed=True).each == planned
    assert most(RESULTS).each == -(-planned * 5 // 4)
    two = most(RESULTS, strata="renewal,invoice_event")
    assert two.each == pytest.approx(planned * 5 / 8, abs=1)
    assert f"'bench plan' asks for {planned:,} in all" in two.why
    assert "run reference" in two.why


def test_without_a_run_to_plan_from_it_says_so(tmp_path: Path) -> None:
    assert most(RESULTS, model="some-other-model").each == 12
    found = most(tmp_path)
    assert (found.each, "to plan from" in found.why) == (12, True)


def test_a_recent_run_will_do_and_a_broken_one_does_no_harm(tmp_path: Path) -> None:
    shutil.copytree(RESULTS / "reference", tmp_path / "20261126-120000-aaaaaaaa")
    (tmp_path / "20261126-130000-bbbbbbbb").mkdir()
    (tmp_path / "20261126-130000-bbbbbbbb" / "manifest.json").write_text("{")
    assert most(tmp_path).each == most(RESULTS).each


@pytest.mark.parametrize(("n", "flips"), [(40, 0), (60, 2), (100, 4)])
def test_cases_still_needed_agree_with_the_plan(n: int, flips: int) -> None:
    """Where as many cases were gained as lost, the even-chance forecast of an inconclusive gate and
    the plan with a power of one half are the same number, to a tenth."""
    names = cases("plain", n)
    base = Made(once(names, names[:flips]), name="base")
    head = Made(once(names, names[flips : 2 * flips]), name="head")
    (comparison,) = judged(base, head).comparisons
    assert comparison.more_cases is not None
    planned = needed(2 * flips / n, 0.1, 0.5, SETTINGS).to_clear
    assert n + comparison.more_cases == pytest.approx(planned, rel=0.1)

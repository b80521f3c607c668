"""The verdict's rules, each by the smallest pair of runs that shows it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.analysis.paired import difference_interval, even
from bench.gate import Verdict, exit_code
from bench.gate.sentences import figure
from bench.gate.verdict import overall
from bench.types import Cause
from tests.gate.made import MODEL, Made, cases, judged, metric, once

A, B = cases("plain", 60), cases("odd", 60)
BOTH = (*A, *B)


def sides(failing: tuple[str, ...] = (), **head: object) -> tuple[Made, Made]:
    base = Made(once(BOTH), name="base")
    return base, Made(once(BOTH, failing), prompt="edited", name="head", **head)  # type: ignore[arg-type]


def test_an_unchanged_outcome_in_enough_cases_is_no_evidence() -> None:
    gate = judged(*sides())
    assert gate.verdict is Verdict.NO_EVIDENCE
    shown = difference_interval(even(120), np.zeros(120), 1.0)
    assert metric(gate, "success").low == pytest.approx(shown.low)
    assert metric(gate, "success").high == pytest.approx(shown.high)
    assert gate.comparisons[0].changed == ("prompt",)


def test_an_interval_that_is_shown_never_excludes_a_loss_that_the_verdict_leaves_open() -> None:
    """With 60 cases Jeffreys' interval ends at 3.4 points, Tango's beyond the 5 that matter."""
    few = cases("plain", 60)
    gate = judged(Made(once(few), name="base"), Made(once(few), name="head", prompt="edited"))
    assert difference_interval(even(60), np.zeros(60), 1.0).low > -0.04
    assert metric(gate, "success").verdict is Verdict.INCONCLUSIVE
    assert metric(gate, "success").low == -0.05


def test_a_large_significant_loss_is_a_regression_with_its_grounds() -> None:
    gate = judged(*sides((*A[:12], *B[:12])))
    assert gate.verdict is Verdict.REGRESSION
    success = metric(gate, "success")
    assert success.change == pytest.approx(-0.2)
    assert success.test == "exact McNemar"
    assert success.p == pytest.approx(2 * 0.5**24)
    assert "success −20.0 points" in gate.comparisons[0].sentence


def test_the_mirror_image_is_improved() -> None:
    base, head = sides((*A[:12], *B[:12]))
    gate = judged(head, base)
    assert gate.verdict is Verdict.IMPROVED
    assert metric(gate, "success").verdict is Verdict.IMPROVED
    assert metric(gate, "tokens").verdict is Verdict.NO_EVIDENCE


def test_a_significant_loss_below_what_matters_is_no_regression(tmp_path: Path) -> None:
    config = tmp_path / "gate.toml"
    config.write_text("success.points = 30\nstrata.gated = false\n")
    gate = judged(*sides((*A[:12], *B[:12])), config)
    assert metric(gate, "success").p_adjusted < 0.001  # type: ignore[operator]
    assert gate.verdict is Verdict.NO_EVIDENCE


def test_few_cases_are_inconclusive_and_the_number_still_needed_is_enough() -> None:
    few = cases("plain", 20)
    gate = judged(Made(once(few), name="base"), Made(once(few), name="head", prompt="edited"))
    assert gate.verdict is Verdict.INCONCLUSIVE
    more = gate.comparisons[0].more_cases
    assert more is not None
    assert f"{more} more cases needed" in gate.sentence
    for number, verdict in (
        (20 + more, Verdict.NO_EVIDENCE),
        (20 + more - 1, Verdict.INCONCLUSIVE),
    ):
        names = cases("plain", number)
        again = judged(Made(once(names), name="base"), Made(once(names), name="head"))
        assert again.verdict is verdict


def test_all_of_many_strata_is_a_hundred_per_cent_whatever_the_last_digit() -> None:
    names = [name for s in range(7) for name in cases(f"s{s}", 11)]
    success = metric(judged(Made(once(names), name="a"), Made(once(names), name="b")), "success")
    assert figure(success, success.base) == "100%"


def test_strata_weigh_the_same_however_many_cases_they_have() -> None:
    many, few = cases("plain", 90), cases("odd", 10)
    base = Made(once((*many, *few)), name="base")
    head = Made(once((*many, *few), few[:5]), name="head")
    success = metric(judged(base, head), "success")
    assert success.base == pytest.approx(1.0)
    assert success.head == pytest.approx(0.75)
    assert success.test == "sign-flip permutation, exact"
    # Five losses of equal weight: 2 of the 32 patterns are as extreme.
    assert success.p == pytest.approx(2 / 32)


def test_repeats_are_averaged_within_a_case_before_anything_else() -> None:
    names = cases("plain", 30)
    base = Made({name: [True] * 3 for name in names}, name="base")
    head = Made({name: [True, True, False] for name in names}, name="head")
    success = metric(judged(base, head), "success")
    assert success.pairs == 30
    assert success.change == pytest.approx(-1 / 3)
    assert success.test is not None
    assert success.test.startswith("sign-flip permutation")
    assert success.verdict is Verdict.REGRESSION


def test_a_stratum_that_collapses_is_named_while_the_total_holds(tmp_path: Path) -> None:
    names = [name for s in range(12) for name in cases(f"s{s}", 24)]
    broken = cases("s7", 24)
    gained = [name for s in range(12) if s != 7 for name in cases(f"s{s}", 24)[:3]]
    base = Made(once(names, gained), name="base")
    head = Made(once(names, broken), name="head")
    gate = judged(base, head)
    (comparison,) = gate.comparisons
    assert metric(gate, "success").verdict is not Verdict.REGRESSION
    assert metric(gate, "strata").verdict is Verdict.REGRESSION
    assert [each.name for each in comparison.strata if each.collapsed] == ["s7"]
    assert "s7 (100% → 0%, 24 cases)" in comparison.sentence
    assert gate.verdict is Verdict.REGRESSION


def test_strata_too_small_for_any_test_never_alarm() -> None:
    names = [name for s in range(30) for name in cases(f"s{s}", 4)]
    gate = judged(Made(once(names), name="base"), Made(once(names, names[:4]), name="head"))
    strata = metric(gate, "strata")
    assert strata.verdict is None
    assert strata.reason == "every stratum has too few cases for a test"


def test_a_tenth_more_tokens_is_flagged_in_tokens_and_dollars() -> None:
    sizes = {name: 1000 + 7 * number for number, name in enumerate(BOTH)}
    base = Made(once(BOTH), sizes, name="base")
    head = Made(once(BOTH), {name: int(1.1 * n) for name, n in sizes.items()}, name="head")
    gate = judged(base, head)
    assert gate.verdict is Verdict.REGRESSION
    for name in ("tokens", "dollars"):
        assert metric(gate, name).change == pytest.approx(0.1, abs=0.001)
        assert metric(gate, name).verdict is Verdict.REGRESSION
    assert metric(gate, "success").verdict is Verdict.NO_EVIDENCE
    assert not metric(gate, "dollars_billed").gated


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        (500, Verdict.NO_EVIDENCE),
        (549, Verdict.NO_EVIDENCE),
        (550, Verdict.REGRESSION),
        (450, Verdict.IMPROVED),
    ],
)
def test_the_static_prompt_is_compared_exactly(after: int, verdict: Verdict) -> None:
    gate = judged(*sides(prompt_tokens=after))
    assert metric(gate, "prompt_tokens").verdict is verdict
    assert metric(gate, "prompt_tokens").p is None
    assert gate.verdict is verdict


def test_latency_is_advice_unless_asked_for(tmp_path: Path) -> None:
    slow = {name: {"working_s": 4.0 + 0.01 * number} for number, name in enumerate(BOTH)}
    gate = judged(*sides(trial=slow))
    assert metric(gate, "latency").verdict is Verdict.REGRESSION
    assert gate.verdict is Verdict.NO_EVIDENCE
    config = tmp_path / "gate.toml"
    config.write_text("[latency]\ngated = true\n")
    assert judged(*sides(trial=slow), config).verdict is Verdict.REGRESSION


def test_cases_that_turn_unstable_are_told_as_advice() -> None:
    names = cases("plain", 30)
    base = Made({name: [True, True] for name in names}, name="base")
    wavers = {name: [True, number >= 12] for number, name in enumerate(names)}
    stable = metric(judged(base, Made(wavers, name="head")), "determinism")
    assert (stable.base, stable.head) == (1.0, 0.6)
    assert stable.p == pytest.approx(2 * 0.5**12)
    assert not stable.gated


def test_what_the_infrastructure_broke_is_left_out_on_both_sides() -> None:
    gate = judged(*sides((A[0],), trial={A[0]: {"cause": Cause.INFRASTRUCTURE}}))
    assert metric(gate, "success").pairs == 119
    assert metric(gate, "success").change == 0
    assert gate.comparisons[0].head.infrastructure == 1
    assert gate.verdict is Verdict.NO_EVIDENCE


def test_too_many_infrastructure_failures_conclude_nothing() -> None:
    broken = {name: {"cause": Cause.INFRASTRUCTURE} for name in A[:3]}
    gate = judged(*sides(tuple(B[:40]), trial=broken))
    assert gate.verdict is Verdict.INCONCLUSIVE
    assert "3 of 120 trials of head" in gate.comparisons[0].sentence
    assert gate.comparisons[0].more_cases is None


def test_a_failed_trials_tokens_count() -> None:
    used = dict.fromkeys(A[:30], 5000)
    gate = judged(*sides(tuple(A[:30]), tokens=used))
    assert metric(gate, "tokens").verdict is Verdict.REGRESSION
    assert gate.comparisons[0].head.tokens == 30 * 5000 + 90 * 1000


@pytest.mark.parametrize("kind", ["modelled", "replayed"])
def test_recorded_answers_never_judge_an_edited_prompt(kind: str) -> None:
    base = Made(once(BOTH), provenance=kind, name="base")  # type: ignore[arg-type]
    for failing in ((), tuple(A)):
        head = Made(once(BOTH, failing), provenance=kind, name="head", prompt="edited")  # type: ignore[arg-type]
        for one, other in ((base, head), (head, base)):
            gate = judged(one, other)
            assert metric(gate, "success").verdict is Verdict.INCONCLUSIVE
            assert metric(gate, "strata").verdict is Verdict.INCONCLUSIVE
            assert not any(each.collapsed for each in gate.comparisons[0].strata)
            assert gate.verdict is Verdict.INCONCLUSIVE
            assert any("annot judge an edited" in text for text in gate.comparisons[0].notices)
    longer = Made(
        once(BOTH),
        provenance=kind,
        name="head",
        prompt="edited",
        prompt_tokens=700,  # type: ignore[arg-type]
    )
    assert judged(base, longer).verdict is Verdict.REGRESSION


def test_unpriced_dollars_are_unknown_and_decide_nothing() -> None:
    base = Made(once(BOTH), usd=False, name="base")
    gate = judged(base, Made(once(BOTH), usd=False, name="head"))
    dollars = metric(gate, "dollars")
    assert (dollars.base, dollars.verdict, dollars.reason) == (None, None, "no price")
    assert gate.verdict is Verdict.NO_EVIDENCE


def test_dollars_known_for_a_part_of_the_cases_are_inconclusive() -> None:
    from bench.types import Dollars

    hidden = {A[0]: {"dollars": Dollars(None, None, 0.0, "the provider's usage is incomplete")}}
    gate = judged(*sides(trial=hidden))
    assert metric(gate, "dollars").verdict is Verdict.INCONCLUSIVE
    assert gate.verdict is Verdict.INCONCLUSIVE


def test_cases_without_any_call_do_not_blur_a_ratio() -> None:
    sizes = dict.fromkeys(BOTH, 0) | {name: 900 + number for number, name in enumerate(A[:20])}
    longer = {name: int(1.2 * size) for name, size in sizes.items()}
    base = Made(once(BOTH), sizes, name="base")
    tokens = metric(judged(base, Made(once(BOTH), longer, name="head")), "tokens")
    assert tokens.pairs == 20
    assert tokens.change == pytest.approx(0.2, abs=0.01)
    assert tokens.verdict is Verdict.REGRESSION


def test_holm_counts_the_gated_tests_of_all_comparisons_together() -> None:
    gate = judged(*sides())
    assert gate.tests == 4  # success, strata, tokens, dollars
    adjusted = metric(judged(*sides(tuple(A[:6]))), "success")
    assert adjusted.p == pytest.approx(2 * 0.5**6)
    assert adjusted.p_adjusted == pytest.approx(4 * 2 * 0.5**6)


def test_any_regression_wins_and_what_is_unknown_comes_before_what_is_good() -> None:
    assert overall([Verdict.IMPROVED, Verdict.REGRESSION, None]) is Verdict.REGRESSION
    assert overall([Verdict.IMPROVED, Verdict.INCONCLUSIVE]) is Verdict.INCONCLUSIVE
    assert overall([Verdict.NO_EVIDENCE, Verdict.IMPROVED]) is Verdict.IMPROVED
    assert overall([None]) is None


def test_exit_codes() -> None:
    codes = [exit_code(verdict, inconclusive_ok=False) for verdict in Verdict]
    assert codes == [1, 0, 0, 3, 3]
    assert [exit_code(verdict, inconclusive_ok=True) for verdict in Verdict] == [1, 0, 0, 0, 0]


def test_flipped_cases_name_both_trials_and_what_was_wrong() -> None:
    names = cases("plain", 30)
    base = Made({n: [True, True] for n in names} | {names[3]: [False, False]}, name="base")
    head = Made({n: [True, True] for n in names} | {names[5]: [True, False]}, name="head")
    lost, gained = judged(base, head).comparisons[0].flips
    assert (lost.case, lost.base, lost.head) == (names[5], 1.0, 0.5)
    assert lost.head_trial == lost.base_trial == f"toy/agent/{MODEL}/{names[5]}/1"
    assert lost.reason == gained.reason == "wrong amount"
    assert (gained.case, gained.head) == (names[3], 1.0)

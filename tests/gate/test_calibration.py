"""Does the gate keep its promise? Made-up pairs of runs, judged from end to end."""

from __future__ import annotations

from collections import Counter

from scipy import stats

from bench.gate import Verdict
from tests.gate.made import Made, World, judged

PAIRS = 200


def share_below(count: int, number: int, confidence: float = 0.99) -> float:
    """Lower Clopper-Pearson bound of a share."""
    return float(stats.beta.ppf(1 - confidence, count, number - count + 1)) if count else 0.0


def verdicts(pairs: list[tuple[Made, Made]]) -> Counter[Verdict]:
    return Counter(judged(*pair).verdict for pair in pairs)


def test_two_runs_of_the_same_prompt_rarely_raise_an_alarm() -> None:
    world = World(each=10, wavering=0.5, always=0.4)
    found = verdicts([world.pair(seed) for seed in range(PAIRS)])
    alarms = found[Verdict.REGRESSION] + found[Verdict.IMPROVED]
    assert share_below(alarms, PAIRS) <= 0.05
    # So few because a change has to be large as well; the test itself is not asleep:
    assert found[Verdict.INCONCLUSIVE] + found[Verdict.NO_EVIDENCE] > 0


def test_a_loss_of_twenty_points_is_seen_in_a_hundred_cases() -> None:
    found = verdicts([World().pair(seed, drop=0.2) for seed in range(30)])
    assert found[Verdict.REGRESSION] >= 25


def test_repeats_raise_no_false_alarms_either() -> None:
    world = World(strata=3, each=8, wavering=0.6, always=0.3)
    found = verdicts([world.pair(seed, repeats=3) for seed in range(60)])
    assert share_below(found[Verdict.REGRESSION] + found[Verdict.IMPROVED], 60) <= 0.05


def test_a_tenth_more_tokens_is_seen() -> None:
    found = verdicts([World(wavering=0.0).pair(seed, tokens=1.1) for seed in range(20)])
    assert found[Verdict.REGRESSION] >= 17


def test_a_broken_stratum_is_seen_and_named() -> None:
    seen = 0
    for seed in range(15):
        gate = judged(*World(strata=6, each=24).pair(seed, broken="s2"))
        fallen = [each.name for each in gate.comparisons[0].strata if each.collapsed]
        assert fallen in ([], ["s2"])
        seen += fallen == ["s2"]
    assert seen >= 13

"""How many cases a fixed gate needs."""

from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.paired import tango
from bench.gate import load_settings
from bench.gate.planning import excludes, needed, stabilities
from tests.synthetic import a_trial

SETTINGS = load_settings()


@pytest.mark.parametrize(
    ("lost", "gained", "n"), [(0, 0, 72), (0, 0, 73), (3, 5, 120), (8, 3, 120)]
)
def test_a_loss_is_excluded_where_tangos_interval_ends_above_it(
    lost: int, gained: int, n: int
) -> None:
    found = excludes(np.array([float(lost)]), np.array([float(gained)]), n, 0.05, 0.05)
    assert bool(found[0]) == (tango(lost, gained, n, 0.95).low > -0.05)


def test_a_model_that_never_wavers_still_needs_cases() -> None:
    assert needed(0.0, 0.1, 0.9, SETTINGS).to_clear == 73


def test_wavering_cases_smaller_drops_and_more_power_need_more() -> None:
    usual = needed(0.08, 0.1, 0.8, SETTINGS)
    assert usual.to_see is not None
    assert usual.to_clear is not None
    assert usual.cases == max(usual.to_see, usual.to_clear)
    wavering, small, sure = (
        needed(0.2, 0.1, 0.8, SETTINGS),
        needed(0.08, 0.08, 0.8, SETTINGS),
        needed(0.08, 0.1, 0.95, SETTINGS),
    )
    for other in (wavering, small, sure):
        assert other.to_see is not None
        assert other.to_see > usual.to_see
    # A drop of just what matters is observed as smaller half of the time.
    assert needed(0.08, 0.05, 0.9, SETTINGS).cases is None


def test_instability_is_the_share_of_pairs_that_disagree() -> None:
    trials = [
        a_trial(
            model="m",
            case=f"c-{i}",
            repeat=repeat,
            passed=int(repeat or i),
            failed=int(not (repeat or i)),
        )
        for i in range(10)
        for repeat in range(2)
    ]
    (found,) = stabilities(trials)
    assert (found.cases, found.pairs) == (10, 10)
    assert found.instability == pytest.approx(1.5 / 11)
    assert found.low < 0.1 < found.high

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.analysis.assumptions import Assumptions, load_assumptions
from bench.analysis.decision_map import CHANGES, DECIDED, VOLUMES, decision_map
from bench.analysis.economics import (
    break_even_changes,
    break_even_volume,
    certainty,
    cheapest,
    monthly_cost,
    total,
    with_changes,
    with_volume,
)
from bench.analysis.rates import Candidate, Rates, candidate
from bench.analysis.samples import mixed
from bench.analysis.sensitivity import influences
from bench.errors import BenchError
from bench.types import Dollars
from tests.synthetic import LOCAL, a_trial

DEFAULTS = load_assumptions()


def made(approach: str, *rates: float, spread: float = 0.0) -> Candidate:
    """fail, review, usd; draws vary ``fail`` by ±spread."""
    fail, review, usd = rates
    draws = tuple(
        Rates(max(0.0, fail + spread * step), 0.0, review, usd) for step in np.linspace(-1, 1, 101)
    )
    model = None if approach == "job" else LOCAL
    estimate = Rates(fail, 0.0, review, usd)
    return Candidate("toy", approach, model, "compute", "measured", estimate, draws)


JOB = made("job", 0.001, 0.01, 1e-6)
"""Dearer to keep."""
AGENT = made("agent", 0.006, 0.0, 0.001)
"""Dearer a record."""


def test_a_month_costs_what_the_formula_says() -> None:
    cost = monthly_cost(JOB.rates, JOB, DEFAULTS)
    assert cost.processing == pytest.approx(100_000 * 1e-6)
    assert cost.errors == pytest.approx(100_000 * 0.001 * 10)
    assert cost.review == pytest.approx(100_000 * 0.01 * 3 / 60 * 80)
    assert cost.changes == pytest.approx(1 * 8 * 80)
    assert cost.build == pytest.approx(80 * 80 / 24)
    assert cost.total == pytest.approx(0.1 + 1000 + 4000 + 640 + 266.666667)


def test_growth_counts_with_its_mean_over_the_months() -> None:
    volume = replace(DEFAULTS.volume, growth_per_month=0.1)
    grown = replace(DEFAULTS, months=3, volume=volume)
    assert grown.growth == pytest.approx((1 + 1.1 + 1.21) / 3)
    still = monthly_cost(AGENT.rates, AGENT, DEFAULTS).processing
    assert monthly_cost(AGENT.rates, AGENT, grown).processing == pytest.approx(
        still * (1 + 1.1 + 1.21) / 3
    )


def test_a_hybrid_needs_code_and_prompt_changed() -> None:
    assert DEFAULTS.hours_a_change("hybrid", LOCAL) == 11
    assert DEFAULTS.hours_a_change("job", None) == 8
    assert DEFAULTS.hours_a_change("agent", LOCAL) == 3


def test_both_cost_the_same_at_the_break_even_volume() -> None:
    found = break_even_volume(AGENT, JOB, DEFAULTS)
    assert found.at is not None
    there = with_volume(DEFAULTS, found.at)
    assert total(JOB, there) == pytest.approx(total(AGENT, there))
    assert cheapest([JOB, AGENT], with_volume(DEFAULTS, found.at * 2)).name == found.above
    assert cheapest([JOB, AGENT], with_volume(DEFAULTS, found.at / 2)).name == found.below


def test_both_cost_the_same_at_the_break_even_rate_of_changes() -> None:
    cheap = made("job", 0.0, 0.0, 1e-6)
    dear = made("agent", 0.005, 0.0, 0.001)
    found = break_even_changes(cheap, dear, DEFAULTS)
    assert (found.below, found.above) == ("job", dear.name)
    assert found.at is not None
    there = with_changes(DEFAULTS, found.at)
    assert total(cheap, there) == pytest.approx(total(dear, there))


def test_there_may_be_no_break_even() -> None:
    better = made("agent", 0.0, 0.0, 0.0)
    found = break_even_volume(better, made("job", 0.01, 0.0, 0.0), DEFAULTS)
    assert (found.below, found.at, found.high, found.certainty) == (better.name, None, None, 0)


def test_a_break_even_may_be_unbounded() -> None:
    """Where the run cannot tell which of the two is dearer a record."""
    unsure = made("job", 0.0051, 0.0, 0.0, spread=0.0002)
    found = break_even_volume(made("agent", 0.0052, 0.0, 0.0), unsure, DEFAULTS)
    assert found.at is not None
    assert found.high is None
    assert 0 < found.certainty < 1


def test_a_slope_as_uncertain_as_the_lead_leaves_the_map_open() -> None:
    rivals = [JOB, made("agent", 0.005, 0.0, 0.001, spread=0.004)]
    found = decision_map(rivals, DEFAULTS)
    assert found.winners.shape == (len(CHANGES), len(VOLUMES))
    assert (found.certainty < DECIDED).any()
    assert (found.certainty >= DECIDED).any()
    steady = decision_map([JOB, AGENT], DEFAULTS)
    assert (steady.certainty == 1).all()


def test_every_cell_of_the_map_is_what_the_formula_says() -> None:
    rivals = [JOB, made("agent", 0.005, 0.0, 0.001, spread=0.004)]
    found = decision_map(rivals, DEFAULTS)
    for row, column in ((0, 0), (12, 20), (24, 36)):
        there = with_changes(with_volume(DEFAULTS, VOLUMES[column]), CHANGES[row])
        best = cheapest(rivals, there)
        assert rivals[found.winners[row, column]] is best
        assert found.certainty[row, column] == pytest.approx(certainty(best, rivals, there))


def test_the_decision_hangs_on_what_moves_the_lead() -> None:
    found = {each.input: each for each in influences([JOB, AGENT], DEFAULTS)}
    minutes = found["minutes a review"]
    assert minutes.switch is not None
    people = replace(DEFAULTS.people, review_minutes=minutes.switch)
    there = replace(DEFAULTS, people=people)
    assert total(JOB, there) == pytest.approx(total(AGENT, there), rel=1e-6)
    assert found["dollars an error"].margin_low != found["dollars an error"].margin_high
    assert influences([JOB], DEFAULTS) == []


def rated(trials: list, assumptions: Assumptions = DEFAULTS) -> Candidate:
    sample = mixed([("plain", 0.9), ("rare", 0.1)], trials)
    found = candidate(sample, "compute", assumptions)
    assert isinstance(found, Candidate)
    return found


def cases(approach: str = "job", model: str | None = None, **changes: object) -> list:
    plain = [a_trial(approach=approach, model=model, case=f"plain-{n}") for n in range(9)]
    return [*plain, a_trial(approach=approach, model=model, case="rare-0", **changes)]


def test_rates_are_those_of_the_production_mix() -> None:
    found = rated(cases(failed=1)).rates
    assert found.fail == pytest.approx(0.1)
    assert found.review == 0
    assert found.usd == pytest.approx(0.002)


def test_a_kind_of_mistake_may_have_a_price_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[errors]\nusd = 1.0\n[errors.toy]\nrare = 50.0\n")
    dear = load_assumptions(path)
    found = rated(cases(failed=1), dear)
    assert (found.rates.fail, found.rates.fail_usd) == (0, pytest.approx(5.0))
    assert monthly_cost(found.rates, found, dear).errors == pytest.approx(100_000 * 5)


def test_the_draws_lie_around_the_estimate_and_never_leave_the_possible() -> None:
    draws = rated(cases(deferred=1)).draws
    fails = np.array([rates.fail for rates in draws])
    assert 0 <= fails.min() < fails.max() <= 1
    assert np.mean([rates.review for rates in draws]) > 0.02


def test_what_two_approaches_did_alike_is_uncertain_alike() -> None:
    job = rated(cases())
    handed = {"flagged": {"rare-0/0": "a note"}}
    hybrid = rated(cases("hybrid", LOCAL, **handed))
    apart = np.array([a.fail - b.fail for a, b in zip(job.draws, hybrid.draws, strict=True)])
    agent = rated(cases("agent", LOCAL))
    free = np.array([a.fail - b.fail for a, b in zip(job.draws, agent.draws, strict=True)])
    assert np.abs(apart).max() <= 0.1
    assert np.abs(free).max() > 0.1


def test_unknown_money_makes_no_candidate() -> None:
    trials = [a_trial(case="plain-0", dollars=Dollars(None, None, None, "no price"))]
    found = candidate(mixed([("plain", 1.0)], trials), "api", DEFAULTS)
    assert found == "what it costs to run is unknown for some of its trials"


def test_batch_and_cold_prices_touch_api_dollars_only() -> None:
    trials = [a_trial(case="plain-0", dollars=Dollars(1.0, 1.5, 0.002))]
    sample = mixed([("plain", 1.0)], trials)
    cold = replace(DEFAULTS, prices=replace(DEFAULTS.prices, batch=True, prompt_cache=False))

    def usd(kind: str, assumptions: Assumptions) -> float:
        found = candidate(sample, kind, assumptions)  # type: ignore[arg-type]
        assert isinstance(found, Candidate)
        return found.rates.usd

    assert (usd("api", DEFAULTS), usd("api", cold)) == (1.0, 0.75)
    assert usd("compute", DEFAULTS) == usd("compute", cold) == 0.002


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[volume]\nrecords_per_month = 'x'", "mine.toml: volume.records_per_month: "),
        ("[vol]\nx = 1", "mine.toml: vol: "),
        ("x =", "mine.toml: not valid TOML"),
        ("[errors.toy]\nrare = -4", "mine.toml: errors.toy.rare: "),
        ("[people]\nusd_per_hour = nan", "mine.toml: people.usd_per_hour: "),
        ("[constraints]\nmin_success = 95", "mine.toml: constraints.min_success: "),
    ],
)
def test_a_wrong_file_gets_one_line_that_names_file_and_key(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(BenchError) as raised:
        load_assumptions(path)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_the_file_leaves_out_keeps_its_default_and_flags_win(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("months = 12\n[constraints]\nmin_success = 0.5\nmax_p95 = 2.0\n")
    found = load_assumptions(path, min_success=0.9)
    assert (found.months, found.people.usd_per_hour) == (12, 80)
    assert (found.constraints.min_success, found.constraints.max_p95) == (0.9, 2.0)

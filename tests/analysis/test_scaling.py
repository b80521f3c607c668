"""Exponents and projections against figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from bench.analysis.projection import Projection
from bench.analysis.rows import Summary
from bench.analysis.scaling import _clock, exponent
from bench.analysis.summary import summarise_run
from bench.journal import Run, read_run
from bench.types import BatchTiming, Sweep
from tests.synthetic import HOSTED, LOCAL, Shape, a_trial, write_run

SIZES = (100, 1_000, 10_000, 100_000)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Run:
    shape = Shape(scenarios=("billing_webhooks",))
    run = read_run(write_run(tmp_path_factory.mktemp("results") / "run", shape))
    noise = (1.0, 1.1, 0.95, 1.02)
    run.batches = [
        BatchTiming("billing_webhooks", n, 3, 2e-4 * n**1.05 * factor, n, 0, 0)
        for n, factor in zip(SIZES, noise, strict=True)
    ]
    return run


def swept(run: Run, **changes: object) -> Summary:
    manifest = replace(run.manifest, sweep=Sweep("records", SIZES), **changes)  # type: ignore[arg-type]
    return summarise_run(replace(run, manifest=manifest), [])


def projection(summary: Summary, approach: str, model: str | None, records: int) -> Projection:
    (found,) = (
        each
        for each in summary.projections
        if (each.approach, each.model, each.records) == (approach, model, records)
    )
    return found


def test_an_exponent_is_the_slope_of_the_logarithms_with_students_interval() -> None:
    xs, ys = [1.0, 10.0, 100.0, 1000.0], [2.0, 25.0, 170.0, 2600.0]
    found = exponent(list(zip(xs, ys, strict=True)))
    fit = stats.linregress(np.log(xs), np.log(ys))
    half = stats.t.ppf(0.975, 2) * fit.stderr
    assert found is not None
    assert found.value == pytest.approx(fit.slope)
    assert (found.low, found.high) == pytest.approx((fit.slope - half, fit.slope + half))


def test_the_interval_of_an_exponent_holds_the_truth_95_times_in_100() -> None:
    generator = np.random.default_rng(4)
    held = 0
    for _ in range(1_000):
        ys = 3 * np.array(SIZES) ** 1.2 * generator.lognormal(0, 0.2, size=4)
        found = exponent(list(zip(map(float, SIZES), ys.tolist(), strict=True)))
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 1.2 <= found.high
    assert 0.93 <= held / 1_000 <= 0.97


def test_no_exponent_goes_through_nought_or_a_single_value() -> None:
    assert exponent([(1, 0.0), (2, 3.0), (4, 9.0)]) is None
    assert exponent([(1, 3.0), (1, 4.0)]) is None
    assert exponent([(1, None), (2, 3.0)]) is None
    two = exponent([(1, 3.0), (2, 6.0)])
    assert two is not None
    assert (two.value, two.low, two.high) == (pytest.approx(1.0), None, None)


def test_the_clock_runs_while_a_trial_is_under_way_and_rests_in_a_pause() -> None:
    first = a_trial(started=100.0, wall_s=4.0)
    beside = a_trial(started=101.0, wall_s=2.0)
    longer = a_trial(started=103.0, wall_s=3.0)
    after_a_kill = a_trial(started=5_000.0, wall_s=2.5)
    assert _clock([after_a_kill, longer, beside, first]) == pytest.approx(6.0 + 2.5)


def test_the_jobs_curve_is_its_batches_and_goes_on_by_the_power_law(recorded: Run) -> None:
    summary = swept(recorded)
    job = next(curve for curve in summary.curves if curve.approach == "job")
    assert [point.value for point in job.points] == list(SIZES)
    assert job.seconds is not None
    assert job.seconds.low is not None
    assert job.seconds.high is not None
    assert job.seconds.low < 1.05 < job.seconds.high
    million = projection(summary, "job", None, 1_000_000)
    truth = 2e-4 * 1e6**1.05
    assert million.extrapolated
    assert million.seconds_low is not None
    assert million.seconds_high is not None
    assert million.seconds_low < truth < million.seconds_high
    measured = projection(summary, "job", None, 10_000)
    assert not measured.extrapolated
    assert measured.seconds == pytest.approx(2e-4 * 1e4**1.05 * 0.95)


def test_two_batches_are_too_few_for_a_law_and_go_on_in_proportion(recorded: Run) -> None:
    fewer = replace(recorded, batches=recorded.batches[:2])
    million = projection(swept(fewer), "job", None, 1_000_000)
    assert million.seconds == pytest.approx(fewer.batches[1].seconds * 1_000)
    assert million.seconds_low is None
    assert "in proportion" in million.basis


def test_an_agents_curve_adds_up_the_cases_that_ran(recorded: Run) -> None:
    curves = {(c.approach, c.model): c for c in swept(recorded).curves}
    agent = curves["agent", HOSTED]
    trials = [t for t in recorded.trials if (t.approach, t.model, t.repeat) == ("agent", HOSTED, 0)]
    assert agent.points[-1].records == sum(trial.records for trial in trials)
    assert agent.points[-1].seconds == pytest.approx(sum(trial.working_s for trial in trials))
    assert agent.points[-1].usd == pytest.approx(sum(t.dollars.api or 0 for t in trials))
    assert agent.seconds is not None
    assert agent.seconds.points == len(agent.points) == 4  # groups of 1, 2, 4 and the rest


def test_many_at_once_take_less_until_a_rate_limit_binds(recorded: Run) -> None:
    alone = projection(swept(recorded, concurrency=1), "agent", HOSTED, 10_000)
    crowd = projection(swept(recorded, concurrency=10), "agent", HOSTED, 10_000)
    assert alone.seconds is not None
    assert crowd.seconds == pytest.approx(alone.seconds / 10)
    assert crowd.bound_by == "work"
    limited = projection(swept(recorded, concurrency=1_000, rpm=60), "agent", HOSTED, 10_000)
    assert limited.bound_by == "requests a minute"
    (steps,) = (
        s
        for s in summarise_run(recorded, []).rows
        if (s.approach, s.model, s.stratum) == ("agent", HOSTED, "mix")
    )
    assert limited.seconds is not None
    assert limited.seconds > 10_000  # more than one request a record, one a second
    tokens = projection(swept(recorded, concurrency=1_000, tpm=1_000), "agent", HOSTED, 10_000)
    assert tokens.bound_by == "tokens a minute"
    per_record = (steps.tokens_in_per_record or 0) + (steps.tokens_out_per_record or 0)
    assert tokens.seconds == pytest.approx(10_000 * per_record * 60 / 1_000)


def test_a_model_on_this_machine_does_one_thing_after_another(recorded: Run) -> None:
    found = projection(swept(recorded, concurrency=10), "agent", LOCAL, 10_000)
    assert found.concurrency == 1
    assert found.usd_kind == "compute"


def test_modelled_trials_project_tokens_and_no_time(tmp_path: Path) -> None:
    shape = Shape(scenarios=("billing_webhooks",), provenance="modelled")
    summary = swept(read_run(write_run(tmp_path / "run", shape)))
    found = projection(summary, "agent", HOSTED, 10_000)
    assert found.seconds is None
    assert found.reason == "modelled trials have no time of their own"
    assert found.tokens
    agent = next(c for c in summary.curves if (c.approach, c.model) == ("agent", HOSTED))
    assert all(point.seconds is None for point in agent.points)
    assert agent.seconds is None
    assert agent.tokens is not None


def test_without_a_sweep_there_are_projections_and_no_curve(recorded: Run) -> None:
    summary = summarise_run(recorded, [])
    assert summary.curves == ()
    assert {each.records for each in summary.projections} == {10_000, 1_000_000}


def test_what_does_not_grow_at_all_has_the_exponent_nought_for_certain() -> None:
    found = exponent([(1, 7.5), (2, 7.5), (4, 7.5), (8, 7.5)])
    assert found is not None
    assert (found.value, found.low, found.high) == (0, 0, 0)

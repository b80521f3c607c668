from __future__ import annotations

from pathlib import Path

import pytest

from bench.analysis import summarise
from bench.analysis.assumptions import load_assumptions
from bench.analysis.decision import Decision
from bench.analysis.feasibility import Check
from bench.analysis.rows import Summary
from bench.report.recommendation import headline, plain, sentences
from tests.synthetic import HOSTED, LOCAL, Shape, write_run

DEFAULTS = load_assumptions()


def summary(tmp_path: Path, shape: Shape | None = None, **constraints: float) -> Summary:
    folder = tmp_path / "run"
    if not folder.exists():
        write_run(folder, shape or Shape(scenarios=("billing_webhooks",), ordinary=60, others=6))
    return summarise(folder, load_assumptions(**constraints))


def decision(tmp_path: Path, shape: Shape | None = None, **constraints: float) -> Decision:
    return summary(tmp_path, shape, **constraints).decisions[0]


def check(found: Decision, name: str) -> Check:
    (held,) = next(option for option in found.options if option.name == name).checks
    return held


def test_the_cheapest_feasible_option_is_recommended(tmp_path: Path) -> None:
    found = decision(tmp_path)
    totals = {option.name: option.total for option in found.options}
    assert found.recommended == min(totals, key=lambda name: totals[name] or 0)
    assert found.certainty is not None
    assert 0 < found.certainty <= 1
    assert headline(found).startswith(f"Build the {found.recommended}: $")


def test_a_constraint_is_judged_by_the_interval_not_by_the_estimate(tmp_path: Path) -> None:
    found = decision(tmp_path, min_success=0.9)
    assert check(found, "job").verdict == "feasible"
    local = check(found, f"agent with {LOCAL}")
    assert local.verdict == ("infeasible" if (local.high or 1) < 0.9 else "undecided")
    strict = decision(tmp_path, min_success=0.99)
    job = check(strict, "job")
    assert job.verdict == "undecided"
    assert job.value is not None
    assert job.value > 0.99 > (job.low or 1)
    assert job.more_cases is not None
    assert job.more_cases > 100


def test_what_is_ruled_out_is_not_recommended(tmp_path: Path) -> None:
    cheapest = decision(tmp_path).recommended
    assert cheapest is not None
    found = decision(tmp_path, max_usd_per_1k=1e-9)
    assert found.recommended is None
    assert found.reason is not None
    assert {option.verdict for option in found.options} == {"infeasible"}


def test_time_needs_59_cases_to_be_feasible(tmp_path: Path) -> None:
    found = decision(tmp_path, max_p95=1.0)
    assert check(found, "job").verdict == "feasible"
    few = decision(tmp_path / "few", Shape(scenarios=("billing_webhooks",)), max_p95=1.0)
    job = check(few, "job")
    assert (job.verdict, job.value) == ("undecided", None)
    assert job.more_cases == 59 - next(
        row.time_observations
        for row in summarise(tmp_path / "few" / "run").rows
        if (row.approach, row.stratum) == ("job", "all")
    )


def test_nothing_is_recommended_from_modelled_success(tmp_path: Path) -> None:
    shape = Shape(scenarios=("billing_webhooks",), models=((HOSTED, 1.0, 1.0),))
    played = Shape(**{**shape.__dict__, "provenance": "modelled"})
    found = decision(tmp_path, played)
    assert found.recommended == "job"
    for option in found.options:
        if option.model:
            assert option.provenance == "modelled"
            assert "modelled" in (option.reason or "")
            assert not option.pareto
    assert not [c for c in found.comparisons if HOSTED in c.first + c.second]
    assert found.chords == ()


def test_the_front_holds_whatever_nothing_beats(tmp_path: Path) -> None:
    options = decision(tmp_path).options
    for option in options:
        beaten = [
            other.name
            for other in options
            if (other.success or 0) >= (option.success or 0)
            and (other.total or 0) <= (option.total or 0)
            and (other.success, other.total) != (option.success, option.total)
        ]
        assert option.pareto == (not beaten)


def test_the_parts_make_the_total_and_the_interval_holds_it(tmp_path: Path) -> None:
    for option in decision(tmp_path).options:
        assert option.cost is not None
        assert option.total == pytest.approx(option.cost.total)
        assert option.total_low <= option.total <= option.total_high  # type: ignore[operator]


def test_the_chord_is_the_line_between_job_and_agent(tmp_path: Path) -> None:
    found = decision(tmp_path)
    shares = [chord.exceptional for chord in found.chords if chord.model == HOSTED]
    assert len(shares) == 5
    assert shares[1:] == [0.001, 0.01, 0.05, 0.2]
    rows = {
        (row.approach, row.model): row.success
        for row in summarise(tmp_path / "run").rows
        if (row.stratum, row.drift) == ("mix", "none")
    }
    chord = next(c for c in found.chords if c.production and c.model == HOSTED)
    job, agent = rows["job", None] or 0, rows["agent", HOSTED] or 0
    line = (1 - chord.to_agent) * job + chord.to_agent * agent
    assert chord.line == pytest.approx(line, abs=1e-3)
    assert (chord.job, chord.agent) == (
        pytest.approx(job, abs=1e-3),
        pytest.approx(agent, abs=1e-3),
    )
    assert chord.gain_low <= chord.gain <= chord.gain_high


def test_every_pair_is_compared_and_corrected(tmp_path: Path) -> None:
    found = decision(tmp_path).comparisons
    assert len(found) == 10
    for each in found:
        assert each.low <= each.difference <= each.high
        assert each.p <= each.p_holm <= 1
    local = next(c for c in found if (c.first, c.second) == ("job", f"agent with {LOCAL}"))
    assert local.lost > local.gained


def test_the_words_hold_the_figures(tmp_path: Path) -> None:
    found = decision(tmp_path, min_success=0.9)
    text = "\n".join(sentences(found, DEFAULTS))
    assert "100,000 records a month" in text
    assert "at least 90.0% is asked" in text
    switches = [each for each in found.influences if each.switch_to is not None]
    said = [f"{e.input} (assumed: {plain(e.value)}) the {e.switch_to} would" for e in switches]
    assert sum(words in text for words in said) == min(3, len(said))
    for option in found.options:
        assert option.name in text


def test_the_scorecard_has_thirteen_verdicts_for_each_model(tmp_path: Path) -> None:
    found = summary(tmp_path)
    for model in (LOCAL, HOSTED):
        mine = [claim for claim in found.claims if claim.model == model]
        assert [claim.number for claim in mine] == list(range(1, 14))
        assert all(claim.figure and claim.test for claim in mine)
    verdicts = {(claim.number, claim.model): claim.verdict for claim in found.claims}
    assert verdicts[1, LOCAL] == "not measured here"
    assert verdicts[1, HOSTED] == "supported"
    assert verdicts[7, LOCAL] in ("supported", "undecided")
    assert verdicts[8, HOSTED] == "not measured here"
    figures = {(claim.number, claim.model): claim.figure for claim in found.claims}
    assert "paid models on the price table" in figures[4, LOCAL]


def test_a_forecast_is_no_evidence_for_a_claim(tmp_path: Path) -> None:
    shape = Shape(
        scenarios=("billing_webhooks",), models=((HOSTED, 1.0, 1.0),), provenance="modelled"
    )
    for claim in summary(tmp_path, shape).claims:
        if claim.number in (3, 4, 7, 8, 10, 11, 12, 13):
            assert claim.verdict == "not measured here", claim

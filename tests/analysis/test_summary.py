"""The whole way: a run folder, written by the real journal, to all its figures."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.analysis import load, load_steps, summarise
from bench.analysis.rows import Row, Summary
from bench.analysis.samples import ALL, MIX
from bench.errors import JournalError
from bench.journal import read_run
from tests.synthetic import HOSTED, LOCAL, STRATA, UNMEASURED, Shape, write_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("results") / "run")


@pytest.fixture(scope="module")
def summary(folder: Path) -> Summary:
    return summarise(folder)


def row(summary: Summary, approach: str, model: str | None, stratum: str) -> Row:
    (found,) = (
        row
        for row in summary.rows
        if (row.scenario, row.approach, row.model, row.stratum)
        == ("billing_webhooks", approach, model, stratum)
    )
    return found


def test_there_is_one_row_for_each_scenario_approach_model_and_stratum(summary: Summary) -> None:
    keys = Counter((r.scenario, r.approach, r.model, r.stratum, r.drift) for r in summary.rows)
    assert set(keys.values()) == {1}
    for name, strata in STRATA.items():
        measured = {stratum[0] for stratum in strata} - UNMEASURED
        for approach, model in (
            ("job", None),
            ("agent", LOCAL),
            ("agent", HOSTED),
            ("hybrid", LOCAL),
            ("hybrid", HOSTED),
            ("always_skip", None),
            ("always_defer", None),
        ):
            found = {key[3] for key in keys if key[:3] == (name, approach, model)}
            assert found == measured | {ALL, MIX}


def test_figures_are_those_of_the_journal(folder: Path, summary: Summary) -> None:
    trials = [
        trial
        for trial in read_run(folder).trials
        if (trial.scenario, trial.approach, trial.model) == ("billing_webhooks", "agent", LOCAL)
    ]
    found = row(summary, "agent", LOCAL, ALL)
    assert found.trials == len(trials)
    assert found.cases == len({trial.case for trial in trials})
    assert found.tokens_in == sum(trial.usage.input or 0 for trial in trials)
    assert found.usd == pytest.approx(sum(trial.dollars.compute or 0 for trial in trials))
    cases: dict[str, list[tuple[float, float]]] = {}
    for trial in trials:
        cases.setdefault(trial.case, []).append((trial.passed, trial.records))
    passed = sum(sum(p for p, _ in each) / len(each) for each in cases.values())
    records = sum(sum(r for _, r in each) / len(each) for each in cases.values())
    assert found.success == pytest.approx(passed / records)


def test_the_mix_is_the_weighted_mean_of_its_measured_strata(summary: Summary) -> None:
    weights = {name: weight for name, *_, weight in STRATA["billing_webhooks"]}
    strata = [
        r
        for r in summary.rows
        if (r.scenario, r.approach, r.model) == ("billing_webhooks", "agent", LOCAL)
        and r.stratum in weights
    ]
    total = sum(weights[r.stratum] for r in strata)
    for figure in ("success", "failed", "deferred", "usd_per_1k_records", "tokens_in_per_record"):
        expected = sum(weights[r.stratum] * getattr(r, figure) for r in strata) / total
        assert getattr(row(summary, "agent", LOCAL, MIX), figure) == pytest.approx(expected)


def test_shares_add_up_and_lie_within_their_interval(summary: Summary) -> None:
    for found in summary.rows:
        assert found.success is not None
        assert found.deferred is not None
        assert found.failed is not None
        assert found.success + found.deferred + found.failed == pytest.approx(1)
        assert found.success_low is not None
        assert found.success_high is not None
        assert 0 <= found.success_low <= found.success <= found.success_high <= 1
        assert found.success_high > found.success_low


def test_every_null_has_a_reason(summary: Summary) -> None:
    explained = {
        "success",
        "usd_per_1k_records",
        "cost_per_success",
        "p50_s",
        "p90_s",
        "p95_s",
        "p99_s",
        "records_per_s",
        "determinism_outcome",
    }
    for found in summary.rows:
        for field in explained:
            if getattr(found, field) is None:
                assert found.reasons.get(field), (found.approach, found.stratum, field)


def test_a_hosted_model_costs_api_dollars_and_a_local_one_compute(summary: Summary) -> None:
    kinds = {model.name: model.usd_kind for model in summary.models}
    assert kinds == {LOCAL: "compute", HOSTED: "api"}
    assert row(summary, "hybrid", HOSTED, ALL).usd_kind == "api"
    assert row(summary, "job", None, ALL).usd_kind == "compute"


def test_nothing_that_passes_nothing_has_a_price_for_success(summary: Summary) -> None:
    found = next(r for r in summary.rows if r.success == 0 and r.stratum == ALL)
    assert found.cost_per_success is None
    assert found.reasons["cost_per_success"] == "infinite: no record passed"


def test_unmeasured_strata_are_listed_with_their_part_of_the_mix(summary: Summary) -> None:
    billing = summary.scenarios[0]
    assert set(billing.unmeasured) == UNMEASURED
    assert billing.mix_covered == pytest.approx(0.999)


def test_a_row_says_on_how_much_of_the_mix_it_rests(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Shape(scenarios=("billing_webhooks",)))
    journal = (folder / "journal.jsonl").read_text().splitlines(keepends=True)
    lost = "/agent/qwen2.5-coder-1.5b/plain_renewal-"
    (folder / "journal.jsonl").write_text("".join(line for line in journal if lost not in line))
    summary = summarise(folder)
    assert row(summary, "agent", LOCAL, MIX).mix_covered == pytest.approx(0.399)
    assert row(summary, "job", None, MIX).mix_covered == pytest.approx(0.999)
    assert row(summary, "job", None, ALL).mix_covered is None


def test_yardsticks_come_last_and_say_what_they_are(summary: Summary) -> None:
    approaches = list(
        dict.fromkeys(r.approach for r in summary.rows if r.scenario == "billing_webhooks")
    )
    assert approaches == ["job", "agent", "hybrid", "always_skip", "always_defer"]
    assert {r.approach for r in summary.rows if r.baseline} == {"always_skip", "always_defer"}


def test_the_batch_is_priced_by_the_machine_hour(summary: Summary) -> None:
    batch = summary.batches[0]
    assert batch.records_per_s == pytest.approx(10_000 / 1.84)
    assert batch.usd == pytest.approx(1.84 / 3600 * 0.1)


def test_played_trials_claim_neither_time_nor_determinism(tmp_path: Path) -> None:
    shape = Shape(models=(("reference", 1.0, 0.1),), provenance="modelled")
    summary = summarise(write_run(tmp_path / "run", shape))
    agent = row(summary, "agent", "reference", ALL)
    assert agent.provenance.success == "modelled"
    assert agent.provenance.time is None
    assert agent.p50_s is None
    assert agent.determinism_outcome is None
    assert row(summary, "job", None, ALL).p50_s is not None
    assert any("has no intelligence" in notice.text for notice in summary.notices)


def test_infrastructure_failures_above_two_percent_are_said(tmp_path: Path) -> None:
    summary = summarise(write_run(tmp_path / "run", Shape(infrastructure=0.3)))
    broken = row(summary, "agent", LOCAL, ALL)
    assert broken.infrastructure > 0
    assert any("broken by the provider or the harness" in n.text for n in summary.notices)


def test_an_unfinished_run_says_so_and_how_to_go_on(tmp_path: Path) -> None:
    summary = summarise(write_run(tmp_path / "run", Shape(finished=False)))
    assert not summary.finished
    assert "The same command goes on with it: bench run" in summary.notices[0].text


def test_small_numbers_are_said_in_words(summary: Summary) -> None:
    said = [notice.text for notice in summary.notices if notice.scenario == "billing_webhooks"]
    assert any("rests on 12 ordinary cases" in text and "76%" in text for text in said)
    assert any("a single case" in text for text in said)


def test_drifted_cases_are_kept_out_of_the_sample(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Shape(scenarios=("billing_webhooks",)))
    journal = (folder / "journal.jsonl").read_text()
    name, other = "note_waives_charge", '"drift":"shape"'
    lines = [
        line.replace('"drift":"none"', other) if f"/{name}-" in line else line
        for line in journal.splitlines(keepends=True)
    ]
    (folder / "journal.jsonl").write_text("".join(lines))
    job = [r for r in summarise(folder).rows if r.approach == "job"]
    rows = [r for r in job if r.stratum == ALL]
    assert {r.drift for r in rows} == {"none", "shape"}
    undrifted = next(r for r in rows if r.drift == "none")
    assert undrifted.deferred == 0  # the job defers nothing but that stratum
    assert next(r for r in job if r.stratum == MIX).deferred == 0


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no run there"):
        summarise(tmp_path)


def test_notebooks_get_tidy_tables(folder: Path) -> None:
    trials, steps = load(folder), load_steps(folder)
    assert len(trials) == len(read_run(folder).trials)
    assert {"scenario", "approach", "success", "tokens_input"} - set(trials.columns) == {"success"}
    assert trials["usd_compute"].notna().any()
    assert set(steps["trial"]) <= set(trials["id"])


def test_figures_need_neither_pandas_nor_matplotlib() -> None:
    script = "import sys, bench.analysis.summary; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert {"pandas", "matplotlib"}.isdisjoint(done.stdout.split())

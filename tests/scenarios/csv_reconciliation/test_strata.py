"""The generator's truth against the tools and the job, stratum by stratum."""

import tomllib
from math import fsum, isclose
from pathlib import Path

import pytest

from bench.database import Template
from bench.types import Stratum
from scenarios import csv_reconciliation
from scenarios.csv_reconciliation import SCENARIO
from tests.scenarios.csv_reconciliation.acting import play_ideally
from tests.scenarios.csv_reconciliation.conftest import SEED

EVERYDAY = [stratum for stratum in SCENARIO.strata if stratum.everyday]
each_stratum = pytest.mark.parametrize("stratum", EVERYDAY, ids=lambda s: s.name)


@each_stratum
def test_the_ideal_calls_pass(stratum: Stratum, template: Template) -> None:
    for case in SCENARIO.cases({stratum.name: 20}, SEED):
        with template.workspace(case) as workspace:
            play_ideally(case, workspace, case.records)
            assert SCENARIO.verify(case, workspace).status == "pass", case.id


@each_stratum
@pytest.mark.parametrize("seed", [1, SEED, 31_337])
def test_the_job_passes_what_rules_reach_and_defers_the_rest(
    stratum: Stratum, seed: int, template: Template
) -> None:
    for case in SCENARIO.cases({stratum.name: 4}, seed):
        with template.workspace(case) as workspace:
            SCENARIO.job(workspace, unsure="review")
            case.truth["seed"] = template.seed  # the background that this database holds
            verdict = SCENARIO.verify(case, workspace)
            assert verdict.status == ("deferred" if stratum.free_text else "pass"), verdict


@each_stratum
def test_the_agent_finishes_what_the_job_has_flagged(stratum: Stratum, template: Template) -> None:
    for case in SCENARIO.cases({stratum.name: 2}, SEED):
        with template.workspace(case) as workspace:
            report = SCENARIO.job(workspace, unsure="flag")
            assert bool(report.flagged) == stratum.free_text
            assert (workspace.folder / "summary.json").exists() != stratum.free_text
            play_ideally(case, workspace, tuple(report.flagged))
            assert SCENARIO.verify(case, workspace).status == "pass", case.id


def test_running_the_job_again_changes_nothing(template: Template) -> None:
    for case in SCENARIO.cases({stratum.name: 1 for stratum in SCENARIO.strata}, SEED):
        for unsure in ("review", "flag"):
            with template.workspace(case) as workspace:
                first = SCENARIO.job(workspace, unsure=unsure)
                files = {path: path.read_bytes() for path in workspace.folder.iterdir()}
                workspace.writes.clear()
                again = SCENARIO.job(workspace, unsure=unsure)
                assert workspace.writes == []
                assert {path: path.read_bytes() for path in workspace.folder.iterdir()} == files
                assert again.flagged == first.flagged


def test_the_job_imports_a_large_file_in_one_go(template: Template) -> None:
    case = SCENARIO.batch(1000, SEED)
    with template.workspace(case) as workspace:
        report = SCENARIO.job(workspace, unsure="flag")
        assert len(report.decisions) == 1000
        assert report.flagged == {}
        assert len(workspace.writes) < 10  # bulk statements, not one a row
        verdict = SCENARIO.verify(case, workspace)
        assert verdict.status == "pass", verdict.faults[:3]


@pytest.mark.parametrize(("choice", "status"), [("skip", "fail"), ("defer", "deferred")])
def test_thoughtless_baselines_account_for_what_they_did(
    choice: str, status: str, template: Template
) -> None:
    for case in SCENARIO.cases({"clean_new": 3, "moved_address": 3}, SEED):
        with template.workspace(case) as workspace:
            SCENARIO.trivial(workspace, choice)  # type: ignore[arg-type]
            verdict = SCENARIO.verify(case, workspace)
            assert verdict.faults == ()
            assert {record.status for record in verdict.records} == {status}


def test_deferring_what_needs_a_human_is_right(template: Template) -> None:
    (case,) = SCENARIO.cases({"conflicting_identifiers": 1}, SEED)
    with template.workspace(case) as workspace:
        SCENARIO.trivial(workspace, "defer")
        verdict = SCENARIO.verify(case, workspace)
        focal = [t["disposition"] for t in case.truth["rows"]].index("flagged")
        assert verdict.records[focal].status == "pass"
        assert verdict.records[focal].reviewed


def test_the_mix_covers_every_stratum_and_sums_to_one() -> None:
    folder = Path(csv_reconciliation.__file__).parent
    weights = tomllib.loads((folder / "mix.toml").read_text())["weights"]
    assert set(weights) == {stratum.name for stratum in EVERYDAY}
    assert isclose(fsum(weights.values()), 1)
    assert isclose(fsum(weights[s.name] for s in SCENARIO.strata if s.ordinary), 0.99)


def test_there_are_enough_strata_of_both_kinds() -> None:
    assert sum(not stratum.free_text for stratum in SCENARIO.strata) >= 25
    assert sum(stratum.free_text for stratum in SCENARIO.strata) >= 6

"""How fast the plain-code jobs are: calibrated rounds, each from a fresh database state.

`make perf` measures; `make test` only runs each once, to know that it still can.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import scenarios
from bench.database import Template
from bench.types import Case, JobReport, Scenario, Workspace

SEED = 2026
BATCH = 10_000


@pytest.fixture(scope="module", params=sorted(scenarios.SCENARIOS))
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return scenarios.scenario(request.param)


@pytest.fixture(scope="module")
def template(scenario: Scenario) -> Iterator[Template]:
    with Template(scenario, SEED) as opened:
        yield opened


def time_job(
    benchmark: BenchmarkFixture, scenario: Scenario, template: Template, case: Case, rounds: int
) -> JobReport:
    """Time the job on ``case``, the copying of the database left out."""
    opened: list[AbstractContextManager[Workspace]] = []

    def fresh() -> tuple[tuple[Workspace], dict[str, object]]:
        opened.append(template.workspace(case))
        return (opened[-1].__enter__(),), {}

    def leave(_workspace: Workspace) -> None:
        opened.pop().__exit__(None, None, None)

    def work(workspace: Workspace) -> JobReport:
        return scenario.job(workspace, unsure="review")

    benchmark.extra_info["records"] = len(case.records)
    report: JobReport = benchmark.pedantic(
        work, setup=fresh, teardown=leave, rounds=rounds, warmup_rounds=1
    )
    return report


def test_one_ordinary_case(
    benchmark: BenchmarkFixture, scenario: Scenario, template: Template
) -> None:
    stratum = next(each.name for each in scenario.strata if each.ordinary)
    (case,) = scenario.cases({stratum: 1}, SEED)
    report = time_job(benchmark, scenario, template, case, rounds=50)
    assert {each.record for each in report.decisions} >= set(case.records)


@pytest.mark.slow
def test_a_batch_of_ten_thousand_records(
    benchmark: BenchmarkFixture, scenario: Scenario, template: Template
) -> None:
    case = scenario.batch(BATCH, SEED)
    assert len(case.records) == BATCH
    report = time_job(benchmark, scenario, template, case, rounds=3)
    assert len(report.decisions) >= BATCH

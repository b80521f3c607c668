"""One made-up run with its report, for all tests here: drawing is what takes time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.analysis.rows import Summary
from bench.report import ReportPaths, write_report
from tests.synthetic import HOSTILE, LOCAL, MISTAKES, Shape, write_run


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> ReportPaths:
    """The report of a run in which model, tools and reasons are hostile."""
    shape = Shape(
        scenarios=("billing_webhooks",),
        models=((LOCAL, 0.6, 2.4), ("claude-opus-4-8", 0.97, 1.3)),
        text=HOSTILE,
        mistakes={**MISTAKES, "billing_webhooks": (f"billed {HOSTILE}", "left undecided")},
    )
    return write_report(write_run(tmp_path_factory.mktemp("results") / "run", shape))


@pytest.fixture(scope="session")
def summary(written: ReportPaths) -> Summary:
    return written.summary


@pytest.fixture(scope="session")
def page(written: ReportPaths) -> Iterator[str]:
    return written.html.read_text("utf-8")

"""The section on scaling: solid where it was measured, dashed where it was not."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from bench.analysis.rows import Summary
from bench.analysis.summary import summarise_run
from bench.journal import read_run
from bench.report.charts import charts
from bench.report.charts.drawing import Chart
from bench.report.markdown import render
from bench.types import BatchTiming, Sweep, Usage
from tests.synthetic import HOSTED, LOCAL, Shape, write_run

SIZES = (100, 1_000, 10_000)


def swept(folder: Path, parameter: str = "records") -> tuple[Summary, Chart]:
    shape = Shape(scenarios=("billing_webhooks",), models=((HOSTED, 0.97, 1.3),))
    run = read_run(write_run(folder, shape))
    run.batches = [BatchTiming("billing_webhooks", n, 3, 2e-4 * n, n, 0, 0) for n in SIZES]
    values = SIZES if parameter == "records" else (1, 4)
    if parameter == "concurrency":
        run.swept = [
            replace(t, id=f"{t.id}@{n}", point=f"concurrency={n}", wall_s=t.wall_s / n)
            for n in values
            for t in run.trials
            if t.model is not None
        ]
    run.manifest = replace(run.manifest, sweep=Sweep(parameter, values))
    summary = summarise_run(run, [])
    (chart,) = (c for c in charts(summary, run.trials) if c.kind == "scaling")
    return summary, chart


def test_what_was_measured_is_solid_and_the_rest_dashed(tmp_path: Path) -> None:
    _, chart = swept(tmp_path / "run")
    # A dashed line each for the job, the agent and the hybrid, in every panel that they are in,
    # and one in the legend.
    assert chart.svg.count("stroke-dasharray: 5.2,3.9") >= 7
    assert "extrapolated, production mix" in chart.svg
    for words in (
        "job, time: 20.0 ms at 100 to 2.00 s at 10,000, exponent 1.00",
        "job: 10,000 records in 2.00 s",
        "job: 1,000,000 records in 200 s (extrapolated)".replace("200 s", "3.33 min"),
        f"agent · {HOSTED}, tokens: ",
    ):
        assert words in chart.alt


def test_the_report_has_projections_points_and_exponents(tmp_path: Path) -> None:
    summary, chart = swept(tmp_path / "run")
    text = render(summary, [chart], {})
    section = text.split("### Scaling")[1].split("### Determinism")[0]
    for words in (
        "10,000 and 1,000,000 records",
        "measured, extrapolated",
        "no rate limit was stated",
        "the power law through batches of 100 to 10,000 records",
        "Points along records",
        "1.00<br><sub>1.00 to 1.00</sub>",
        "scaling-billing_webhooks.svg",
    ):
        assert words in section


def test_a_sweep_over_concurrency_is_all_measured(tmp_path: Path) -> None:
    summary, chart = swept(tmp_path / "run", "concurrency")
    assert "extrapolated" not in chart.svg
    assert "how it grows with at once" not in chart.alt
    assert "trials at once" in chart.alt
    text = render(summary, [chart], {})
    assert "Points along trials at once" in text


def test_a_sweep_over_the_size_of_cases_tells_of_each_record(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path / "run", Shape(scenarios=("billing_webhooks",))))
    run.swept = [
        replace(t, id=f"{t.id}@{n}", point=f"batch={n}", usage=Usage(input=900 * n, output=100 * n))
        for n in (1, 10)
        for t in run.trials
        if t.records == 1
    ]
    run.manifest = replace(run.manifest, sweep=Sweep("batch", (1, 10)))
    summary = summarise_run(run, [])
    (curve,) = (c for c in summary.curves if c.approach == "agent" and c.model == LOCAL)
    right = [t for t in run.trials if (t.approach, t.model, t.records) == ("agent", LOCAL, 1)]
    assert curve.points[0].records == len(right)
    for point in curve.points:
        assert point.success is not None
        assert point.success_low is not None
        assert point.success_high is not None
        assert point.success_low < point.success < point.success_high
    (chart,) = (c for c in charts(summary, run.trials) if c.kind == "scaling")
    told = f"at 1 records a case 1,000 tokens a record, {curve.points[0].success:.1%} right"
    assert told in chart.alt
    assert "at 10 records a case 10,000 tokens a record" in chart.alt
    text = render(summary, [chart], {})
    assert "records right" in text
    assert "Time, tokens and dollars of one record." in text


def test_an_axis_within_one_decade_is_not_left_without_figures(tmp_path: Path) -> None:
    _, chart = swept(tmp_path / "run", "concurrency")
    time = chart.svg.partition('id="axes_1"')[2].partition('id="axes_2"')[0]
    assert len(re.findall(r">[\d.]+ (?:min|s)<", time)) >= 2

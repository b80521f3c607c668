"""The report's charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.analysis.rates import Candidate
from bench.analysis.rows import Summary
from bench.analysis.samples import ALL, MIX, usable
from bench.report.charts.batch import batch_chart
from bench.report.charts.cost import cost_chart
from bench.report.charts.decision_map import decision_map_chart
from bench.report.charts.determinism import determinism_chart
from bench.report.charts.drawing import Chart
from bench.report.charts.hybrid_split import hybrid_charts
from bench.report.charts.latency import latency_chart
from bench.report.charts.pareto import pareto_chart
from bench.report.charts.scaling import scaling_chart
from bench.report.charts.tokens import tokens_chart
from bench.types import Trial


def charts(
    summary: Summary,
    trials: Sequence[Trial],
    candidates: Mapping[str, Sequence[Candidate]] | None = None,
) -> tuple[Chart, ...]:
    """All charts that the run has figures for. ``candidates``: by scenario, for the map."""
    made: list[Chart | None] = []
    for scenario in summary.scenarios:
        name = scenario.name
        rows = [row for row in summary.rows if row.scenario == name and row.drift == "none"]
        made += [pareto_chart(each) for each in summary.decisions if each.scenario == name]
        if candidates and summary.assumptions is not None:
            made.append(decision_map_chart(name, candidates.get(name, ()), summary.assumptions))
        for decision in summary.decisions:
            if decision.scenario == name:
                made += hybrid_charts(name, decision.chords)
        for stratum, where in ((MIX, "in production"), (ALL, "in the sample")):
            made.append(cost_chart(name, [row for row in rows if row.stratum == stratum], where))
        made.append(latency_chart(name, [t for t in usable(trials) if t.scenario == name]))
        made.append(
            tokens_chart(name, [s for s in summary.steps if s.scenario == name and s.by_place])
        )
        made.append(_scaling(summary, name))
        made.append(determinism_chart(name, [d for d in summary.determinism if d.scenario == name]))
    return tuple(chart for chart in made if chart is not None)


def _scaling(summary: Summary, scenario: str) -> Chart | None:
    """The sweep: over the size of a case it asks what that does to each record."""
    curves = [curve for curve in summary.curves if curve.scenario == scenario]
    if curves and curves[0].parameter == "batch":
        return batch_chart(scenario, [("", curve) for curve in curves])
    projections = [each for each in summary.projections if each.scenario == scenario]
    return scaling_chart(scenario, curves, projections)

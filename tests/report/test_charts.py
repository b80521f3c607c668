from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from matplotlib.image import imread

from bench.analysis import summarise
from bench.analysis.assumptions import load_assumptions
from bench.analysis.rows import RowProvenance, Summary
from bench.analysis.steps import StepTokens
from bench.analysis.summary import candidates_of
from bench.journal import read_run
from bench.report import ReportPaths
from bench.report.charts import charts
from bench.report.charts.cost import cost_chart
from bench.report.charts.hybrid_split import hybrid_charts
from bench.report.charts.latency import DOTS, thinned
from bench.report.charts.pareto import pareto_chart
from bench.report.charts.tokens import tokens_chart
from bench.report.palette import APPROACHES, MUTED, OTHER
from tests.synthetic import HOSTED, LOCAL, Shape, write_run

KINDS = {
    "cost-mix",
    "cost-all",
    "latency",
    "tokens",
    "determinism",
    "pareto",
    "decision-map",
    "hybrid-split",
}


def test_each_chart_comes_as_svg_and_png(written: ReportPaths) -> None:
    names = {path.name for path in written.charts}
    drawn = {f"{kind}-billing_webhooks" for kind in KINDS} | {"hybrid-split-billing_webhooks-2"}
    assert names == {f"{name}.{end}" for name in drawn for end in ("svg", "png")}
    for path in written.charts:
        content = path.read_bytes()
        assert content.startswith(b"\x89PNG" if path.suffix == ".png" else b"<?xml")


def test_nothing_is_cut_off_at_the_edge(written: ReportPaths) -> None:
    """A chart's outermost pixels are paper: text that has no room reaches them."""
    for path in written.charts:
        if path.suffix == ".png":
            pixels = imread(path)[..., :3]
            edges = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
            assert all((edge == 1.0).all() for edge in edges), path.name


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Shape(scenarios=("billing_webhooks",), models=()))
    trials = read_run(folder).trials
    first, second = (charts(summarise(folder), trials) for _ in range(2))
    assert first == second
    assert not re.search(r"20\d\d-\d\d-\d\d", first[0].svg)


def test_approaches_wear_their_colours_in_every_chart(written: ReportPaths) -> None:
    for path in written.charts:
        if path.suffix == ".svg" and not path.name.startswith(("tokens", "decision-map")):
            text = path.read_text()
            for colour in APPROACHES.values():
                assert colour in text, path.name


def test_the_alternative_text_holds_the_figures(written: ReportPaths) -> None:
    text = written.markdown.read_text()
    mix = next(
        row for row in written.summary.rows if row.approach == "agent" and row.stratum == "mix"
    )
    assert f"{mix.success:.1%}" in next(line for line in text.splitlines() if "cost-mix" in line)


def test_a_run_without_a_model_draws_what_it_has(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Shape(scenarios=("csv_reconciliation",), models=()))
    drawn = charts(summarise(folder), read_run(folder).trials)
    assert {chart.kind for chart in drawn} == KINDS - {
        "tokens",
        "pareto",
        "decision-map",
        "hybrid-split",
    }


def test_the_map_says_where_nobody_can_decide(written: ReportPaths) -> None:
    page = written.markdown.read_text()
    alt = next(line for line in page.splitlines() if "decision-map" in line)
    shares = [
        int(share) for share in re.findall(r"in (\d+)% of the map,|in (\d+)%", alt)[0] if share
    ]
    assert shares
    assert "The circle marks the assumed volume and changes" in alt
    svg = next(p for p in written.charts if p.name == "decision-map-billing_webhooks.svg")
    text = svg.read_text()
    assert "data cannot decide" in text
    assert "<image" not in text
    assert len(text) < 100_000


def test_the_front_tells_verdicts_only_where_something_is_asked(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Shape(scenarios=("billing_webhooks",)))
    (free,) = summarise(folder).decisions
    plain = pareto_chart(free)
    assert plain is not None
    assert "on the front" in plain.alt
    assert "feasible" not in plain.alt + plain.svg
    asked = load_assumptions(None, min_success=0.7, max_usd_per_1k=1.0)
    (held,) = summarise(folder, asked).decisions
    chart = pareto_chart(held)
    assert chart is not None
    for verdict in {option.verdict for option in held.options}:
        assert f": {verdict}" in chart.svg
        assert f", {verdict}" in chart.alt
    dear = next(option for option in held.options if option.verdict == "infeasible")
    assert dear.model == HOSTED
    cheapest = next(option for option in held.options if option.pareto)
    assert f"{cheapest.approach}: " in chart.alt


def test_each_models_hybrid_is_drawn_against_its_split(summary: Summary) -> None:
    (decision,) = summary.decisions
    drawn = hybrid_charts("billing_webhooks", decision.chords)
    assert [chart.number for chart in drawn] == [1, 2]
    for chart, model in zip(drawn, (LOCAL, HOSTED), strict=True):
        assert f"hybrid · {model}" in chart.svg
        for chord in (each for each in decision.chords if each.model == model):
            assert f"split {chord.line:.1%} (" in chart.alt or chord.line > 0.998
            assert f"{chord.exceptional:.1%}" in chart.alt
        assert overlapping(chart.svg) == []
    wide = [replace(each, saving_high=2 * (each.line_usd or 0)) for each in decision.chords]
    for chart in hybrid_charts("billing_webhooks", wide):
        assert "$0</text>" in chart.svg
        assert overlapping(chart.svg) == []


def heights(svg: str, colour: str) -> tuple[list[float], list[float]]:
    """Where the five marks of that colour stand in the upper and in the lower panel; downwards."""
    found = re.findall(rf'<use [^>]*y="([\d.]+)" style="fill: {colour}', svg)
    assert len(found) == 11  # the last is the legend's
    marks = [float(y) for y in found]
    return marks[:5], marks[5:10]


@pytest.mark.parametrize(("gain", "saving"), [(0.05, 0.5), (-0.05, -0.5)])
def test_what_lies_above_the_line_is_drawn_above_it(
    summary: Summary, gain: float, saving: float
) -> None:
    chords = [
        replace(
            each,
            line=0.9,
            hybrid=0.9 + gain,
            gain=gain,
            gain_low=gain - 0.01,
            gain_high=gain + 0.01,
            line_usd=1.0,
            hybrid_usd=1.0 - saving,
            saving_low=saving - 0.1,
            saving_high=saving + 0.1,
        )
        for each in summary.decisions[0].chords
        if each.model == HOSTED
    ]
    (chart,) = hybrid_charts("billing_webhooks", chords)
    right, dollars = heights(chart.svg, APPROACHES["hybrid"])
    line_right, line_dollars = heights(chart.svg, MUTED)
    higher, lower = (right, line_right) if gain > 0 else (line_right, right)
    assert max(higher) < min(lower)
    cheap, dear = (dollars, line_dollars) if saving > 0 else (line_dollars, dollars)
    assert max(dear) < min(cheap)


def test_a_hybrid_without_fault_and_without_a_price_is_drawn(summary: Summary) -> None:
    perfect = [
        replace(
            each,
            hybrid=1.0 + 2.0**-52,  # weights that add up to all but one
            **dict.fromkeys(("job", "agent", "line"), 1.0),  # type: ignore[arg-type]
            **dict.fromkeys(("gain", "gain_low", "gain_high"), 0.0),  # type: ignore[arg-type]
            **dict.fromkeys(("hybrid_usd", "line_usd", "job_usd", "agent_usd")),  # type: ignore[arg-type]
            **dict.fromkeys(("saving_low", "saving_high")),  # type: ignore[arg-type]
        )
        for each in summary.decisions[0].chords
        if each.model == HOSTED
    ]
    (chart,) = hybrid_charts("billing_webhooks", perfect)
    assert "agent 100%" in chart.alt
    assert "expected" not in chart.alt + chart.svg
    assert "dollars unknown" in chart.svg


def test_many_times_are_thinned_by_rank_with_their_extremes_kept() -> None:
    few = [float(n) for n in range(DOTS)]
    assert thinned(few) == few
    many = [float(n) for n in range(17_000)]
    shown = thinned(many)
    assert len(shown) == len(set(shown)) == DOTS
    assert (shown[0], shown[-1]) == (0, 16_999)
    assert sorted(shown)[DOTS // 2] == pytest.approx(8_500, rel=0.01)


NAME = re.compile(
    r'<text style="font-size: ([\d.]+)px;([^"]*)" (?:x="([-\d.]+)" y="([-\d.]+)" )?'
    r'transform="(?:rotate\(-?0 |translate\(([-\d.]+) ([-\d.]+)\))[^"]*"?>([^<]+)</text>'
)
"""A level text of a chart: size, style, place (as one line or as one of several), words."""


def overlapping(svg: str) -> list[tuple[str, str]]:
    """Pairs of level texts that touch, a letter being taken for half as wide as it is high."""
    boxes = []
    for size, style, alone_x, alone_y, x, y, words in NAME.findall(svg):
        x, y = alone_x or x, alone_y or y
        wide, high, left = 0.5 * float(size) * len(words), float(size), float(x)
        left -= wide / 2 if "middle" in style else wide if "end" in style else 0
        boxes.append((left, float(y) - 0.7 * high, left + wide, float(y), words))
    return [
        (one[4], two[4])
        for one, two in combinations(boxes, 2)
        if one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
    ]


@pytest.mark.parametrize("calls", [9, 30])
def test_no_label_of_the_tokens_lies_on_another(summary: Summary, calls: int) -> None:
    agent = next(row for row in summary.steps if row.approach == "agent")
    places = tuple(StepTokens(n + 1, 30 - n, 1_500 + 40 * n, 90, 25) for n in range(calls))
    chart = tokens_chart("billing_webhooks", [replace(agent, by_place=places)])
    assert chart is not None
    assert len(NAME.findall(chart.svg)) > 10
    assert overlapping(chart.svg) == []


def test_no_label_of_many_models_lies_on_another(tmp_path: Path) -> None:
    models = tuple((f"model-{n}", 0.4 + n / 10, 1.0 + n) for n in range(4))
    folder = write_run(tmp_path / "run", Shape(scenarios=("billing_webhooks",), models=models))
    assumptions = load_assumptions()
    run = read_run(folder)
    made = charts(summarise(folder), run.trials, candidates_of(run, assumptions))
    assert {chart.kind for chart in made} == KINDS
    for chart in made:
        assert overlapping(chart.svg) == [], chart.name


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_stand_out_from_the_page_in_both_schemes(scheme: str) -> None:
    """WCAG 2.2, 1.4.11: graphics contrast at least 3 to 1 with what is beside them."""
    style = Path("bench/report/templates/report.css")
    text = (Path(__file__).parent.parent.parent / style).read_text()
    light, dark = re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    found = dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6})", light if scheme == "light" else dark))
    paper = luminance(found["--paper"])
    for name in ("--job", "--agent", "--hybrid", "--other", "--ink", "--muted"):
        own = luminance(found[name])
        contrast = (max(own, paper) + 0.05) / (min(own, paper) + 0.05)
        assert contrast >= (4.5 if name in {"--ink", "--muted"} else 3.0), (name, contrast)
    if scheme == "light":
        assert {found["--job"], found["--agent"], found["--hybrid"]} == set(APPROACHES.values())
        assert found["--other"] == OTHER


def cost_of(summary: Summary, **changes: object) -> str:
    """The alternative text of the cost chart in which the hosted hybrid's row is changed."""
    rows = [row for row in summary.rows if row.stratum == "mix"]
    changed = [
        replace(row, **changes)  # type: ignore[arg-type]
        if (row.approach, row.model) == ("hybrid", "claude-opus-4-8")
        else row
        for row in rows
    ]
    chart = cost_chart("billing_webhooks", changed, "in production")
    assert chart is not None
    return chart.alt + chart.svg


def test_what_costs_nothing_is_drawn_although_a_log_axis_has_no_zero(summary: Summary) -> None:
    text = cost_of(summary, usd_per_1k_records=0.0, usd_low=None, usd_high=None)
    assert "hybrid · claude-opus-4-8 ($0)" in text


def test_what_has_no_price_is_named_as_not_drawn(summary: Summary) -> None:
    text = cost_of(summary, usd_per_1k_records=None, usd_low=None, usd_high=None)
    assert "Not drawn, dollars unknown: hybrid · claude-opus-4-8" in text


def test_what_was_not_measured_is_drawn_hollow(summary: Summary) -> None:
    hollow = "hollow: not measured"
    assert hollow not in cost_of(summary)
    modelled = RowProvenance("modelled", "modelled", "modelled", None)
    assert hollow in cost_of(summary, provenance=modelled)

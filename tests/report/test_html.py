from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from bench.journal import read_run
from bench.report import ReportPaths, write_report
from bench.report.charts.drawing import Chart
from bench.report.html import inline_svg
from tests.synthetic import LOCAL, Shape, write_run

VOID = {"meta", "link", "br", "img", "input", "hr", "wbr"}


class Tags(HTMLParser):
    """Collects tags and checks that they are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    return tags


def test_the_file_asks_for_nothing_outside_and_runs_only_its_own_script(page: str) -> None:
    tags = parsed(page)
    for _tag, attributes in tags.seen:
        for name, value in attributes.items():
            assert not name.startswith("on"), name
            if name in {"href", "src", "xlink:href"}:
                assert (value or "").startswith(("#", "data:,")), value
    assert "url(http" not in page
    assert "@import" not in page
    scripts = [attributes.get("type") for tag, attributes in tags.seen if tag == "script"]
    assert scripts == ["text/plain"] * 3 + [None]
    script = page.rpartition("<script>")[2].rpartition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(
        a["content"] for tag, a in tags.seen if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert policy.endswith(f"script-src 'sha256-{digest}'")


def test_what_the_script_gets_is_what_the_analysis_has(page: str, written: ReportPaths) -> None:
    packed = {
        name: json.loads(gzip.decompress(base64.b64decode(text)))
        for name, text in re.findall(r'id="data-(\w+)">([^<]*)</script>', page)
    }
    run = read_run(written.html.parent)
    assert len(packed["trials"]["rows"]) == len(packed["transcripts"]["trials"]) == len(run.trials)
    shown = sorted(run.trials, key=lambda trial: trial.approach.startswith("always"))
    assert packed["trials"]["rows"][3][1:7] == [
        *(shown[3].scenario, shown[3].approach, shown[3].model or ""),
        *(shown[3].stratum, shown[3].case, shown[3].repeat),
    ]
    option = next(o for o in written.summary.decisions[0].options if o.approach == "job")
    job = packed["economics"]["scenarios"]["billing_webhooks"][0]
    assert job["name"] == option.name
    assert option.cost is not None
    assert job["rates"][3] * 100_000 == pytest.approx(option.cost.processing)


def test_hostile_text_is_shown_and_not_run(page: str) -> None:
    tags = parsed(page)
    assert "onerror=alert(1)" in "".join(tags.text)
    assert "img" not in {tag for tag, _ in tags.seen}


def test_ids_are_unique_and_every_link_inside_has_its_end(page: str, written: ReportPaths) -> None:
    trials = {trial.id for trial in read_run(written.html.parent).trials}
    tags = parsed(page)
    ids = [attributes["id"] for _, attributes in tags.seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in tags.seen:
        target = attributes.get("href") or attributes.get("xlink:href") or ""
        if target.startswith("#trial-"):  # the script opens it
            assert unquote(target[7:]) in trials, target
        elif target.startswith("#"):
            assert target[1:] in ids, target
    for target in re.findall(r"url\(#([^)$]+)\)", page):
        assert target in ids


def test_charts_take_their_colours_from_the_page(page: str) -> None:
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(charts) == 9
    for chart in charts:
        assert "var(--ink)" in chart
        assert "#1c2733" not in chart
        assert 'role="img"' in chart
        assert 'aria-label="billing_webhooks: ' in chart


def test_an_alternative_text_cannot_leave_its_attribute() -> None:
    chart = Chart("s", "k", "t", 'a "b" <c> &', '<svg viewBox="0 0 1 1"></svg>', b"")
    assert 'aria-label="a &#34;b&#34; &lt;c&gt; &amp;"' in inline_svg(chart)


def test_the_file_stays_small(written: ReportPaths) -> None:
    assert written.html.stat().st_size < 500_000


@pytest.mark.slow
def test_two_thousand_trials_stay_below_one_and_a_half_megabytes(tmp_path: Path) -> None:
    shape = Shape(models=((LOCAL, 0.68, 2.4),), ordinary=90, others=17, repeated=24)
    paths = write_report(write_run(tmp_path / "run", shape))
    assert 1_600 < paths.summary.trials <= 2_000
    assert not paths.beside
    assert paths.html.stat().st_size < 1_500_000

from __future__ import annotations

import re
from html.parser import HTMLParser

from bench.report import ReportPaths
from bench.report.charts.drawing import Chart
from bench.report.html import inline_svg

VOID = {"meta", "link", "br", "img", "input", "hr"}


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


def test_the_file_asks_for_nothing_outside_and_runs_nothing(page: str) -> None:
    tags = parsed(page)
    assert "script" not in {tag for tag, _ in tags.seen}
    for _tag, attributes in tags.seen:
        for name, value in attributes.items():
            assert not name.startswith("on"), name
            if name in {"href", "src", "xlink:href"}:
                assert (value or "").startswith(("#", "data:,")), value
    assert "url(http" not in page
    assert "@import" not in page


def test_hostile_text_is_shown_and_not_run(page: str) -> None:
    tags = parsed(page)
    assert "onerror=alert(1)" in "".join(tags.text)
    assert "img" not in {tag for tag, _ in tags.seen}


def test_ids_are_unique_and_every_link_inside_has_its_end(page: str) -> None:
    tags = parsed(page)
    ids = [attributes["id"] for _, attributes in tags.seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in tags.seen:
        target = attributes.get("href") or attributes.get("xlink:href") or ""
        if target.startswith("#"):
            assert target[1:] in ids, target
    for target in re.findall(r"url\(#([^)]+)\)", page):
        assert target in ids


def test_charts_take_their_colours_from_the_page(page: str) -> None:
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(charts) == 6
    for chart in charts:
        assert "var(--ink)" in chart
        assert "#1c2733" not in chart
        assert 'role="img"' in chart
        assert 'aria-label="billing_webhooks: ' in chart


def test_an_alternative_text_cannot_leave_its_attribute() -> None:
    chart = Chart("s", "k", "t", 'a "b" <c> &', '<svg viewBox="0 0 1 1"></svg>', b"")
    assert 'aria-label="a &#34;b&#34; &lt;c&gt; &amp;"' in inline_svg(chart)


def test_the_file_stays_small(written: ReportPaths) -> None:
    assert written.html.stat().st_size < 400_000

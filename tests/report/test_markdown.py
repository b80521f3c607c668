from __future__ import annotations

import re

from markdown_it import MarkdownIt

from bench.report import ReportPaths
from bench.report.markdown import escape, fence
from tests.synthetic import HOSTILE


def rendered(text: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(text)


def test_hostile_text_stays_text() -> None:
    html = rendered(escape(HOSTILE))
    assert "<script" not in html
    assert "<img" not in html
    assert "<code>" not in html


def test_a_code_block_cannot_be_closed_from_inside() -> None:
    html = rendered(fence("before\n```\n<b>outside</b>\n````\nafter"))
    assert "<b>" not in html
    assert html.count("<pre>") == 1


def test_a_cell_cannot_break_its_table(written: ReportPaths) -> None:
    html = rendered(written.markdown.read_text())
    widths = {
        len(re.findall("<t[dh]", row)) for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    }
    assert html.count("<table>") >= 6
    assert all(width > 2 for width in widths)
    assert "onerror" not in re.sub(r"&lt;.*?&gt;", "", html)


def test_every_link_leads_to_a_file(written: ReportPaths) -> None:
    folder = written.markdown.parent
    links = re.findall(r"\]\(([^)]+)\)", written.markdown.read_text())
    assert links
    for link in links:
        assert (folder / link).is_file(), link
    assert sum(link.startswith("transcripts/") for link in links) == len(written.summary.failures)


def test_the_headline_is_the_production_mix(written: ReportPaths) -> None:
    text = written.markdown.read_text()
    assert text.index("#### Production mix") < text.index("#### Balanced sample")
    assert text.index("#### Balanced sample") < text.index("### By stratum")


def test_the_run_can_be_repeated_from_what_the_report_says(written: ReportPaths) -> None:
    text = written.markdown.read_text()
    for fact in ("bench run --model", "Imaginary CPU", "cc324af0", "d9d1bce0c0ffee", "seed 2026"):
        assert fact in text
    assert "Unmeasured in this run: 1 of " in text
    assert "quantity" in text

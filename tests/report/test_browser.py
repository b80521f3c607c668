"""The HTML report in a real browser: Debian's chromium, driven by playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from bench.report import ReportPaths
from tests.synthetic import HOSTILE

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if executable is None:
        message = "no chromium; install it: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page, and what it asked for and complained about while it was open."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def opened(browser: Browser, path: Path, viewport: dict[str, int], scheme: str) -> Opened:
    page = browser.new_context(viewport=viewport, color_scheme=scheme).new_page()  # type: ignore[arg-type]
    found = Opened(page)
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("console", lambda message: found.complaints.append(message.text))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("dialog", lambda dialog: found.complaints.append(dialog.message))
    page.goto(path.as_uri())
    return found


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_never_scrolls_sideways_and_asks_for_nothing(
    browser: Browser, written: ReportPaths, viewport: dict[str, int], scheme: str
) -> None:
    found = opened(browser, written.html, viewport, scheme)
    for details in found.page.locator("details").all():
        details.evaluate("element => { element.open = true }")
    width = found.page.evaluate("document.documentElement.scrollWidth")
    assert width <= viewport["width"]
    outside = found.page.evaluate(
        """() => [...document.querySelectorAll("body *")]
            .filter(e => !e.closest(".scroll, svg, pre"))
            .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
            .map(e => e.tagName + "." + e.className)"""
    )
    assert outside == []
    assert found.requests == [written.html.as_uri()]
    assert found.complaints == []


def test_wide_tables_scroll_within_their_own_box(browser: Browser, written: ReportPaths) -> None:
    page = opened(browser, written.html, PHONE, "light").page
    boxes = page.evaluate(
        "[...document.querySelectorAll('.scroll')].map(e => [e.scrollWidth, e.clientWidth])"
    )
    assert any(inner > outer for inner, outer in boxes)
    first = page.locator(".scroll").first
    first.evaluate("element => { element.scrollLeft = 200 }")
    # The first column stays in sight.
    assert first.locator("tbody th").first.evaluate("e => e.getBoundingClientRect().left") < 60


def test_hostile_text_is_shown_and_does_nothing(browser: Browser, written: ReportPaths) -> None:
    found = opened(browser, written.html, DESKTOP, "light")
    for details in found.page.locator("details").all():
        details.evaluate("element => { element.open = true }")
    assert found.page.title().startswith("Agent or job?")
    assert found.page.locator("img, script, iframe").count() == 0
    assert HOSTILE in found.page.locator("#transcripts").inner_text()
    assert found.complaints == []


def test_a_cause_leads_to_its_transcript(browser: Browser, written: ReportPaths) -> None:
    page = opened(browser, written.html, PHONE, "light").page
    link = page.locator("a", has_text="transcript").first
    target = link.get_attribute("href")
    link.click()
    transcript = page.locator(f"[id='{(target or '')[1:]}']")
    transcript.wait_for(state="visible")
    assert "model calls" in transcript.inner_text()


def test_charts_are_drawn_in_the_colours_of_the_scheme(
    browser: Browser, written: ReportPaths
) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        page = opened(browser, written.html, DESKTOP, scheme).page
        text = page.locator(".chart svg text", has_text="billing_webhooks").first
        colours[scheme] = text.evaluate("element => getComputedStyle(element).fill")
        body = page.locator("body").evaluate("element => getComputedStyle(element).color")
        assert colours[scheme] == body
        assert page.locator(".chart svg").first.bounding_box()["height"] > 200  # type: ignore[index]
    assert colours["light"] != colours["dark"]

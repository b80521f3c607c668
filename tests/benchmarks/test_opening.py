"""How long a report takes to open in a browser: beside one of a hundredth of the trials, and beside
an empty page of as many bytes, opened in turns by the same browser.

Two seconds were about 30 times what the empty page took when the limits were set; the report of
20,000 trials took about 11 times as long, with its table.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from pytest_benchmark.fixture import BenchmarkFixture

from bench.report import write_report
from tests.grown import grown

ROUNDS = 5
LIMIT_BLANK = 30
"""Times as long as the empty page that opening a report of 20,000 trials may take."""
LIMIT_FEW = 3
"""Times as long as a report of 200 trials: what opening costs must hardly grow with them."""
READY = """() => new Promise(done =>
    requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"""
"""Milliseconds from the start of the navigation to the first painted tab that reacts."""
TABLE = """async () => {
    const start = performance.now();
    document.querySelector("[data-tab=trials]").click();
    while (!document.querySelector("#trial-table tbody tr"))
        await new Promise(done => setTimeout(done, 2));
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - start;
}"""
"""Milliseconds from asking for the table of trials to its first painted page."""


def opening(browser: Browser, path: Path, *steps: str) -> float:
    """Seconds that the steps take, by default until the first tab is there and, after it, the
    table of trials."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto("about:blank")
    page.goto(path.as_uri())
    taken = sum(page.evaluate(step) for step in steps or (READY, TABLE))
    page.context.close()
    return float(taken) / 1000


def empty_page(path: Path, size: int) -> Path:
    """A page of that many bytes that shows and does nothing."""
    start, end = "<!doctype html><title>empty</title><script type='text/plain'>", "</script>"
    path.write_text(f"{start}{'x' * (size - len(start) - len(end))}{end}", "utf-8")
    return path


@pytest.mark.slow
def test_opening_20000_trials(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if executable is None:
        pytest.skip("no chromium; install it: apt-get install chromium")
    few, many = (
        write_report(grown(tmp_path / str(trials), trials)).html for trials in (200, 20_000)
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        blank = empty_page(tmp_path / "empty.html", many.stat().st_size)
        opening(browser, few)
        opening(browser, blank, READY)
        # The least of several in turns: whatever else the machine does only adds.
        times = [
            (opening(browser, blank, READY), opening(browser, few), opening(browser, many))
            for _ in range(ROUNDS)
        ]
        nothing, small, large = (min(column) for column in zip(*times, strict=True))
        benchmark.extra_info |= {
            "bytes": many.stat().st_size,
            "seconds_empty": nothing,
            "seconds_200": small,
            "seconds_20000": large,
        }
        benchmark.pedantic(opening, args=(browser, many), rounds=ROUNDS)
        browser.close()
    assert large < LIMIT_BLANK * nothing
    assert large < LIMIT_FEW * small

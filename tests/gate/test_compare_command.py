"""``bench compare`` as it is typed: what it writes, and the code with which it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from bench.cli import invoke
from bench.gate import Verdict, schema
from bench.gate.export import from_json, to_json
from bench.gate.markdown import LONGEST, render
from tests.gate.made import Made, cases, judged, once

ROOT = Path(__file__).parent.parent.parent
NAMES = (*cases("plain", 60), *cases("odd", 60))
HOSTILE = "</details><script>alert(1)</script> | `x` \x00\x1b[31m **bold**"
BASE = Made(once(NAMES), name="base")
WORSE = Made(once(NAMES, NAMES[::4]), name="worse", prompt="edited")
SAME = replace(BASE, name="same", prompt="edited")
OTHER = replace(BASE, name="other", plan={"dataset_hash": "other"})


@pytest.fixture(autouse=True)
def outside_of_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    few = Made(once(NAMES[:6]), name="few")
    for made in (BASE, WORSE, SAME, OTHER, few, replace(few, name="few-again")):
        made.write(folder)
    return folder


def bench(results: Path, *arguments: str | Path) -> int:
    return invoke(["compare", *map(str, arguments), "--results", str(results)])


@pytest.mark.parametrize(
    ("sides", "code", "allowed", "said"),
    [
        (("base", "same"), 0, 0, "no evidence of a change"),
        (("base", "worse"), 1, 1, "regression"),
        (("worse", "base"), 0, 0, "improved"),
        (("few", "few-again"), 3, 0, "more cases needed"),
        (("base", "other"), 3, 0, "not comparable"),
    ],
)
def test_the_exit_code_says_what_was_found(
    results: Path,
    capsys: pytest.CaptureFixture[str],
    sides: tuple[str, str],
    code: int,
    allowed: int,
    said: str,
) -> None:
    assert bench(results, *sides) == code
    assert said in capsys.readouterr().out.splitlines()[-1]
    assert bench(results, *sides, "--inconclusive-ok") == allowed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("base", "nowhere"), "no such run"),
        (("base", "base"), "both sides are this run"),
        (("base", "same", "--approach", "job"), "neither run holds the approach 'job'"),
        (("base", "same", "--config", "none.toml"), "none.toml: cannot be read"),
        (("base",), "'head'"),
    ],
)
def test_wrong_usage_is_one_clear_line_and_code_2(
    results: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert bench(results, *arguments) == 2
    said = capsys.readouterr().err.strip()
    assert message in said
    assert "\n" not in said


def test_every_output_is_written_and_says_the_same(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    comment, plain, junit = (tmp_path / "new" / name for name in ("g.md", "g.json", "g.xml"))
    code = bench(results, "base", "worse", "--markdown", comment, "--json", plain, "--junit", junit)
    assert code == 1
    told = capsys.readouterr().out
    found = json.loads(plain.read_text())
    assert found["verdict"] == "regression"
    text = comment.read_text()
    assert text.startswith("## ❌ regression: toy, agent with toy-model")
    assert "success −25.0 points" in text
    assert "success −25.0 points" in told
    assert "worst stratum" in told
    assert "[latency]" in told
    assert "self-test at this size (simulated, 200 comparisons a figure, 120 cases a side" in (
        " ".join(told.split())
    )
    assert "self-test at this size" in text
    assert found["comparisons"][0]["calibration"]["simulated"] == 200
    for flip in found["comparisons"][0]["flips"]:
        assert flip["case"] in text
    suite = ElementTree.parse(junit).getroot()[0]
    assert suite.get("failures") == "1"
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["success"]


def test_the_step_summary_is_appended_to_where_actions_ask_for_it(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert bench(results, "base", "same") == 0
    assert summary.read_text().startswith("before\n## ✅ no evidence")


def test_the_json_fits_its_published_schema_and_survives_the_way_back() -> None:
    for head in (WORSE, SAME, OTHER, replace(SAME, provenance="modelled")):
        gate = judged(BASE, head)
        text = to_json(gate)
        jsonschema.Draft202012Validator(schema.published()).validate(json.loads(text))
        assert to_json(from_json(text)) == text


def test_the_published_schema_and_its_page_are_those_of_the_code() -> None:
    hint = "run: python -m bench.gate.schema"
    assert schema.published() == schema.generate(), hint
    assert (ROOT / schema.PAGE).read_text("utf-8") == schema.page(), hint


def test_every_field_is_described() -> None:
    made = schema.generate()
    for name, part in {**made["$defs"], "Gate": made}.items():
        for field, what in part.get("properties", {}).items():
            assert what.get("description"), f"{name}.{field}"


def test_hostile_text_stays_text_in_every_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"plain {HOSTILE}-{number}" for number in range(60)]
    base = Made(once(names), name="base")
    head = Made(once(names, names[:40]), name="head", prompt="edited")
    gate = judged(base, head)
    text = render(gate)
    assert "<script" not in text
    assert text.count("</details>") == text.count("<details>")
    assert "\\| \\`x\\`" in text
    for made in (base, head):
        made.write(tmp_path)
    junit = tmp_path / "gate.xml"
    assert bench(tmp_path, "base", "head", "--junit", junit) == 1
    assert ElementTree.parse(junit).getroot().get("failures") == "2"
    assert "\x1b[31m" not in capsys.readouterr().out


def test_a_comment_stays_below_the_limit_whatever_flips() -> None:
    names = [f"{'long' * 10}-{number:04}" for number in range(1500)]
    gate = judged(Made(once(names), name="base"), Made(once(names, names), name="head"))
    text = render(gate)
    assert len(text) < LONGEST
    assert "more are in gate.json" in text
    (comparison,) = gate.comparisons
    many = replace(gate, comparisons=(comparison,) * 90)
    assert len(render(many)) < LONGEST
    assert "more comparisons did not fit" in render(many)


def test_junit_skips_what_could_not_be_decided() -> None:
    from bench.gate import junit

    few = Made(once(NAMES[:6]), name="few")
    gate = judged(few, replace(few, name="again"))
    assert gate.verdict is Verdict.INCONCLUSIVE
    root = ElementTree.fromstring(junit.render(gate))
    assert (root.get("failures"), root.get("skipped")) == ("0", "1")
    root = ElementTree.fromstring(junit.render(judged(BASE, OTHER)))
    assert (root.get("tests"), root.get("skipped")) == ("1", "1")

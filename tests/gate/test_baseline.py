"""Baselines: what is kept of a run, and what a later comparison with it says."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from bench.cli import invoke
from bench.gate import Verdict, compare, load_settings, read_side
from bench.gate.baseline import Baseline, baselines
from tests.gate.made import MODEL, Made, cases, once

ROOT = Path(__file__).parent.parent.parent
NAMES = (*cases("plain", 60), *cases("odd", 60))
BASE = Made(once(NAMES, NAMES[:3]), name="base")
WORSE = Made(once(NAMES, NAMES[::4]), name="worse", prompt="edited")
SETTINGS = load_settings()


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    for made in (BASE, WORSE, replace(BASE, name="again")):
        made.write(tmp_path)
    return tmp_path


def bench(results: Path, *arguments: str) -> int:
    return invoke([*arguments, "--results", str(results)])


def bless(results: Path, run: str = "base", *more: str) -> Path:
    assert bench(results, "bless", run, "--by", "Ada", *more) == 0
    return results / "baseline" / "main"


def test_a_baseline_says_the_same_as_the_run_it_was_made_from(results: Path) -> None:
    blessed = read_side(bless(results))
    for head in ("worse", "again"):
        side = read_side(results / head)
        ours, theirs = (
            compare(one, side, SETTINGS) for one in (blessed, read_side(results / "base"))
        )
        assert ours.comparisons[0].metrics == theirs.comparisons[0].metrics
        assert ours.comparisons[0].flips == theirs.comparisons[0].flips
        assert ours.comparisons[0].strata == theirs.comparisons[0].strata
        assert ours.base.key == theirs.base.key == ours.head.key


def test_it_is_small_sorted_and_says_who_when_and_of_which_model(results: Path) -> None:
    folder = bless(results, "base", "--note", "as released")
    lines = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
    assert len(lines) == len(NAMES)
    assert max(map(len, (folder / "results.jsonl").read_text().splitlines())) < 600
    record = json.loads((folder / "baseline.json").read_text())
    assert (record["by"], record["note"], record["run"]) == ("Ada", "as released", "base")
    assert set(record) == set(Baseline.__dataclass_fields__)
    assert sorted(path.name for path in folder.iterdir()) == [
        "baseline.json",
        "manifest.json",
        "results.jsonl",
    ]
    assert baselines(results) == [folder]


def test_blessing_the_same_run_again_changes_only_who_and_when(results: Path) -> None:
    folder = bless(results)
    before = {path.name: path.read_text() for path in folder.iterdir()}
    assert bench(results, "bless", "base", "--by", "Grace") == 0
    for name, text in before.items():
        assert ((folder / name).read_text() == text) == (name != "baseline.json")


def test_compare_takes_a_baseline_as_the_base(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bless(results)
    assert bench(results, "compare", "--baseline", "main", "worse") == 1
    told = capsys.readouterr().out
    assert "baseline main, blessed" in told
    assert "One recorded baseline serves many comparisons" in told
    assert "Prompt and policy are those of" not in told


def measured_on(made: Made, day: str) -> Made:
    return replace(made, manifest={**made.manifest, "created": f"{day}T12:00:00+00:00"})


@pytest.mark.parametrize(
    ("failing", "said", "verdict"),
    [
        (NAMES[::4], "The provider has changed: what it serves as toy-model is worse now.", 1),
        (NAMES[:3], "No sign that the provider has changed what it serves as toy-model since", 0),
    ],
)
def test_the_same_prompt_on_another_day_tells_of_the_provider(
    results: Path,
    capsys: pytest.CaptureFixture[str],
    failing: tuple[str, ...],
    said: str,
    verdict: int,
) -> None:
    bless(results)
    measured_on(Made(once(NAMES, failing), name="later"), "2026-12-20").write(results)
    assert bench(results, "compare", "--baseline", "main", "later") == verdict
    told = " ".join(capsys.readouterr().out.split())
    assert said in told
    assert "days old" not in told


def test_few_cases_cannot_tell_and_a_local_model_has_no_provider() -> None:
    few = Made(once(NAMES[:6]), name="few")
    (comparison,) = compare(few.side(), measured_on(few, "2026-12-01").side(), SETTINGS).comparisons
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert any("cannot be said yet" in notice for notice in comparison.notices)
    modelled = replace(few, provenance="modelled")
    (comparison,) = compare(modelled.side(), modelled.side(), SETTINGS).comparisons
    assert not any("provider" in notice for notice in comparison.notices)
    local = replace(few, identity={"name": MODEL, "kind": "local"})
    (comparison,) = compare(local.side(), local.side(), SETTINGS).comparisons
    assert any("so is the model's file" in notice for notice in comparison.notices)


def test_an_old_baseline_is_warned_of_as_the_settings_say(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bless(results)
    measured_on(replace(WORSE, name="later"), "2027-01-22").write(results)
    assert bench(results, "compare", "--baseline", "main", "later") == 1
    assert "The baseline is 60 days old, more than 30" in capsys.readouterr().out
    own = tmp_path / "gate.toml"
    own.write_text("baseline_days = 90\n")
    arguments = ("--baseline", "main", "later", "--config", str(own))
    assert bench(results, "compare", *arguments) == 1
    assert "days old" not in capsys.readouterr().out


def test_a_moved_alias_and_a_changed_scenario_are_refused(results: Path) -> None:
    blessed = read_side(bless(results))
    moved = replace(blessed, snapshots={MODEL: ("toy-model-2026-12",)})
    (found,) = compare(
        replace(blessed, snapshots={MODEL: ("toy-model-2026-11",)}),
        replace(read_side(results / "again"), snapshots=moved.snapshots),
        SETTINGS,
    ).comparisons
    assert found.verdict is Verdict.NOT_COMPARABLE
    assert any("led to another snapshot" in notice for notice in found.notices)
    changed = replace(BASE, plan={"dataset_hash": "other"}).side()
    (found,) = compare(blessed, changed, SETTINGS).comparisons
    assert [each.what for each in found.differences] == ["dataset"]


def test_figures_edited_by_hand_are_noticed(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = bless(results) / "results.jsonl"
    path.write_text(path.read_text().replace('"fail"', '"pass"', 1))
    assert bench(results, "compare", "--baseline", "main", "worse") == 2
    assert "not as it was blessed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("bless", "nowhere"), "no such run"),
        (("bless", "base", "--name", "../x"), "letters, digits"),
        (("compare", "--baseline", "none", "base"), "there are none"),
        (("compare", "--baseline", "main", "base", "worse"), "name one run"),
        (("compare", "base"), "'head'"),
        (("gate", "--baseline", "none"), "no such baseline"),
        (("gate", "--baseline", "none", "--cases", "3"), "--cases: the baseline has settled"),
    ],
)
def test_wrong_usage_is_one_clear_line(
    results: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert bench(results, *arguments) == 2
    told = capsys.readouterr().err.strip()
    assert said in told
    assert "\n" not in told


def test_baselines_are_listed_broken_ones_with_what_is_wrong(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = bless(results) / "results.jsonl"
    assert bench(results, "bless", "worse", "--by", "Ada", "--name", "other") == 0
    path.write_text("{}")
    capsys.readouterr()
    assert bench(results, "list") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "other: run worse, blessed" in told
    assert "main: " in told
    assert "not as it was blessed" in told


def test_an_unfinished_run_is_not_blessed(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replace(BASE, name="half", finished=False).write(results)
    assert bench(results, "bless", "half") == 2
    assert "unfinished; go on with" in capsys.readouterr().err


def test_git_keeps_baselines() -> None:
    def ignored(path: str) -> bool:
        done = subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False)
        return done.returncode == 0

    assert not ignored("results/baseline/main/results.jsonl")
    assert ignored("results/20261123-120000-0a1b2c3d/journal.jsonl")


def test_the_age_is_counted_from_the_run_not_from_the_blessing() -> None:
    made = dict.fromkeys(Baseline.__dataclass_fields__, "")
    baseline = Baseline(**{**made, "measured": "2026-11-01T00:00:00+00:00"})  # type: ignore[arg-type]
    assert baseline.age_days(datetime.fromisoformat("2026-11-11T12:00:00+00:00")) == 10.5

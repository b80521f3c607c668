"""``bench plan`` as it is typed, on the reference run's journal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.cli import invoke
from bench.gate import load_settings
from bench.gate.planning import needed
from bench.gate.sizing import groups
from bench.journal import read_run, read_steps
from bench.metering.prices import cost, price

ROOT = Path(__file__).parent.parent.parent
RESULTS = ROOT / "results"
LOCAL = "qwen2.5-coder-0.5b"
QUICK = ("--scenario", "billing_webhooks", "--journals", "0")


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")


def bench(*arguments: str | Path) -> int:
    return invoke(["plan", *map(str, arguments)])


def planned(folder: Path, *arguments: str) -> dict[str, Any]:
    file = folder / "plan.json"
    assert bench(*arguments, "--results", RESULTS, "--json", file) == 0
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def test_cases_are_those_of_the_measured_instability(tmp_path: Path) -> None:
    (plan,) = planned(tmp_path, *QUICK, "--points", "10", "--power", "0.8")["plans"]
    run = read_run((RESULTS / "reference").resolve())
    (measured,) = (
        each
        for each, _ in groups(run)
        if (each.scenario, each.approach) == ("billing_webhooks", "agent")
    )
    assert plan["stability"]["instability"] == measured.instability
    assert [size["repeats"] for size in plan["sizes"]] == [1, 3, 5]
    for size in plan["sizes"]:
        told = needed(measured.instability, 0.1, 0.8, load_settings(), size["repeats"])
        assert (size["to_see"], size["to_clear"]) == (told.to_see, told.to_clear)
        assert told.cases is not None
        assert 0 <= size["cases"] - told.cases < plan["strata"]
        assert size["per_stratum"] * plan["strata"] == size["cases"]
        assert size["executions"] == 2 * size["cases"] * size["repeats"]
        assert size["steady"] <= size["cases"] <= size["unsteady"]
        assert size["provenance"] == "modelled"


def test_an_execution_costs_what_its_calls_cost(tmp_path: Path) -> None:
    models = ("gpt-5.5", LOCAL)
    arguments = (*QUICK, "--points", "10", "--models", ",".join(models))
    (plan,) = planned(tmp_path, *arguments)["plans"]
    other, own = plan["executions"]
    run = read_run((RESULTS / "reference").resolve())
    (trials,) = (
        some
        for each, some in groups(run)
        if (each.scenario, each.approach) == ("billing_webhooks", "agent")
    )
    ids = {trial.id for trial in trials}
    cold: dict[str, float] = dict.fromkeys(ids, 0.0)
    for step in read_steps(run.folder):
        if step.trial in ids:
            cold[step.trial] += cost(step.usage, price("gpt-5.5"))[1] or 0.0
    strata = {trial.stratum for trial in trials}
    means = []
    for stratum in strata:
        some = [cold[trial.id] for trial in trials if trial.stratum == stratum]
        means.append(sum(some) / len(some))
    assert other["usd_cold"] == pytest.approx(sum(means) / len(means))
    assert 0 < other["usd"] < other["usd_cold"]
    assert (other["tokens_provenance"], other["usd_provenance"]) == ("modelled", "modelled")
    assert other["seconds_provenance"] == "assumed"

    assert own["tokens_provenance"] == own["seconds_provenance"] == "measured"
    assert (own["usd"], own["usd_cold"], own["usd_provenance"]) == (None, None, None)
    assert "nobody bills" in own["usd_reason"]

    for one, total in zip((other, own), plan["costs"], strict=True):
        fewest = min(size["executions"] for size in plan["sizes"])
        assert (total["model"], total["executions"]) == (one["model"], fewest)
        assert total["tokens"] == pytest.approx(one["tokens"] * fewest)
        low = one["seconds"][0] * fewest / one["concurrency"]
        assert total["seconds"][0] == pytest.approx(low)
    assert plan["costs"][1]["usd"] is None


def test_the_sequential_gate_stops_sooner_on_average(tmp_path: Path) -> None:
    arguments = ("--scenario", "billing_webhooks", "--points", "20", "--repeats", "1")
    (plan,) = planned(tmp_path, *arguments, "--journals", "6")["plans"]
    (early,) = plan["early"]
    assert early["simulated"] == 6
    assert early["fixed"] == plan["sizes"][0]["cases"]
    assert 0 < early["dropped"] < early["unchanged"] < early["fixed"]
    gates = {each["gate"]: each for each in plan["costs"]}
    assert gates["unchanged"]["executions"] == pytest.approx(2 * early["unchanged"])
    assert gates["dropped"]["tokens"] < gates["fixed"]["tokens"]


def test_what_cannot_be_known_stays_unknown_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--scenario", "csv_reconciliation", "--models", "no-such-model-at-all")
    (plan,) = planned(tmp_path, *arguments, "--points", "5,10", "--journals", "5")["plans"]
    assert plan["stability"]["passes"] == 0.0
    for size in plan["sizes"]:
        assert size["cases"] is None
        assert "cannot be lost" in size["reason"]
        assert size["to_clear"] > 0
    assert plan["early"] == plan["costs"] == []
    (execution,) = plan["executions"]
    assert execution["usd"] is None
    assert "no price is known" in execution["usd_reason"]
    assert "cannot be lost" in capsys.readouterr().out


def test_a_run_without_repeats_tells_no_instability(tmp_path: Path) -> None:
    once = tmp_path / "once"
    once.mkdir()
    for name in ("manifest.json", "traces.jsonl"):
        (once / name).symlink_to((RESULTS / "reference").resolve() / name)
    lines = (RESULTS / "reference" / "journal.jsonl").read_text().splitlines(keepends=True)
    (once / "journal.jsonl").write_text(
        "".join(line for line in lines if not json.loads(line).get("repeat"))
    )
    (plan,) = planned(tmp_path, *QUICK, "--run", str(once))["plans"]
    assert "no case ran twice" in plan["unmeasured"]
    assert all(size["cases"] is None and size["reason"] for size in plan["sizes"])
    assert plan["executions"][0]["tokens"] > 0


def test_defaults_are_those_of_the_settings(tmp_path: Path) -> None:
    own = tmp_path / "gate.toml"
    own.write_text("alpha = 0.1\nmiss = 0.2\n[success]\npoints = 8\n")
    found = planned(tmp_path, *QUICK, "--config", str(own))
    assert found["alpha"] == 0.1
    assert found["asked"]["power"] == pytest.approx(0.8)
    assert found["asked"]["drops"] == [0.08, 0.16, 0.32]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--points", "much"), "--points much"),
        (("--points", "0"), "between 0 and 100"),
        (("--repeats", "1.5"), "whole numbers"),
        (("--power", "1.5"), "--power"),
        (("--alpha", "0.7"), "--alpha"),
        (("--step-seconds", "3-1"), "--step-seconds"),
        (("--run", "nowhere"), "no such run"),
        (("--scenario", "laundry"), "billing_webhooks/agent/qwen2.5-coder-0.5b"),
    ],
)
def test_bad_input_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert bench(*arguments, "--results", RESULTS) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert told.startswith("error: ")

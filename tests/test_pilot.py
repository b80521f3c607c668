"""A pilot: a few cases on the real model, paid for, that correct a forecast; and how far off the
forecast of each run was."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import scenarios
from bench.cli import invoke
from bench.journal import read_run
from bench.models.hosted import HostedModel
from bench.pilot import ratio
from bench.plan import mix_counts
from tests.fault_server import INFRASTRUCTURE, MODEL, FaultPlan, FaultServer
from tests.toy import TOY

PATHS = ("direct/any", "openai/any")
"""Through our own client, and through litellm."""


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setitem(scenarios.SCENARIOS, "toy", "tests.toy:TOY")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prices.toml").write_text(
        "".join(f'["{name}"]\ninput_usd_per_mtok = 1\noutput_usd_per_mtok = 4\n' for name in PATHS)
    )
    return tmp_path


def forecast(server: FaultServer, name: str, *more: str) -> int:
    return invoke(
        [
            *("forecast", "toy", "--models", name, "--prices", "prices.toml"),
            *("--base-url", server.url, "--records", "1000", *more),
        ]
    )


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return found


@pytest.mark.parametrize("name", PATHS)
def test_a_pilot_runs_cases_itself_and_corrects_the_forecast(
    toy: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    with FaultServer() as server:
        assert forecast(server, name, "--pilot", "6", "--yes", "--max-usd", "1") == 0
        billed = float(server.spent)
        tokens = sum(bill.input for bill in server.bills), sum(bill.output for bill in server.bills)
    printed = said(capsys)
    folder = toy / "results" / "latest"
    recorded = read_run(folder)
    assert recorded.finished
    assert len([trial for trial in recorded.trials if trial.approach == "agent"]) == 6
    assert recorded.manifest.command.startswith("bench")
    # 1,000 records at what the pilot's six really cost.
    assert f"{billed / 6 * 1000:.4f}" in printed
    assert f"corrected by 6 cases of {folder.resolve().name}" in printed
    (one,) = summary(folder)["forecasts"]
    assert one["usd"] == pytest.approx(billed, abs=1e-9)
    assert (one["tokens_in"], one["tokens_out"]) == tokens
    assert one["usd_error"] == pytest.approx(billed / one["usd_forecast"] - 1)
    assert f"{one['usd_error']:+.0%}" in printed
    assert f"{one['usd_error']:+.0%}" in (folder / "report.md").read_text().replace("\\", "")
    assert one["within"] is (one["usd_low"] <= billed <= one["usd_high"])


def test_a_pilot_asks_before_it_spends(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FaultServer() as server:
        assert forecast(server, "direct/any", "--pilot", "6") == 2
        assert forecast(server, "direct/any", "--pilot", "1", "--yes") == 2
        assert forecast(server, "direct/none", "--pilot", "6", "--yes") == 2
        assert not server.seen
    errors = " ".join(capsys.readouterr().err.split())
    assert "nobody is there to agree; add --yes" in errors
    assert "a pilot needs 2 cases at least" in errors
    assert "no price is known for none" in errors


def test_a_pilot_keeps_its_cap_and_corrects_by_what_was_run(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FaultServer() as server:
        command = ("--pilot", "20", "--yes", "--concurrency", "1", "--max-usd")
        assert forecast(server, "direct/any", *command, "0.015") == 0
        assert 0 < float(server.spent) <= 0.015
    printed = said(capsys)
    recorded = read_run(toy / "results" / "latest")
    done = sum(trial.approach == "agent" for trial in recorded.trials)
    assert 2 <= done < 20
    assert not recorded.finished
    assert f"corrected by {done} cases" in printed
    assert f"(the {done} of 20 trials run)" in printed
    assert "were not run for lack of budget" in printed


def test_a_recorded_run_serves_as_a_pilot(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FaultServer() as server:
        arguments = ["run", "toy", "-m", "direct/any", "--base-url", server.url, "--yes"]
        arguments += ["--prices", "prices.toml", "--cases", "3", "-a", "agent"]
        assert invoke(arguments) == 0
        calls = len(server.seen)
        assert forecast(server, "direct/any", "--pilot", "latest") == 0
        assert len(server.seen) == calls
    assert "corrected by 6 cases of" in said(capsys)


def test_a_run_says_how_far_its_forecast_was_whatever_went_wrong(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some calls fail and are paid for; the error is that of what the trials used."""
    plan = FaultPlan(0.3, ("bad_arguments", "wrong_tool"), seed=2)
    with FaultServer(faults=plan) as server:
        arguments = ["run", "toy", "-m", "direct/any", "--base-url", server.url, "--yes"]
        assert invoke([*arguments, "--prices", "prices.toml", "--cases", "8", "-a", "agent"]) == 0
        billed = float(server.spent)
    (one,) = summary(toy / "results" / "latest")["forecasts"]
    assert one["usd"] == pytest.approx(billed, abs=1e-9)
    assert one["usd_error"] > 0.3
    assert one["trials"] == one["planned"]
    assert f"{one['usd_error']:+.0%}" in said(capsys)


SECRET = "sk-marked-58d01be7c2f94a36"


@pytest.mark.parametrize(
    ("kinds", "share", "code"),
    [
        pytest.param(INFRASTRUCTURE + MODEL, 0.6, 0, id="every fault"),
        pytest.param(("500",), 1.0, 2, id="nothing gets through"),
        pytest.param(("401",), 1.0, 2, id="the key is refused"),
    ],
)
@pytest.mark.parametrize("name", PATHS)
def test_a_pilots_key_shows_up_nowhere_whatever_goes_wrong(
    toy: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    kinds: tuple[str, ...],
    share: float,
    code: int,
) -> None:
    """The server repeats the key in each error; it stands in the command too, as a password."""
    for option, quick in (("attempts", 2), ("first_wait_s", 0.01), ("timeout_s", 20.0)):
        monkeypatch.setitem(HostedModel.__init__.__kwdefaults__, option, quick)
    (toy / ".env").write_text(f"GATEWAY_API_KEY={SECRET}\n")
    with FaultServer(faults=FaultPlan(share, kinds, seed=1), secret=SECRET, hang_s=0.1) as server:
        where = server.url.replace("http://", f"http://user:{SECRET}@")
        monkeypatch.setattr(sys, "argv", ["bench", "forecast", "--base-url", where])
        try:
            asked = ("--pilot", "20", "--yes", "--max-usd", "1", "--chart", "forecast.svg")
            assert forecast(server, name, *asked, "--api-key-env", "GATEWAY_API_KEY") == code
        finally:
            os.environ.pop("GATEWAY_API_KEY", None)
        assert {seen.fault for seen in server.seen} - {None} == set(kinds)
        assert {seen.authorization for seen in server.seen} == {f"Bearer {SECRET}"}
    printed = capfd.readouterr()
    assert SECRET not in printed.out + printed.err
    written = [path for path in toy.rglob("*") if path.is_file() and path.name != ".env"]
    assert {"manifest.json", "spending.jsonl"} <= {path.name for path in written}
    assert [path for path in written if SECRET.encode() in path.read_bytes()] == []


def test_without_a_price_tokens_are_still_held_against_the_forecast(toy: Path) -> None:
    with FaultServer() as server:
        arguments = ["run", "toy", "-m", "direct/unheard", "--base-url", server.url, "--yes"]
        assert invoke([*arguments, "--allow-unpriced", "--cases", "2", "-a", "agent"]) == 0
    (one,) = summary(toy / "results" / "latest")["forecasts"]
    assert one["usd_error"] is None
    assert one["reason"] == "the model has no known price"
    assert one["tokens_in_error"] is not None


def test_a_ratio_and_its_spread_by_hand() -> None:
    """Used 2, 4, 6 where 1, 2, 3 were ideal: exactly twice. Used 2, 4 where 1, 1 were: 3."""
    exact = ratio([(2, 1), (4, 2), (6, 3)])
    assert exact is not None
    assert (exact.value, exact.spread) == (2, pytest.approx(1))
    # Without the one case log 4, without the other log 2: an error of log 2 ÷ 2, t(1) = 12.706.
    wide = ratio([(2, 1), (4, 1)])
    assert wide is not None
    assert wide.value == 3
    assert wide.spread == pytest.approx(2 ** (12.7062 / 2), rel=1e-4)
    assert ratio([(1, 1)]) is None


def test_a_pilots_cases_are_the_production_mix() -> None:
    assert mix_counts(TOY, 20) == {"digits": 20}
    assert mix_counts(TOY, 200) == {"digits": 198, "words": 2}

"""``bench run billing_webhooks --data``: a user's own events through all approaches."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.analysis.summary import summarise
from bench.cli import invoke
from bench.database import Template
from bench.errors import BenchError
from bench.gate.comparable import differences, read_side
from bench.journal import read_run, read_steps
from bench.models.replay import ReplayModel
from bench.types import ToolCall
from scenarios.billing_webhooks.own_events import OwnEvents

EXAMPLE = Path(__file__).parents[3] / "scenarios" / "billing_webhooks" / "example"


PERSONAL = {
    "cus_harbor": "cus_Zeppelinwerk",
    "sub_harbor": "sub_Zeppelinwerk",
    "Harbor Freight Tools of Nantucket": "Ottilie Zweigelt <ottilie@zweigelt.example>",
    '"unit_amount":9900': '"unit_amount":739128350',
    "price_team,9900": "price_team,739128350",
}
# The last one is what is charged, with half of the month left: (739128350 - 2900) / 2.
SECRETS = ("Zeppelinwerk", "Ottilie", "zweigelt", "739128350", "evt_harbor", "369562725")


@pytest.fixture(scope="module", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.redaction.platformdirs.user_state_dir", lambda _: str(folder))
        yield folder


@pytest.fixture(scope="module")
def personal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data without truth, with a name, an address and an amount that occur nowhere else."""
    folder = tmp_path_factory.mktemp("personal")
    for file in ("events.jsonl", "subscriptions.csv", "prices.csv"):
        text = (EXAMPLE / file).read_text(encoding="utf-8")
        for old, new in PERSONAL.items():
            text = text.replace(old, new)
        (folder / file).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def plain(personal: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on it."""
    return run(personal, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def redacted(personal: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, redacted."""
    return run(personal, tmp_path_factory.mktemp("redacted"), "--redact")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The example without its truth."""
    shutil.copytree(EXAMPLE, tmp_path / "data")
    (tmp_path / "data" / "truth.jsonl").unlink()
    return tmp_path / "data"


def run(data: Path, results: Path, *options: str, model: str = "reference") -> Path:
    arguments = ["run", "billing_webhooks", "--data", str(data), "--results", str(results)]
    assert invoke([*arguments, "--model", model, "--repeats", "1", *options]) == 0
    return (results / "latest").resolve()


def edit(data: Path, line: int, old: str, new: str, file: str = "events.jsonl") -> None:
    lines = (data / file).read_text(encoding="utf-8").splitlines()
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    (data / file).write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_with_truth_each_delivery_is_judged_from_the_database(tmp_path: Path) -> None:
    folder = run(EXAMPLE, tmp_path)
    summary = summarise(folder)
    found = {r.approach: r for r in summary.rows if r.stratum == "all"}
    assert {name: row.success for name, row in found.items()} == {
        "job": 1.0,
        "agent": 1.0,
        "hybrid": 1.0,
        "always_skip": 0.5,
        "always_defer": 0.2,
    }
    assert summary.decisions[0].recommended == "job"
    assert {trial.case for trial in read_run(folder).trials} == {
        f"own_data-{number:04}" for number in range(1, 9)
    }


def test_a_wrong_amount_currency_or_decision_fails_and_a_needless_review_is_deferred(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    shutil.copytree(EXAMPLE, data)
    edit(data, 1, "2000", "2001", "truth.jsonl")
    edit(data, 8, "jpy", "usd", "truth.jsonl")
    edit(data, 4, "ignored", "review", "truth.jsonl")
    edit(data, 7, "review", "ignored", "truth.jsonl")
    own = OwnEvents(data, None)
    verdicts = {}
    with Template(own, 1) as template:
        for case in own.cases({"own_data": 99}, 1):
            with template.workspace(case) as workspace:
                own.job(workspace, unsure="review")
                verdict = own.verify(case, workspace)
                assert verdict.faults == ()
                verdicts |= {record.record: record for record in verdict.records}
    assert {name: v.status for name, v in verdicts.items() if v.status != "pass"} == {
        "line_1": "fail",
        "line_4": "fail",
        "line_7": "deferred",
        "line_8": "fail",
    }
    assert verdicts["line_1"].reasons == ("charged with amount 2000, right is 2001",)


def test_without_truth_success_is_unknown_and_nothing_is_recommended(plain: Path) -> None:
    trials = read_run(plain).trials
    assert {trial.status for trial in trials} == {"unknown"}
    assert all(t.unknown == t.records and not t.passed + t.deferred + t.failed for t in trials)
    summary = summarise(plain)
    assert (summary.decisions, summary.claims, summary.failures) == ((), (), ())
    for row in summary.rows:
        assert row.success is row.deferred is row.failed is row.cost_per_success is None
        assert row.trial_success is None
        assert row.reasons["success"] == "no truth was given, so nobody knows"
    assert {(a.first, a.second, a.alike, a.records) for a in summary.agreements} == {
        ("job", "agent with reference", 10, 10),
        ("job", "hybrid with reference", 10, 10),
        ("agent with reference", "hybrid with reference", 10, 10),
    }
    assert summary.disputes == ()
    assert any("nobody knows who was right" in notice.text for notice in summary.notices)
    for name in ("report.md", "report.html"):
        text = (plain / name).read_text(encoding="utf-8")
        assert "Who decides like whom" in text
        assert "What to build" not in text
        assert "Production mix" not in text


def test_runs_without_truth_are_not_compared(plain: Path) -> None:
    side = read_side(plain)
    found = differences(side, side, "billing_webhooks", "reference")
    assert [each.what for each in found] == ["nobody said what is right"]


def test_a_redacted_run_holds_nothing_of_the_data(
    plain: Path, redacted: Path, state_folder: Path
) -> None:
    told = b"".join(path.read_bytes() for path in plain.rglob("*") if path.is_file())
    assert all(secret.encode() in told for secret in SECRETS), "the test looks for nothing"
    files = [path for path in redacted.rglob("*") if path.is_file()]
    assert {"journal.jsonl", "traces.jsonl", "report.html"} <= {path.name for path in files}
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in SECRETS if secret.encode() in content], path
    steps = list(read_steps(redacted))
    assert steps
    assert all(step.text == "" or step.text.startswith("#") for step in steps)
    assert all(str(t.result)[0] == str(t.arguments)[0] == "#" for s in steps for t in s.tools)
    summary = summarise(redacted)
    assert summary.redacted
    assert {(a.alike, a.records) for a in summary.agreements} == {(10, 10)}
    assert oct((state_folder / "redaction.key").stat().st_mode)[-3:] == "600"


def test_a_redacted_run_cannot_be_replayed(redacted: Path) -> None:
    with pytest.raises(BenchError, match="is redacted"):
        ReplayModel(redacted)


def test_what_approaches_decided_differently_is_listed(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = OwnEvents.ideal

    def reviewing(self: OwnEvents, case: Any, task: Any) -> Any:
        calls = honest(self, case, task)
        if task.records != ("line_3",):
            return calls
        return (calls[0], ToolCall("log_decision", {"decision": "review", "reason": "unclear"}))

    monkeypatch.setattr(OwnEvents, "ideal", reviewing)
    folder = run(data, tmp_path, "--cases", "2")
    assert {t.case for t in read_run(folder).trials} == {"own_data-0001", "own_data-0002"}
    (dispute,) = (d for d in summarise(folder).disputes)
    assert dispute.record == "line_3"
    assert [(told.approach, told.decision) for told in dispute.decisions] == [
        ("job", "billed 3500 usd"),
        ("agent with reference", "review"),
        ("hybrid with reference", "billed 3500 usd"),
    ]
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert "| line\\_3" in report
    assert "billed 3500 usd" in report


def test_an_interrupted_run_goes_on_and_changed_data_is_another_run(
    data: Path, tmp_path: Path
) -> None:
    folder = run(data, tmp_path, "--redact", "--approach", "job", "--cases", "2")
    journal = folder / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-3]))
    before = {trial.id: trial.outcome_hash for trial in read_run(folder).trials}
    assert run(data, tmp_path, "--redact", "--approach", "job", "--cases", "2") == folder
    again = read_run(folder)
    assert again.finished
    assert {t.id: t.outcome_hash for t in again.trials if t.id in before} == before
    edit(data, 2, "cus_harbor", "cus_other", "subscriptions.csv")
    journal.write_bytes(b"".join(lines[:-3]))
    assert run(data, tmp_path, "--redact", "--approach", "job", "--cases", "2") != folder


PERSONAL = {
    "cus_harbor": "cus_Zeppelinwerk",
    "sub_harbor": "sub_Zeppelinwerk",
    "Harbor Freight Tools of Nantucket": "Ottilie Zweigelt <ottilie@zweigelt.example>",
    '"unit_amount":9900': '"unit_amount":739128350',
}


def test_deliveries_that_decide_each_other_share_a_case(data: Path) -> None:
    lines = (data / "events.jsonl").read_text(encoding="utf-8").splitlines()
    # The first event once more, in an envelope that names another customer's subscription; and a
    # third delivery for that customer, who is then in the same case.
    (data / "events.jsonl").write_text(
        "\n".join([*lines, lines[0].replace("sub_quill", "sub_moss")]), encoding="utf-8"
    )
    cases = OwnEvents(data, None).cases({"own_data": 99}, 1)
    records = {record: case.id for case in cases for record in case.records}
    assert records["line_1"] == records["line_2"] == records["line_7"] == records["line_12"]
    assert records["line_3"] == records["line_6"] != records["line_1"]
    assert len(records) == 11
    together = next(case for case in cases if case.id == records["line_1"])
    assert [row["sequence"] for row in together.rows["pending_events"]] == [1, 2, 7, 12]
    assert {row["id"] for row in together.rows["customers"]} == {"cus_quill", "cus_moss"}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "truth.jsonl, line 11: no JSON object with an event_id"),
        ('{"event_id": "e", "decision": "charged"}', "line 11: decision 'charged' is none of"),
        ('{"event_id": "e", "decision": "billed"}', "line 11: amount_minor None is no whole"),
        (
            '{"event_id": "e", "decision": "billed", "amount_minor": 5}',
            "line 11: currency is missing",
        ),
        ('{"event_id": "e", "decision": "ignored", "amount": 5}', "unknown field amount;"),
        ('{"event_id": "e", "decision": "ignored"}', "line 11: no such delivery was let in"),
    ],
)
def test_a_mistake_in_the_truth_is_one_line(tmp_path: Path, line: str, complaint: str) -> None:
    data = tmp_path / "data"
    shutil.copytree(EXAMPLE, data)
    with (data / "truth.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(BenchError) as error:
        OwnEvents(data, None)
    assert complaint in str(error.value)


def test_a_delivery_without_its_truth_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(EXAMPLE, data)
    lines = (data / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    (data / "truth.jsonl").write_text("\n".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(BenchError, match=r"delivery of evt_brook_trial in events\.jsonl, line 11"):
        OwnEvents(data, None)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--data", "d"], "--data is for one scenario"),
        (["billing_webhooks", "--data", "d", "--full"], "leave --strata, --drift"),
        (["billing_webhooks", "--data", "nowhere"], "prices.csv: cannot be read"),
    ],
)
def test_what_does_not_fit_is_said(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    assert invoke(["run", *arguments, "--model", "reference"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line


def test_the_secret_is_not_in_the_manifest(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "run", "--secret", "whsec_mine"])
    folder = run(data, tmp_path, "--approach", "job", "--cases", "1", "--secret", "whsec_mine")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["command"] == "bench run --secret ***"


def test_shares_are_of_your_records_not_of_some_production(
    plain: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["report", str(plain)]) == 0
    told = capsys.readouterr().out
    assert "on your" in told
    assert "in pro-" not in told
    page = (plain / "report.html").read_text(encoding="utf-8")
    assert "in production</p>" not in page

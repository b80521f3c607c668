"""Other people's results become runs, with nothing invented and nothing lost."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bench.analysis import load, summarise
from bench.analysis.rows import Row, Summary
from bench.cli import invoke
from bench.journal import Run, read_run, read_steps
from bench.types import Cause
from tests.imports.made import (
    archive,
    inspect_log,
    inspect_sample,
    tau2,
    tau2_simulation,
    tau_attempt,
    write,
)

NAMED = "tool-calling-gpt-4o-0.0_range_0--1_user-gpt-4o-llm_0921131646.json"


def imported(results: Path, *arguments: str | Path) -> Run:
    command = ["import", *map(str, arguments), "--results", str(results)]
    assert invoke(command) == 0
    return read_run((results / "latest").resolve())


def whole(summary: Summary) -> Row:
    (row,) = (row for row in summary.rows if row.stratum == "all")
    return row


@pytest.fixture
def tau_file(tmp_path: Path) -> Path:
    rewards = {0: (1.0, 1.0, 1.0, 0.0), 1: (1.0, 1.0, 1.0, 1.0), 2: (0.0, 0.0, 0.5, 0.0)}
    found = [
        tau_attempt(task, trial, reward, order=f"#W{trial if task == 0 else 0}")
        for task, given in rewards.items()
        for trial, reward in enumerate(given)
    ]
    return write(tmp_path / NAMED, found)


def test_tau_bench_gives_pass_hat_k_and_determinism(tmp_path: Path, tau_file: Path) -> None:
    run = imported(tmp_path / "results", tau_file)
    assert run.finished
    assert run.manifest.scenarios[0].name == "tau-bench-retail"
    assert run.manifest.models[0].name == "gpt-4o"
    assert [trial.status for trial in run.trials if trial.case == "0"] == [*["pass"] * 3, "fail"]
    summary = summarise(run.folder)
    (found,) = summary.determinism
    assert found.repeats == 4
    # Unbiased: C(3,k)/C(4,k) for the first task, 1 and 0 for the others.
    assert found.pass_hat[1] == pytest.approx((3 / 4 + 1 + 0) / 3)
    assert found.pass_hat[2] == pytest.approx((3 / 6 + 1 + 0) / 3)
    assert found.pass_hat[4] == pytest.approx(1 / 3)
    assert found.tools is not None
    assert found.tools.share == pytest.approx(2 / 3)
    assert found.state is None  # not in the file: unknown, and not "the same"
    assert whole(summary).success == pytest.approx((3 / 4 + 1 + 0) / 3)


def test_what_tau_bench_does_not_record_is_unknown_and_said(tmp_path: Path, tau_file: Path) -> None:
    run = imported(tmp_path / "results", tau_file)
    row = whole(summarise(run.folder))
    assert (row.usd_per_1k_records, row.tokens_in_per_record, row.p50_s) == (None, None, None)
    assert "states no dollars of the agent" in row.reasons["usd_per_1k_records"]
    text = (run.folder / "report.md").read_text()
    assert "Imported from τ-bench" in text
    assert "What to build" not in text
    assert "seed 0" not in text
    # What concerns our own tools, or several approaches, is not said of others' single one.
    assert "uards were" not in text.lower()
    assert "paired case" not in text


def test_a_transcript_tells_calls_and_results(tmp_path: Path, tau_file: Path) -> None:
    run = imported(tmp_path / "results", tau_file)
    first, second = read_steps(run.folder, run.trials[0])
    assert [message["role"] for message in first.messages] == ["system", "user"]
    assert first.tools[0].name == "get_order_details"
    assert first.tools[0].arguments == {"order_id": "#W0"}
    assert (first.tools[0].result, first.tools[0].ok) == ("Error: no order", False)
    assert second.text == "It is on its way."
    assert run.trials[0].tool_errors == 1


def test_a_published_trajectory_is_read(tmp_path: Path) -> None:
    """Cut out of a real file: see excerpts/README.md."""
    run = imported(tmp_path / "results", Path(__file__).parent / "excerpts/gpt-4o-airline.json")
    (trial,) = run.trials
    assert trial.id == "tau-bench-airline/agent/gpt-4o/49/3"
    assert (trial.status, trial.steps, trial.tool_errors) == ("pass", 5, 0)
    steps = list(read_steps(run.folder, trial))
    assert [tool.name for step in steps for tool in step.tools] == [
        "get_reservation_details",
        "transfer_to_human_agents",
    ]
    assert steps[1].tools[0].arguments == {"reservation_id": "MDCLVA"}
    assert (trial.dollars.api, trial.usage.total) == (None, None)


def test_a_name_may_be_given_where_the_file_has_none(tmp_path: Path, tau_file: Path) -> None:
    plain = tau_file.rename(tmp_path / "mine.json")
    assert imported(tmp_path / "a", plain).manifest.models[0].name == "mine"
    run = imported(tmp_path / "b", plain, "--model", "org/agent", "--scenario", "shop")
    assert (run.trials[0].scenario, run.trials[0].model) == ("shop", "org/agent")


def test_tau2_dollars_and_tokens_are_the_agents_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "r.json", tau2(*(tau2_simulation("7", n, 1.0) for n in range(2))))
    run = imported(tmp_path / "results", path)
    trial = run.trials[0]
    assert (trial.scenario, trial.model) == ("tau2-bench-retail", "claude-sonnet-4-5")
    assert trial.dollars.api == 0.03
    assert (trial.usage.input, trial.usage.output) == (2100, 60)
    assert trial.working_s == 20.0
    assert trial.steps == 2  # the greeting is the harness's
    assert run.manifest.models[0].identity["temperature"] == 0.0
    assert {step.model_reported for step in read_steps(run.folder, trial)} >= {
        "claude-sonnet-4-5-20250929"
    }


def test_means_are_over_the_known_dollars_and_say_how_many(tmp_path: Path) -> None:
    simulations = [
        tau2_simulation("1", 0, 1.0, agent_cost=0.02),
        tau2_simulation("2", 0, 1.0, agent_cost=0.04),
        tau2_simulation("3", 0, 0.0, agent_cost=None),
        tau2_simulation("4", 0, 0.0, agent_cost=0.0),  # τ²-bench's word for "no price"
    ]
    run = imported(tmp_path / "results", write(tmp_path / "r.json", tau2(*simulations)))
    row = whole(summarise(run.folder))
    assert row.usd_per_1k_records == pytest.approx(30.0)
    assert (row.usd_trials, row.trials) == (2, 4)
    assert row.usd is None  # the total is unknown
    text = (run.folder / "report.md").read_text()
    assert "mean of the 2 of 4 trials whose dollars are known" in text


@pytest.mark.parametrize(
    ("reason", "reward", "cause", "status"),
    [
        ("user_stop", 1.0, None, "pass"),
        ("agent_stop", 0.0, None, "fail"),
        ("max_steps", 0.0, Cause.STEP_LIMIT, "fail"),
        ("too_many_errors", 0.0, Cause.MALFORMED, "fail"),
        ("context_window_exceeded", None, Cause.TOKEN_LIMIT, "fail"),
        ("infrastructure_error", None, Cause.INFRASTRUCTURE, "fail"),
        ("user_error", 0.0, Cause.INFRASTRUCTURE, "fail"),
        ("user_stop", None, Cause.INFRASTRUCTURE, "fail"),
    ],
)
def test_why_a_simulation_ended_keeps_its_meaning(
    tmp_path: Path, reason: str, reward: float | None, cause: Cause | None, status: str
) -> None:
    made = tau2_simulation("1", 0, reward, termination_reason=reason)
    run = imported(tmp_path / "results", write(tmp_path / "r.json", tau2(made)))
    assert (run.trials[0].cause, run.trials[0].status) == (cause, status)


@pytest.mark.parametrize("kind", ["json", "eval"])
def test_an_inspect_log_is_priced_by_its_tokens(tmp_path: Path, kind: str) -> None:
    log = inspect_log(
        *(inspect_sample(n, epoch, "C" if n else "I") for n in range(3) for epoch in (1, 2))
    )
    path = tmp_path / f"log.{kind}"
    path = write(path, log) if kind == "json" else archive(path, log)
    run = imported(tmp_path / "results", path)
    assert len(run.trials) == 6
    trial = run.trials[-1]
    assert (trial.scenario, trial.model, trial.status) == ("popularity", "openai/gpt-4o", "pass")
    assert (trial.usage.input, trial.usage.output) == (900, 100)
    assert trial.dollars.api == pytest.approx(900 * 2.5e-6 + 100 * 10e-6)
    assert trial.working_s == 4.0
    first, second = read_steps(run.folder, trial)
    assert first.messages[1]["content"] == "Is the sky blue?"
    assert (first.text, first.tools[0].result) == ("Let me look.", "a.txt")
    assert second.text == "Yes"
    row = whole(summarise(run.folder))
    assert row.success == pytest.approx(2 / 3)
    assert row.repeated_cases == 3


def test_a_log_written_by_inspect_ai_itself_is_read(tmp_path: Path) -> None:
    """By version 0.3.285 with its mock model: four questions, three epochs, one wrong in three;
    compressed with Zstandard, which Python reads from 3.14 on only."""
    run = imported(tmp_path / "results", Path(__file__).parent / "mock_0.3.285.eval")
    assert len(run.trials) == 12
    (found,) = summarise(run.folder).determinism
    assert (found.cases, found.repeats) == (4, 3)
    assert found.pass_hat == pytest.approx({1: 2 / 3, 2: 1 / 3, 3: 0})
    assert found.tools is not None
    assert found.tools.share == 1
    first, second = read_steps(run.folder, run.trials[0])
    assert [tool.result for tool in first.tools] == ["shipped"]
    assert second.text in ("Yes", "No")
    assert "pass^k" in (run.folder / "report.md").read_text()


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("C", "pass"),
        ("P", "fail"),
        ("I", "fail"),
        ("N", "fail"),
        (1, "pass"),
        (0.99, "fail"),
        (True, "pass"),
        (False, "fail"),
    ],
)
def test_a_score_is_right_from_one_on(tmp_path: Path, value: Any, status: str) -> None:
    path = write(tmp_path / "log.json", inspect_log(inspect_sample(1, 1, value)))
    assert imported(tmp_path / "results", path).trials[0].status == status


def test_a_limit_and_an_error_of_inspect_keep_their_meaning(tmp_path: Path) -> None:
    log = inspect_log(
        inspect_sample(1, 1, "I", limit={"type": "message", "limit": 10}),
        inspect_sample(2, 1, "C", limit={"type": "token", "limit": 10}),
        inspect_sample(3, 1, "I", scores=None, error={"message": "429 Too Many Requests\nmore"}),
    )
    run = imported(tmp_path / "results", write(tmp_path / "log.json", log))
    stopped, in_time, broken = run.trials
    assert (stopped.cause, stopped.status) == (Cause.STEP_LIMIT, "fail")
    assert (in_time.cause, in_time.status) == (None, "pass")
    assert (broken.cause, broken.detail) == (Cause.INFRASTRUCTURE, "429 Too Many Requests")
    assert whole(summarise(run.folder)).trials == 2


def test_one_of_several_scorers_is_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = {"strict": {"value": "I"}, "lenient": {"value": "C"}}
    path = write(tmp_path / "log.json", inspect_log(inspect_sample(1, 1, "C", scores=scores)))
    assert invoke(["import", str(path), "--results", str(tmp_path / "results")]) == 2
    assert "choose one with --scorer: strict, lenient" in capsys.readouterr().err
    run = imported(tmp_path / "results", path, "--scorer", "lenient")
    assert run.trials[0].status == "pass"


def test_several_files_make_one_run(tmp_path: Path) -> None:
    one = write(tmp_path / "a.json", tau2(tau2_simulation("1", 0, 1.0), llm="model-a"))
    two = write(tmp_path / "b.json", tau2(tau2_simulation("1", 0, 0.0), llm="model-b"))
    run = imported(tmp_path / "results", one, two)
    assert [(t.model, t.status) for t in run.trials] == [("model-a", "pass"), ("model-b", "fail")]


def test_two_imports_of_the_same_tasks_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results"
    for name, reward in (("base", 1.0), ("head", 0.0)):
        made = tau2(*(tau2_simulation(str(n), 0, reward) for n in range(12)))
        folder = imported(results, write(tmp_path / f"{name}.json", made)).folder
        (results / "latest").unlink()
        manifest = json.loads((folder / "manifest.json").read_text()) | {"run": name}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        folder.rename(results / name)
    capsys.readouterr()
    assert invoke(["compare", "base", "head", "--results", str(results)]) == 1
    assert "regression" in capsys.readouterr().out.lower()


def test_an_imported_run_is_exported_and_loaded(tmp_path: Path, tau_file: Path) -> None:
    run = imported(tmp_path / "results", tau_file)
    out = tmp_path / "trials.csv"
    arguments = ["export", run.folder.name, "--to", "csv", "--out", str(out)]
    assert invoke([*arguments, "--results", str(tmp_path / "results")]) == 0
    assert out.read_text().count("\n") == 13
    assert load(run.folder).groupby("case")["passed"].sum().to_dict() == {"0": 3, "1": 4, "2": 0}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "no JSON"),
        ("{}", "of no known format; there are result files of τ-bench"),
        ("[]", "of no known format"),
        ('[{"traj": [], "reward": 1}]', "results.0.task_id: Field required"),
        (
            json.dumps(tau2() | {"simulations": [{"task_id": "1"}]}),
            "simulations.0.termination_reason: Field required",
        ),
        (json.dumps(tau2()), "no attempt in it"),
        (json.dumps(inspect_log(inspect_sample(1, 1, "seldom"))), "'seldom' is neither a number"),
        (json.dumps(inspect_log({"epoch": 1})), "samples.0.id: Field required"),
        (
            json.dumps([tau_attempt(1, 0, 1.0), tau_attempt(1, 0, 0.0)]),
            "stands there twice",
        ),
    ],
)
def test_a_bad_file_is_one_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    path = tmp_path / "file.json"
    path.write_text(content)
    assert invoke(["import", str(path), "--results", str(tmp_path / "results")]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "results").exists()


def test_a_broken_archive_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = inspect_log(inspect_sample(1, 1, "C"))
    whole_file = archive(tmp_path / "log.eval", log)
    torn = tmp_path / "torn.eval"
    torn.write_bytes(whole_file.read_bytes()[:200])
    headless = tmp_path / "headless.eval"
    with zipfile.ZipFile(headless, "w") as file:
        file.writestr("samples/1_epoch_1.json", "{}")
    for path, message in (
        (torn, "no readable archive"),
        (headless, "has no header.json: the evaluation did not end"),
        (tmp_path / "missing.eval", "cannot be read (No such file"),
    ):
        assert invoke(["import", str(path), "--results", str(tmp_path / "results")]) == 2
        said = capsys.readouterr().err
        assert message in said
        assert said.count("\n") == 1

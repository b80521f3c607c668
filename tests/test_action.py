"""The shell of the action's steps, run as a runner would, with stand-ins for what it calls."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent


def step(name: str, **inputs: str) -> tuple[str, dict[str, str]]:
    """The shell of a step of action.yml, and its variables with the inputs filled in."""
    action = YAML(typ="safe").load((ROOT / "action.yml").read_text("utf-8"))
    (found,) = (each for each in action["runs"]["steps"] if each["name"] == name)
    values = {key: str(what.get("default", "")) for key, what in action["inputs"].items()} | inputs
    variables = {
        key: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: values[found[1]], text)
        for key, text in found.get("env", {}).items()
    }
    return found["run"], variables


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def shell(step: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [ROOT / ".ci" / step],
        env={"PATH": path, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-actions", ["action.yml"]),
        ("vendor.github-workflows", sorted((ROOT / ".github" / "workflows").iterdir())),
    ],
)
def test_action_and_workflows_fit_githubs_schemas(schema: str, files: list[str | Path]) -> None:
    program = Path(sys.executable).parent / "check-jsonschema"
    done = subprocess.run(
        [program, "--builtin-schema", schema, *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing_and_would_find_a_hole(tmp_path: Path) -> None:
    def audit(*paths: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).parent / "zizmor", "--offline", "--no-progress", *paths],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    done = audit(".github/workflows", "action.yml")
    assert done.returncode == 0, done.stdout
    workflow = (ROOT / ".github" / "workflows" / "prompt-regression.yml").read_text()
    hole = workflow.replace("run: .ci/comment", "run: echo ${{ github.event.pull_request.title }}")
    assert hole != workflow
    (tmp_path / "hole.yml").write_text(hole)
    done = audit(tmp_path / "hole.yml")
    assert done.returncode != 0
    assert "template-injection" in done.stdout


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="the base's prompt is read from git")
def test_the_actions_own_step_runs_the_real_gate(tmp_path: Path) -> None:
    shell_of_step, variables = step(
        "Gate",
        base="HEAD",
        model="reference",
        scenario="billing_webhooks",
        cases="1",
        output=str(tmp_path / "out"),
    )
    done = subprocess.run(
        ["bash", "-c", shell_of_step],
        cwd=ROOT,
        env={
            **os.environ,
            **variables,
            "BENCH": str(Path(sys.executable).parent / "bench"),
            "RESULTS": str(tmp_path / "results"),
            "GITHUB_OUTPUT": str(tmp_path / "outputs"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = (tmp_path / "out" / "gate.md").read_text("utf-8")
    assert (tmp_path / "summary.md").read_text("utf-8") == report
    assert "cannot judge an edited prompt" in report
    assert (tmp_path / "outputs").read_text() == f"code=0\nreport={tmp_path}/out/gate.md\n"


@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_gate_step_passes_arguments_and_code_on(tmp_path: Path, code: int) -> None:
    told, output = tmp_path / "told", tmp_path / "out"
    text = (
        f'printf "%s\\n" "$@" > {told}; mkdir -p {output}; echo hi > {output}/gate.md; exit {code}'
    )
    done = shell(
        "gate",
        tmp_path,
        BENCH=str(program(tmp_path, "bench", text)),
        BASE="abc; rm -rf x",
        MODEL="gpt",
        MAX_USD="2",
        OUTPUT=str(output),
        GITHUB_OUTPUT=str(tmp_path / "outputs"),
    )
    assert done.returncode == code
    arguments = told.read_text().splitlines()
    assert arguments[:3] == ["gate", "--base", "abc; rm -rf x"]
    assert arguments[-5:] == ["--model", "gpt", "--max-usd", "2", "--inconclusive-ok"]
    assert (tmp_path / "outputs").read_text() == f"code={code}\nreport={output}/gate.md\n"


def test_the_gate_step_wants_a_base(tmp_path: Path) -> None:
    done = shell("gate", tmp_path)
    assert done.returncode != 0
    assert "BASE" in done.stderr


@pytest.mark.parametrize(("there", "method"), [("", "POST"), ("42", "PATCH")])
def test_one_comment_is_made_and_then_kept_up_to_date(
    tmp_path: Path, there: str, method: str
) -> None:
    told, report = tmp_path / "told", tmp_path / "gate.md"
    report.write_text("## the report\n")
    program(
        tmp_path,
        "gh",
        f'case "$*" in *--paginate*) echo {there};; *) echo "$@" > {told}; '
        f'for a; do case "$a" in body=@*) cat "${{a#body=@}}" >> {told};; esac; done;; esac',
    )
    done = shell("comment", tmp_path, REPOSITORY="o/r", NUMBER="7", REPORT=str(report))
    assert done.returncode == 0, done.stderr
    said = told.read_text()
    assert f"--method {method}" in said
    assert ("comments/42" in said) == (method == "PATCH")
    assert "<!-- agent-or-job gate -->\n## the report" in said

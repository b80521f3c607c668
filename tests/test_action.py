"""The shell of the action's steps, run as a runner would, with stand-ins for what it calls."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


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

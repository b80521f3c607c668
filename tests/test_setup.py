"""Setting up: what a person reads when it cannot work, and what keeps it from working twice."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = (
    *("sh", "cat", "cmp", "cut", "find", "grep", "head", "ln", "mv", "readlink", "rm", "sed"),
    *("sleep", "tail"),
)

BACKEND = """
import zipfile


def build_editable(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{folder}/toy-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("toy.pth", "")
        wheel.writestr(
            "toy-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: toy\\nVersion: 1\\n"
        )
        wheel.writestr(
            "toy-1.dist-info/WHEEL",
            "Wheel-Version: 1.0\\nGenerator: toy\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        )
        wheel.writestr("toy-1.dist-info/RECORD", "")
    return "toy-1-py3-none-any.whl"
"""


def part(folder: Path, version: int) -> str:
    """A wheel with one module that knows its version; returns its line for a lock file."""
    name = f"part-{version}-py3-none-any.whl"
    with zipfile.ZipFile(folder / name, "w") as wheel:
        info = f"part-{version}.dist-info"
        wheel.writestr("part.py", f"version = {version}\n")
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: part\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: toy\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    return f"./{name} --hash=sha256:{digest}\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the real set-up, and next to nothing to install."""
    folder = tmp_path_factory.mktemp("a project")
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "venv", folder / ".ci")
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "toy_backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "toy_backend"\nbackend-path = ["."]\n'
        '[project]\nname = "toy"\nversion = "1"\n'
    )
    lock = part(folder, 1)
    (folder / "requirements.lock").write_text(lock)
    (folder / "requirements-dev.lock").write_text(lock)
    return folder


# Under `make test` a make of its own would take over that one's flags, and announce its folder.
SURROUNDINGS = {name: value for name, value in os.environ.items() if "MAKE" not in name}


def set_up(project: Path, target: str = "setup") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", target, f"PYTHON={sys.executable}"],
        cwd=project,
        env=SURROUNDINGS,
        capture_output=True,
        text=True,
        check=False,
    )


def part_version(project: Path) -> str:
    return subprocess.run(
        [project / ".venv/bin/python", "-c", "import part; print(part.version)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@pytest.fixture(scope="module")
def ready(project: Path) -> Path:
    """The project after a set-up that was killed and one that worked."""
    with subprocess.Popen(
        ["make", "setup", f"PYTHON={sys.executable}"],
        cwd=project,
        env=SURROUNDINGS,
        start_new_session=True,
    ) as killed:
        while not (project / ".venv/bin/python").exists():
            assert killed.poll() is None
            time.sleep(0.01)
        os.killpg(killed.pid, signal.SIGKILL)
    assert (project / ".venv.lock").is_symlink()

    done = set_up(project)
    assert done.returncode == 0, done.stderr
    assert not (project / ".venv.lock").is_symlink()
    return project


def test_a_set_up_that_was_killed_is_made_good_by_the_next(ready: Path) -> None:
    assert part_version(ready) == "1"


def test_a_second_set_up_does_nothing_even_if_files_were_touched(ready: Path) -> None:
    log = ready / ".venv/setup.log"
    before = log.stat().st_mtime_ns
    for name in ("requirements.lock", "pyproject.toml", "Makefile"):
        (ready / name).touch()
    again = set_up(ready)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert log.stat().st_mtime_ns == before


def test_a_changed_lock_is_installed_into_the_same_environment(ready: Path) -> None:
    made = (ready / ".venv/pyvenv.cfg").stat().st_mtime_ns
    lock = part(ready, 2)
    (ready / "requirements.lock").write_text(lock)
    (ready / "requirements-dev.lock").write_text(lock)
    assert set_up(ready, "setup-dev").returncode == 0
    assert part_version(ready) == "2"
    assert (ready / ".venv/pyvenv.cfg").stat().st_mtime_ns == made
    # What developing needs covers what running needs.
    assert set_up(ready, "setup").stdout == ""


def test_an_environment_that_was_moved_is_not_taken_for_whole(ready: Path) -> None:
    moved = ready.rename(ready.with_name("moved"))
    try:
        refused = subprocess.run(
            ["sh", ".ci/venv", "requirements.lock"],
            cwd=moved,
            env={**SURROUNDINGS, "PYTHON": "/nowhere/python3"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        moved.rename(ready)
    assert "/nowhere/python3 was not found" in refused.stderr


def test_a_wrong_hash_is_refused_and_leaves_no_environment_that_passes_for_whole(
    ready: Path,
) -> None:
    lock = ready / "requirements.lock"
    lock.write_text(re.sub("[0-9a-f]{64}", "0" * 64, part(ready, 3)))
    refused = set_up(ready)
    assert refused.returncode != 0
    assert "HASHES" in refused.stderr
    assert "mend that, then repeat the command" in refused.stderr
    assert part_version(ready) != "3"
    assert not list((ready / ".venv").glob(".made-of-*"))


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Path]:
    """A PATH with the tools that every system has, and no Python yet."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found, name
        (tools / name).symlink_to(found)
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "requirements.lock").write_text("")
    yield tmp_path
    assert not (tmp_path / ".venv.lock").is_symlink()


def add_python(machine: Path, name: str, version: str, *, venv: bool) -> None:
    """A Python that answers with its version, and fails where it lacks a module."""
    program = machine / "bin" / name
    program.write_text(f"#!/bin/sh\necho {version} /usr/bin/{name}\nexit {0 if venv else 1}\n")
    program.chmod(0o755)


def refusal(machine: Path, **environment: str) -> str:
    """The only line that a set-up on that machine says before it gives up."""
    done = subprocess.run(
        [machine / "bin/sh", ROOT / ".ci/venv", "requirements.lock"],
        cwd=machine,
        env={"PATH": str(machine / "bin"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("agent-or-job needs Python 3.11 or newer: ")
    assert not (machine / ".venv").exists()
    return line


def test_a_machine_without_python_gets_one_clear_line(machine: Path) -> None:
    assert "python3 was not found" in refusal(machine)


def test_a_python_too_old_is_named_with_its_version(machine: Path) -> None:
    add_python(machine, "python3", "3.9", venv=True)
    assert "python3 is Python 3.9, too old" in refusal(machine)


def test_the_name_of_a_version_manager_without_that_version_counts_for_nothing(
    machine: Path,
) -> None:
    shim = machine / "bin/python3.12"
    shim.write_text("#!/bin/sh\necho 'python3.12: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert "python3 was not found" in refusal(machine)


def test_a_python_without_venv_is_told_the_package_that_it_lacks(machine: Path) -> None:
    add_python(machine, "python3", "3.12", venv=False)
    assert "apt install python3.12-venv" in refusal(machine)


def test_a_python_that_was_asked_for_is_not_replaced_by_another(machine: Path) -> None:
    add_python(machine, "python3.9", "3.9", venv=True)
    add_python(machine, "python3", "3.12", venv=True)
    assert "python3.9 is Python 3.9, too old" in refusal(machine, PYTHON="python3.9")
    assert "/nowhere/python3 was not found" in refusal(machine, PYTHON="/nowhere/python3")


@pytest.mark.parametrize("name", ["python3.13", "python3.12", "python3.11"])
def test_a_newer_python_beside_one_that_is_too_old_is_found(machine: Path, name: str) -> None:
    add_python(machine, "python3", "3.9", venv=True)
    (machine / "bin" / name).symlink_to(sys.executable)
    # A folder that is no environment is left alone: the refusal shows that a Python was accepted.
    (machine / ".venv").mkdir()
    (machine / ".venv/thesis.txt").write_text("years of work")
    done = subprocess.run(
        [machine / "bin/sh", ROOT / ".ci/venv", "requirements.lock"],
        cwd=machine,
        env={"PATH": str(machine / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == (
        ".venv is not a virtual environment; move it away, then repeat the command\n"
    )
    assert (machine / ".venv/thesis.txt").exists()


def pins(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    return dict(line.split(" ", 1) for line in text.splitlines() if line)


def test_what_developing_needs_contains_what_running_needs_to_the_hash() -> None:
    run, develop = pins("requirements.lock"), pins("requirements-dev.lock")
    assert run.items() <= develop.items()
    assert len(run) > 50


def test_every_locked_package_has_a_version_and_a_hash() -> None:
    for package, rest in pins("requirements-dev.lock").items():
        assert "==" in package
        assert "--hash=sha256:" in rest


def test_every_direct_dependency_has_its_line_in_the_documentation() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = {
        re.split(r"[^\w-]", requirement)[0]
        for requirement in (
            *project["project"]["dependencies"],
            *project["dependency-groups"]["build"],
            *project["dependency-groups"]["dev"],
        )
    }
    cells = re.findall(r"^\| ([\w, †()-]+) \|", (ROOT / "docs/dependencies.md").read_text(), re.M)
    explained = set(re.findall(r"[\w-]+", " ".join(cells))) - {"package", "binary"}
    assert {"missing": wanted - explained, "gone": explained - wanted - {"---"}} == {
        "missing": set(),
        "gone": set(),
    }

"""What a scenario's prompt and policy said at another commit."""

from __future__ import annotations

import inspect
import subprocess
from pathlib import Path

from bench.errors import BenchError
from bench.types import Scenario, Wording


def wording_at(scenario: Scenario, ref: str) -> Wording:
    """``prompt.md`` and ``policy.md`` of a scenario at a commit, branch or tag.

    Raises ``BenchError`` if git does not know the commit, or the prompt was not there yet.
    """
    folder = Path(inspect.getfile(type(scenario))).parent
    return Wording(_file(folder, ref, "prompt.md"), _file(folder, ref, "policy.md"))


def _file(folder: Path, ref: str, name: str) -> str:
    _git(
        folder,
        f"no commit {ref!r} here; fetch it (git fetch origin, or actions/checkout with "
        "fetch-depth: 0), or name another with --base",
        *("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"),
    )
    missing = f"{folder / name} was not there at {ref}; name a later commit with --base"
    return _git(folder, missing, "show", f"{ref}:./{name}")


def _git(folder: Path, fault: str, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=30
        )
    except FileNotFoundError:
        raise BenchError("git is not installed; the base prompt is read from it") from None
    except subprocess.SubprocessError:
        raise BenchError(fault) from None
    return done.stdout

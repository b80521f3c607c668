"""What is installed, which models and keys are there, and how to mend what is missing."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import psutil

from bench.database import free_bytes

State = Literal["ok", "note", "bad"]

PACKAGES = ("litellm", "xllamacpp", "sqlalchemy", "pandas", "matplotlib", "stripe", "tiktoken")
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY")
ENOUGH_DISK = 2_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing looked at: ``note`` is worth knowing, ``bad`` must be mended."""

    state: State
    text: str


def examine(results: Path) -> list[Finding]:
    """Look at Python, packages, models, keys, disk, memory and the results folder."""
    return [*_python(), *_packages(), *_models(), *_keys(), *_machine(results)]


def _python() -> Iterator[Finding]:
    yield Finding("ok", f"Python {platform.python_version()} at {sys.executable}")


def _packages() -> Iterator[Finding]:
    for package in PACKAGES:
        try:
            yield Finding("ok", f"{package} {version(package)}")
        except PackageNotFoundError:
            yield Finding("bad", f"{package} is missing: run 'make setup'")


def _models() -> Iterator[Finding]:
    from bench.models import weights

    for model in weights.available():
        path = weights.installed(model)
        if path is not None:
            yield Finding("ok", f"model {model.name} at {path}")
        else:
            yield Finding("note", f"model {model.name} is not here: bench models pull {model.name}")


def _keys() -> Iterator[Finding]:
    for key in KEYS:
        if os.environ.get(key):
            yield Finding("ok", f"{key} is set")
        else:
            yield Finding("note", f"{key} is not set: export it to use that provider's models")


def _machine(results: Path) -> Iterator[Finding]:
    memory = psutil.virtual_memory().available
    yield Finding("ok", f"{os.cpu_count()} cores, {memory / 2**30:.1f} GiB of memory available")
    free = free_bytes(results.absolute())
    if free < ENOUGH_DISK:
        yield Finding("bad", f"{free / 1e9:.1f} GB of disk free at {results}: make room")
    else:
        yield Finding("ok", f"{free / 1e9:.0f} GB of disk free at {results}")
    parent = results.absolute()
    while not parent.exists():
        parent = parent.parent
    if os.access(parent, os.W_OK):
        yield Finding("ok", f"{results} can be written")
    else:
        yield Finding("bad", f"{results} cannot be written: choose another folder with --results")

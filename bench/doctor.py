"""What is installed, which models and keys are there, and how to mend what is missing."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import psutil

from bench.errors import BenchError

State = Literal["ok", "note", "bad"]

PACKAGES = (
    *(
        "litellm",
        "xllamacpp",
        "sqlalchemy",
        "psycopg",
        "pandas",
        "matplotlib",
        "stripe",
        "tiktoken",
    ),
)
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY")
ENOUGH_DISK = 2_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing looked at: ``note`` is worth knowing, ``bad`` must be mended."""

    state: State
    text: str


def examine(results: Path, database: str | None = None) -> list[Finding]:
    """Look at Python, packages, models, keys, disk, memory and the results folder; at the server
    too where a ``database`` is given."""
    found = [*_python(), *_packages(), *_models(), *_keys(), *_machine(results)]
    return [*found, *_server(database)] if database else found


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


def free_bytes(path: Path) -> int:
    """Free disk space where ``path`` is, or will be."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(os.fspath(path)).free


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
    if parent.is_dir() and os.access(parent, os.W_OK):
        yield Finding("ok", f"{results} can be written")
    else:
        yield Finding("bad", f"{results} cannot be written: choose another folder with --results")


def _server(address: str) -> Iterator[Finding]:
    from bench.database.postgresql import left_behind
    from bench.database.server import open_server

    try:
        server = open_server(address)
        schemas = left_behind(server)
    except BenchError as error:
        yield Finding("bad", str(error))
        return
    yield Finding("ok", f"PostgreSQL {server.version} at {server.shown}, fit for --database")
    if schemas:
        yield Finding(
            "note",
            f"{len(schemas)} schemas of runs under way, or killed, in that database: the next run "
            "with --database removes those of killed ones",
        )

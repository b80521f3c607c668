"""Other people's agents: result files of τ-bench and τ²-bench and logs of inspect_ai become runs.

One module a format; ``attempt.py`` says what they have in common, ``run.py`` makes a run of it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from bench.errors import BenchError
from bench.imports import inspect_log, tau, tau2
from bench.imports.attempt import Source
from bench.imports.run import manifest, renamed, trials
from bench.journal import Journal
from bench.metering.prices import PriceTable
from bench.types import Json

FORMATS = "result files of τ-bench and τ²-bench (.json) and logs of inspect_ai (.json, .eval)"


def import_files(
    paths: Sequence[Path],
    results: Path,
    prices: PriceTable,
    *,
    command: str,
    model: str | None = None,
    scenario: str | None = None,
    scorer: str | None = None,
) -> Path:
    """Make one run of the files and return its folder. ``model`` and ``scenario`` replace the
    names in the files.

    Raises ``BenchError`` for a file that is not whole or of no known format; then nothing is
    written.
    """
    sources = [renamed(_read(path, scorer), model=model, scenario=scenario) for path in paths]
    for path, source in zip(paths, sources, strict=True):
        if not source.attempts:
            raise BenchError(f"{path}: no attempt in it; there is nothing to import")
    found = [made for source in sources for made in trials(source, prices)]
    plan = manifest(sources, [trial for trial, _ in found], prices, command=command)
    # Under another name until it is whole, so that nobody sees half a run.
    unfinished, folder = results / f".{plan.run}", results / plan.run
    journal = Journal.create(unfinished, plan)
    try:
        for trial, steps in found:
            for step in steps:
                journal.step(step)
            journal.trial(trial)
        journal.finish()
        journal.close()
        unfinished.rename(folder)
    except BaseException:
        journal.close()
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return folder


def _read(path: Path, scorer: str | None) -> Source:
    value = _value(path)
    if tau.reads(value):
        return tau.read(path, value)
    if tau2.reads(value):
        return tau2.read(path, value)
    if inspect_log.reads(value):
        return inspect_log.read(path, value, scorer)
    raise BenchError(f"{path}: of no known format; there are {FORMATS}")


def _value(path: Path) -> Json:
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise BenchError(f"{path}: cannot be read ({error.strerror})") from None
    if start == b"PK\x03\x04" or path.suffix == ".eval":
        return inspect_log.unpack(path)
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise BenchError(f"{path}: no JSON ({error}); is the file whole?") from None
    except OSError as error:
        raise BenchError(f"{path}: cannot be read ({error.strerror})") from None

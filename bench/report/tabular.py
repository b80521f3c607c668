"""A run as a table in a file: one row a trial, or one row a step, for other people's tools."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bench.analysis.frames import steps_frame, trials_frame
from bench.errors import BenchError
from bench.journal import read_run, read_steps
from bench.spreadsheets import harmless

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("trials", "steps")
PARQUET = (
    "Parquet needs the package pyarrow, which is not installed: "
    "install it (pip install pyarrow), or export --to csv or json"
)


def export_table(folder: Path, kind: str, table: str, out: Path) -> int:
    """Write ``table`` of the run in ``folder`` to ``out`` and return its number of rows.

    ``kind`` is one of ``KINDS``. Unknown is empty in CSV, null in JSON and Parquet. Raises
    ``BenchError`` if the run cannot be read or the file not be written; nothing is left half
    written.
    """
    frame = (
        trials_frame(read_run(folder).trials)
        if table == "trials"
        else steps_frame(read_steps(folder))
    )
    if frame.empty:
        raise BenchError(f"{folder}: no {table} on record; nothing was written")
    temporary = out.with_name(f".{out.name}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            KINDS[kind](frame, temporary)
            temporary.replace(out)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise BenchError(
            f"{out}: cannot be written ({error.strerror}); name another file with --out"
        ) from None
    return len(frame)


def _csv(frame: pd.DataFrame, path: Path) -> None:
    texts = frame.select_dtypes(include=["object", "string"]).columns
    frame = frame.copy()
    frame[texts] = frame[texts].map(_harmless)
    frame.convert_dtypes().to_csv(path, index=False)


def _harmless(value: object) -> object:
    return harmless(value) if isinstance(value, str) else value


def _json(frame: pd.DataFrame, path: Path) -> None:
    rows = json.loads(frame.to_json(orient="records", double_precision=15))
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    try:
        frame.convert_dtypes().to_parquet(path, index=False)
    except ImportError:
        raise BenchError(PARQUET) from None


KINDS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "csv": _csv,
    "parquet": _parquet,
    "json": _json,
}
"""Format → its writer."""

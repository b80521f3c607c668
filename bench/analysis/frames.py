"""A run as tidy pandas tables, for notebooks: one row a trial, one row a step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.journal import read_run, read_steps
from bench.types import Step, Trial

if TYPE_CHECKING:
    import pandas as pd

_NESTED_TRIAL = {
    "verdict",
    "flagged",
    "usage",
    "dollars",
    "timing",
    "provenance",
    "tool_sequence",
    "guards",
    "point",
}
_NESTED_STEP = {"messages", "calls", "usage", "usage_counted", "tools", "raw_usage"}


def load(folder: Path | str) -> pd.DataFrame:
    """The trials of the run in ``folder``. Raises ``JournalError`` if it cannot be read."""
    return trials_frame(read_run(Path(folder)).trials)


def load_steps(folder: Path | str) -> pd.DataFrame:
    """The steps of the run in ``folder``, those of killed attempts included."""
    return steps_frame(read_steps(Path(folder)))


def trials_frame(trials: Iterable[Trial]) -> pd.DataFrame:
    """One row a trial; usage, dollars, timing and provenance spread over columns."""
    import pandas as pd  # half a second, which the report does not need

    return pd.DataFrame([_trial(trial) for trial in trials])


def steps_frame(steps: Iterable[Step]) -> pd.DataFrame:
    """One row a step; usage spread over columns, messages and results left out."""
    import pandas as pd  # half a second, which the report does not need

    return pd.DataFrame([_step(step) for step in steps])


def _trial(trial: Trial) -> dict[str, Any]:
    row = {name: value for name, value in _fields(trial) if name not in _NESTED_TRIAL}
    row["cause"] = trial.cause.value if trial.cause else None
    row["flagged"] = len(trial.flagged)
    row |= {f"tokens_{name}": value for name, value in asdict(trial.usage).items()}
    row |= {f"usd_{name}": value for name, value in asdict(trial.dollars).items()}
    row["timing_median_s"] = trial.timing.median_s if trial.timing else None
    row |= {f"provenance_{name}": value for name, value in asdict(trial.provenance).items()}
    return row


def _step(step: Step) -> dict[str, Any]:
    row = {name: value for name, value in _fields(step) if name not in _NESTED_STEP}
    row |= {f"tokens_{name}": value for name, value in asdict(step.usage).items()}
    row["tool_calls"] = len(step.tools)
    row["tool_names"] = " ".join(tool.name for tool in step.tools)
    return row


def _fields(item: Trial | Step) -> Iterable[tuple[str, Any]]:
    return ((name, getattr(item, name)) for name in item.__dataclass_fields__)

"""A blessed run: small enough to be reviewed and kept under version control, for later comparisons.

A folder holds ``baseline.json`` (who blessed which run when), ``manifest.json`` (what was asked of
whom) and ``results.jsonl`` (one line a trial, sorted, without transcripts).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bench.analysis.documented import Documented
from bench.errors import BenchError
from bench.journal import MANIFEST, Run, read_manifest
from bench.types import Trial, Usage

FOLDER = "baseline"
"""Below the results: a folder for each baseline."""
RECORD = "baseline.json"
RESULTS = "results.jsonl"
SCHEMA_VERSION = 1

# What a comparison does not need, and what it would be if nothing had happened.
_LEFT_OUT: Mapping[str, Any] = {
    "attempt": "",
    "seed": 0,
    "flagged": {},
    "started": 0.0,
    "timing": None,
    "raw_hash": "",
    "state_hash": "",
    "tool_sequence_hash": "",
    "tool_sequence": [],
    "wall_s": 0.0,
    "waiting_s": 0.0,
    "queries": None,
    "query_s": None,
}
_USUAL: Mapping[str, Any] = {
    "drift": "none",
    "repeat": 0,
    "records": 1,
    **dict.fromkeys(("passed", "deferred", "failed", "reviewed", "steps", "malformed"), 0),
    **dict.fromkeys(("tool_errors", "guarded", "unknown"), 0),
    "tasks": 1,
    "cause": None,
    "detail": None,
    "guards": {},
    "repaired": False,
    "variant": "",
    "twin": None,
    "hostile": False,
    "asks": "",
    "point": "",
    "verdict": {"records": [], "faults": []},
    **_LEFT_OUT,
}


@dataclass(frozen=True, slots=True)
class Baseline(Documented):
    """Who declared which run to be what later ones are held against."""

    schema_version: int
    """Raised when the meaning of a field changes."""
    name: str
    """Of the baseline."""
    run: str
    """Name of the run that was blessed."""
    measured: str
    """When that run was started: ISO 8601, UTC."""
    blessed: str
    """When it was blessed: ISO 8601, UTC."""
    by: str
    """Who blessed it."""
    note: str
    """Why, in their words."""
    snapshots: Mapping[str, tuple[str, ...]]
    """Model → the names under which the provider answered."""
    key: str
    """Hash of everything that has to be equal for a comparison, prompt and policy left out."""
    results_sha256: str
    """Of ``results.jsonl``, so that figures edited by hand are noticed."""

    def age_days(self, now: datetime | None = None) -> float:
        """Days since the run was made."""
        now = now or datetime.now(UTC)
        return (now - datetime.fromisoformat(self.measured)).total_seconds() / 86_400


def bless(
    run: Run,
    snapshots: Mapping[str, tuple[str, ...]],
    folder: Path,
    *,
    key: str,
    by: str,
    note: str = "",
) -> Baseline:
    """Write a baseline of ``run`` into ``folder``, over an earlier one. Raises ``BenchError``."""
    if not run.finished:
        raise BenchError(
            f"{run.folder}: this run is unfinished; go on with: {run.manifest.command}"
        )
    kept = [trial for trial in run.trials if trial.model is not None or trial.approach == "job"]
    if not kept:
        raise BenchError(f"{run.folder}: no trial of job, agent or hybrid to compare with later")
    lines = sorted(_line(trial) for trial in kept)
    text = "".join(f"{line}\n" for line in lines)
    found = Baseline(
        schema_version=SCHEMA_VERSION,
        name=folder.name,
        run=run.manifest.run,
        measured=run.manifest.created,
        blessed=datetime.now(UTC).isoformat(timespec="seconds"),
        by=by,
        note=note,
        snapshots={model: tuple(names) for model, names in sorted(snapshots.items())},
        key=key,
        results_sha256=hashlib.sha256(text.encode()).hexdigest(),
    )
    # Of what was not measured, and of the tools' schemas, the hashes are enough.
    manifest = replace(
        run.manifest,
        scenarios=tuple(
            replace(
                plan,
                tools=(),
                strata=tuple(stratum for stratum in plan.strata if stratum.cases),
            )
            for plan in run.manifest.scenarios
        ),
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RESULTS).write_text(text, "utf-8", "backslashreplace")
        (folder / MANIFEST).write_text(_plain(asdict(manifest)), "utf-8", "backslashreplace")
        (folder / RECORD).write_text(_plain(asdict(found)), "utf-8", "backslashreplace")
    except OSError as error:
        raise BenchError(f"{folder}: cannot be written ({error.strerror})") from None
    return found


def is_baseline(folder: Path) -> bool:
    """Whether the folder holds a baseline."""
    return (folder / RECORD).is_file()


def baselines(results: Path) -> list[Path]:
    """The folders of all baselines."""
    return sorted(path.parent for path in (results / FOLDER).glob(f"*/{RECORD}"))


def find_baseline(name: str, results: Path) -> Path:
    """The folder of the baseline that the user named. Raises ``BenchError`` if there is none."""
    folder = Path(name) if "/" in name else results / FOLDER / name
    if not is_baseline(folder):
        known = ", ".join(each.name for each in baselines(results)) or "none"
        raise BenchError(
            f"{folder}: no such baseline; there are {known}; 'bench bless RUN' makes one"
        )
    return folder


def read_baseline(folder: Path) -> tuple[Baseline, Run]:
    """A baseline, and the blessed run as far as it was kept. Raises ``BenchError``."""
    path = folder / RECORD
    try:
        baseline = TypeAdapter(Baseline).validate_json(path.read_bytes())
        raw = (folder / RESULTS).read_bytes()
    except OSError as error:
        raise BenchError(f"{folder}: cannot be read ({error.strerror}); bless a run anew") from None
    except ValidationError as error:
        raise BenchError(f"{path}: {error.errors()[0]['msg']}; bless a run anew") from None
    if baseline.schema_version != SCHEMA_VERSION:
        raise BenchError(
            f"{path}: schema version {baseline.schema_version}, this program reads "
            f"{SCHEMA_VERSION}; bless a run anew"
        )
    if hashlib.sha256(raw).hexdigest() != baseline.results_sha256:
        raise BenchError(
            f"{folder / RESULTS}: not as it was blessed; restore it from git, or bless a run anew"
        )
    read = TypeAdapter(Trial)
    trials = []
    for number, line in enumerate(raw.decode("utf-8").splitlines(), start=1):
        try:
            trials.append(read.validate_python({**_USUAL, **json.loads(line)}))
        except (ValueError, TypeError) as error:
            raise BenchError(
                f"{folder / RESULTS}:{number}: {_first(error)}; bless a run anew"
            ) from None
    return baseline, Run(folder, read_manifest(folder), trials=trials, finished=True)


def _line(trial: Trial) -> str:
    plain = asdict(trial)
    plain["usage"] = {k: v for k, v in plain["usage"].items() if v != getattr(Usage(), k)}
    wrong = [each for each in plain["verdict"]["records"] if each["status"] != "pass"]
    plain["verdict"] = {"records": wrong, "faults": plain["verdict"]["faults"]}
    plain["working_s"] = round(plain["working_s"], 3)
    plain["dollars"]["compute"] = None  # a matter of the machine, and of its price
    kept = {
        key: value
        for key, value in json.loads(json.dumps(plain, default=str)).items()
        if key not in _LEFT_OUT and not (key in _USUAL and value == _USUAL[key])
    }
    # The id first: lines are sorted, and read, by it.
    ordered = {"id": kept.pop("id"), **dict(sorted(kept.items()))}
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=1, default=str, ensure_ascii=False) + "\n"


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)

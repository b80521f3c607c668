"""A run's folder: manifest, journal (one line a trial), traces (one line a step).

The journal is append-only JSON lines. A trial counts from the moment its line is written whole,
which no kill of the process undoes; a torn last line, which a kill can leave, is dropped on reading
and cut off on resuming. A crash of the machine may take the last lines, see ``FLUSH_S``: their
trials are run again.
Whatever comes after a run reads these files and nothing else.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from bench.errors import BenchError, JournalError
from bench.lines import append, cut_torn_line, encode, first_fault, lines, parse
from bench.types import BatchTiming, Json, Step, Sweep, Trial

SCHEMA_VERSION = 1

MANIFEST = "manifest.json"
JOURNAL = "journal.jsonl"
TRACES = "traces.jsonl"

FLUSH_S = 0.25
"""Where trials end faster than this, those of one interval are flushed to the disk together, by
the first that ends after it. Until then, a power cut or a crash of the machine may lose them."""

T = TypeVar("T")


@dataclass(frozen=True)
class StratumPlan:
    """A stratum as planned, with its weight in the production mix."""

    name: str
    title: str
    ordinary: bool
    free_text: bool
    drift: str
    weight: float
    cases: int
    """How many cases of it the run holds; 0 for a stratum left unmeasured."""
    hostile: bool = False
    """Holds attacks, or their neutral twins."""


@dataclass(frozen=True)
class RepairPlan:
    """The size of one part of the repair that a drift calls for."""

    part: str
    """``job``, ``policy`` or ``tools``."""
    file: str
    lines_added: int
    lines_removed: int
    tokens_added: int | None
    """Of the lines added, counted with tiktoken."""
    tokens_removed: int | None


@dataclass(frozen=True)
class ScenarioPlan:
    """What analysis needs to know of a scenario without its code."""

    name: str
    version: str
    strata: tuple[StratumPlan, ...]
    cases: tuple[str, ...]
    repeated: tuple[str, ...]
    """Cases that are run ``repeats`` times; the others run once."""
    dataset_hash: str
    prompt_hash: str
    policy_hash: str
    tools_hash: str
    prompt_tokens: int | None
    """Static tokens of system prompt and tools, counted with tiktoken."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What was set with ``--option``."""
    drift: str = "none"
    """The change that the drifted ones among the cases show."""
    repair: tuple[RepairPlan, ...] = ()
    """What bringing job, policy and tools up to date with it changed."""
    own: bool = False
    """The records are the user's own, not generated ones."""
    judged: bool = True
    """Whether somebody said what is right of them; verdicts are unknown otherwise."""
    tools: tuple[Mapping[str, Json], ...] = ()
    """The tools as the native protocol sends them; empty in older runs."""
    drawn: tuple[str, ...] = ()
    """The order in which a gate draws its cases, where it is not that of ``cases``."""


@dataclass(frozen=True)
class ModelPlan:
    """A model as used in the run."""

    name: str
    protocol: str
    provenance: str
    identity: Mapping[str, Json]


@dataclass(frozen=True)
class Manifest:
    """Everything needed to repeat a run, and to analyse it without its code."""

    schema_version: int
    run: str
    identity: str
    """Hash of what determines the results: data, prompts, policy, tools, models, sampling, plan."""
    created: str
    """ISO 8601, UTC."""
    command: str
    scenarios: tuple[ScenarioPlan, ...]
    approaches: tuple[str, ...]
    models: tuple[ModelPlan, ...]
    repeats: int
    seed: int
    temperature: float
    guards: bool
    limits: Mapping[str, Json]
    concurrency: int
    planned_trials: int
    git_commit: str | None
    git_dirty: bool | None
    versions: Mapping[str, str]
    machine: Mapping[str, Json]
    price_table: Mapping[str, Json]
    """``source``, ``version``, ``sha256``, ``date``."""
    usd_per_machine_hour: float
    notes: tuple[str, ...] = ()
    sequential: bool = False
    """Cases were drawn in the order given until a comparison was decided, so that only tests which
    may be looked at always hold."""
    sweep: Sweep | None = None
    """The setting that was tried at several values."""
    rpm: int | None = None
    """Requests a minute allowed of each hosted model."""
    tpm: int | None = None
    """Tokens a minute, likewise."""
    imported: tuple[str, ...] = ()
    """The formats of the files that it was made from; empty for a run of this program's."""
    redacted: bool = False
    """Keyed hashes stand for what was said, and for what was decided beyond its kind."""
    through_http: bool = False
    """Cases reached their databases over HTTP, through the scenarios' receiving ends."""
    database: Mapping[str, str] = field(default_factory=dict)
    """``engine`` and ``version`` of what held the trials' databases; empty in older runs."""


@dataclass
class Run:
    """A run as read back."""

    folder: Path
    manifest: Manifest
    trials: list[Trial] = field(default_factory=list)
    swept: list[Trial] = field(default_factory=list)
    """Trials at the points of a sweep, at settings of their own."""
    batches: list[BatchTiming] = field(default_factory=list)
    finished: bool = False
    torn: bool = False
    """The journal's last line was incomplete, and dropped."""

    @property
    def recorded(self) -> list[Trial]:
        """All trials on record, those of a sweep's points too."""
        return [*self.trials, *self.swept]


@cache
def _adapter(kind: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(kind)


class Journal:
    """A run's folder, open for appending. One process at a time holds it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._flushed = 0.0
        try:
            self._journal = os.open(folder / JOURNAL, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            self._traces = os.open(folder / TRACES, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise _unwritable(folder, error) from None
        try:
            fcntl.flock(self._journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise BenchError(
                f"{folder}: another process is writing this run; wait for it or stop it"
            ) from None
        cut_torn_line(self._journal)
        cut_torn_line(self._traces)

    @classmethod
    def create(cls, folder: Path, manifest: Manifest) -> Journal:
        """Start a run in a new folder."""
        try:
            folder.mkdir(parents=True)
            temporary = folder / f".{MANIFEST}"
            with temporary.open("w") as file:
                json.dump(asdict(manifest), file, indent=2, default=str)
                file.write("\n")
            temporary.replace(folder / MANIFEST)
        except OSError as error:
            raise _unwritable(folder, error) from None
        return cls(folder)

    def step(self, step: Step) -> None:
        """Put a step on record. It survives a kill of the process from here on."""
        append(self._traces, encode("step", step), self.folder)

    def trial(self, trial: Trial) -> None:
        """Put a finished trial on record. It survives a kill of the process from here on, and a
        crash of the machine from the next flush on: now, unless one was less than ``FLUSH_S``
        seconds ago."""
        self.trial_lines([encode("trial", trial)])

    def trial_lines(self, lines: Iterable[bytes]) -> None:
        """Trials that have been encoded already, by a worker process."""
        append(self._journal, b"".join(lines), self.folder)
        now = time.monotonic()
        if now - self._flushed >= FLUSH_S:
            os.fsync(self._journal)
            self._flushed = now

    def batch(self, batch: BatchTiming) -> None:
        """Put the timing of a job batch on record."""
        append(self._journal, encode("batch", batch), self.folder)

    def finish(self) -> None:
        """Mark the run as complete."""
        append(self._journal, b'{"kind":"finished"}\n', self.folder)
        os.fsync(self._journal)

    def close(self) -> None:
        """Release the folder."""
        with contextlib.suppress(OSError):
            os.fsync(self._journal)
        for descriptor in (self._journal, self._traces):
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _unwritable(folder: Path, error: OSError) -> BenchError:
    return BenchError(
        f"{folder}: cannot be written ({error.strerror}); choose another folder with --results"
    )


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a run. Raises ``JournalError`` if there is none or it does not fit."""
    path = folder / MANIFEST
    try:
        raw = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise JournalError(
            f"{folder}: no run there ({MANIFEST} is missing); 'bench list' shows the runs"
        ) from None
    except (OSError, ValueError) as error:
        raise JournalError(f"{path}: cannot be read ({error}); start a new run") from None
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if version != SCHEMA_VERSION:
        raise JournalError(
            f"{path}: schema version {version}, this program reads {SCHEMA_VERSION}; "
            "read the run with the version of agent-or-job that wrote it"
        )
    try:
        manifest: Manifest = _adapter(Manifest).validate_python(raw)
        return manifest
    except ValidationError as error:
        raise JournalError(f"{path}: {first_fault(error)}; start a new run") from None


def entries(folder: Path) -> Iterator[Trial | BatchTiming | None]:
    """What a run's journal says, line by line; None where it says that the run is complete. A torn
    last line ends it; any other broken line is a ``JournalError`` that names it."""
    path = folder / JOURNAL
    for number, line, complete in lines(path):
        if complete:
            yield _entry(path, number, line)


def _entry(path: Path, number: int, line: str) -> Trial | BatchTiming | None:
    entry = parse(path, number, line, "its trial is then run again")
    kind = entry.pop("kind", None)
    try:
        if kind == "trial":
            trial: Trial = _adapter(Trial).validate_python(entry)
            return trial
        if kind == "batch":
            batch: BatchTiming = _adapter(BatchTiming).validate_python(entry)
            return batch
    except ValidationError as error:
        raise JournalError(f"{path}:{number}: {first_fault(error)}; delete the line") from None
    if kind != "finished":
        raise JournalError(f"{path}:{number}: unknown kind {kind!r}; delete the line")
    return None


def read_run(folder: Path) -> Run:
    """A whole run, traces left out. Tolerates a torn last line; any other broken line is a
    ``JournalError`` that names it."""
    run = Run(folder=folder, manifest=read_manifest(folder))
    seen: set[str] = set()
    path = folder / JOURNAL
    for number, line, complete in lines(path):
        if not complete:
            run.torn = True
            break
        entry = _entry(path, number, line)
        if isinstance(entry, Trial):
            if entry.id in seen:
                raise JournalError(
                    f"{path}:{number}: trial {entry.id} stands there twice; delete one line"
                )
            seen.add(entry.id)
            (run.swept if entry.point else run.trials).append(entry)
        elif entry is not None:
            run.batches.append(entry)
        else:
            run.finished = True
    return run


def read_steps(folder: Path, trial: Trial | None = None) -> Iterator[Step]:
    """The steps of a run, or of one trial's counted attempt, in order."""
    path = folder / TRACES
    for number, line, complete in lines(path):
        if not complete:
            return
        if trial is not None and trial.attempt not in line:
            continue
        entry = parse(path, number, line, "its transcript then lacks that step")
        entry.pop("kind", None)
        try:
            step = _adapter(Step).validate_python(entry)
        except ValidationError as error:
            raise JournalError(f"{path}:{number}: {first_fault(error)}; delete the line") from None
        if trial is None or (step.trial == trial.id and step.attempt == trial.attempt):
            yield step


def unused(results: Path, run: str, ending: str = "") -> str:
    """``run``, or ``run.2`` and so on if a run of the same second has that name already."""
    name, number = run, 1
    while (results / f"{name}{ending}").exists():
        number += 1
        name = f"{run}.{number}"
    return name


def runs(results: Path) -> Sequence[Path]:
    """The folders of all runs below ``results``, oldest first."""
    if not results.is_dir():
        return []
    folders = (path.parent for path in results.glob(f"*/{MANIFEST}"))
    return sorted((f for f in folders if not f.is_symlink()), key=lambda folder: folder.name)

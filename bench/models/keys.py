"""Keys: from the environment, or from a file ``.env`` in the working folder, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from dotenv import load_dotenv

from bench.errors import BenchError

FILE: Final = ".env"


def load_keys(folder: Path) -> None:
    """Take variables over from ``.env`` in ``folder``, if there is one. What the environment says
    already holds."""
    load_dotenv(folder / FILE, override=False)


def key(variable: str | None) -> str | None:
    """The key that the variable of that name holds; None if none is named. Raises ``BenchError``
    if it is empty."""
    if variable is None:
        return None
    value = os.environ.get(variable)
    if not value:
        raise BenchError(f"--api-key-env {variable}: not set; export it, or put it into {FILE}")
    return value

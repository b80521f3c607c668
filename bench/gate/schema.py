"""The schema of ``gate.json``, as JSON schema and as a page to read.

``python -m bench.gate.schema`` writes both anew from the dataclasses in ``bench.gate.result``.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from bench.gate.export import adapter
from bench.gate.result import SCHEMA_VERSION
from bench.report.schema import as_page, as_text

SCHEMA = "gate.schema.json"
PAGE = Path("docs") / "gate-schema.md"

INTRODUCTION = f"""# `gate.json`

A comparison of two runs for machines, written by `bench compare BASE HEAD --json FILE`. Schema
version {SCHEMA_VERSION}; a new field does not raise it, a changed meaning does. The JSON schema is
[`bench/gate/gate.schema.json`](../bench/gate/gate.schema.json). This page is made from it by
`python -m bench.gate.schema`.

- `null` is *unknown*, never zero. There are no NaNs and no infinities.
- A change of a share is a difference (−0.05 is 5 points less), a change of an amount is relative
  (0.05 is 5 % more).
- [comparing-runs.md](comparing-runs.md) says how everything is worked out.
"""


def generate() -> dict[str, Any]:
    """The JSON schema (2020-12) of ``gate.json``."""
    made = adapter().json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def published() -> dict[str, Any]:
    """The JSON schema as it comes with this version."""
    found: dict[str, Any] = json.loads(files("bench.gate").joinpath(SCHEMA).read_text("utf-8"))
    return found


def page() -> str:
    """The schema as Markdown."""
    return as_page(generate(), INTRODUCTION)


if __name__ == "__main__":
    root = Path(__file__).parent.parent.parent
    (root / "bench" / "gate" / SCHEMA).write_text(as_text(generate()), "utf-8")
    (root / PAGE).write_text(page(), "utf-8")

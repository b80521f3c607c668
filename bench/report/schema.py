"""The schema of ``summary.json``, as JSON schema and as a page to read.

``python -m bench.report.schema`` writes both anew from the dataclasses in ``bench.analysis``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from bench.analysis.rows import SCHEMA_VERSION
from bench.report.export import adapter

SCHEMA = "summary.schema.json"
PAGE = Path("docs") / "summary-schema.md"

INTRODUCTION = f"""# `summary.json`

The figures of a run for machines, written beside the report: the same figures that the report
shows. Schema version {SCHEMA_VERSION}; a new field does not raise it, a changed meaning does. The
JSON schema is
[`bench/report/summary.schema.json`](../bench/report/summary.schema.json). This page is made from
it by `python -m bench.report.schema`.

- `null` is *unknown*, never zero; `reasons` of the same object says why. There are no NaNs and no
  infinities.
- Seconds are working seconds: waiting for rate limits and back-off is left out. Dollars are US
  dollars, of the kind that `usd_kind` names; the two kinds are never added up.
- Totals (`tokens_in`, `usd`, …) count every trial that the row rests on, those broken by the
  infrastructure too, for they were paid. Shares and figures per record count usable trials only.
- A row whose `stratum` is `mix` is re-weighted to the production mix; its totals and counts are
  those of the trials that it rests on.
- [reading-the-report.md](reading-the-report.md) says how the intervals are made, and what they
  can bear.
"""


def generate() -> dict[str, Any]:
    """The JSON schema (2020-12) of ``summary.json``."""
    made = adapter().json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def published() -> dict[str, Any]:
    """The JSON schema as it comes with this version."""
    text = files("bench.report").joinpath(SCHEMA).read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def as_text(schema: Mapping[str, Any]) -> str:
    """The schema as it is stored."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def as_page(schema: Mapping[str, Any], introduction: str = INTRODUCTION) -> str:
    """The schema as Markdown: a table for each kind of object, the whole first."""
    parts = [introduction, *_object(schema["title"], schema)]
    for name, part in schema["$defs"].items():
        parts += _object(name, part)
    return "\n".join(parts)


def _object(name: str, part: Mapping[str, Any]) -> Iterator[str]:
    if "properties" not in part:
        return
    description = " ".join(part.get("description", "").replace("``", "`").split())
    yield f"\n## {name}\n\n{description}\n"
    yield "| field | type | meaning |\n| --- | --- | --- |"
    for field, what in part["properties"].items():
        meaning = " ".join(what.get("description", "").replace("``", "`").split())
        yield f"| `{field}` | {_type(what)} | {meaning} |"


def _type(what: Mapping[str, Any]) -> str:
    if "$ref" in what:
        name = what["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in what:
        return " or ".join(_type(kind) for kind in what["anyOf"])
    if "enum" in what:
        return " or ".join(f"`{value}`" for value in what["enum"])
    kind = str(what.get("type", "any"))
    if kind == "array":
        return f"list of {_type(what['items'])}"
    return kind


if __name__ == "__main__":
    root = Path(__file__).parent.parent.parent
    (root / "bench" / "report" / SCHEMA).write_text(as_text(generate()), "utf-8")
    (root / PAGE).write_text(as_page(generate()), "utf-8")

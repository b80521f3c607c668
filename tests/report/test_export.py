from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from bench.report import ReportPaths, export, schema

ROOT = Path(__file__).parent.parent.parent

NAMED = """
    scenario approach model stratum cases trials success success_low success_high deferred failed
    tokens_in tokens_cached tokens_out usd usd_per_1k_records usd_low usd_high p50_s p95_s
    records_per_s repeats infrastructure drift determinism_outcome determinism_state provenance
"""


def test_the_summary_fits_its_published_schema(written: ReportPaths) -> None:
    validator = jsonschema.Draft202012Validator(schema.published())
    validator.check_schema(schema.published())
    validator.validate(json.loads(written.summary_json.read_text()))


def test_the_schema_notices_what_does_not_fit(written: ReportPaths) -> None:
    broken = json.loads(written.summary_json.read_text())
    broken["rows"][0]["success"] = "most"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema.published()).validate(broken)


def test_the_published_schema_and_its_page_are_those_of_the_code() -> None:
    hint = "run: python -m bench.report.schema"
    assert schema.published() == schema.generate(), hint
    assert (ROOT / schema.PAGE).read_text("utf-8") == schema.as_page(schema.generate()), hint


def test_every_field_is_described() -> None:
    for name, part in schema.generate()["$defs"].items():
        for field, what in part.get("properties", {}).items():
            assert what.get("description"), f"{name}.{field}"


def test_rows_hold_the_promised_fields(written: ReportPaths) -> None:
    rows = json.loads(written.summary_json.read_text())["rows"]
    for row in rows:
        assert row.keys() >= set(NAMED.split())
        assert set(row["provenance"]) == {"success", "tokens", "dollars", "time"}


def test_the_summary_survives_the_way_to_json_and_back(written: ReportPaths) -> None:
    again = export.from_json(written.summary_json.read_text())
    assert again.rows == written.summary.rows
    assert export.to_json(again) == written.summary_json.read_text()

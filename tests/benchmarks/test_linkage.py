"""Linking large files: how right it is, and that time and memory stay within bounds.

The curve beside splink is printed by ``python -m tests.benchmarks.linkage``, the FEBRL table beside
splink and recordlinkage by ``python -m tests.benchmarks.rivals``.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks import crowd
from tests.benchmarks.linkage import alone, measured


def written(folder: Path, size: int) -> Path:
    truth = crowd.write(folder, size)
    (folder / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    return folder


def test_of_two_thousand_rows_the_right_half_finds_its_customers(tmp_path: Path) -> None:
    found = measured("ours", written(tmp_path, 2_000))
    assert found["precision"] >= 0.999
    assert found["recall"] >= 0.98


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_million_rows_against_a_million_in_ten_minutes_and_six_gigabytes(tmp_path: Path) -> None:
    """Needs two cores to itself."""
    found = alone("ours", written(tmp_path, 1_000_000))
    assert found["precision"] >= 0.999
    assert found["recall"] >= 0.98
    assert found["peak_gb"] < 6
    assert found["wall_s"] < 600

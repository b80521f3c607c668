from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from bench.analysis.rows import Summary
from bench.report import terminal_table
from tests.synthetic import HOSTED, LOCAL


def shown(summary: Summary, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(terminal_table(summary))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


WORDS = ("job", "agent", "hybrid", "always skip", "always defer", "compute", "API")
HEADINGS = ("right", "duction", "sample", "deferred", "1,000", "a record", "a case", "outcome")


@pytest.mark.parametrize("width", [80, 100])
def test_eighty_columns_hold_the_table_uncut(summary: Summary, width: int) -> None:
    text = shown(summary, width)
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= width
    for word in (*WORDS, *HEADINGS, LOCAL, HOSTED):
        assert word in text


def test_a_long_name_of_a_model_is_folded_and_no_figure_is_cut(summary: Summary) -> None:
    long = "openai/a-model-with-quite-a-long-name-2026-11-24"
    rows = tuple(replace(row, model=long if row.model else None) for row in summary.rows)
    text = shown(replace(summary, rows=rows), 80)
    assert "…" not in text
    assert "2026-11-24"[-4:] in text


def test_a_narrow_terminal_breaks_nothing(summary: Summary) -> None:
    assert max(len(line) for line in shown(summary, 60).splitlines()) <= 60


def test_provenance_and_small_numbers_are_said(summary: Summary) -> None:
    text = " ".join(shown(summary, 100).split())
    assert "measured, $ assumed" in text
    assert "measured, $ list price" in text
    assert "rests on 12 ordinary cases" in text
    assert "*: part of the production mix was not measured" in text

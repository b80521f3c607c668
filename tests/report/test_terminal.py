from __future__ import annotations

import io

import pytest
from rich.console import Console

from bench.analysis.rows import Summary
from bench.report import terminal_table


def shown(summary: Summary, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(terminal_table(summary))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_hundred_columns_hold_the_table_uncut(summary: Summary) -> None:
    text = shown(summary, 100)
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= 100
    for word in ("job", "agent", "hybrid", "always skip", "always defer", "compute", "API"):
        assert word in text


@pytest.mark.parametrize("width", [60, 80])
def test_a_narrow_terminal_breaks_nothing(summary: Summary, width: int) -> None:
    assert max(len(line) for line in shown(summary, width).splitlines()) <= width


def test_provenance_and_small_numbers_are_said(summary: Summary) -> None:
    text = " ".join(shown(summary, 100).split())
    assert "measured, $ assumed" in text
    assert "measured, $ list price" in text
    assert "rests on 12 ordinary cases" in text
    assert "*: part of the production mix was not measured" in text

"""Precision, recall and F1 of who is who, from the verdicts in the journal."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.analysis.pairs import Pairs, Share, pairs
from bench.analysis.summary import summarise
from bench.journal import ScenarioPlan
from bench.report.terminal import terminal_table
from bench.types import Pair, RecordVerdict, Status, Trial, Verdict
from tests.running import run_toy
from tests.synthetic import a_trial

PLAN = ScenarioPlan("toy", "1", (), (), (), "", "", "", "", None)


def case(name: str, *kinds: Pair, repeat: int = 0) -> Trial:
    """A trial in which records were put to people in these ways; all but ``found`` and neither
    are wrong."""
    status: dict[Pair, Status] = {"found": "pass", "": "pass"}
    records = tuple(
        RecordVerdict(f"{name}/{n}", status.get(kind, "fail"), "", pair=kind)
        for n, kind in enumerate(kinds)
    )
    made = a_trial(case=name, repeat=repeat, approach="job", model=None)
    return replace(made, records=len(records), verdict=Verdict(records))


def counted(*trials: Trial) -> Pairs:
    (found,) = pairs(PLAN, trials)
    return found


def value(share: Share | None) -> float:
    assert share is not None
    assert share.low is not None
    assert share.high is not None
    assert 0 <= share.low <= share.value <= share.high <= 1
    assert share.low < share.high
    return share.value


def test_the_three_figures_and_row_accuracy_count_records() -> None:
    found = counted(
        case("a", "found", "found", "wrong", ""),
        case("b", "missed", "invented", "found"),
        case("c", ""),
    )
    assert (found.records, found.due, found.linked, found.right) == (8, 5, 5, 3)
    assert value(found.precision) == pytest.approx(3 / 5)
    assert value(found.recall) == pytest.approx(3 / 5)
    assert value(found.f1) == pytest.approx(3 / 5)
    assert value(found.row_accuracy) == pytest.approx(5 / 8)


def test_f1_lies_between_precision_and_recall() -> None:
    found = counted(case("a", "found", "missed", "missed"), case("b", "found"))
    assert value(found.precision) == 1
    assert value(found.recall) == pytest.approx(1 / 2)
    assert value(found.f1) == pytest.approx(2 / 3)


def test_repeats_of_a_case_are_averaged() -> None:
    found = counted(case("a", "found"), case("a", "missed", repeat=1), case("b", "found"))
    assert (found.records, found.due, found.right) == (3, 2, 1.5)
    assert value(found.recall) == pytest.approx(3 / 4)


def test_what_divides_by_nothing_is_unknown() -> None:
    found = counted(case("a", "missed", ""), case("b", ""))
    assert found.precision is None
    assert value(found.recall) == 0
    assert list(pairs(PLAN, [case("a", ""), case("b", "", "")])) == []


def test_cases_that_pull_together_give_a_wider_interval() -> None:
    kinds: tuple[Pair, Pair] = ("found", "missed")
    apart = counted(*(case(str(n), kinds[n % 2], kinds[n // 2 % 2]) for n in range(20)))
    together = counted(*(case(str(n), kinds[n % 2], kinds[n % 2]) for n in range(20)))
    assert value(apart.recall) == value(together.recall) == 0.5
    widths = [s.high - s.low for s in (apart.recall, together.recall) if s and s.high and s.low]
    assert widths[1] > widths[0]


def test_a_run_without_pairs_says_nothing_of_them(tmp_path: Path) -> None:
    summary = summarise(run_toy(tmp_path))
    assert summary.pairs == ()
    assert terminal_table(summary)

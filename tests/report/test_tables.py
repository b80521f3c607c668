from __future__ import annotations

from dataclasses import replace

from bench.analysis.rows import Summary
from bench.analysis.samples import ALL, MIX
from bench.report.tables.cells import Cell, Column, Table, letter
from bench.report.tables.conduct import determinism_table, failures_table, time_table
from bench.report.tables.mistakes import guard_table
from bench.report.tables.outcomes import flags_table, outcome_table, strata_table

BILLING = "billing_webhooks"


def column(table: Table, title: str) -> list[Cell]:
    place = [heading.title for heading in table.columns].index(title)
    return [row[place] for row in table.rows]


def test_equal_reasons_share_one_footnote() -> None:
    rows = tuple((Cell("—", note=note),) for note in ("few", "none", "few"))
    table = Table("t", (Column("x"),), rows)
    assert [table.mark(row[0]) for row in table.rows] == ["a", "b", "a"]
    assert table.notes == ("few", "none")
    assert [letter(n) for n in (0, 25, 26)] == ["a", "z", "aa"]


def test_the_yardsticks_stand_in_every_table_of_outcomes(summary: Summary) -> None:
    for stratum in (MIX, ALL):
        names = [cell.text for cell in column(outcome_table(summary, BILLING, stratum), "approach")]
        assert names[-2:] == ["always skip", "always defer"]
    headings = [c.title for c in strata_table(summary, summary.scenarios[0]).columns]
    assert headings[-5:-3] == ["always skip", "always defer"]


def test_success_stands_next_to_what_it_is_the_success_of(summary: Summary) -> None:
    """So that a phone shows it without scrolling sideways."""
    for stratum in (MIX, ALL):
        assert outcome_table(summary, BILLING, stratum).columns[1].title == "success"
    assert strata_table(summary, summary.scenarios[0]).columns[1].title == "job"
    assert determinism_table(summary, BILLING).columns[1].title.startswith("outcome")


def test_every_success_has_its_interval(summary: Summary) -> None:
    for cell in column(outcome_table(summary, BILLING, MIX), "success"):
        assert cell.bar is not None
        low, value, high = cell.bar
        assert low <= value <= high
        assert cell.small.endswith("%")


def test_what_passes_nothing_costs_infinitely_much_a_success(summary: Summary) -> None:
    cells = column(outcome_table(summary, BILLING, ALL), "$ per 1,000 successes")
    by_approach = dict(
        zip(
            (c.text for c in column(outcome_table(summary, BILLING, ALL), "approach")),
            cells,
            strict=True,
        )
    )
    infinite = [row for row in summary.rows if row.success == 0 and row.stratum == ALL]
    for row in infinite:
        assert by_approach[row.approach.replace("_", " ")].text == "∞"
    assert by_approach["always defer"].text != "—"


def test_dollars_say_of_which_kind_they_are(summary: Summary) -> None:
    table = outcome_table(summary, BILLING, ALL)
    for who, cell in zip(
        column(table, "approach"), column(table, "$ per 1,000 records"), strict=True
    ):
        assert ("API" if who.small == "claude-opus-4-8" else "compute") in cell.small


def test_every_row_says_where_it_comes_from(summary: Summary) -> None:
    for table in (
        outcome_table(summary, BILLING, MIX),
        outcome_table(summary, BILLING, ALL),
        determinism_table(summary, BILLING),
        time_table(summary, BILLING),
    ):
        assert all(cell.text for cell in column(table, "provenance")), table.title
    kinds = {cell.text for cell in column(outcome_table(summary, BILLING, ALL), "provenance")}
    assert kinds == {"measured, $ assumed", "measured, $ list price"}


def test_the_flag_table_lists_only_what_is_handed_on(summary: Summary) -> None:
    table = flags_table(summary, BILLING)
    assert table is not None
    names = [cell.text for cell in column(table, "stratum")]
    assert names[:2] == ["production mix", "balanced sample"]
    assert set(names[2:]) == {"unknown_customer", "note_waives_charge"}


def test_p95_is_replaced_by_the_reason_why_it_is_missing(summary: Summary) -> None:
    table = time_table(summary, BILLING)
    assert {cell.text for cell in column(table, "p95")} <= {"—", ""}
    assert "fewer than 59 observations" in table.notes


def test_the_batch_stands_beside_the_cases(summary: Summary) -> None:
    last = time_table(summary, BILLING).rows[-1]
    assert last[0].small == "10,000 records as one batch"
    assert "1.84 s" in [cell.text for cell in last]


def test_each_cause_links_to_a_transcript(summary: Summary) -> None:
    table = failures_table(summary, BILLING)
    assert table is not None
    assert all(cell.trial for cell in column(table, "example"))


def test_a_deferral_is_told_apart_from_an_error_in_every_stratum(summary: Summary) -> None:
    table = strata_table(summary, summary.scenarios[0])
    place = [cell.text for cell in column(table, "stratum")].index("note_waives_charge")
    assert column(table, "job")[place].text == "0%"
    assert column(table, "job")[place].small.endswith("100% deferred")
    assert column(table, "always skip")[place].small.endswith("%")


def test_the_worlds_of_a_stratum_are_told_apart_by_its_name(summary: Summary) -> None:
    first = strata_table(summary, summary.scenarios[0])
    rows = [row for row in summary.rows if row.stratum not in (MIX, ALL)]
    changed = tuple(replace(row, drift="rules") for row in rows)
    both = replace(summary, rows=(*summary.rows, *changed))
    names = [cell.text for cell in column(strata_table(both, both.scenarios[0]), "stratum")]
    assert len(names) == len(set(names)) == 2 * len(first.rows)
    assert f"{first.rows[0][0].text} (rules changed)" in names


def test_counts_of_failures_and_guards_say_where_they_come_from(summary: Summary) -> None:
    for table in (failures_table(summary, BILLING), guard_table(summary, BILLING)):
        assert table is not None
        assert table.caption.endswith("Provenance: measured.")

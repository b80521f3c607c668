"""Tables of how the approaches went about it: determinism, time, model calls, failures."""

from __future__ import annotations

from bench.analysis.determinism import Determinism
from bench.analysis.repeats import Spread
from bench.analysis.rows import Batch, Summary
from bench.analysis.samples import ALL
from bench.report import numbers
from bench.report.tables.cells import LEFT, WHO, Cell, Column, Table, label, told, who


def determinism_table(summary: Summary, scenario: str) -> Table:
    """Agreement over repeats."""
    rows = [row for row in summary.determinism if row.scenario == scenario]
    repeats = max((row.repeats for row in rows), default=0)
    body = []
    for row in rows:
        agreements = (row.outcome, row.raw, row.tools, row.state)
        body.append(
            (
                who(row),
                *(
                    Cell(
                        numbers.percent(found.share),
                        small=numbers.percent_range(found.low, found.high),
                        bar=(found.low, found.share, found.high),
                        approach=row.approach,
                    )
                    if found
                    else Cell(numbers.UNKNOWN, note=row.reason or "not on record")
                    for found in agreements
                ),
                Cell(numbers.significant(row.consistency, 2), note=row.reason or ""),
                Cell(numbers.percent(row.pass_hat.get(row.repeats)), note=row.reason or ""),
                Cell(numbers.percent(row.edit_similarity), note=row.reason or ""),
                _spread_cell(row.token_spread, row),
                _spread_cell(row.time_spread, row),
                Cell(numbers.count(row.cases), note=_incomplete(row.incomplete)),
                Cell("measured" if row.outcome else numbers.UNKNOWN),
            )
        )
    return Table(
        title=f"Determinism over {repeats} trials of a case",
        columns=(
            WHO,
            Column(f"outcome (TARa@{repeats})", LEFT),
            Column(f"raw output (TARr@{repeats})", LEFT),
            Column("tool sequence", LEFT),
            Column("final state", LEFT),
            Column("consistency"),
            Column(f"pass^{repeats}"),
            Column("alike trajectories"),
            Column("spread of tokens"),
            Column("spread of time"),
            Column("cases"),
            Column("provenance", LEFT),
        ),
        rows=tuple(body),
        caption="Share of repeated cases whose trials all agree; byte-identical requests. "
        "Consistency: 1 if a case always or never passes, 0 for a coin's throw. "
        f"pass^{repeats}: all {repeats} trials of a case pass. Alike trajectories: 1 − edit "
        "distance of two trials' tool calls ÷ the longer's number of calls. Spread: standard "
        "deviation ÷ mean between trials of a case, the largest ÷ smallest below.",
    )


def pass_table(summary: Summary, scenario: str) -> Table | None:
    """The chance that k trials of a case all pass, for every k; None if nothing was repeated."""
    rows = [row for row in summary.determinism if row.scenario == scenario and row.pass_hat]
    repeats = max((row.repeats for row in rows), default=0)
    if repeats < 2:
        return None
    return Table(
        title="pass^k",
        columns=(WHO, *(Column(f"k = {k}") for k in range(1, repeats + 1)), Column("cases")),
        rows=tuple(
            (
                who(row),
                *(Cell(numbers.percent(row.pass_hat.get(k))) for k in range(1, repeats + 1)),
                Cell(numbers.count(row.cases)),
            )
            for row in rows
        ),
        caption="The chance that k trials of a case all pass, mean over the repeated cases: "
        f"C(passed, k) ÷ C(trials, k), which has no bias. {told(summary, scenario)}",
    )


def _spread_cell(spread: Spread | None, row: Determinism) -> Cell:
    if spread is None:
        why = "nothing varies: no tokens" if row.model else "calibrated rounds instead: see time"
        return Cell(numbers.UNKNOWN, note=row.reason or why)
    return Cell(
        numbers.percent(spread.variation), small=f"at most ×{numbers.significant(spread.worst, 2)}"
    )


def agreement_by_stratum(summary: Summary, scenario: str) -> Table | None:
    """Which kinds of case come out the same; None if nothing was repeated."""
    rows = [row for row in summary.determinism if row.scenario == scenario and row.strata]
    if not rows:
        return None
    strata = sorted({part.stratum for row in rows for part in row.strata})
    body = []
    for stratum in strata:
        cells = [Cell(stratum)]
        for row in rows:
            part = next((part for part in row.strata if part.stratum == stratum), None)
            if part is None:
                cells.append(Cell(numbers.UNKNOWN, note="no repeated case with all its trials"))
                continue
            cells.append(
                Cell(
                    f"{part.outcome} of {part.cases}",
                    small=f"raw {part.raw}, tools {part.tools}, state {numbers.count(part.state)}",
                )
            )
        body.append(tuple(cells))
    return Table(
        title="Determinism by stratum",
        columns=(Column("stratum", LEFT), *(Column(label(r.approach, r.model)) for r in rows)),
        rows=tuple(body),
        caption="Repeated cases whose trials all decide alike, of those repeated; below, how many "
        f"agree in raw output, tool sequence and final state. {told(summary, scenario)}",
    )


def _incomplete(cases: int) -> str:
    return f"{cases} more repeated cases lack usable trials" if cases else ""


def time_table(summary: Summary, scenario: str) -> Table:
    """Latency of a case, and what 10,000 records take."""
    rows = [r for r in summary.rows if (r.scenario, r.stratum, r.drift) == (scenario, ALL, "none")]
    body: list[tuple[Cell, ...]] = []
    for row in rows:
        if row.baseline and not row.time_observations:
            continue
        body.append(
            (
                who(row),
                *(
                    Cell(numbers.seconds(getattr(row, name)), note=row.reasons.get(name, ""))
                    for name in ("p50_s", "p90_s", "p95_s", "p99_s")
                ),
                Cell(
                    numbers.significant(row.records_per_s),
                    note=row.reasons.get("records_per_s", ""),
                ),
                Cell(
                    numbers.seconds(10_000 / row.records_per_s if row.records_per_s else None),
                    small="extrapolated" if row.records_per_s else "",
                    note=row.reasons.get("records_per_s", ""),
                ),
                Cell(numbers.count(row.time_observations)),
                Cell("calibrated rounds" if row.model is None else "each trial"),
                Cell(row.provenance.time or numbers.UNKNOWN),
            )
        )
    body += [_batch_cells(batch) for batch in summary.batches if batch.scenario == scenario]
    return Table(
        title="Time",
        columns=(
            WHO,
            Column("p50"),
            Column("p90"),
            Column("p95"),
            Column("p99"),
            Column("records/s"),
            Column("10,000 records"),
            Column("n"),
            Column("timed by", LEFT),
            Column("provenance", LEFT),
        ),
        rows=tuple(body),
        caption="In the sample as drawn, where rare strata count more than in production; for the "
        "production mix see Scaling. Working time of a case, waiting for rate limits left out; "
        "records per second and 10,000 records one case after another, without concurrency. The "
        "job is timed while no model runs.",
    )


def _batch_cells(batch: Batch) -> tuple[Cell, ...]:
    records = numbers.count(batch.records)
    return (
        Cell("job", small=f"{records} records as one batch", approach="job"),
        *(Cell("") for _ in range(4)),
        Cell(numbers.significant(batch.records_per_s)),
        Cell(
            numbers.seconds(batch.seconds * 10_000 / batch.records),
            small="" if batch.records == 10_000 else "extrapolated",
        ),
        Cell(numbers.count(batch.rounds)),
        Cell("rounds"),
        Cell("measured"),
    )


def steps_table(summary: Summary, scenario: str) -> Table | None:
    """What one model call takes; None if no model was called."""
    rows = [row for row in summary.steps if row.scenario == scenario and row.calls]
    if not rows:
        return None
    return Table(
        title="Model calls",
        columns=(
            WHO,
            Column("calls"),
            Column("calls per record"),
            Column("longer than 5 calls"),
            Column("p50 a call"),
            Column("p95 a call"),
            Column("tokens a call (median)"),
            Column("unusable replies"),
            Column("tool errors"),
            Column("stopped by guards"),
            Column("provenance", LEFT),
        ),
        rows=tuple(
            (
                who(row),
                Cell(numbers.count(row.calls)),
                Cell(numbers.significant(row.calls_per_record)),
                Cell(
                    f"{row.over_five} of {row.conversations}",
                    small=(
                        f"{row.passed_over_five} right"
                        if row.over_five and row.passed_over_five is not None
                        else ""
                    ),
                ),
                Cell(numbers.seconds(row.p50_s), note=row.reasons.get("p50_s", "")),
                Cell(numbers.seconds(row.p95_s), note=row.reasons.get("p95_s", "")),
                Cell(numbers.count(row.tokens_p50), note=row.reasons.get("tokens_p50", "")),
                Cell(numbers.count(row.malformed)),
                Cell(numbers.count(row.tool_errors)),
                Cell(numbers.count(row.guarded)),
                Cell(_pair(row.provenance_tokens, row.provenance_time, "tokens", "time")),
            )
            for row in rows
        ),
        caption="“Longer than 5 calls” counts the conversations that the often recommended limit "
        "of 5 steps would have cut off, and how many of those belong to trials that came out "
        "right; --max-steps 5 runs with that limit.",
    )


def queries_table(summary: Summary, scenario: str) -> Table | None:
    """How long tools and the job wait for the database; None where nobody counted."""
    rows = [row for row in summary.queries if row.scenario == scenario]
    if not rows:
        return None
    return Table(
        title=f"Time in the database: {rows[0].engine} {rows[0].version}",
        columns=(
            WHO,
            Column("call", LEFT),
            Column("calls"),
            Column("statements a call"),
            *(Column(name) for name in ("p50", "p95", "p99", "longest")),
            Column("of the call's time"),
        ),
        rows=tuple(
            (
                who(row),
                Cell(row.tool or "a whole case"),
                Cell(numbers.count(row.calls)),
                Cell(numbers.significant(row.statements, 2)),
                *(
                    Cell(numbers.seconds(getattr(row, name)), note=row.reasons.get(name, ""))
                    for name in ("p50_s", "p95_s", "p99_s", "max_s")
                ),
                Cell(numbers.percent(row.share), note=row.reasons.get("share", "")),
            )
            for row in rows
        ),
        caption="Executing, fetching rows and committing, as the program sees it, with the way "
        "there and back. Measured, also where a model's own time is not: tools are real whoever "
        "calls them.",
    )


def failures_table(summary: Summary, scenario: str) -> Table | None:
    """The most frequent causes of failure; None if nothing failed."""
    rows = [row for row in summary.failures if row.scenario == scenario]
    if not rows:
        return None
    return Table(
        title="Why trials failed",
        columns=(
            WHO,
            Column("cause", LEFT),
            Column("failed trials with it"),
            Column("example", LEFT),
        ),
        rows=tuple(
            (
                who(row),
                Cell(row.cause),
                Cell(f"{row.trials} of {row.failed}"),
                Cell("transcript", trial=row.example),
            )
            for row in rows
        ),
        caption="The three most frequent causes of each; a trial can have several. Particulars "
        f"are replaced by “…”. {told(summary, scenario)}",
    )


def _pair(first: str | None, second: str | None, one: str, two: str) -> str:
    if first == second:
        return first or numbers.UNKNOWN
    return ", ".join(f"{name} {value}" for name, value in ((one, first), (two, second)) if value)

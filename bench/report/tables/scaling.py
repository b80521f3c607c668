"""Tables of how figures grow, and of what many records would take."""

from __future__ import annotations

from bench.analysis.projection import Projection
from bench.analysis.rows import Summary
from bench.analysis.scaling import PER_RECORDS, Curve, CurvePoint, Exponent
from bench.report import numbers
from bench.report.tables.cells import LEFT, WHO, Cell, Column, Table, label

VALUES = {
    "records": "records",
    "concurrency": "trials at once",
    "repeats": "repeats of a case",
    "batch": "records a case",
}


def projection_table(summary: Summary, scenario: str) -> Table | None:
    """What 10,000 and 1,000,000 records would take."""
    found = [each for each in summary.projections if each.scenario == scenario]
    if not found:
        return None
    return Table(
        title="10,000 and 1,000,000 records",
        columns=(
            WHO,
            Column("records"),
            Column("at once"),
            Column("time", LEFT),
            Column("bound by", LEFT),
            Column("tokens"),
            Column("dollars", LEFT),
            Column("worked out from", LEFT),
            Column("provenance", LEFT),
        ),
        rows=tuple(
            (
                Cell(label(each.approach, None), small=each.model or "", approach=each.approach),
                Cell(numbers.count(each.records)),
                Cell(numbers.count(each.concurrency)),
                _time(each),
                Cell(each.bound_by or numbers.UNKNOWN),
                Cell(numbers.count(each.tokens)),
                _dollars(each),
                Cell(each.basis),
                Cell(f"{each.provenance}, extrapolated" if each.extrapolated else each.provenance),
            )
            for each in found
        ),
        caption="In the production mix, with 95% intervals where there are any. Time: the slowest "
        "of the work itself at so many cases at once, as if none slowed another down, and of the "
        "requests and tokens a minute that --rpm and --tpm allowed. A model on this machine, and "
        f"the job, do one thing after another. {_limits(summary)}",
    )


def _limits(summary: Summary) -> str:
    said = [
        f"{value:,} {what} a minute"
        for value, what in ((summary.rpm, "requests"), (summary.tpm, "tokens"))
        if value
    ]
    return f"Here: {' and '.join(said)}." if said else "Here no rate limit was stated."


def _time(each: Projection) -> Cell:
    small = ""
    if each.seconds_low is not None and each.seconds_high is not None:
        small = f"{numbers.seconds(each.seconds_low)} to {numbers.seconds(each.seconds_high)}"
    return Cell(numbers.seconds(each.seconds), small=small, note=each.reason or "")


def _dollars(each: Projection) -> Cell:
    kind = "API" if each.usd_kind == "api" else "compute"
    if each.usd is None:
        return Cell(numbers.UNKNOWN, note="dollars unknown")
    if each.usd_low is None:
        return Cell(numbers.dollars(each.usd), small=kind)
    return Cell(
        numbers.dollars(each.usd),
        small=f"{numbers.dollar_range(each.usd_low, each.usd_high)} {kind}",
    )


def curve_table(summary: Summary, scenario: str) -> Table | None:
    """The points of a sweep."""
    found = [curve for curve in summary.curves if curve.scenario == scenario]
    if not found:
        return None
    parameter = found[0].parameter
    own = parameter != "records"
    return Table(
        title=f"Points along {VALUES[parameter]}",
        columns=(
            WHO,
            Column(VALUES[parameter]),
            *((Column("rests on records"),) if own else ()),
            *((Column("records right"),) if parameter == "batch" else ()),
            Column("time"),
            Column("tokens"),
            Column("dollars"),
            *((Column("10,000 records"), Column("1,000,000 records")) if own else ()),
            Column("provenance", LEFT),
        ),
        rows=tuple(_point(curve, point, own=own) for curve in found for point in curve.points),
        caption=_said(parameter)
        + " ".join(dict.fromkeys(f"{_named(c)}: {c.basis}." for c in found)),
    )


def _said(parameter: str) -> str:
    if parameter == "records":
        return "Each row is what so many records took. "
    if parameter == "batch":
        return "Time, tokens and dollars of one record. "
    return f"Time, tokens and dollars of {PER_RECORDS:,} records. "


def _point(curve: Curve, point: CurvePoint, *, own: bool) -> tuple[Cell, ...]:
    why = "" if point.seconds is not None else f"{curve.provenance} trials have no time"
    times = (
        Cell(
            numbers.seconds(None if point.seconds is None else point.seconds * n / PER_RECORDS),
            small="" if point.seconds is None else "extrapolated",
            note=why,
        )
        for n in (10_000, 1_000_000)
    )
    return (
        Cell(label(curve.approach, None), small=curve.model or "", approach=curve.approach),
        Cell(numbers.count(point.value)),
        *((Cell(numbers.count(point.records)),) if own else ()),
        *((_right(point),) if curve.parameter == "batch" else ()),
        Cell(numbers.seconds(_of(curve, point.seconds)), note=why),
        Cell(numbers.count(_of(curve, point.tokens))),
        Cell(
            numbers.dollars(_of(curve, point.usd)),
            small="" if point.usd is None else "API" if curve.usd_kind == "api" else "compute",
            note="" if point.usd is not None else "dollars unknown",
        ),
        *(times if own else ()),
        Cell(curve.provenance),
    )


def _of(curve: Curve, figure: float | None) -> float | None:
    """A point's figure as it is shown: of one record where cases have sizes."""
    return figure / PER_RECORDS if figure is not None and curve.parameter == "batch" else figure


def _right(point: CurvePoint) -> Cell:
    if point.success is None or point.success_low is None or point.success_high is None:
        return Cell(numbers.UNKNOWN, note="nobody said what is right")
    return Cell(
        numbers.percent(point.success),
        small=numbers.percent_range(point.success_low, point.success_high),
        bar=(point.success_low, point.success, point.success_high),
    )


def exponent_table(summary: Summary, scenario: str) -> Table | None:
    """The fitted exponents of a sweep."""
    found = [curve for curve in summary.curves if curve.scenario == scenario]
    if not found:
        return None
    return Table(
        title="Exponents",
        columns=(
            WHO,
            Column("time", LEFT),
            Column("tokens", LEFT),
            Column("dollars", LEFT),
            Column("provenance", LEFT),
        ),
        rows=tuple(
            (
                Cell(label(curve.approach, None), small=curve.model or "", approach=curve.approach),
                *(_exponent(each) for each in (curve.seconds, curve.tokens, curve.usd)),
                Cell(curve.provenance),
            )
            for curve in found
        ),
        caption=f"b in figure = a × {VALUES[found[0].parameter]}^b, least squares on logarithms "
        "with 95% intervals: 1 grows in proportion, 0 not at all, −1 falls as it is shared out.",
    )


def _exponent(found: Exponent | None) -> Cell:
    if found is None:
        return Cell(numbers.UNKNOWN, note="fewer than two known points, or one of 0")
    value = f"{found.value:.2f}".replace("-", "−")
    if found.low is None or found.high is None:
        return Cell(value, small="two points: no interval")
    low, high = (f"{end:.2f}".replace("-", "−") for end in (found.low, found.high))
    return Cell(value, small=f"{low} to {high}")


def _named(curve: Curve) -> str:
    return label(curve.approach, curve.model)

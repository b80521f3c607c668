"""The size of a gate and what it takes, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.gate.costs import Cost, Execution
from bench.gate.settings import GateSettings
from bench.gate.sizing import Asked, Sizing
from bench.report import numbers

CASES = (
    "drop",
    "repeats",
    "to see",
    "to clear",
    "cases",
    "a stratum",
    "range",
    "executed",
    "stops at,\nunchanged",
    "stops at,\ndropped",
    "seen",
)
COSTS = ("model", "drop", "gate", "executed", "k tokens", "USD", "USD cold", "time")


def render(found: Sizing, asked: Asked, settings: GateSettings) -> Group:
    """What was measured, the cases needed, and what they take."""
    return Group(*_parts(found, asked, settings))


def _parts(found: Sizing, asked: Asked, settings: GateSettings) -> Iterator[RenderableType]:
    one = found.stability
    wavers = found.unmeasured or (
        f"two executions differ in {one.instability:.0%} of cases "
        f"({one.low:.0%} to {one.high:.0%}, {one.pairs} pairs)"
    )
    yield Text(f"{one.scenario}, {one.approach} with {one.model}", "bold")
    yield Text(f"measured: {one.passes:.0%} of {one.cases} cases pass; {wavers}")
    yield _cases(found, asked, settings)
    for drop in asked.drops:
        for reason in dict.fromkeys(s.reason for s in found.sizes if s.drop == drop and s.reason):
            yield Text(f"• {drop * 100:g} points: {reason}")
    yield Text("cases: modelled, on each side; range: at the ends of that interval", "dim")
    if found.early:
        yield Text(
            f"stops at: the sequential gate, means of {asked.simulated} simulated ones, where the "
            "prompt is unchanged, or has dropped and how often that is seen",
            "dim",
        )
    if found.costs:
        yield _costs(found)
    for execution in found.executions:
        yield Text(_grounds(execution))
    yield Text()


def _cases(found: Sizing, asked: Asked, settings: GateSettings) -> Table:
    title = f"cases needed, power {asked.power:.0%}, alpha {settings.alpha:.3g}"
    table = Table(box=None, title=title, padding=(0, 1), pad_edge=False)
    for column in CASES:
        table.add_column(column, justify="right")
    early = {each.drop: each for each in found.early}
    for size in found.sizes:
        soon = early.get(size.drop) if size.repeats == 1 else None
        table.add_row(
            f"{size.drop * 100:g}",
            str(size.repeats),
            numbers.count(size.to_see),
            numbers.count(size.to_clear),
            numbers.count(size.cases),
            numbers.count(size.per_stratum),
            f"{numbers.count(size.steady)}–{numbers.count(size.unsteady)}",
            numbers.count(size.executions),
            numbers.count(soon.unchanged if soon else None),
            numbers.count(soon.dropped if soon else None),
            f"{soon.seen:.0%}" if soon else "—",
        )
    return table


def _costs(found: Sizing) -> Table:
    table = Table(
        box=None, title="what a gate takes, both sides together", padding=(0, 1), pad_edge=False
    )
    for column in COSTS:
        left = column in ("model", "gate")
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    for cost in found.costs:
        table.add_row(
            cost.model.rpartition("/")[2],
            f"{cost.drop * 100:g}",
            f"fixed, {cost.repeats}×" if cost.gate == "fixed" else cost.gate,
            numbers.count(cost.executions),
            numbers.count(None if cost.tokens is None else cost.tokens / 1000),
            _usd(cost.usd),
            _usd(cost.usd_cold),
            _time(cost),
        )
    return table


def _grounds(one: Execution) -> str:
    told = (
        f"• {one.model}: from {one.trials} executions; "
        f"tokens {one.tokens_provenance or 'unknown'}, dollars {one.usd_provenance or 'unknown'}, "
        f"time {one.seconds_provenance or 'unknown'}, {one.concurrency} at once"
    )
    return told + (f"; {one.usd_reason}" if one.usd_reason else "")


def _usd(value: float | None) -> str:
    return "unknown" if value is None else numbers.dollars(value)


def _time(cost: Cost) -> str:
    if cost.seconds is None:
        return "unknown"
    low, high = (numbers.seconds(end) for end in cost.seconds)
    if low == high:
        return low
    number, _, unit = low.partition(" ")
    return f"{number if high.endswith(f' {unit}') else low}–{high}"

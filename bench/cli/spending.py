"""``bench forecast`` and ``bench reprice``: what runs will cost, and would have cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.folders import RESULTS, Results, RunName, find_run
from bench.errors import BenchError

if TYPE_CHECKING:
    from rich.console import Console

    from bench.forecast import Pace, Scaled

FEW_CASES = 2
"""Cases of each stratum that are played: ideal trajectories of a stratum hardly differ."""


def forecast(
    scenario: Annotated[list[str] | None, typer.Argument(help="Scenarios; all by default.")] = None,
    models: Annotated[
        str, typer.Option(help="Models on the price table, separated by commas.")
    ] = "gpt-5.5,claude-opus-4-8,claude-haiku-5-5",
    records: Annotated[int, typer.Option(min=1, help="Records to forecast for.")] = 10_000,
    concurrency: Annotated[int, typer.Option(min=1, help="Calls at once.")] = 8,
    rpm: Annotated[int | None, typer.Option(min=1, help="Requests a minute allowed.")] = None,
    tpm: Annotated[int | None, typer.Option(min=1, help="Tokens a minute allowed.")] = None,
    step_seconds: Annotated[
        str, typer.Option(help="Assumed seconds a step, LOW-HIGH, or one number.")
    ] = "1-3",
    pilot: Annotated[
        str | None,
        typer.Option(
            help="A run of the (first) model: its real tokens correct the forecast. 'latest' works."
        ),
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(help="Your own prices, a TOML file: docs/dollars.md.")
    ] = None,
    chart: Annotated[
        Path | None, typer.Option(help="Write the chart there, as .png or .svg.")
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Say what records will cost and how long they take, before anything is spent.

    The scenario's ideal calls are played by the reference, their tokens counted with tiktoken, and
    priced: nothing is called. The range goes from every repeated prompt cached and no detour to
    nothing cached and twice the tokens (or what --pilot found).

    Example: bench forecast --models gpt-5.5,claude-opus-4-8,claude-haiku-5-5 --records 10000
    """
    import asyncio

    from rich.console import Console

    from bench.forecast import Pace, corrected, forecast_mix
    from bench.session import Options, prepare

    names = [name.strip() for name in models.split(",") if name.strip()]
    pace = Pace(concurrency, rpm, tpm, seconds_range(step_seconds))
    options = Options(
        results=results,
        scenarios=tuple(scenario or ()),
        approaches=("agent",),
        models=("reference",),
        cases=FEW_CASES,
        repeats=1,
        prices=prices,
        fresh=True,
    )
    session = prepare(options)
    found = _pilot(find_run(pilot, results)) if pilot else {}
    console = Console()
    forecasts = asyncio.run(forecast_mix(session.plan, names, session.ideal, records))
    for name, scaled in forecasts.items():
        if name in found:
            scaled = [corrected(one, *found[name]) for one in scaled]
        _show(console, name, scaled, pace, pilot=found.get(name))
        if chart is not None:
            _draw(chart, name, scaled, several=len(forecasts) > 1)
    identity = session.plan.prices.identity()
    console.print(
        f"prices: {identity['source']} {identity['version']}, {identity['date']}, "
        f"sha256 {identity['sha256'][:12]}; tokens counted, trajectories modelled, seconds assumed",
        highlight=False,
    )


def reprice(
    run: RunName = "latest",
    prices: Annotated[
        str, typer.Option(help="'installed', or a TOML file of your own: docs/dollars.md.")
    ] = "installed",
    as_: Annotated[
        str | None, typer.Option("--as", help="Another model: the same tokens at its prices.")
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="At the prices of the provider's batch interface.")
    ] = False,
    results: Results = RESULTS,
) -> None:
    """Say what a run's tokens cost at other prices, or on another model.

    Nothing is called, and the run stays as it is.

    Example: bench reprice latest --as claude-haiku-5-5
    """
    from rich.console import Console
    from rich.table import Table

    from bench.analysis.reprice import reprice as price_anew
    from bench.metering.prices import price_table

    table_ = price_table(None if prices == "installed" else Path(prices))
    folder = find_run(run, results)
    rows = price_anew(folder, table_, as_model=as_, batch=batch)
    console = Console()
    table = Table(box=None, title="the same tokens, priced anew" + (f" as {as_}" if as_ else ""))
    for column in ("approach", "model", "calls", "tokens in", "cached", "out"):
        table.add_column(column, justify="left" if column in ("approach", "model") else "right")
    for column in ("USD on record", "USD anew", "anew, no cache"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            f"{row.scenario} {row.approach}",
            row.model,
            f"{row.calls:,}",
            f"{row.usage.input:,}" if row.usage.input is not None else "—",
            f"{row.usage.cached_input:,}" if row.usage.cached_input is not None else "—",
            f"{row.usage.output:,}" if row.usage.output is not None else "—",
            _usd(row.recorded),
            _usd(row.billed),
            _usd(row.cold),
        )
    console.print(table)
    for reason in sorted({row.reason for row in rows if row.reason}):
        console.print(f"• {reason}", markup=False)
    identity = table_.identity()
    console.print(
        f"prices: {identity['source']} {identity['version']}, {identity['date']}, "
        f"sha256 {identity['sha256'][:12]}",
        highlight=False,
    )
    if as_:
        console.print(
            "modelled: another model would have used other tokens: its own tokenizer, its own "
            "detours, its own cache",
            highlight=False,
        )


def seconds_range(text: str) -> tuple[float, float]:
    """``LOW-HIGH`` in seconds, or one number. Raises ``BenchError``."""
    low, _, high = text.partition("-")
    try:
        found = float(low), float(high or low)
    except ValueError:
        found = (0.0, 0.0)
    if not 0 < found[0] <= found[1]:
        raise BenchError(f"--step-seconds {text}: give LOW-HIGH in seconds, as 1-3")
    return found


def _pilot(folder: Path) -> dict[str, tuple[float, float]]:
    """Scenario → (factor, spread) of a run on a real model."""
    import asyncio

    from bench.forecast import ideal_tokens, pilot_factor
    from bench.journal import read_run

    recorded = read_run(folder)
    trials = [
        trial
        for trial in recorded.trials
        if trial.approach == "agent" and trial.provenance.tokens in ("measured", "counted")
    ]
    if not trials:
        raise BenchError(f"{folder}: no agent trials of a real model there; run a pilot first")
    ideal = asyncio.run(ideal_tokens(recorded))
    found = {}
    for name in {trial.scenario for trial in trials}:
        factor = pilot_factor([t for t in trials if t.scenario == name], ideal[name])
        if factor is not None:
            found[name] = factor
    return found


def _show(
    console: Console,
    scenario: str,
    scaled: list[Scaled],
    pace: Pace,
    *,
    pilot: tuple[float, float] | None,
) -> None:
    from rich.table import Table

    from bench.forecast import hours

    times = [hours(each, pace) for each in scaled]
    table = Table(
        title=f"{scenario}: {scaled[0].records:,.0f} records, one agent check each",
        box=None,
        padding=(0, 1),
        pad_edge=False,
    )
    table.add_column("model", no_wrap=True)
    for column in ("M in", "cached", "M out", "USD", "USD cold", "USD range", "hours"):
        table.add_column(column, justify="right", no_wrap=True)
    for each, time in zip(scaled, times, strict=True):
        span = each.usd_range
        table.add_row(
            each.model.rpartition("/")[2],
            f"{each.tokens_in / 1e6:,.1f}",
            f"{each.tokens_cached / each.tokens_in:.0%}",
            f"{each.tokens_out / 1e6:,.2f}",
            _usd(each.usd),
            _usd(each.usd_cold),
            f"{_usd(span[0])}–{_usd(span[1])}" if span else "unknown",
            f"{time.low:,.1f}–{time.high:,.1f}",
        )
    console.print(table)
    how = "the range goes from the ideal calls to twice their tokens, nothing cached"
    if pilot is not None:
        how = f"the pilot took {pilot[0]:.2f} times the ideal tokens (÷×{pilot[1]:.2f})"
    console.print(
        f"  {pace.concurrency} calls at once; bound by {times[0].bound_by}; {how}", highlight=False
    )


def _draw(path: Path, scenario: str, scaled: list[Scaled], *, several: bool) -> None:
    from bench.report.charts.forecast import Bar, forecast_chart

    if path.suffix not in (".png", ".svg"):
        raise BenchError(f"{path}: the chart's name must end in .png or .svg")
    bars = [
        Bar(each.model, each.usd, each.usd_cold, *span)
        for each in scaled
        if each.usd is not None and each.usd_cold is not None and (span := each.usd_range)
    ]
    chart = forecast_chart(scenario, round(scaled[0].records), bars)
    target = path.with_stem(f"{path.stem}-{scenario}") if several else path
    try:
        target.write_bytes(chart.png if path.suffix == ".png" else chart.svg.encode())
    except OSError as error:
        raise BenchError(f"{target}: cannot be written ({error.strerror})") from None


def _usd(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.2f}" if value >= 1 else f"{value:.4f}"

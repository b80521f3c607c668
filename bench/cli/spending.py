"""``bench forecast`` and ``bench reprice``: what runs will cost, and would have cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.execution import execute
from bench.cli.folders import RESULTS, Results, RunName, find_run
from bench.cli.options import ApiKeyEnv, BaseUrl, Prices, Rpm, Tpm, Yes, as_typed
from bench.errors import BenchError

if TYPE_CHECKING:
    from rich.console import Console

    from bench.forecast import Pace, Scaled
    from bench.metering.prices import PriceTable
    from bench.pilot import Correction, Ratio

FEW_CASES = 2
"""Cases of each stratum that are played: ideal trajectories of a stratum hardly differ."""


def forecast(
    scenario: Annotated[list[str] | None, typer.Argument(help="Scenarios; all by default.")] = None,
    models: Annotated[
        str, typer.Option(help="Models on the price table, separated by commas.")
    ] = "gpt-5.5,claude-opus-4-8,claude-haiku-5-5",
    records: Annotated[int, typer.Option(min=1, help="Records to forecast for.")] = 10_000,
    concurrency: Annotated[int, typer.Option(min=1, help="Calls at once.")] = 8,
    rpm: Rpm = None,
    tpm: Tpm = None,
    step_seconds: Annotated[
        str | None,
        typer.Option(help="Seconds a step, LOW-HIGH, or one number; 1-3 assumed without a pilot."),
    ] = None,
    pilot: Annotated[
        str | None,
        typer.Option(
            help="A number: run that many cases of each scenario on the models (this is paid for), "
            "and correct the forecast by them. A run's name or 'latest': correct it by that run."
        ),
    ] = None,
    max_usd: Annotated[
        float | None, typer.Option(min=0.0, help="API dollars that the pilot may cost.")
    ] = None,
    base_url: BaseUrl = None,
    api_key_env: ApiKeyEnv = None,
    yes: Yes = False,
    prices: Prices = None,
    chart: Annotated[
        Path | None, typer.Option(help="Write the chart there, as .png or .svg.")
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Say what records will cost and how long they take, before anything is spent.

    The scenario's ideal calls are played by the reference, their tokens counted with tiktoken, and
    priced: nothing is called. The range goes from no detour to twice the tokens, and from every
    repeated prompt cached to none, or as far as --pilot found.

    Examples:

    \b
      bench forecast --models gpt-5.5,claude-haiku-5-5 --records 10000
      bench forecast --models gpt-5.5 --pilot 20 --max-usd 2    asks, runs 20
    """
    import asyncio

    from rich.console import Console

    from bench.forecast import STEP_S, Pace, forecast_mix
    from bench.pilot import corrected
    from bench.session import Options, prepare

    names = [name.strip() for name in models.split(",") if name.strip()]
    if not names:
        raise BenchError("--models: name one or more on the price table, separated by commas")
    step_s = seconds_range(step_seconds) if step_seconds is not None else None
    pace = Pace(concurrency, rpm, tpm, step_s or STEP_S)
    if chart is not None:
        check_chart(chart)
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
    console = Console()
    # Before a pilot, so that a model without a price is refused before anything is spent.
    forecasts = asyncio.run(forecast_mix(session.plan, names, session.ideal, records))
    found: dict[tuple[str, str], Correction] = {}
    if pilot is not None:
        table = session.plan.prices
        if pilot.isascii() and pilot.isdigit():
            pilots = replace(
                options,
                models=tuple(names),
                cases=None,
                pilot=_enough(int(pilot)),
                concurrency=concurrency,
                rpm=rpm,
                tpm=tpm,
                max_usd=max_usd,
                base_url=base_url,
                api_key_env=api_key_env,
                fresh=False,
                command=as_typed(),
            )
            found = _corrections(execute(pilots, yes=yes).folder, names, table)
        else:
            found = _corrections(find_run(pilot, results), names, table)
    for name, scaled in forecasts.items():
        told = [
            corrected(one, found[name, one.model]) if (name, one.model) in found else one
            for one in scaled
        ]
        if step_s is not None:
            told = [replace(one, step_s=step_s) for one in told]
        _show(console, name, told, pace, {one: found.get((name, one)) for one in names})
        if chart is not None:
            _draw(chart, name, told, several=len(forecasts) > 1)
    identity = session.plan.prices.identity()
    console.print(
        f"prices: {identity['source']} {identity['version']}, {identity['date']}, "
        f"sha256 {identity['sha256'][:12]}; tokens counted, trajectories modelled, seconds assumed"
        + (", but for what the pilot measured" if found else ""),
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
    title = "the same tokens, priced anew" + (f" as {as_}" if as_ else "")
    table = Table(box=None, title=f"{title}, by batch prices" if batch else title)
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


def _enough(cases: int) -> int:
    if cases < 2:
        raise BenchError(f"--pilot {cases}: a pilot needs 2 cases at least, 20 are better")
    return cases


def _corrections(
    folder: Path, names: list[str], table: PriceTable
) -> dict[tuple[str, str], Correction]:
    """(Scenario, model) → what a run says of the model. A run of one model under another name
    counts for the first."""
    import asyncio

    from bench.journal import read_run
    from bench.pilot import corrections

    recorded = read_run(folder)
    real = [plan.name for plan in recorded.manifest.models if plan.provenance == "measured"]
    here = {name: name for name in names if name in real}
    if not here and len(real) == 1:
        here = {names[0]: real[0]}
    found = {
        (scenario, name): correction
        for name, model in here.items()
        for scenario, correction in asyncio.run(
            corrections(recorded, model, table, priced_as=name)
        ).items()
    }
    if not found:
        raise BenchError(
            f"{folder}: fewer than two agent trials of {', '.join(names)} there to go by; run a "
            "pilot first (--pilot 20)"
        )
    return found


def _show(
    console: Console,
    scenario: str,
    scaled: list[Scaled],
    pace: Pace,
    found: Mapping[str, Correction | None],
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
    for column in ("M in", "cached", "M out", "USD", "uncached", "USD range", "hours"):
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
            f"{_hours(time.low)}–{_hours(time.high)}",
        )
    console.print(table)
    how = "the range goes from the ideal calls to twice their tokens, and from cached to uncached"
    if all(each.pilot for each in scaled):
        how = "the range is the pilot's own"
    console.print(
        f"  {pace.concurrency} calls at once; bound by {times[0].bound_by}; {how}", highlight=False
    )
    for each in scaled:
        if (told := found.get(each.model)) is not None:
            console.print(f"  {_told(each.model, told)}", highlight=False)


def _told(model: str, found: Correction) -> str:
    """What a pilot said, in a line."""
    dollars = "" if found.usd is None else f" and {_ratio(found.usd)} the dollars"
    return (
        f"{model}: corrected by {found.cases} cases of {found.run}, which took "
        f"{_ratio(found.tokens_in)} the prompt tokens of the ideal calls, "
        f"{_ratio(found.tokens_out)} the generated ones{dollars}; "
        f"{found.step_s[0]:.2g}–{found.step_s[1]:.2g} s a step"
    )


def _ratio(of: Ratio) -> str:
    return f"{of.value:.2f}× ({of.value / of.spread:.2f}–{of.value * of.spread:.2f})"


def check_chart(path: Path) -> None:
    """Raises ``BenchError`` if no chart can be written under that name."""
    if path.suffix not in (".png", ".svg"):
        raise BenchError(f"{path}: the chart's name must end in .png or .svg")


def _draw(path: Path, scenario: str, scaled: list[Scaled], *, several: bool) -> None:
    from bench.report.charts.forecast import Bar, forecast_chart

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


def _hours(value: float) -> str:
    return f"{value:,.1f}" if value >= 0.1 else f"{value:.2g}"


def _usd(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.2f}" if value >= 1 else f"{value:.4f}"

"""``bench plan``: how large a gate has to be, and what it takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.folders import RESULTS, Results, find_run
from bench.cli.options import GateConfig, Prices
from bench.cli.publication import write
from bench.cli.spending import seconds_range
from bench.errors import BenchError

if TYPE_CHECKING:
    from bench.gate import GateSettings
    from bench.gate.planning import Stability
    from bench.gate.sizing import Asked, Sizing
    from bench.types import Trial

REFERENCE = "reference"
MULTIPLES = (1, 2, 4)
"""Drops by default, as multiples of the smallest loss that matters."""
CONCURRENCY = 8


def plan(
    run: Annotated[
        str | None,
        typer.Option(help="Run to read; results/reference by default, else the latest."),
    ] = None,
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", "-s", help="Only this one; repeatable.")
    ] = None,
    approach: Annotated[
        list[str] | None, typer.Option("--approach", "-a", help="agent by default; or hybrid.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Only this one of the run's.")
    ] = None,
    points: Annotated[
        str | None,
        typer.Option(
            help="Drops to see, in points: 10, or 8,15. By default 1, 2, 4 times 'points'."
        ),
    ] = None,
    repeats: Annotated[str, typer.Option(help="Executions of a case, on each side.")] = "1,3,5",
    power: Annotated[
        float | None,
        typer.Option(
            min=0.01, max=0.999, help="Chance of the right answer; 1 − 'miss' by default."
        ),
    ] = None,
    alpha: Annotated[
        float | None, typer.Option(min=0.0001, max=0.4999, help="Chance of a false alarm.")
    ] = None,
    config: GateConfig = None,
    models: Annotated[
        str | None, typer.Option(help="Models to reckon costs for, separated by commas.")
    ] = None,
    prices: Prices = None,
    concurrency: Annotated[
        int, typer.Option(min=1, help="Executions at once; a local model does one.")
    ] = CONCURRENCY,
    step_seconds: Annotated[
        str, typer.Option(help="Assumed seconds a step of models not in the run, LOW-HIGH.")
    ] = "1-3",
    journals: Annotated[
        int, typer.Option(min=0, help="Comparisons simulated for each sequential mean; 0: none.")
    ] = 20,
    json: Annotated[Path | None, typer.Option(help="Write everything to this file.")] = None,
    results: Results = RESULTS,
) -> None:
    """How many cases and repeats does a gate need to see a drop, and what do they cost?

    Reads how often cases pass and waver, tokens and time from a run; calls no model.

    Example: bench plan --points 10 --power 0.9 --models gpt-5.5,claude-haiku-5-5
    """
    from dataclasses import replace

    from rich.console import Console

    from bench.gate import load_settings
    from bench.gate.sizing import Asked, groups, size_up
    from bench.gate.sizing_table import render
    from bench.journal import read_run, read_steps
    from bench.metering.prices import price_table

    settings = load_settings(config)
    settings = settings if alpha is None else replace(settings, alpha=alpha)
    rule = settings.rules["success"]
    drops = _numbers(points, "--points") if points else [rule.least * 100 * k for k in MULTIPLES]
    if bad := [each for each in drops if not 0 < each < 100]:
        raise BenchError(f"--points {bad[0]:g}: a drop lies between 0 and 100 points")
    times = _numbers(repeats, "--repeats")
    if bad := [each for each in times if each < 1 or each != int(each)]:
        raise BenchError(f"--repeats {bad[0]:g}: give whole numbers from 1 on, as 1,3,5")
    asked = Asked(
        drops=tuple(round(each / 100, 6) for each in drops),
        repeats=tuple(int(each) for each in times),
        power=1 - settings.miss if power is None else power,
        models=tuple(name.strip() for name in (models or "").split(",") if name.strip()),
        simulated=journals,
        concurrency=concurrency,
        step_s=seconds_range(step_seconds),
    )
    table = price_table(prices)
    name = run or (REFERENCE if (results / REFERENCE).is_dir() else "latest")
    folder = find_run(name, results)
    recorded = read_run(folder)
    steps = list(read_steps(folder))
    console = Console()
    found = [
        size_up(recorded, stability, trials, steps, asked, settings, table)
        for stability, trials in _wanted(
            groups(recorded), folder, scenario or (), approach or ("agent",), model or ()
        )
    ]
    for each in found:
        console.print(render(each, asked, settings))
    identity = table.identity()
    console.print(
        f"run: {folder.name}; prices: {identity['source']} {identity['version']}, "
        f"{identity['date']}, sha256 {identity['sha256'][:12]}",
        markup=False,
        highlight=False,
    )
    write(json, _to_json(recorded.manifest.run, asked, settings, identity, found))


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(each) for each in text.split(",")]
    except ValueError:
        raise BenchError(f"{option} {text}: give numbers separated by commas, as 5,10") from None


def _wanted(
    found: list[tuple[Stability, list[Trial]]],
    folder: Path,
    scenarios: list[str] | tuple[str, ...],
    approaches: list[str] | tuple[str, ...],
    models: list[str] | tuple[str, ...],
) -> list[tuple[Stability, list[Trial]]]:
    if not found:
        raise BenchError(f"{folder}: no answers of a model were measured; name another with --run")
    kept = [
        (each, trials)
        for each, trials in found
        if (not scenarios or each.scenario in scenarios)
        and each.approach in approaches
        and (not models or each.model in models)
    ]
    if not kept:
        held = ", ".join(f"{s.scenario}/{s.approach}/{s.model}" for s, _ in found)
        raise BenchError(f"{folder}: nothing of that kind was measured; there are {held}")
    return kept


def _to_json(
    run: str, asked: Asked, settings: GateSettings, prices: object, found: list[Sizing]
) -> str:
    """Null is unknown; its reason stands beside it."""
    import json
    from dataclasses import asdict

    plain = {
        "run": run,
        "asked": asdict(asked),
        "alpha": settings.alpha,
        "prices": prices,
        "plans": [asdict(each) for each in found],
    }
    return json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False, default=float) + "\n"

"""``bench compare``: what did a change do?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.folders import RESULTS, Results, find_run
from bench.cli.options import BaselineName, GateConfig, InconclusiveOk, StepSummary
from bench.cli.publication import append, write
from bench.errors import BenchError


def compare(
    base: Annotated[str, typer.Argument(help="The run before the change: name or folder.")],
    head: Annotated[
        str | None, typer.Argument(help="The run after it; with --baseline the only one named.")
    ] = None,
    baseline: BaselineName = None,
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", "-s", help="Only this one; repeatable.")
    ] = None,
    approach: Annotated[
        list[str] | None,
        typer.Option("--approach", "-a", help="agent and hybrid by default; repeatable."),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Only this one; repeatable.")
    ] = None,
    config: GateConfig = None,
    markdown: Annotated[Path | None, typer.Option(help="Write a comment, as Markdown.")] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write everything: docs/gate-schema.md.")
    ] = None,
    junit_file: Annotated[
        Path | None, typer.Option("--junit", help="Write JUnit XML, for any CI.")
    ] = None,
    step_summary: StepSummary = None,
    inconclusive_ok: InconclusiveOk = False,
    results: Results = RESULTS,
) -> None:
    """Compare two runs of the same cases: regression, improved, no evidence, inconclusive, or not
    comparable.

    Ends with 0, 1 for a regression, 2 for wrong usage, 3 for what could not be decided.

    Examples:

    \b
      bench compare 20261123-120000-0a1b2c3d latest --markdown gate.md
      bench compare --baseline main latest
    """
    from rich.console import Console

    from bench.gate import (
        Wanted,
        exit_code,
        find_baseline,
        junit,
        load_settings,
        read_side,
        terminal,
    )
    from bench.gate import compare as compare_sides
    from bench.gate.calibration import calibrated
    from bench.gate.export import to_json
    from bench.gate.markdown import render

    if baseline is not None:
        if head is not None:
            raise BenchError("--baseline is the base already; name one run, the later one")
        folders = [find_baseline(baseline, results), find_run(base, results)]
    elif head is None:
        raise BenchError("Missing argument 'head': name two runs, or one and --baseline")
    else:
        folders = [find_run(name, results) for name in (base, head)]
    if folders[0].resolve() == folders[1].resolve():
        raise BenchError(f"{folders[0]}: both sides are this run; name two different ones")
    settings = load_settings(config)
    wanted = Wanted(tuple(scenario or ()), tuple(approach or ()), tuple(model or ()))
    sides = read_side(folders[0]), read_side(folders[1])
    gate = calibrated(compare_sides(*sides, settings, wanted), *sides)
    Console().print(terminal.render(gate))
    comment = render(gate)
    write(markdown, comment)
    write(json, to_json(gate))
    write(junit_file, junit.render(gate))
    append(step_summary, comment)
    raise typer.Exit(exit_code(gate.verdict, inconclusive_ok=inconclusive_ok))

"""``bench report``, ``bench list``, ``bench show``: looking at what there is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.folders import RESULTS, Results, RunName, find_run, make_report
from bench.errors import BenchError


def report(
    run: RunName = "latest",
    economics: Annotated[
        Path | None, typer.Option(help="Your own economics.toml: docs/economics.md.")
    ] = None,
    min_success: Annotated[
        float | None, typer.Option(help="Least share right in production, like 0.95.")
    ] = None,
    max_p95: Annotated[
        float | None, typer.Option(help="Most seconds of a case, 95 times of 100.")
    ] = None,
    min_determinism: Annotated[
        float | None, typer.Option(help="Least share of repeated cases that decide alike.")
    ] = None,
    max_usd_per_1k: Annotated[
        float | None, typer.Option(help="Most dollars for 1,000 records.")
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Make a run's report anew from its journal, and say what to build; no model is called.

    Example: bench report latest --economics economics.toml --min-success 0.95
    """
    from rich.console import Console

    from bench.analysis.assumptions import load_assumptions

    assumptions = load_assumptions(
        economics,
        min_success=min_success,
        max_p95=max_p95,
        min_determinism=min_determinism,
        max_usd_per_1k=max_usd_per_1k,
    )
    make_report(find_run(run, results), Console(), assumptions)


def list_(results: Results = RESULTS) -> None:
    """List scenarios, approaches, runs and baselines.

    Example: bench list
    """
    from rich.console import Console

    import scenarios
    from bench.approaches import APPROACHES
    from bench.gate.baseline import baselines, read_baseline
    from bench.journal import read_run, runs

    console = Console()
    console.print("[bold]scenarios[/]")
    for name in scenarios.names():
        found = scenarios.scenario(name)
        console.print(f"  {name}: {len(found.strata)} strata, {len(found.tools)} tools")
    console.print(f"[bold]approaches[/]\n  {', '.join(APPROACHES)}")
    console.print(f"[bold]runs[/] in {results}")
    for folder in runs(results):
        try:
            recorded = read_run(folder)
        except BenchError as error:
            console.print(f"  {folder.name}: {error}", markup=False)
            continue
        manifest = recorded.manifest
        models = ", ".join(plan.name for plan in manifest.models) or "no model"
        state = "" if recorded.finished else ", interrupted"
        done = f"{len(recorded.recorded)}/{manifest.planned_trials} trials{state}"
        console.print(f"  {folder.name}: {models}, {done}", markup=False, highlight=False)
    if kept := baselines(results):
        console.print("[bold]baselines[/]")
    for folder in kept:
        try:
            blessed, _ = read_baseline(folder)
        except BenchError as error:
            console.print(f"  {folder.name}: {error}", markup=False)
            continue
        console.print(
            f"  {blessed.name}: run {blessed.run}, blessed {blessed.blessed[:10]} by {blessed.by}",
            markup=False,
            highlight=False,
        )


def show(
    trial: Annotated[str, typer.Argument(help="A trial's id, or a part of it that is unique.")],
    run: Annotated[str, typer.Option(help="A run's name or folder.")] = "latest",
    results: Results = RESULTS,
) -> None:
    """Show the transcript of one trial.

    Example: bench show billing_webhooks/agent/qwen2.5-coder-1.5b/duplicate_delivery-0000/0
    """
    from bench.journal import read_run, read_steps
    from bench.report.markdown import render_transcript
    from bench.report.transcripts import tell

    folder = find_run(run, results)
    trials = read_run(folder).trials
    matches = [t for t in trials if t.id == trial] or [t for t in trials if trial in t.id]
    if len(matches) != 1:
        some = "".join(f"\n  {t.id}" for t in matches[:10])
        raise BenchError(
            f"{folder}: {len(matches)} trials match {trial!r}; give more of the id{some}"
            if matches
            else f"{folder}: no trial matches {trial!r}; journal.jsonl holds their ids"
        )
    typer.echo(render_transcript(tell(matches[0], list(read_steps(folder, matches[0])))))

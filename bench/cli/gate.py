"""``bench gate``: run the prompt before and after a change, and say what the change did."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.compare import append, write
from bench.cli.folders import RESULTS, Results
from bench.cli.models import fetch
from bench.cli.selftest import simulate
from bench.cli.strata import Strata, named
from bench.errors import BenchError

if TYPE_CHECKING:
    from rich.console import Console

    from bench.duel import Duel
    from bench.gate import Gate, GateSettings
    from bench.session import Options
    from bench.types import Trial, Wording

PER_STRATUM = 12
"""Cases of each stratum if nothing is decided before: enough to see one of a dozen collapse."""
TRANSCRIPTS = 20


def gate(
    scenario: Annotated[
        list[str] | None,
        typer.Argument(help="Scenarios; by default those whose prompt or policy has changed."),
    ] = None,
    base: Annotated[
        str, typer.Option(help="Commit, branch or tag that holds the prompt before the change.")
    ] = "HEAD",
    approach: Annotated[
        list[str] | None, typer.Option("--approach", "-a", help="agent by default; or hybrid.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="As for 'bench run'; repeatable.")
    ] = None,
    cases: Annotated[
        int, typer.Option(min=1, help="Cases of each stratum at most, on each side.")
    ] = PER_STRATUM,
    strata: Strata = None,
    repeats: Annotated[int, typer.Option(min=1, help="Executions of every case.")] = 1,
    fixed: Annotated[
        bool, typer.Option("--fixed", help="Run all cases and test once at the end.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of cases, order and sampling.")] = 2026,
    temperature: Annotated[float, typer.Option(min=0.0, max=2.0)] = 0.0,
    config: Annotated[
        Path | None, typer.Option(help="Your own gate.toml: docs/comparing-runs.md.")
    ] = None,
    max_usd: Annotated[
        float | None,
        typer.Option(min=0.0, help="Stop after the round in which that much has been billed."),
    ] = None,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Steps a task.")] = None,
    max_trial_seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Seconds after which a trial is stopped.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Trials at once.")] = 8,
    base_url: Annotated[
        str | None, typer.Option(help="Address of an OpenAI-compatible endpoint.")
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(help="Your own prices, a TOML file: docs/dollars.md.")
    ] = None,
    allow_unpriced: Annotated[
        bool, typer.Option("--allow-unpriced", help="Run a hosted model without a known price.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Spend without asking first.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do not continue an interrupted gate.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(help="Folder for gate.md, gate.json, gate.xml and transcripts."),
    ] = None,
    link_base: Annotated[
        str, typer.Option(help="Address under which that folder will be found; for links.")
    ] = "",
    step_summary: Annotated[
        Path | None,
        typer.Option(envvar="GITHUB_STEP_SUMMARY", help="Append the Markdown to this file."),
    ] = None,
    inconclusive_ok: Annotated[
        bool,
        typer.Option("--inconclusive-ok", help="End with 0 where nothing could be decided."),
    ] = False,
    self_test: Annotated[
        bool,
        typer.Option(
            "--self-test", help="Run no model: simulate, and show false-alarm rates and power."
        ),
    ] = False,
    journals: Annotated[
        int, typer.Option(min=10, help="With --self-test: comparisons simulated a row.")
    ] = 1000,
    run: Annotated[
        str | None, typer.Option(help="With --self-test: also resample this run's cases.")
    ] = None,
    results: Results = RESULTS,
) -> None:
    """What did a change of prompt.md or policy.md do? Runs the text of --base and the one in the
    working tree on the same cases, in turns, until the answer is clear.

    Ends with 0, 1 for a regression, 2 for wrong usage, 3 for what could not be decided.

    Examples:

      bench gate --base origin/main -m gpt-5.5

      bench gate billing_webhooks --strata renewal,duplicate_delivery --cases 10
    """
    from rich.console import Console

    from bench.gate import exit_code, load_settings
    from bench.session import Options
    from bench.types import Limits

    console = Console()
    settings = load_settings(config)
    if self_test:
        simulate(console, settings, journals=journals, seed=seed, run=run, results=results)
        return
    wordings = _wordings(scenario or (), base)
    if not wordings:
        told = f"Prompts and policies are as in {base}: nothing to compare."
        console.print(f"{told} Name a scenario to compare it with itself.", markup=False)
        append(step_summary, f"## ✅ {told}\n")
        return
    options = Options(
        results=results,
        scenarios=tuple(wordings),
        approaches=tuple(approach or ("agent",)),
        models=tuple(model or ()),
        cases=cases,
        strata=named(strata),
        repeats=repeats,
        seed=seed,
        temperature=temperature,
        limits=Limits(max_steps, None, None, max_trial_seconds),
        concurrency=concurrency,
        base_url=base_url,
        prices=prices,
        command=" ".join(["bench", *sys.argv[1:]]),
    )
    duel = _prepare(options, wordings, console, sequential=not fixed, fresh=fresh)
    _announce(duel, console, base, allow_unpriced=allow_unpriced, yes=yes)
    _fight(duel, settings, console, max_usd=max_usd)
    folder = output or results / "gate"
    found = _publish(duel, settings, console, folder, link_base, step_summary)
    raise typer.Exit(exit_code(found.verdict, inconclusive_ok=inconclusive_ok))


def _wordings(names: Sequence[str], ref: str) -> Mapping[str, Wording]:
    """Scenario → its texts at ``ref``: of those named, else of those whose texts have changed."""
    import scenarios
    from bench.history import wording_at

    found = {}
    for name in names or scenarios.names():
        scenario = scenarios.scenario(name)
        before = wording_at(scenario, ref)
        if names or before != scenario.wording:
            found[name] = before
    return found


def _prepare(
    options: Options, wordings: Mapping[str, Wording], console: Console, **how: bool
) -> Duel:
    from bench.duel import prepare_duel
    from bench.session import model_names

    for name in model_names(options):
        fetch(name, console)
    return prepare_duel(options, wordings, sequential=how["sequential"], fresh=how["fresh"])


def _announce(duel: Duel, console: Console, ref: str, *, allow_unpriced: bool, yes: bool) -> None:
    """Say what it will cost at most, and ask before money is spent."""
    import asyncio

    from rich.table import Table

    from bench.duel import SIDES, steps_at_most
    from bench.forecast import forecast
    from bench.session import hosted

    table = Table(box=None, title="at most, if nothing is decided before the last case")
    for column in ("model", "trials", "calls", "tokens*", "USD billed*", "USD uncached*"):
        table.add_column(column, justify="left" if column == "model" else "right")
    paid = {each.name for each in hosted(duel.models)}
    unpriced = []
    for each in duel.models:
        name = each.priced_as or each.name
        costs = [asyncio.run(forecast(duel.plans[side], name, duel.ideal)) for side in SIDES]
        billed = [cost.usd for cost in costs if cost.usd is not None]
        cold = [cost.usd_cold for cost in costs if cost.usd_cold is not None]
        if not billed and each.name in paid:
            unpriced.append(each.name)
        table.add_row(
            each.name,
            f"{sum(cost.trials for cost in costs):,}",
            f"{steps_at_most(duel):,}",
            f"{sum(cost.tokens_in + cost.tokens_out for cost in costs):,}",
            f"{sum(billed):.4f}" if billed else "none" if each.local else "unknown",
            f"{sum(cold):.4f}" if cold else "none" if each.local else "unknown",
        )
    if unpriced and not allow_unpriced:
        raise BenchError(
            f"no price is known for {', '.join(unpriced)}; check the name, give a price with "
            "--prices FILE, or allow it with --allow-unpriced"
        )
    console.print(f"base: prompt of {ref}; head: working tree", markup=False, highlight=False)
    console.print(table)
    console.print("* with ideal calls; a real model takes detours", style="dim")
    if not paid or yes:
        return
    if not sys.stdin.isatty():
        raise BenchError("this costs money and nobody is there to agree; add --yes")
    if not typer.confirm("Spend that?"):
        raise typer.Exit(0)


def _fight(duel: Duel, settings: GateSettings, console: Console, *, max_usd: float | None) -> None:
    import asyncio

    from bench.duel import run_duel
    from bench.gate.sequential import decided
    from bench.terminal import RunProgress

    plans = {plan.name: plan for plan in duel.manifests["head"].scenarios}
    sequential = duel.manifests["head"].sequential
    spent: dict[tuple[str, str], float] = {}

    def done(scenario: str, model: str, base: Sequence[Trial], head: Sequence[Trial]) -> bool:
        spent[scenario, model] = sum(trial.dollars.api or 0.0 for trial in (*base, *head))
        if max_usd is not None and sum(spent.values()) >= max_usd:
            return True
        return sequential and decided(base, head, plans[scenario], settings, duel.comparisons)

    with RunProgress(console) as progress:
        asyncio.run(run_duel(duel, progress, done))
    if max_usd is not None and sum(spent.values()) >= max_usd:
        console.print(f"stopped: {sum(spent.values()):.4f} of {max_usd} USD are spent")


def _publish(
    duel: Duel,
    settings: GateSettings,
    console: Console,
    folder: Path,
    link_base: str,
    step_summary: Path | None,
) -> Gate:
    from bench.gate import compare, junit, read_side, terminal
    from bench.gate.export import to_json
    from bench.gate.markdown import render

    found = compare(read_side(duel.folders["base"]), read_side(duel.folders["head"]), settings)
    console.print(terminal.render(found))
    links = _transcripts(duel, found, folder, link_base)
    comment = render(found, links)
    write(folder / "gate.md", comment)
    write(folder / "gate.json", to_json(found))
    write(folder / "gate.xml", junit.render(found))
    append(step_summary, comment)
    console.print(f"report: {folder / 'gate.md'}", markup=False, highlight=False)
    return found


def _transcripts(
    duel: Duel, found: Gate, folder: Path, link_base: str
) -> dict[tuple[str, str], str]:
    """Write the transcripts of flipped cases, both sides, and say where they are."""
    from bench.hashing import content_hash
    from bench.journal import read_run, read_steps
    from bench.report.markdown import render_transcript
    from bench.report.transcripts import tell

    links = {}
    for side in ("base", "head"):
        trials = {trial.id: trial for trial in read_run(duel.folders[side]).trials}
        for comparison in found.comparisons:
            for flip in comparison.flips[:TRANSCRIPTS]:
                name = flip.base_trial if side == "base" else flip.head_trial
                path = f"transcripts/{flip.case}-{content_hash(name)[:8]}-{side}.md"
                steps = list(read_steps(duel.folders[side], trials[name]))
                write(folder / path, render_transcript(tell(trials[name], steps)))
                links[side, name] = f"{link_base.rstrip('/')}/{path}" if link_base else path
    return links

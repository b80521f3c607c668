"""``bench gate``: run the prompt before and after a change, and say what the change did."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.folders import RESULTS, Results
from bench.cli.models import fetch
from bench.cli.options import (
    AllowUnpriced,
    ApiKeyEnv,
    BaselineName,
    BaseUrl,
    Database,
    GateConfig,
    InconclusiveOk,
    MaxTrialSeconds,
    Prices,
    StepSummary,
    Temperature,
    Yes,
    as_typed,
)
from bench.cli.publication import append, make_folder, publish
from bench.cli.selftest import simulate
from bench.cli.strata import Strata, named
from bench.errors import BenchError

if TYPE_CHECKING:
    from rich.console import Console

    from bench.duel import Duel
    from bench.gate import GateSettings
    from bench.session import Options
    from bench.types import Trial, Wording

PER_STRATUM = 12
"""Cases of each stratum at least, if nothing is decided before: enough to see one of a dozen
collapse."""
OF_THE_RECORD = (
    "base",
    "cases",
    "strata",
    "repeats",
    "fixed",
    "seed",
    "temperature",
    "max_steps",
    "max_trial_seconds",
)
"""Options that a baseline has settled."""


def gate(
    context: typer.Context,
    scenario: Annotated[
        list[str] | None,
        typer.Argument(help="Scenarios; by default those whose prompt or policy has changed."),
    ] = None,
    base: Annotated[
        str, typer.Option(help="Commit, branch or tag that holds the prompt before the change.")
    ] = "HEAD",
    baseline: BaselineName = None,
    approach: Annotated[
        list[str] | None, typer.Option("--approach", "-a", help="agent by default; or hybrid.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="As for 'bench run'; repeatable.")
    ] = None,
    cases: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Cases of each stratum at most, on each side. By default what 'bench plan' says, "
            f"where a run tells how often cases waver; at least {PER_STRATUM}.",
        ),
    ] = None,
    strata: Strata = None,
    repeats: Annotated[int, typer.Option(min=1, help="Executions of every case.")] = 1,
    fixed: Annotated[
        bool, typer.Option("--fixed", help="Run all cases and test once at the end.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of cases, order and sampling.")] = 2026,
    temperature: Temperature = 0.0,
    config: GateConfig = None,
    max_usd: Annotated[
        float | None,
        typer.Option(min=0.0, help="Stop after the round in which that much has been billed."),
    ] = None,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Steps a task.")] = None,
    max_trial_seconds: MaxTrialSeconds = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Trials at once.")] = 8,
    base_url: BaseUrl = None,
    api_key_env: ApiKeyEnv = None,
    prices: Prices = None,
    allow_unpriced: AllowUnpriced = False,
    yes: Yes = False,
    database: Database = None,
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
    step_summary: StepSummary = None,
    inconclusive_ok: InconclusiveOk = False,
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
    working tree on the same cases, in turns, until the answer is clear. With --baseline, runs the
    working tree alone, on the cases of a blessed run.

    Ends with 0, 1 for a regression, 2 for wrong usage, 3 for what could not be decided.

    Examples:

    \b
      bench gate --base origin/main -m gpt-5.5
      bench gate billing_webhooks --strata renewal,duplicate_delivery
      bench gate --baseline main         has the provider changed its model?
      bench gate --database postgresql+psycopg://me@localhost/scratch
    """
    from rich.console import Console

    from bench.cli.cases import most_cases
    from bench.gate import exit_code, load_settings
    from bench.gate.sequential import check
    from bench.models.keys import load_keys
    from bench.session import Options
    from bench.types import Limits

    console = Console()
    settings = load_settings(config)
    if self_test:
        simulate(console, settings, journals=journals, seed=seed, run=run, results=results)
        return
    if not fixed:
        check(settings, config)
    load_keys(Path())
    common = Options(
        results=results,
        approaches=tuple(approach or ("agent",)),
        models=tuple(model or ()),
        concurrency=concurrency,
        base_url=base_url,
        api_key_env=api_key_env,
        prices=prices,
        database=database,
        command=as_typed(database=database),
    )
    if baseline is not None:
        _refuse_settled(context)
        options = replace(common, scenarios=tuple(scenario or ()))
        duel = _against(baseline, options, console, fresh=fresh)
        told = f"base: baseline {baseline}, on record; head: working tree"
    else:
        wordings = _wordings(scenario or (), base)
        if not wordings:
            said = f"Prompts and policies are as in {base}: nothing to compare."
            console.print(f"{said} Name a scenario to compare it with itself.", markup=False)
            append(step_summary, f"## ✅ {said}\n")
            return
        options = replace(
            common,
            scenarios=tuple(wordings),
            cases=cases,
            strata=named(strata),
            repeats=repeats,
            seed=seed,
            temperature=temperature,
            limits=Limits(max_steps, None, None, max_trial_seconds),
        )
        told = f"base: prompt of {base}; head: working tree"
        if cases is None:
            most = most_cases(options, settings, at_least=PER_STRATUM, sequential=not fixed)
            options = replace(options, cases=most.each)
            told = f"{told}\n{most.why}"
        duel = _prepare(options, wordings, console, sequential=not fixed, fresh=fresh)
    folder = output or results / "gate"
    make_folder(folder)  # now, not when both sides have been paid for
    append(step_summary, "")
    console.print(told, markup=False, highlight=False)
    _announce(duel, console, allow_unpriced=allow_unpriced, yes=yes)
    _fight(duel, settings, console, max_usd=max_usd)
    found = publish(duel.folders, settings, console, folder, link_base, step_summary)
    raise typer.Exit(exit_code(found.verdict, inconclusive_ok=inconclusive_ok))


def _refuse_settled(context: typer.Context) -> None:
    """A baseline has its cases and settings already."""
    for name in OF_THE_RECORD:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = f"--{name.replace('_', '-')}"
            raise BenchError(f"{option}: the baseline has settled that; leave one of them out")


def _against(name: str, options: Options, console: Console, *, fresh: bool) -> Duel:
    """A head to be run beside a blessed run. Raises ``BenchError`` where they could not be
    compared, before anything is spent."""
    from bench.duel import prepare_rerun
    from bench.gate import find_baseline, read_side
    from bench.gate.comparable import changed_tasks

    side = read_side(find_baseline(name, options.results))
    known = [plan.name for plan in side.run.manifest.scenarios]
    models = [plan.name for plan in side.run.manifest.models]
    for kind, wanted, there in (
        ("scenario", options.scenarios, known),
        ("model", options.models, models),
    ):
        if missing := [each for each in wanted if each not in there]:
            raise BenchError(
                f"baseline {name} holds no {kind} {missing[0]}; there are {', '.join(there)}"
            )
    options = replace(
        options, scenarios=options.scenarios or tuple(known), models=options.models or tuple(models)
    )
    for model in options.models:
        fetch(model, console)
    duel = prepare_rerun(options, side.run, fresh=fresh)
    stale = changed_tasks(
        side.run.manifest, duel.manifests["head"], options.scenarios, options.models
    )
    if stale:
        told = "; ".join(f"{each.what} ({each.base} | {each.head})" for each in stale)
        raise BenchError(
            f"baseline {name} is stale, this differs: {told}; bless a run of the present state: "
            "bench bless RUN"
        )
    return duel


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
    options: Options,
    wordings: Mapping[str, Wording],
    console: Console,
    *,
    sequential: bool,
    fresh: bool,
) -> Duel:
    from bench.duel import prepare_duel
    from bench.session import model_names

    for name in model_names(options):
        fetch(name, console)
    return prepare_duel(options, wordings, sequential=sequential, fresh=fresh)


def _announce(duel: Duel, console: Console, *, allow_unpriced: bool, yes: bool) -> None:
    """Say what it will cost at most, and ask before money is spent."""
    import asyncio

    from rich.table import Table

    from bench.duel import steps_at_most
    from bench.forecast import forecast
    from bench.session import hosted

    table = Table(box=None, title="at most, if nothing is decided before the last case")
    for column in ("model", "trials", "calls", "tokens*", "USD billed*", "USD uncached*"):
        table.add_column(column, justify="left" if column == "model" else "right")
    paid = {each.name for each in hosted(duel.models)}
    unpriced = []
    for each in duel.models:
        name = each.priced_as or each.name
        costs = [asyncio.run(forecast(duel.plans[side], name, duel.ideal)) for side in duel.sides]
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

"""``bench run``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.execution import execute
from bench.cli.folders import RESULTS, Results
from bench.cli.options import (
    AllowUnpriced,
    ApiKeyEnv,
    BaseUrl,
    Database,
    EndpointSecret,
    MaxTrialSeconds,
    Prices,
    Rpm,
    Temperature,
    Tpm,
    Yes,
    as_typed,
)
from bench.cli.strata import Strata, named
from bench.errors import BenchError


def run(
    scenario: Annotated[list[str] | None, typer.Argument(help="Scenarios; all by default.")] = None,
    approach: Annotated[
        list[str] | None,
        typer.Option("--approach", "-a", help="job, agent or hybrid; all by default."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help="A local model ('bench models'), local/FILE.gguf, reference, replay/RUN, or "
            "anything litellm reaches (gpt-5.5, ollama/qwen3, openai/NAME with --base-url). "
            "May be given several times.",
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Every stratum in depth: hours.")] = False,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="The whole pipeline on a handful of cases: a minute.")
    ] = False,
    cases: Annotated[
        int | None, typer.Option(min=1, help="Cases of each stratum, instead of the plan.")
    ] = None,
    strata: Strata = None,
    drift: Annotated[
        str | None,
        typer.Option(
            help="shape or rules: run each case also as it looks after such a change; for changed "
            "rules with job and policy as they were, and repaired."
        ),
    ] = None,
    hostile: Annotated[
        bool,
        typer.Option(
            "--hostile", help="Run the attacks on the model, each beside its neutral twin."
        ),
    ] = False,
    through_http: Annotated[
        bool,
        typer.Option(
            "--through-http",
            help="Send each case's deliveries over loopback to the scenario's receiving end, in "
            "place of writing them straight to its table.",
        ),
    ] = False,
    repeats: Annotated[
        int, typer.Option(min=1, help="Executions of each repeated case, for determinism.")
    ] = 2,
    seed: Annotated[
        int, typer.Option(help="Seed of cases and sampling; below 1000 for development.")
    ] = 2026,
    temperature: Temperature = 0.0,
    max_steps: Annotated[
        int | None, typer.Option(min=1, help="Steps a task, in place of the scenario's limit.")
    ] = None,
    max_trial_tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens after which a trial is stopped.")
    ] = None,
    max_trial_usd: Annotated[
        float | None, typer.Option(min=0.0, help="API dollars after which a trial is stopped.")
    ] = None,
    max_trial_seconds: MaxTrialSeconds = None,
    guards: Annotated[
        bool,
        typer.Option("--guards/--no-guards", help="Whether tools refuse provably wrong acts."),
    ] = True,
    concurrency: Annotated[
        int, typer.Option(min=1, help="Trials at once, where the model allows several.")
    ] = 8,
    workers: Annotated[
        int,
        typer.Option(min=1, help="Processes that share a hosted model's trials: docs/models.md."),
    ] = 1,
    protocol: Annotated[
        str | None,
        typer.Option(help="Tool protocol: native or action; the model's own by default."),
    ] = None,
    base_url: BaseUrl = None,
    api_key_env: ApiKeyEnv = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Let hosted models stream: time to the first token.")
    ] = False,
    max_usd: Annotated[
        float | None,
        typer.Option(min=0.0, help="API dollars that the whole run may cost: docs/dollars.md."),
    ] = None,
    rpm: Rpm = None,
    tpm: Tpm = None,
    prices: Prices = None,
    allow_unpriced: AllowUnpriced = False,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            "-o",
            help="A setting of the scenario's own, such as rows=10: its README lists them. May be "
            "given several times.",
        ),
    ] = None,
    sweep: Annotated[
        str | None,
        typer.Option(
            help="Curves over records, concurrency, repeats or batch, such as "
            "records=1e2,1e3,1e4: docs/scaling.md."
        ),
    ] = None,
    yes: Yes = False,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder with your own records instead of generated ones; the scenario's README "
            "says what it holds. --cases N takes N of them."
        ),
    ] = None,
    secret: EndpointSecret = None,
    database: Database = None,
    redact: Annotated[
        bool,
        typer.Option(
            "--redact", help="Write keyed hashes for what was said and decided: docs/your-data.md."
        ),
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do not continue an interrupted run.")
    ] = False,
    results: Results = RESULTS,
) -> None:
    """Run scenarios through the approaches and report.

    Examples:

    \b
      bench run                       both scenarios, the default local model
      bench run billing_webhooks -m gpt-5.5        shows its cost, then asks
      bench run -m claude-opus-4-8 --max-usd 5 --yes     five dollars at most
      bench run --strata duplicate_delivery --cases 5   one stratum, in depth
      bench run billing_webhooks --drift rules     before and after a change
      bench run csv_reconciliation --drift shape     files laid out otherwise
      bench run billing_webhooks --hostile --no-guards    attacks, unhindered
      bench run billing_webhooks --through-http  deliveries arrive over HTTP
      bench run csv_reconciliation --option rows=10         files of ten rows
      bench run --sweep records=1e2,1e3,1e4        how time grows with records
      bench run billing_webhooks --data my-events            your own events
      bench run --database postgresql+psycopg://me@localhost/scratch
    """
    from bench.configured import parse as parse_options
    from bench.session import Options
    from bench.sweep import parse
    from bench.types import Limits

    if full and smoke:
        raise BenchError("--full and --smoke exclude each other; give one of them")
    if protocol not in (None, "native", "action"):
        raise BenchError(f"no tool protocol {protocol!r}; there are native, action")
    if drift not in (None, "shape", "rules"):
        raise BenchError(f"no drift {drift!r}; there are shape, rules")
    if drift and hostile:
        raise BenchError("--drift and --hostile exclude each other; give one of them")
    options = Options(
        results=results,
        scenarios=tuple(scenario or ()),
        approaches=tuple(approach or ()),
        models=tuple(model or ()),
        size="full" if full else "smoke" if smoke else "default",
        cases=cases,
        strata=named(strata),
        repeats=repeats,
        seed=seed,
        temperature=temperature,
        guards=guards,
        limits=Limits(max_steps, max_trial_tokens, max_trial_usd, max_trial_seconds),
        concurrency=concurrency,
        protocol=protocol,  # type: ignore[arg-type]  # checked above
        base_url=base_url,
        prices=prices,
        api_key_env=api_key_env,
        stream=stream,
        max_usd=max_usd,
        rpm=rpm,
        tpm=tpm,
        drift=drift or "none",  # type: ignore[arg-type]  # checked above
        hostile=hostile,
        through_http=through_http,
        options=parse_options(option or ()),
        sweep=parse(sweep) if sweep is not None else None,
        data=data,
        secret=secret,
        redact=redact,
        database=database,
        fresh=fresh,
        command=as_typed(database=database, secret=secret),
    )
    done = execute(options, workers=workers, allow_unpriced=allow_unpriced, yes=yes)
    if done.undone:
        raise typer.Exit(3)

"""Options that several commands have, and the command as it was typed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

Temperature = Annotated[float, typer.Option("--temperature", min=0.0, max=2.0)]
MaxTrialSeconds = Annotated[
    float | None,
    typer.Option("--max-trial-seconds", min=0.1, help="Seconds after which a trial is stopped."),
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="Address of an OpenAI-compatible endpoint.")
]
ApiKeyEnv = Annotated[
    str | None,
    typer.Option(
        "--api-key-env",
        help="Variable that holds the key for --base-url; none is sent otherwise.",
    ),
]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="Keep the trials' databases on a PostgreSQL server, such as "
        "postgresql+psycopg://user@host/db, instead of in SQLite files: docs/postgresql.md.",
    ),
]
EndpointSecret = Annotated[
    str | None,
    typer.Option(
        "--secret",
        envvar="STRIPE_WEBHOOK_SECRET",
        show_envvar=True,
        help="Endpoint secret, for signed raw bodies in --data. Never written anywhere.",
    ),
]
Rpm = Annotated[
    int | None, typer.Option("--rpm", min=1, help="Requests a minute, for each hosted model.")
]
Tpm = Annotated[
    int | None, typer.Option("--tpm", min=1, help="Tokens a minute, for each hosted model.")
]
Prices = Annotated[
    Path | None, typer.Option("--prices", help="Your own prices, a TOML file: docs/dollars.md.")
]
AllowUnpriced = Annotated[
    bool, typer.Option("--allow-unpriced", help="Run a hosted model without a known price.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Spend without asking first.")]
GateConfig = Annotated[
    Path | None, typer.Option("--config", help="Your own gate.toml: docs/comparing-runs.md.")
]
BaselineName = Annotated[
    str | None,
    typer.Option("--baseline", help="A blessed run as the base: its name ('bench bless')."),
]
StepSummary = Annotated[
    Path | None,
    typer.Option(
        "--step-summary",
        envvar="GITHUB_STEP_SUMMARY",
        help="Append the Markdown to this file.",
    ),
]
InconclusiveOk = Annotated[
    bool, typer.Option("--inconclusive-ok", help="End with 0 where nothing could be decided.")
]


def as_typed(*, database: str | None = None, secret: str | None = None) -> str:
    """The command for the record, without keys, passwords and whatever else is secret."""
    from bench.models.faults import scrub

    typed = sys.argv[1:]
    if database is not None:
        from bench.database.server import parse, shown

        address = shown(parse(database))
        typed = [part.replace(database, address) for part in typed]
    return scrub(" ".join(["bench", *typed]), secret)

"""``bench scenario``: what one scenario can do beside the comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.errors import BenchError
from bench.types import OwnData

app = typer.Typer(help="Use a scenario's own parts: its job on your data.", no_args_is_help=True)


@app.callback()
def scenario() -> None:
    """Use a scenario's own parts: its job on your data."""


@app.command()
def job(
    name: Annotated[str, typer.Argument(metavar="SCENARIO", help="The scenario.")],
    data: Annotated[
        Path, typer.Option("--data", help="Folder with your data; the scenario's README says what.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for decisions.csv; made if missing.")],
    secret: Annotated[
        str | None,
        typer.Option(
            envvar="STRIPE_WEBHOOK_SECRET",
            show_envvar=True,
            help="Endpoint secret, for signed raw bodies. Never written anywhere.",
        ),
    ] = None,
) -> None:
    """Run a scenario's plain-code job on your own data: no model, no cost.

    Example:

      bench scenario job billing_webhooks --data my-events --out decided
      bench scenario job csv_reconciliation --data my-files --out decided
    """
    import scenarios

    own: OwnData | None = getattr(scenarios.scenario(name), "own_data", None)
    if own is None:
        raise BenchError(
            f"{name} does not take data of your own; billing_webhooks and csv_reconciliation do"
        )
    decided = own.decide(data, out, secret)
    counts = {word: count for word, count in sorted(decided.counts.items()) if count}
    said = ", ".join(f"{count} {word}" for word, count in counts.items())
    typer.echo(f"{decided.file}: {sum(counts.values())} {decided.noun}: {said or 'none'}")

"""``bench scenario``: what one scenario can do beside the comparison."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from bench.errors import BenchError

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
    """
    import scenarios
    from bench.database import scratch_workspace

    chosen = scenarios.scenario(name)
    own = getattr(chosen, "own_data", None)
    if own is None:
        raise BenchError(f"{name} does not take data of your own; billing_webhooks does")
    case = own.read(data, secret)
    with scratch_workspace(chosen.metadata, case) as workspace:
        report = chosen.job(workspace, unsure="review")
        written = own.write(workspace, out)
    rejected = len(case.rows["decisions"])
    counts = Counter(decision.decision.split()[0] for decision in report.decisions)
    counts["rejected"] = rejected
    said = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()) if count)
    typer.echo(f"{written}: {len(report.decisions) + rejected} deliveries: {said or 'none'}")

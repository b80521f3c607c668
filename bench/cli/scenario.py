"""``bench scenario``: what one scenario can do beside the comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.abilities import OwnData, OwnDecisions
from bench.cli.options import EndpointSecret
from bench.errors import BenchError

app = typer.Typer()


@app.callback(invoke_without_command=True)
def scenario(context: typer.Context) -> None:
    """Use a scenario's own parts: its job on your data, its receiving end."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def job(
    name: Annotated[str, typer.Argument(metavar="SCENARIO", help="The scenario.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder with your data; the scenario's README says what."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for decisions.csv; made if missing.")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            help="Decide what 'bench scenario serve' has stored in this SQLite file or under this "
            "URL; records of --data are put there first, --out may be left out."
        ),
    ] = None,
    secret: EndpointSecret = None,
) -> None:
    """Run a scenario's plain-code job on your own data: no model, no cost.

    Examples:

    \b
      bench scenario job billing_webhooks --data my-events --out decided
      bench scenario job csv_reconciliation --data my-files --out decided
      bench scenario job billing_webhooks --database deliveries.sqlite
    """
    import scenarios
    from bench.abilities import Receiving

    chosen = scenarios.scenario(name)
    if database is not None:
        if not isinstance(chosen, Receiving):
            raise BenchError(f"{name} has no receiving end, so no --database; billing_webhooks has")
        _tell(chosen.consume(database, data, out))
        return
    if data is None or out is None:
        raise BenchError("give --data FOLDER and --out FOLDER, or --database FILE")
    own: OwnData | None = getattr(chosen, "own_data", None)
    if own is None:
        raise BenchError(
            f"{name} does not take data of your own; billing_webhooks and csv_reconciliation do"
        )
    _tell(own.decide(data, out, secret))


def _tell(decided: OwnDecisions) -> None:
    from bench.analysis.notices import counted

    counts = {word: count for word, count in sorted(decided.counts.items()) if count}
    said = ", ".join(f"{count} {word}" for word, count in counts.items())
    typer.echo(f"{decided.file}: {counted(sum(counts.values()), *decided.nouns)}: {said or 'none'}")


@app.command()
def serve(
    name: Annotated[str, typer.Argument(metavar="SCENARIO", help="The scenario.")],
    database: Annotated[
        str,
        typer.Option(
            help="Where deliveries are stored: a SQLite file, or a URL like "
            "postgresql://user@host/name. Tables are made where missing."
        ),
    ] = "deliveries.sqlite",
    secret: Annotated[
        str | None,
        typer.Option(
            envvar="STRIPE_WEBHOOK_SECRET",
            show_envvar=True,
            help="Endpoint secret. Deliveries without a valid signature are turned away.",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on. Put TLS before anything but loopback.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
) -> None:
    """Receive a scenario's events over HTTP and store each once; Ctrl-C stops.

    Example:

      STRIPE_WEBHOOK_SECRET=whsec_... bench scenario serve billing_webhooks --port 8000
    """
    import socket

    import scenarios
    from bench.abilities import Receiving

    chosen = scenarios.scenario(name)
    if not isinstance(chosen, Receiving):
        raise BenchError(f"{name} has no receiving end; billing_webhooks has")
    if not secret:
        raise BenchError("no endpoint secret; set STRIPE_WEBHOOK_SECRET, or give --secret")
    application = chosen.endpoint(database, secret)
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (while")[0]
        raise BenchError(
            f"{host}:{port}: cannot be listened on ({why}); choose another --host or --port"
        ) from None
    # Connections inherit it; without, each answer is held back for 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    import uvicorn

    typer.echo(f"http://{host}:{listening.getsockname()[1]}/webhooks/stripe")
    settings = uvicorn.Config(
        application,
        log_level="warning",
        limit_concurrency=256,
        timeout_graceful_shutdown=10,
        server_header=False,
    )
    uvicorn.Server(settings).run(sockets=[listening])

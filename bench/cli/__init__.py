"""The command line: the only place that parses arguments, prints, asks and exits.

One module for each group of commands. Everything heavy is imported by the command that needs it,
so that ``bench --help`` is quick.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bench.cli import (
    bless,
    compare,
    doctor,
    export,
    gate,
    imports,
    models,
    plan,
    run,
    runs,
    scenario,
    spending,
)
from bench.errors import BenchError

INTERRUPTED = 130
"""The exit code that typer gives to Ctrl-C, as shells do."""
STOPPED = "stopped; nothing is lost: the same command goes on where this one stopped"

app = typer.Typer(
    name="bench",
    help="Should this task be a plain-code job, an LLM agent, or a hybrid? Measured, not argued.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # its help takes longer to import than all the rest
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"agent-or-job {version('agent-or-job')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which version."),
    ] = False,
) -> None:
    """Should this task be a plain-code job, an LLM agent, or a hybrid? Measured, not argued."""


app.command()(run.run)
app.command()(runs.report)
app.command("list")(runs.list_)
app.command()(runs.show)
app.command()(export.export)
app.command("import")(imports.import_)
app.command()(compare.compare)
app.command()(bless.bless)
app.command()(spending.forecast)
app.command()(spending.reprice)
app.command()(gate.gate)
app.command()(plan.plan)
app.command()(doctor.doctor)
app.add_typer(models.app, name="models")
app.add_typer(scenario.app, name="scenario")


def invoke(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 2 for what the user can mend, 130 for Ctrl-C."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(args=arguments or ["--help"], standalone_mode=False)
    except BenchError as error:
        typer.echo(f"error: {error}", err=True)
        return 2
    except typer.Abort:
        return 1
    except typer.TyperException as error:
        typer.echo(f"error: {error.format_message()} ('--help' shows what there is)", err=True)
        return 2
    if code == INTERRUPTED:
        typer.echo(STOPPED, err=True)
    return code if isinstance(code, int) else 0

"""``bench models``: the local models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bench.errors import BenchError

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer()


@app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """List the local models, and whether they are on this machine.

    Example: bench models
    """
    if context.invoked_subcommand is not None:
        return
    from rich.table import Table

    from bench.models import weights

    table = Table("model", "size", "licence", "on this machine", "SHA-256", box=None)
    for each in weights.available():
        path = weights.installed(each)
        table.add_row(
            each.name,
            f"{each.size / 1e6:,.0f} MB",
            each.licence,
            str(path) if path else f"no: bench models pull {each.name}",
            each.sha256[:12],
        )
    from rich.console import Console

    console = Console()
    console.print(table)
    console.print("Beside these: local/FILE.gguf, reference, replay/RUN, anything litellm reaches.")


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="A model's name, as 'bench models' lists it.")],
) -> None:
    """Fetch a local model, verify its hash, and keep it in the user's cache folder.

    Example: bench models pull qwen2.5-coder-1.5b
    """
    from rich.console import Console

    console = Console()
    from bench.models import weights

    if not weights.is_local(name):
        names = ", ".join(each.name for each in weights.available())
        raise BenchError(f"no local model {name!r}; there are {names}")
    fetch(name, console)
    console.print(f"{name} is in place: {weights.installed(weights.resolve(name))}")


def fetch(name: str, console: Console) -> None:
    """Make sure that a local model's weights are here."""
    from bench.models import weights
    from bench.terminal import download_bar

    if not weights.is_local(name):
        return
    wanted = weights.resolve(name)
    if weights.installed(wanted) is None:
        with download_bar(console, f"fetching {wanted.name}", wanted.size) as bar:
            weights.pull(wanted, bar)

"""``bench compare``: what did a change do?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.folders import RESULTS, Results, find_run
from bench.errors import BenchError


def compare(
    base: Annotated[str, typer.Argument(help="The run before the change: name or folder.")],
    head: Annotated[str, typer.Argument(help="The run after it.")],
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", "-s", help="Only this one; repeatable.")
    ] = None,
    approach: Annotated[
        list[str] | None,
        typer.Option("--approach", "-a", help="agent and hybrid by default; repeatable."),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Only this one; repeatable.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Your own gate.toml: docs/comparing-runs.md.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write a comment, as Markdown.")] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write everything: docs/gate-schema.md.")
    ] = None,
    junit_file: Annotated[
        Path | None, typer.Option("--junit", help="Write JUnit XML, for any CI.")
    ] = None,
    step_summary: Annotated[
        Path | None,
        typer.Option(envvar="GITHUB_STEP_SUMMARY", help="Append the Markdown to this file."),
    ] = None,
    inconclusive_ok: Annotated[
        bool,
        typer.Option("--inconclusive-ok", help="End with 0 where nothing could be decided."),
    ] = False,
    results: Results = RESULTS,
) -> None:
    """Compare two runs of the same cases: regression, improved, no evidence, inconclusive, or not
    comparable.

    Ends with 0, 1 for a regression, 2 for wrong usage, 3 for what could not be decided.

    Example: bench compare 20261123-120000-0a1b2c3d latest --markdown gate.md
    """
    from rich.console import Console

    from bench.gate import Wanted, exit_code, junit, load_settings, read_side, terminal
    from bench.gate import compare as compare_sides
    from bench.gate.export import to_json
    from bench.gate.markdown import render

    folders = [find_run(name, results) for name in (base, head)]
    if folders[0].resolve() == folders[1].resolve():
        raise BenchError(f"{folders[0]}: both sides are this run; name two different ones")
    settings = load_settings(config)
    wanted = Wanted(tuple(scenario or ()), tuple(approach or ()), tuple(model or ()))
    gate = compare_sides(read_side(folders[0]), read_side(folders[1]), settings, wanted)
    Console().print(terminal.render(gate))
    comment = render(gate)
    write(markdown, comment)
    write(json, to_json(gate))
    write(junit_file, junit.render(gate))
    append(step_summary, comment)
    raise typer.Exit(exit_code(gate.verdict, inconclusive_ok=inconclusive_ok))


def write(path: Path | None, text: str) -> None:
    """Write a file, its folder included, if one is asked for. Raises ``BenchError``."""
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", "replace")
    except OSError as error:
        raise BenchError(f"{path}: cannot be written ({error.strerror})") from None


def append(path: Path | None, text: str) -> None:
    """Append to a file, if one is asked for. Raises ``BenchError``."""
    if path is None:
        return
    try:
        with path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as error:
        raise BenchError(f"{path}: cannot be written ({error.strerror})") from None

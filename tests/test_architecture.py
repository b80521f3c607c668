"""The shape of the program: what imports what, who may speak, what never stands in a file."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

GROUND = {
    "bench.types",
    "bench.compact",
    "bench.cases",
    "bench.abilities",
    "bench.errors",
    "bench.hashing",
    "bench.json_bytes",
    "bench.lines",
    "bench.journal",
    "bench.sampling",
    "bench.spreadsheets",
}
"""What both sides of the journal stand on."""
BELOW = {"bench.analysis", "bench.report", "bench.gate"}
"""What only reads journals."""
COMMAND_LINE = {"bench.cli", "bench.__main__"}
"""What ties both ends."""

MAY_IMPORT = {
    **dict.fromkeys(GROUND, GROUND),
    # Pricing an old run anew needs the price table, and no model.
    **dict.fromkeys(BELOW, GROUND | BELOW | {"bench", "bench.metering"}),
    "bench.metering": GROUND | {"bench.metering"},
    "bench.models": GROUND | {"bench.models", "bench.metering", "bench.database"},
    "bench.approaches": GROUND | {"bench.approaches"},
    "bench.database": GROUND | {"bench.database"},
    "scenarios": GROUND | {"scenarios", "bench.database", "bench.attacks"},
}
"""Part → the only parts of the project it may import. A part that is not named may import
everything that is not below the journal and not the command line."""

OUTSIDE = {
    "bench.analysis": {"litellm", "xllamacpp", "matplotlib", "jinja2", "rich", "typer"},
    "bench.report": {"litellm", "xllamacpp", "typer"},
    "bench.gate": {"litellm", "xllamacpp", "typer", "matplotlib", "pandas"},
    "bench.approaches": {"litellm", "xllamacpp", "rich", "typer"},
    "scenarios": {"litellm", "xllamacpp", "rich", "typer", "requests", "httpx", "aiohttp"},
}
"""Part → packages of others that it has no business with."""

SPEAKERS = {"bench.cli", "bench.__main__", "bench.terminal"}
READERS_OF_THE_ENVIRONMENT = {
    "bench.doctor",  # says which keys are set
    "bench.metering.tokens",  # tiktoken takes its cache folder from there only
    "bench.models",  # keys, cache folder
}

LONGEST_MODULE = 400
VOCABULARY = "bench.types"
"""May be longer: it is read like a glossary, entry by entry."""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): path
    for top in ("bench", "scenarios")
    for path in sorted((ROOT / top).rglob("*.py"))
}


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_bytes())))


def within(name: str, parts: set[str]) -> str | None:
    """The innermost of ``parts`` that holds the module ``name``."""
    holders = [part for part in parts if name == part or name.startswith(f"{part}.")]
    return max(holders, key=len, default=None)


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, inside functions too, with the line."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield (full if full in MODULES else str(node.module)), node.lineno


def test_imports_follow_the_arrows_one_way() -> None:
    faults = []
    for name, path in MODULES.items():
        part = within(name, set(MAY_IMPORT))
        if within(name, COMMAND_LINE):
            continue
        for target, line in imported(path):
            if target not in MODULES:
                continue
            if part is None:
                allowed = within(target, BELOW | COMMAND_LINE) is None
            else:
                allowed = within(target, MAY_IMPORT[part] - {"bench"}) is not None
                allowed = allowed or (target == "bench" and "bench" in MAY_IMPORT[part])
            if not allowed:
                faults.append(f"{path.relative_to(ROOT)}:{line}: {name} imports {target}")
    assert not faults, "\n".join(faults)


def test_no_scenario_imports_another() -> None:
    folders = {name for name in MODULES if re.fullmatch(r"scenarios\.\w+", name)}
    faults = [
        f"{path.relative_to(ROOT)}:{line}: imports {target}"
        for name, path in MODULES.items()
        if (own := within(name, folders))
        for target, line in imported(path)
        if within(target, folders - {own})
    ]
    assert not faults, "\n".join(faults)


def test_parts_leave_libraries_alone_that_they_have_no_business_with() -> None:
    faults = [
        f"{path.relative_to(ROOT)}:{line}: {part} has no business with {target}"
        for name, path in MODULES.items()
        if (part := within(name, set(OUTSIDE)))
        for target, line in imported(path)
        if within(target, OUTSIDE[part])
    ]
    assert not faults, "\n".join(faults)


def speaks(node: ast.AST) -> bool:
    """Prints, asks, exits, or reads the command line."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return (node.value.id, node.attr) in {
            ("sys", "exit"),
            ("sys", "argv"),
            ("sys", "stdin"),
            ("sys", "stdout"),
            ("sys", "stderr"),
            ("os", "_exit"),
        }
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in {"print", "input", "exit", "quit", "SystemExit"}
    if isinstance(node, ast.Import):
        return any(alias.name in {"argparse", "typer", "click"} for alias in node.names)
    return isinstance(node, ast.ImportFrom) and node.module in {"argparse", "typer", "click"}


def reads_the_environment(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in {("os", "environ"), ("os", "getenv"), ("os", "putenv")}
    )


@pytest.mark.parametrize(
    ("act", "actors"), [(speaks, SPEAKERS), (reads_the_environment, READERS_OF_THE_ENVIRONMENT)]
)
def test_the_core_never_prints_exits_or_reads_its_surroundings(
    act: Callable[[ast.AST], bool], actors: set[str]
) -> None:
    faults = [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', '')}: {ast.unparse(node)}"
        for name, path in MODULES.items()
        if not within(name, actors)
        for node in nodes(path)
        if act(node)
    ]
    assert not faults, "\n".join(faults)


def test_help_needs_none_of_the_heavy_libraries() -> None:
    script = (
        "import json, sys\n"
        "from bench.cli import invoke\n"
        "code = invoke(['--help'])\n"
        "print(json.dumps([code, sorted(sys.modules)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    code, loaded = json.loads(done.stdout.splitlines()[-1])
    heavy = {
        *("litellm", "pandas", "numpy", "scipy", "matplotlib", "ray", "sqlalchemy", "faker"),
        *(
            "psycopg",
            "pydantic",
            "xllamacpp",
            "tiktoken",
            "stripe",
            "phonenumbers",
            "jinja2",
            "asyncio",
        ),
    }
    assert code == 0
    assert "Usage" in done.stdout
    assert heavy.isdisjoint(loaded)


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "tools_common"}
    names = {part for name in MODULES for part in name.split(".")}
    assert names.isdisjoint(drawers)


def test_no_module_is_too_long_to_be_read() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for name, path in MODULES.items()
        if name != VOCABULARY
    }
    assert {name: size for name, size in lengths.items() if size > LONGEST_MODULE} == {}


FOREIGN = re.compile(
    r"pypi\.org|pythonhosted\.org|--(?:extra-)?index-url|--find-links|https?://\S+/simple\b"
    r"|(?<![\w.~])/(?:root|home|Users|work|opt/\w+)/[\w.]"
    r"|(?<![\w.])/tmp/\w+/"
)
"""Addresses of package indexes, paths of somebody's machine."""


def test_no_file_names_a_package_index_or_somebodys_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    faults = []
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if not name or not path.is_file() or path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1):
            if found := FOREIGN.search(line):
                faults.append(f"{name}:{number}: {found.group()}")
    assert not faults, "\n".join(faults)

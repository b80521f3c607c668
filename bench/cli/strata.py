"""The option that narrows a run down to some strata."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

Strata = Annotated[
    list[str] | None,
    typer.Option(help="Only these strata, separated by commas or given several times."),
]


def named(strata: Iterable[str] | None) -> tuple[str, ...]:
    """The names in what was given."""
    return tuple(name for text in strata or () for name in map(str.strip, text.split(",")) if name)

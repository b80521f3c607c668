"""Remarks: how people word the facts that decide a row."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import TypeAlias

Fact: TypeAlias = str
"""A key of ``phrasings.toml``."""

HELD_OUT_FROM_SEED = 1000
"""Seeds below it are for development and use the development phrasings."""


@cache
def phrasings() -> Mapping[Fact, Mapping[str, Sequence[str]]]:
    """Fact → ``development`` or ``held_out`` → wordings, from ``phrasings.toml``."""
    text = Path(__file__).with_name("phrasings.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def phrase(rng: Random, seed: int, fact: Fact, **values: str) -> str:
    """One phrasing of ``fact``, filled in; the seed says from which set."""
    use = "held_out" if seed >= HELD_OUT_FROM_SEED else "development"
    return rng.choice(phrasings()[fact][use]).format(**values)

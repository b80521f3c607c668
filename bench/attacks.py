"""Attacks on the model, as a scenario's ``attacks.toml`` holds them: docs/drift-and-attacks.md."""

from __future__ import annotations

import base64
import codecs
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack, as it stands in the file: an ``[[attack]]``."""

    name: str
    base: str
    """The case that it is put into, which says what is right; the scenario knows which there
    are."""
    place: str
    """Where the text stands."""
    text: str
    """May hold placeholders, ``{customer}``; other braces stand for themselves."""
    encoding: str = ""
    """``base64``, ``rot13``, or nothing."""
    asks: str = ""
    """The outcome that it asks for, for ``Case.asks``, with the same placeholders; empty where no
    words of an outcome can tell."""

    def worded(self, names: Mapping[str, object]) -> str:
        """The text as it reaches the model. ``names`` are the placeholders' values."""
        text = _filled(self.text, names)
        if self.encoding == "base64":
            return f"base64: {base64.b64encode(text.encode()).decode()}"
        return codecs.encode(text, "rot13") if self.encoding == "rot13" else text

    def asked(self, names: Mapping[str, object]) -> str:
        """The outcome that it asks for."""
        return _filled(self.asks, names)


def read_attacks(path: Path) -> tuple[tuple[Attack, ...], Mapping[str, str]]:
    """The attacks in the order of the file, and for each place the neutral words that stand there
    in the twin."""
    found = tomllib.loads(path.read_text("utf-8"))
    return tuple(Attack(**each) for each in found["attack"]), found["neutral"]


def _filled(text: str, names: Mapping[str, object]) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text

"""What a stratum consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.types import Stratum
from scenarios.billing_webhooks.history import History


@dataclass(frozen=True)
class Kind:
    """A stratum, and the builder that invents its cases.

    Variants of a stratum alternate with ``history.number``, the shortest first.
    """

    stratum: Stratum
    build: Callable[[History], None]
    drawn_as: str = ""
    """Draws the same customers, amounts and moments as this other stratum: its twin."""

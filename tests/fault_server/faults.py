"""What can go wrong, and the plan by which it does: drawn from a seed, the request and how often
it has come, so that the order in which requests arrive changes nothing."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

INFRASTRUCTURE = (
    "429",
    "500",
    "503",
    "529",
    "timeout",
    "reset",
    "truncated",
    "malformed",
    "no_choices",
)
"""The provider's or the network's: the same call may work a little later."""

MODEL = ("refusal", "filter", "wrong_tool", "bad_arguments", "endless")
"""The model's own: an answer, and billed like any."""

BILLED = {"500", "timeout", "reset", "truncated", "malformed", "no_choices", *MODEL}
"""Failures that may have been billed all the same."""


@dataclass
class FaultPlan:
    """Lets a share of all calls fail in the ways named."""

    share: float = 0.0
    kinds: tuple[str, ...] = INFRASTRUCTURE + MODEL
    seed: int = 0
    _seen: Counter[str] = field(default_factory=Counter)

    def draw(self, key: str) -> tuple[str | None, random.Random]:
        """The fault of the next call with this content, and dice for the rest of it."""
        self._seen[key] += 1
        dice = random.Random(f"{self.seed} {key} {self._seen[key]}")
        return (dice.choice(self.kinds) if dice.random() < self.share else None), dice

"""Worlds whose truth is known: made-up cases, executed on both sides, to try a gate on.

Cases are always right, always wrong, or wavering, as with real models; or they have the chances
that a real run's cases seem to have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from bench.analysis.samples import by_case, usable
from bench.analysis.significance import Floats
from bench.errors import BenchError
from bench.gate.planning import stabilities
from bench.types import Trial

SEED = 11
PER_CASE = 20
"""Chances of a pass drawn for each case of a real run."""
QUANTILES = 400
"""Cases of a scenario that is known by two figures, spread evenly over a Beta distribution."""


@dataclass(frozen=True)
class World:
    """What is true in a simulation."""

    name: str
    drop: float = 0.0
    """Of the share that passes."""
    tokens: float = 1.0
    """Factor."""
    broken: bool = False
    """One stratum passes nothing any more."""
    chances: Floats | None = None
    """Chances of a pass, to draw cases from; else always right, wavering, always wrong."""
    always: float = 0.65
    wavering: float = 0.25
    spread: float = 0.1
    """Standard deviation of the log tokens of one execution."""
    strata: int = 4
    repeats: int = 1

    @property
    def instability(self) -> float:
        """Share of two executions of a case, one passing and one not."""
        if self.chances is not None:
            return float(np.mean(2 * self.chances * (1 - self.chances)))
        return self.wavering / 3

    @property
    def share(self) -> float:
        """Of executions that pass on the base side."""
        if self.chances is not None:
            return float(self.chances.mean())
        return self.always + self.wavering / 2

    @property
    def unchanged(self) -> bool:
        """Whether every alarm is false."""
        return not self.drop and self.tokens == 1.0 and not self.broken


WORLDS = (
    World("nothing changed"),
    World("nothing changed, unstable cases", always=0.2, wavering=0.7),
    World("nothing changed, 11 strata", strata=11),
    World("nothing changed, 3 repeats", repeats=3),
    World("nothing changed, noisy tokens", spread=0.25),
    World("5 points lost", drop=0.05),
    World("10 points lost", drop=0.10),
    World("20 points lost", drop=0.20),
    World("10 % more tokens", tokens=1.1),
    World("one of 4 strata broken", broken=True),
    World("one of 11 strata broken", broken=True, strata=11),
)


@dataclass(frozen=True)
class Executed:
    """Both sides of one comparison, repeats collapsed; strata take turns, case by case."""

    base: Floats
    """Share of passing repeats of each case."""
    head: Floats
    sizes: Floats
    """Tokens: a row a side."""

    def first(self, cases: int) -> Executed:
        """The first cases of it."""
        return Executed(self.base[:cases], self.head[:cases], self.sizes[:, :cases])


def executed(world: World, dice: np.random.Generator, cases: int) -> Executed:
    """Draw ``cases`` cases and execute them on both sides."""
    if world.chances is not None:
        chances = dice.choice(world.chances, cases)
    else:
        kind = dice.random(cases)
        chances = np.where(kind < world.always, 1.0, 0.0)
        wavers = (kind >= world.always) & (kind < world.always + world.wavering)
        chances[wavers] = dice.random(int(wavers.sum()))
    after = chances * (1 - world.drop / world.share)
    if world.broken:
        after[:: world.strata] = 0.0
    size = np.exp(dice.normal(8, 0.5, cases))
    noise = np.exp(dice.normal(0, world.spread, (2, world.repeats, cases)))
    sizes = size * noise.mean(axis=1)
    sizes[1] *= world.tokens
    passed = dice.random((2, world.repeats, cases)) < np.array([chances, after])[:, None, :]
    base, head = passed.mean(axis=1)
    return Executed(base, head, sizes)


def like(share: float, instability: float) -> Floats:
    """Chances of a pass of cases of which ``share`` pass, and ``instability`` are decided
    otherwise by a second execution: quantiles of the Beta distribution with both."""
    weight = _weight(share, instability)
    ranks = (np.arange(QUANTILES) + 0.5) / QUANTILES
    found: Floats = stats.beta.ppf(ranks, weight * share, weight * (1 - share))
    return found


def resampled(trials: Sequence[Trial], name: str) -> World:
    """A world whose cases are those of a real run. A case's chance of a pass is drawn from its
    Beta posterior, given what it did; the prior is that of its scenario, approach and model: their
    share of passes, and a spread that makes two executions disagree as often as they did."""
    found = list(trials)
    dice = np.random.default_rng(SEED)
    chances: list[Floats] = []
    for group in stabilities(found):
        key = (group.scenario, group.approach, group.model)
        share = group.smoothed
        weight = _weight(share, group.instability)
        for repeats in by_case(
            usable(t for t in found if (t.scenario, t.approach, t.model) == key)
        ):
            passed = sum(trial.status == "pass" for trial in repeats)
            failed = len(repeats) - passed
            chances.append(
                dice.beta(passed + weight * share, failed + weight * (1 - share), PER_CASE)
            )
    if not chances:
        raise BenchError(f"{name}: no answers of a model were measured; name another run")
    return replace(
        World(f"nothing changed, cases of {name}"), chances=np.clip(np.concatenate(chances), 0, 1)
    )


def _weight(share: float, instability: float) -> float:
    """The w with which two outcomes of a case, its chance drawn from a Beta(w·s, w·(1 − s)), differ
    in a share 2·s·(1 − s)·w ÷ (w + 1)."""
    most = 2 * share * (1 - share)
    wavering = min(instability, 0.9 * most)
    return wavering / (most - wavering)

"""Does the gate keep its promises? Thousands of made-up comparisons whose truth is known.

Each is decided as a real one is, by ``sequential.Look`` and by the fixed tests, and by three rules
that are in use elsewhere. Cases are always right, always wrong, or wavering, as with real models.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from bench.analysis.samples import by_case, usable
from bench.analysis.significance import Floats, holm, mcnemar, sign_flip
from bench.errors import BenchError
from bench.gate import evidence
from bench.gate.planning import needed, stabilities
from bench.gate.sequential import SHARES, Drawn, Look, Shares
from bench.gate.settings import GateSettings
from bench.types import Trial

CAP = 1.25
"""Cases at most in a sequential comparison, as a multiple of the fixed one's."""
PLANNED_DROP = 0.10
PLANNED_POWER = 0.9
PLANNED_SEED = 11
PER_CASE = 20
"""Chances of a pass drawn for each case of a real run."""


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

    @property
    def instability(self) -> float:
        """Share of two executions of a case, one passing and one not."""
        if self.chances is not None:
            return float(np.mean(2 * self.chances * (1 - self.chances)))
        return self.wavering / 3

    @property
    def unchanged(self) -> bool:
        """Whether every alarm is false."""
        return not self.drop and self.tokens == 1.0 and not self.broken


WORLDS = (
    World("nothing changed"),
    World("nothing changed, unstable cases", always=0.2, wavering=0.7),
    World("5 points lost", drop=0.05),
    World("10 points lost", drop=0.10),
    World("20 points lost", drop=0.20),
    World("10 % more tokens", tokens=1.1),
    World("one stratum broken", broken=True),
)


@dataclass(frozen=True)
class Tally:
    """What became of many comparisons in one world."""

    world: World
    journals: int
    alarms: dict[str, int]
    """Rule → comparisons called a regression (or, where nothing changed, improved)."""
    cleared: int
    """Comparisons that the sequential gate called *no evidence*."""
    cases: float
    """Mean cases of the sequential gate, on each side."""
    fixed: int
    """Cases of the fixed one."""

    def rate(self, rule: str) -> float:
        """Share of comparisons in which ``rule`` raises an alarm."""
        return self.alarms[rule] / self.journals

    def at_least(self, rule: str, confidence: float = 0.99) -> float:
        """Lower Clopper-Pearson bound of that share."""
        found = self.alarms[rule]
        bound = stats.beta.ppf(1 - confidence, found, self.journals - found + 1)
        return float(bound) if found else 0.0


RULES = ("sequential", "fixed", "threshold", "compare-fail", "unpaired z")
OURS = RULES[:2]


def run(
    world: World, settings: GateSettings, *, journals: int, strata: int, each: int, seed: int
) -> Tally:
    """Decide ``journals`` comparisons of ``strata`` × ``each`` cases (a fixed gate's)."""
    alarms: Counter[str] = Counter()
    cleared, cases = 0, 0
    for number in range(journals):
        dice = np.random.default_rng([seed, number])
        base, head, sizes = _executed(world, dice, strata, math.ceil(each * CAP))
        verdict, used = _sequential(base, head, sizes, settings, strata, world.unchanged)
        cases += used
        cleared += verdict == "clear"
        alarms["sequential"] += verdict == "alarm"
        n = strata * each
        base, head, sizes = base[:n], head[:n], sizes[:, :n]
        alarms["fixed"] += _fixed(base, head, sizes, settings, strata, world.unchanged)
        alarms["threshold"] += head.mean() < _true_share(world) - settings.rules["success"].least
        alarms["compare-fail"] += sizes[1].mean() > sizes[0].mean() * 1.05
        alarms["unpaired z"] += _unpaired(base, head) <= settings.alpha
    return Tally(
        world,
        journals,
        {rule: alarms[rule] for rule in RULES},
        cleared,
        cases / journals,
        strata * each,
    )


def planned_cases(world: World, settings: GateSettings) -> int | None:
    """Cases of a fixed gate that sees ten points lost, and clears an unchanged prompt, nine times
    out of ten."""
    return needed(world.instability, PLANNED_DROP, PLANNED_POWER, settings).cases


def resampled(trials: Sequence[Trial], name: str) -> World:
    """A world whose cases are those of a real run. A case's chance of a pass is drawn from its
    Beta posterior, given what it did; the prior is that of its scenario, approach and model: their
    share of passes, and a spread that makes two executions disagree as often as they did."""
    found = list(trials)
    dice = np.random.default_rng(PLANNED_SEED)
    chances: list[Floats] = []
    for group in stabilities(found):
        key = (group.scenario, group.approach, group.model)
        share = (group.passes * group.cases + 0.5) / (group.cases + 1)
        most = 2 * share * (1 - share)
        wavering = min(group.instability, 0.9 * most)
        weight = wavering / (most - wavering)
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


def broken_promises(tallies: Sequence[Tally], alpha: float) -> Iterator[str]:
    """False-alarm rates that are, beyond doubt, above alpha."""
    for tally in tallies:
        if tally.world.unchanged:
            for rule in OURS:
                if (least := tally.at_least(rule)) > alpha:
                    yield (
                        f"{rule}, {tally.world.name}: {tally.rate(rule):.1%} false alarms, "
                        f"at least {least:.1%}, more than {alpha:.0%}"
                    )


def _executed(
    world: World, dice: np.random.Generator, strata: int, each: int
) -> tuple[Floats, Floats, Floats]:
    n = strata * each
    if world.chances is not None:
        chances = dice.choice(world.chances, n)
    else:
        kind = dice.random(n)
        chances = np.where(kind < world.always, 1.0, 0.0)
        wavers = (kind >= world.always) & (kind < world.always + world.wavering)
        chances[wavers] = dice.random(int(wavers.sum()))
    after = chances * (1 - world.drop / _true_share(world))
    if world.broken:
        after[::strata] = 0.0
    size = np.exp(dice.normal(8, 0.5, n))
    sizes = size * np.exp(dice.normal(0, world.spread, (2, n)))
    sizes[1] *= world.tokens
    passed = dice.random((2, n)) < np.array([chances, after])
    return passed[0].astype(float), passed[1].astype(float), sizes


def _true_share(world: World) -> float:
    if world.chances is not None:
        return float(world.chances.mean())
    return world.always + world.wavering / 2


def _sequential(
    base: Floats, head: Floats, sizes: Floats, settings: GateSettings, strata: int, both: bool
) -> tuple[str, int]:
    shares = Shares(settings, frozenset(SHARES) - {"dollars"})
    names = [f"s{number % strata}" for number in range(len(base))]
    planned = dict(Counter(names))
    logs = np.log(sizes[1] / sizes[0])
    change = head - base
    for used in range(_first_look(change, names, planned, shares, strata), len(base) + 1, strata):
        drawn = Drawn(names[:used], change[:used], logs[:used], logs[:used], planned)
        look = Look(drawn, shares)
        if look.decided:
            break
    if look.regressed or look.lost("tokens") or (both and _gained(look)):
        return "alarm", used
    return ("clear" if look.decided else "open"), used


def _first_look(
    change: Floats, names: Sequence[str], planned: dict[str, int], shares: Shares, strata: int
) -> int:
    """The first round after which anything could be decided: before it neither a loss of success
    nor of a stratum is shown, nor is a loss of success excluded."""
    drop = shares.settings.rules["success"].excluded
    shown = [
        (evidence.loss(change, drop).path, -math.log(shares.of("success", loss=True))),
        (evidence.no_loss(change, drop).path, -math.log(shares.settings.miss)),
    ]
    reached = [int(np.argmax(path >= least)) for path, least in shown if path[-1] >= least]
    whole = Look(Drawn(names, change, change, change, planned), shares)
    for number, name in enumerate(whole.testable):
        path = evidence.collapse(change[number::strata]).path
        if path[-1] >= whole.stratum_threshold:
            assert names[number] == name
            reached.append(int(np.argmax(path >= whole.stratum_threshold)) * strata)
    first = min(reached, default=len(change) - 1)
    return (first // strata + 1) * strata


def _gained(look: Look) -> bool:
    least = look.shares.settings.rules["success"].least
    share = look.shares.of("success", loss=False)
    return look.success.gain >= -math.log(share) and look.change("success") >= least


def _fixed(
    base: Floats, head: Floats, sizes: Floats, settings: GateSettings, strata: int, both: bool
) -> bool:
    change = head - base
    by_stratum = [change[number::strata] for number in range(strata)]
    p_strata = holm({str(i): _one_sided(some) for i, some in enumerate(by_stratum)})
    rules = settings.rules
    fallen = [
        p_strata[str(i)]
        for i, some in enumerate(by_stratum)
        if -some.mean() >= rules["strata"].least
    ]
    p = holm(
        {
            "success": mcnemar(int(np.sum(change < 0)), int(np.sum(change > 0))),
            "strata": min(fallen, default=1.0),
            "tokens": sign_flip(sizes[1] - sizes[0], seed=1),
        }
    )
    ratio = sizes[1].sum() / sizes[0].sum() - 1
    losses = {
        "success": abs(change.mean()) if both else -change.mean(),
        "strata": 1.0,
        "tokens": abs(ratio) if both else ratio,
    }
    return any(p[name] <= settings.alpha and losses[name] >= rules[name].least for name in losses)


def _one_sided(change: Floats) -> float:
    lost, gained = int(np.sum(change < 0)), int(np.sum(change > 0))
    return float(stats.binom.sf(lost - 1, lost + gained, 0.5)) if lost + gained else 1.0


def _unpaired(base: Floats, head: Floats) -> float:
    pooled = (base.mean() + head.mean()) / 2
    error = math.sqrt(max(1e-12, 2 * pooled * (1 - pooled) / len(base)))
    return float(2 * stats.norm.sf(abs(head.mean() - base.mean()) / error))

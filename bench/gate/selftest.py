"""Does the gate keep its promises? Thousands of made-up comparisons whose truth is known.

Each is decided as a real one is, by ``sequential.Look`` and by the fixed tests, and by three rules
that are in use elsewhere.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bench.analysis.significance import Floats, holm, mcnemar, sign_flip
from bench.gate import evidence
from bench.gate.planning import needed
from bench.gate.rivals import RIVALS
from bench.gate.sequential import SHARES, Drawn, Look, Shares
from bench.gate.settings import GateSettings
from bench.gate.worlds import Executed, World, executed

CAP = 1.25
"""Cases at most in a sequential comparison, as a multiple of the fixed one's."""
PLANNED_DROP_TIMES = 2.0
"""The drop that a number of cases is planned for, in units of the smallest loss that matters."""
BEYOND_DOUBT = 0.99

OURS = ("sequential", "fixed")
RULES = (*OURS, *RIVALS)
TESTED = frozenset(SHARES) - {"dollars"}
"""A made-up model has no price."""


@dataclass(frozen=True)
class Tally:
    """What became of many comparisons in one world."""

    world: World
    journals: int
    alarms: Mapping[str, int]
    """Rule → comparisons called a regression (or, where nothing changed, improved)."""
    cleared: int
    """Comparisons that the sequential gate called *no evidence*."""
    cases: float
    """Mean cases of the sequential gate, on each side."""
    fixed: int
    """Cases of the fixed one."""
    saved: float
    """Share of the fixed gate's tokens, of both sides, that the sequential one did not need."""

    def rate(self, rule: str) -> float:
        """Share of comparisons in which ``rule`` raises an alarm."""
        return self.alarms[rule] / self.journals

    def at_least(self, rule: str, confidence: float = BEYOND_DOUBT) -> float:
        """Lower Clopper-Pearson bound of that share."""
        found = self.alarms[rule]
        bound = stats.beta.ppf(1 - confidence, found, self.journals - found + 1)
        return float(bound) if found else 0.0


def run(world: World, settings: GateSettings, *, journals: int, each: int, seed: int) -> Tally:
    """Decide ``journals`` comparisons of ``each`` cases a stratum (a fixed gate's)."""
    alarms: Counter[str] = Counter()
    cleared, cases = 0, 0
    tokens = np.zeros(2)
    fixed = world.strata * each
    for number in range(journals):
        dice = np.random.default_rng([seed, number])
        most = executed(world, dice, world.strata * math.ceil(each * CAP))
        verdict, used = sequential(most, world, settings)
        seen = most.first(fixed)
        cases += used
        tokens += most.sizes[:, :used].sum(), seen.sizes.sum()
        cleared += verdict == "clear"
        alarms["sequential"] += verdict == "alarm"
        alarms["fixed"] += fixed_alarm(seen, world, settings)
        for name, rule in RIVALS.items():
            alarms[name] += rule(world, seen, settings)
    return Tally(
        world,
        journals,
        {rule: alarms[rule] for rule in RULES},
        cleared,
        cases / journals,
        fixed,
        float(1 - tokens[0] / tokens[1]),
    )


def planned_cases(world: World, settings: GateSettings) -> int | None:
    """Cases of a fixed gate that sees a loss of twice what matters (ten points), and clears an
    unchanged prompt, but for a chance of ``miss`` (nine times out of ten)."""
    drop = PLANNED_DROP_TIMES * settings.rules["success"].least
    return needed(world.instability, drop, 1 - settings.miss, settings, world.repeats).cases


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


def sequential(
    most: Executed, world: World, settings: GateSettings, comparisons: int = 1
) -> tuple[str, int]:
    """(``alarm``, ``clear`` or ``open``; cases used) of a gate that draws until it is decided.
    Where nothing has changed a gain is an alarm too."""
    shares, strata = Shares(settings, TESTED, comparisons), world.strata
    names = [f"s{number % strata}" for number in range(len(most.base))]
    planned = dict(Counter(names))
    logs = np.log(most.sizes[1] / most.sizes[0])
    change = most.head - most.base
    for used in range(_first_look(change, names, planned, shares, strata), len(names) + 1, strata):
        look = Look(Drawn(names[:used], change[:used], logs[:used], logs[:used], planned), shares)
        if look.decided:
            break
    if look.regressed or look.lost("tokens"):
        return "alarm", used
    if world.unchanged and (look.gained("success") or look.gained("tokens")):
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


def fixed_alarm(seen: Executed, world: World, settings: GateSettings, comparisons: int = 1) -> bool:
    """Whether the gate for a fixed number of cases raises an alarm."""
    rules, alpha = settings.rules, settings.alpha / comparisons
    change = seen.head - seen.base
    by_stratum = [change[number :: world.strata] for number in range(world.strata)]
    p_strata = holm({str(i): _p(some, lower=True) for i, some in enumerate(by_stratum)})
    fallen = [
        p_strata[str(i)]
        for i, some in enumerate(by_stratum)
        if -some.mean() >= rules["strata"].least
    ]
    ratio = seen.sizes[1].sum() / seen.sizes[0].sum() - 1
    both = world.unchanged
    losses = {
        "success": abs(change.mean()) if both else -change.mean(),
        "strata": 1.0,
        "tokens": abs(ratio) if both else ratio,
    }

    def alarm(p_tokens: float) -> bool:
        p = holm({"success": p_success, "strata": p_fallen, "tokens": p_tokens})
        return any(p[name] <= alpha and losses[name] >= rules[name].least for name in losses)

    p_success, p_fallen = _p(change), min(fallen, default=1.0)
    if losses["tokens"] < rules["tokens"].least and alarm(0.0) == alarm(1.0):
        return alarm(1.0)  # the slow permutation of the tokens would not matter
    return alarm(sign_flip(seen.sizes[1] - seen.sizes[0], seed=1))


def _p(change: Floats, *, lower: bool = False) -> float:
    """The paired test of success: exact where a case has one repeat."""
    if not np.isin(change, (-1, 0, 1)).all():
        return sign_flip(change, seed=1, lower=lower)
    lost, gained = int(np.sum(change < 0)), int(np.sum(change > 0))
    if not lower:
        return mcnemar(lost, gained)
    return float(stats.binom.sf(lost - 1, lost + gained, 0.5)) if lost + gained else 1.0

"""How many cases does an answer need? Worked out before a run, from how often cases waver.

The fixed gate is simulated at each number of cases: pairs of outcomes are drawn, judged by the
exact McNemar test and Tango's score test, and counted. What is drawn follows R. J. Connor,
Biometrics 43 (1987), 207-211: of two executions of a case, a share (the instability) disagrees
although nothing has changed, and a drop takes its share of cases besides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bench.analysis.documented import Documented
from bench.analysis.samples import by_case, usable
from bench.analysis.significance import Floats
from bench.analysis.statistics import Cluster, effective_n, ratio
from bench.gate.sequential import SHARES
from bench.gate.settings import GateSettings
from bench.types import Trial

Bools = NDArray[np.bool_]

DRAWS = 4000
MOST_CASES = 100_000
SEED = 7


@dataclass(frozen=True, slots=True)
class Stability(Documented):
    """How a model did on a scenario's cases, and how often it contradicted itself."""

    scenario: str
    """Name of the scenario."""
    approach: str
    """Name of the approach."""
    model: str
    """Name of the model."""
    cases: int
    """Cases with a usable trial."""
    passes: float
    """Share of cases that pass."""
    pairs: int
    """Pairs of executions of the same case that the instability rests on."""
    instability: float
    """Share of two executions of a case, one passing and one not; half a pair is added to either
    side, because a few pairs that agree are no certainty (Jeffreys)."""
    low: float
    """Lower end of its 95 % Jeffreys interval."""
    high: float
    """Upper end of it."""

    @property
    def smoothed(self) -> float:
        """Share of cases that pass, half a case added to either side: never 0, never 1."""
        return (self.passes * self.cases + 0.5) / (self.cases + 1)


@dataclass(frozen=True, slots=True)
class Needed(Documented):
    """Cases on each side of a fixed gate; null where 100,000 would not do."""

    repeats: int
    """Executions of every case, on each side."""
    to_see: int | None
    """Until a drop of that size is called a regression with the power asked for."""
    to_clear: int | None
    """Until an unchanged prompt is called *no evidence* (of success) with that power."""

    @property
    def cases(self) -> int | None:
        """For either answer."""
        if self.to_see is None or self.to_clear is None:
            return None
        return max(self.to_see, self.to_clear)


def stabilities(trials: Iterable[Trial]) -> list[Stability]:
    """For each scenario, approach and model whose answers were measured."""
    groups: dict[tuple[str, str, str], list[Trial]] = {}
    for trial in usable(trials):
        if trial.model is not None and trial.provenance.success == "measured":
            key = (trial.scenario, trial.approach, trial.model)
            groups.setdefault(key, []).append(trial)
    return [_stability(*key, group) for key, group in sorted(groups.items())]


def _stability(scenario: str, approach: str, model: str, trials: Sequence[Trial]) -> Stability:
    counts = [(sum(t.status == "pass" for t in case), len(case)) for case in by_case(trials)]
    pairs, share, low, high = instability(counts)
    return Stability(
        scenario,
        approach,
        model,
        len(counts),
        float(np.mean([passed / n for passed, n in counts])),
        round(pairs),
        share,
        low,
        high,
    )


def instability(counts: Sequence[tuple[int, int]]) -> tuple[float, float, float, float]:
    """From ``(passes, trials)`` of each case: pairs of executions, the share that disagrees, and
    its 95 % interval (Jeffreys, on the effective number of executions)."""
    agree = differ = 0.0
    cases = []
    for passed, n in counts:
        # Pairs of a case are not independent; n executions tell about n / 2 pairs.
        if n > 1:
            share = 2 * passed * (n - passed) / (n * (n - 1))
            differ += share * n / 2
            agree += (1 - share) * n / 2
            cases.append(Cluster(share, 1, n))
    told = effective_n(cases)
    seen = told * (ratio(cases) or 0.0)
    low, high = stats.beta.ppf([0.025, 0.975], seen + 0.5, told - seen + 0.5)
    pairs = agree + differ
    return pairs, (differ + 0.5) / (pairs + 1), float(low), float(high)


def needed(
    instability: float, drop: float, power: float, settings: GateSettings, repeats: int = 1
) -> Needed:
    """Cases of a fixed gate, for a model that contradicts itself in a share ``instability`` of the
    cases. ``drop`` is a difference of shares. Repeats divide the chance within a case, not the
    share of cases that a drop takes: the number for one repeat is scaled by the variances."""
    alpha = settings.alpha / max(1, sum(settings.rules[name].gated for name in SHARES))
    rule = settings.rules["success"]
    changed = instability * (1 - drop) + drop
    spread = changed - drop**2
    repeated = instability * (1 - drop) / repeats + drop - drop**2

    def sees(n: int) -> float:
        lost, gained = _drawn(n, (changed + drop) / 2, (changed - drop) / 2)
        return float(np.mean(_significant(lost, gained, alpha) & (lost - gained >= rule.least * n)))

    def clears(n: int) -> float:
        lost, gained = _drawn(n, instability / 2, instability / 2)
        return float(np.mean(excludes(lost, gained, n, rule.excluded, settings.alpha)))

    return Needed(
        repeats,
        _scaled(_fewest(sees, power), repeated / spread),
        _scaled(_fewest(clears, power), 1 / repeats),
    )


def excludes(lost: Floats, gained: Floats, n: int, loss: float, alpha: float) -> Bools:
    """Whether Tango's two-sided score interval at 1 − ``alpha`` excludes a loss of ``loss``."""
    b = -(gained + lost) + (2 * n - gained + lost) * -loss
    c = lost * loss * (1 + loss)
    share = (np.sqrt(np.maximum(0.0, b * b - 8 * n * c)) - b) / (4 * n)
    variance = n * np.maximum(1e-12, 2 * share - loss * (1 + loss))
    z = stats.norm.ppf(1 - alpha / 2)
    return np.asarray((gained - lost + n * loss) / np.sqrt(variance) > z, dtype=bool)


def _drawn(n: int, lost: float, gained: float) -> tuple[Floats, Floats]:
    dice = np.random.default_rng(SEED)
    drawn = dice.multinomial(n, [lost, max(0.0, gained), 1 - lost - gained], size=DRAWS)
    return drawn[:, 0].astype(float), drawn[:, 1].astype(float)


def _significant(lost: Floats, gained: Floats, alpha: float) -> Bools:
    fewer = np.minimum(lost, gained)
    p = 2 * stats.binom.cdf(fewer, lost + gained, 0.5)
    return np.asarray(p <= alpha, dtype=bool)


def _fewest(power_at: Callable[[int], float], power: float) -> int | None:
    """The fewest cases from which on the power is reached (to two per cent of their number)."""
    low, high = 1, 8
    while power_at(high) < power:
        low, high = high, high * 2
        if high > MOST_CASES:
            return None
    while high - low > max(1, high // 50):
        middle = (low + high) // 2
        low, high = (low, middle) if power_at(middle) >= power else (middle, high)
    return high


def _scaled(cases: int | None, factor: float) -> int | None:
    return None if cases is None else max(2, int(np.ceil(cases * factor)))

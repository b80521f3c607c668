"""Is it decided yet? The gated metrics after every case, by evidence one may always look at.

The chance of a false alarm is shared out beforehand (``SHARES``), so a metric's regression can be
called the moment its capital is high enough, and a metric is done the moment a loss that matters
is excluded. What is looked at here is arrays; ``draw`` makes them of pairs in the order drawn.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from bench.analysis.significance import Floats
from bench.errors import BenchError
from bench.gate import evidence
from bench.gate.pairs import Pair, collapsed, pair_up
from bench.gate.settings import GateSettings
from bench.journal import ScenarioPlan
from bench.types import Trial

SHARES = {"success": 6.0, "strata": 2.0, "tokens": 1.0, "dollars": 1.0}
"""How the chance of a false alarm is shared out over the metrics that are gated. Success needs the
most cases; a longer prompt shows after a few."""
LOSSES = 5 / 6
"""Part of a metric's share that goes to losses; the rest to gains. Strata are looked at for losses
alone."""


@dataclass(frozen=True)
class Drawn:
    """Both sides' outcomes in the order in which the cases were drawn, one entry a case."""

    strata: Sequence[str]
    success: Floats
    """Share of passing repeats, head − base."""
    tokens: Floats
    """Log of head ÷ base; NaN where a side has none or its figure is unknown."""
    dollars: Floats
    """The same of uncached API dollars."""
    planned: Mapping[str, int]
    """Stratum → cases if nothing is decided before."""


@dataclass(frozen=True)
class Shares:
    """The chances of a false alarm, for one comparison out of ``comparisons``."""

    settings: GateSettings
    metrics: frozenset[str]
    """Those that are gated and can be tested."""
    comparisons: int = 1

    def of(self, metric: str, *, loss: bool) -> float:
        """The chance that ``metric`` may claim a loss (or a gain) where nothing has changed."""
        if metric not in self.metrics:
            return 0.0
        whole = sum(SHARES[name] for name in self.metrics)
        share = self.settings.alpha / self.comparisons * SHARES[metric] / whole
        if metric == "strata":
            return share if loss else 0.0
        return share * (LOSSES if loss else 1 - LOSSES)


@dataclass(frozen=True)
class Evidence:
    """What a metric's cases say so far."""

    loss: float
    """Log of the highest capital that was won by betting on a loss."""
    gain: float
    """The same for a gain."""

    def p(self, *, loss: bool) -> float:
        """The p-value, which holds at every look, of a loss or a gain."""
        return math.exp(-(self.loss if loss else self.gain))


@dataclass(frozen=True)
class StratumEvidence:
    """What the cases of one stratum say so far."""

    log: float
    """Log of the highest capital that was won by betting on a collapse."""
    excluded: bool
    """Whether a collapse is excluded."""


@dataclass(frozen=True)
class Look:
    """Everything that can be said at one point."""

    drawn: Drawn
    shares: Shares

    @cached_property
    def success(self) -> Evidence:
        """Of the share of cases that pass."""
        rule = self.shares.settings.rules["success"]
        return Evidence(
            evidence.loss(self.drawn.success, rule.excluded).highest,
            evidence.loss(-self.drawn.success, rule.excluded).highest,
        )

    def amount(self, metric: str) -> Evidence:
        """Of tokens or dollars."""
        logs, size = self._logs(metric), self._size(metric)
        return Evidence(
            evidence.log_rise(logs, size).highest, evidence.log_rise(-logs, size).highest
        )

    def limits(self, metric: str) -> tuple[float, float]:
        """Confidence sequence of a metric's change: of shares, or relative."""
        miss, rule = self.shares.settings.miss, self.shares.settings.rules[metric]
        if metric == "success":
            low, high = evidence.share_limits(self.drawn.success, miss)
            # The grid of the limits is coarser than the test of the one loss that decides.
            return (max(low, -rule.excluded + 1e-6) if self.clear(metric) else low), high
        low, high = (math.expm1(min(end, 30.0)) for end in self._log_limits(metric))
        return low, (min(high, rule.excluded - 1e-6) if self.clear(metric) else high)

    @cached_property
    def testable(self) -> tuple[str, ...]:
        """Strata with as many planned cases as a collapse would need to be seen. Their number
        depends on the plan alone, never on an outcome."""
        planned = sorted(self.drawn.planned.values(), reverse=True)
        share = self.shares.of("strata", loss=True)
        if not share:
            return ()
        for number in range(len(planned), 0, -1):
            if planned[number - 1] >= evidence.collapse_cases(math.log(number / share)):
                return tuple(
                    name for name, n in self.drawn.planned.items() if n >= planned[number - 1]
                )
        return ()

    @cached_property
    def strata(self) -> dict[str, StratumEvidence]:
        """Of each stratum that can be tested."""
        excluded = min(self.shares.settings.rules["strata"].excluded, 0.95)
        names = np.array(self.drawn.strata)
        found = {}
        for name in self.testable:
            some = self.drawn.success[names == name]
            clear = evidence.no_loss(some, excluded).p <= self.shares.settings.miss
            found[name] = StratumEvidence(evidence.collapse(some).highest, clear)
        return found

    @property
    def stratum_threshold(self) -> float:
        """Log of the capital from which a stratum has collapsed: corrected for their number."""
        return math.log(max(1, len(self.testable)) / self.shares.of("strata", loss=True))

    def change(self, metric: str) -> float:
        """Observed change: of shares, or relative. Every stratum counts the same."""
        names = self.drawn.strata
        sizes = Counter(names)
        weights = np.array([1 / len(sizes) / sizes[name] for name in names])
        if metric == "success":
            return float(np.sum(weights * self.drawn.success))
        known = self._logs(metric)
        return math.expm1(float(known.mean())) if known.size else 0.0

    def lost(self, metric: str) -> bool:
        """Whether ``metric`` is a regression."""
        rule, threshold = self.shares.settings.rules[metric], self.shares.of(metric, loss=True)
        if not threshold:
            return False
        if metric == "strata":
            return any(
                each.log >= self.stratum_threshold and self._stratum_loss(name) >= rule.least
                for name, each in self.strata.items()
            )
        found = self.success if metric == "success" else self.amount(metric)
        loss = -self.change(metric) if metric == "success" else self.change(metric)
        return found.loss >= -math.log(threshold) and loss >= rule.least - 1e-12

    def gained(self, metric: str) -> bool:
        """Whether ``metric`` has improved."""
        share = self.shares.of(metric, loss=False)
        if not share:
            return False
        found = self.success if metric == "success" else self.amount(metric)
        gain = self.change(metric) if metric == "success" else -self.change(metric)
        least = self.shares.settings.rules[metric].least
        return found.gain >= -math.log(share) and gain >= least - 1e-12

    def clear(self, metric: str) -> bool:
        """Whether a loss that matters is excluded in ``metric``."""
        settings = self.shares.settings
        rule = settings.rules[metric]
        if metric == "strata":
            return all(each.excluded for each in self.strata.values())
        if metric == "success":
            return evidence.no_loss(self.drawn.success, rule.excluded).p <= settings.miss
        logs = self._logs(metric)
        size = self._size(metric)
        return evidence.log_rise(-logs, size, -size).p <= settings.miss

    @property
    def regressed(self) -> bool:
        """Whether success, as a whole or in a stratum, is a regression."""
        return self.lost("success") or self.lost("strata")

    @property
    def decided(self) -> bool:
        """Whether further cases would be a waste: right and wrong are decided, or everything is.
        A longer prompt alone does not end it, because one wants to know what it is good for."""
        if self.regressed:
            return True
        if self._promising:
            return False
        metrics = sorted(self.shares.metrics, key=lambda name: -SHARES[name])
        return all(self.clear(metric) or self.lost(metric) for metric in metrics)

    @property
    def _promising(self) -> bool:
        """Whether a large gain is seen that is not shown yet: it deserves its name."""
        share = self.shares.of("success", loss=False)
        return bool(
            share
            and self.change("success") >= self.shares.settings.rules["success"].excluded
            and self.success.gain < -math.log(share)
        )

    def _logs(self, metric: str) -> Floats:
        logs = self.drawn.tokens if metric == "tokens" else self.drawn.dollars
        return logs[~np.isnan(logs)]

    def _log_limits(self, metric: str) -> tuple[float, float]:
        miss = self.shares.settings.miss
        return evidence.log_limits(self._logs(metric), miss, self._size(metric))

    def _size(self, metric: str) -> float:
        return math.log1p(self.shares.settings.rules[metric].excluded)

    def _stratum_loss(self, name: str) -> float:
        return -float(self.drawn.success[np.array(self.drawn.strata) == name].mean())


def check(settings: GateSettings, path: Path | None = None) -> None:
    """Raises ``BenchError`` if something is gated whose test does not allow to look after every
    case."""
    for name in ("latency", "determinism"):
        if settings.rules[name].gated:
            raise BenchError(
                f"{path or 'gate.toml'}: {name} cannot be judged while cases are drawn until the "
                f"answer is clear; add --fixed, or set gated = false under [{name}]"
            )


def look(
    pairs: Sequence[Pair], plan: ScenarioPlan, settings: GateSettings, comparisons: int
) -> Look:
    """What the pairs of one comparison, in any order, say; ``plan`` holds the order drawn."""
    rank = {case: number for number, case in enumerate(plan.drawn or plan.cases)}
    ordered = sorted(pairs, key=lambda pair: rank.get(pair.case, len(rank)))
    planned = {stratum.name: stratum.cases for stratum in plan.strata if stratum.cases}
    metrics = {name for name in SHARES if settings.rules[name].gated}
    # Whether a model has a price is known beforehand; whether it calls nothing shows at once.
    if not any(pair.base[0].dollars.api_cold for pair in ordered):
        metrics.discard("dollars")
    return Look(draw(ordered, planned), Shares(settings, frozenset(metrics), comparisons))


def decided(
    base: Iterable[Trial],
    head: Iterable[Trial],
    plan: ScenarioPlan,
    settings: GateSettings,
    comparisons: int,
) -> bool:
    """Whether both sides' trials of one scenario and model settle it, for every approach."""
    approaches: dict[str, tuple[list[Trial], list[Trial]]] = {}
    for side, trials in enumerate((base, head)):
        for trial in trials:
            approaches.setdefault(trial.approach, ([], []))[side].append(trial)
    looks = [
        look(pairs, plan, settings, comparisons)
        for one, other in approaches.values()
        if (pairs := pair_up(one, other))
    ]
    return any(each.regressed for each in looks) or bool(
        looks and all(each.decided for each in looks)
    )


def draw(pairs: Sequence[Pair], planned: Mapping[str, int]) -> Drawn:
    """The arrays of pairs, which have to be in the order drawn."""

    def logs(index: int) -> Floats:
        one, other = collapsed(
            pairs, lambda trial: trial.usage.total if index == 0 else trial.dollars.api_cold
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where((one > 0) & (other > 0), np.log(other / one), np.nan)

    base, head = collapsed(pairs, lambda trial: float(trial.status == "pass"))
    return Drawn([pair.stratum for pair in pairs], head - base, logs(0), logs(1), planned)

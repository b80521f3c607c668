"""Success stratum by stratum: does one collapse while the total holds?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

from bench.analysis.paired import cautious_interval, difference_interval, even, never_firmer
from bench.analysis.significance import holm, sign_flip
from bench.analysis.statistics import Interval
from bench.gate.metrics import Measured
from bench.gate.pairs import Pair, collapsed
from bench.gate.settings import Rule


@dataclass(frozen=True)
class StratumMeasured:
    """One stratum before it is judged."""

    name: str
    pairs: int
    base: float
    head: float
    interval: Interval
    allowed: Interval
    """What a verdict may exclude: see ``cautious_interval``."""
    p: float | None
    p_adjusted: float | None

    @property
    def change(self) -> float:
        """Difference of the shares that pass."""
        return self.head - self.base


def fewest_cases(alpha: float) -> int:
    """Cases that a stratum needs so that losing all of them is significant by itself."""
    return math.ceil(math.log2(1 / alpha))


def measure_strata(pairs: Sequence[Pair], alpha: float, excluded: float) -> list[StratumMeasured]:
    """Each stratum with a one-sided test for a loss, corrected for the number of strata tested.
    ``excluded``: the loss that a verdict is on.

    Which strata are tested depends on their number of cases alone, never on their outcome.
    """
    by_name: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_name.setdefault(pair.stratum, []).append(pair)
    shares = {
        name: collapsed(some, lambda trial: float(trial.status == "pass"))
        for name, some in by_name.items()
    }
    p_values = {
        name: sign_flip(head - base, seed=crc32(name.encode()), lower=True)
        for name, (base, head) in shares.items()
        if len(base) >= fewest_cases(alpha)
    }
    adjusted = holm(p_values)
    found = []
    for name, (base, head) in shares.items():
        some = by_name[name]
        repeats = sum(len(pair.base) for pair in some) / len(some)
        each = even(len(some)), head - base, repeats, 1 - alpha
        shown, allowed = difference_interval(*each), cautious_interval(*each)
        found.append(
            StratumMeasured(
                name,
                len(some),
                float(base.mean()),
                float(head.mean()),
                never_firmer(shown, allowed, excluded),
                allowed,
                p_values.get(name),
                adjusted.get(name),
            )
        )
    return found


def worst_stratum(strata: Sequence[StratumMeasured], rule: Rule, whole: Measured) -> Measured:
    """The strata as one metric: the likeliest collapse of at least what matters.

    It is open while a loss that has to be excluded is not, in some tested stratum.
    Its p is the smallest corrected one; a stratum that loses less than what matters only makes it
    larger, so the chance of a false alarm stays below alpha.
    """
    tested = [stratum for stratum in strata if stratum.p is not None]
    nothing = Measured("strata", "share", "cases passed", provenance=whole.provenance)
    if not tested:
        return Measured(
            "strata", "share", "cases passed", reason="every stratum has too few cases for a test"
        )
    unclear = [each.name for each in tested if -each.allowed.low >= rule.excluded - 1e-12]
    nothing = replace(nothing, open=still_open(unclear), reason=_untested(len(strata), len(tested)))
    fallen = [stratum for stratum in tested if -stratum.change >= rule.least - 1e-12]
    test = f"one-sided sign flip, the worst of {len(tested)} strata"
    if not fallen:
        low = min(tested, key=lambda stratum: stratum.change)
        return _as_metric(nothing, low, test, 1.0)
    worst = min(fallen, key=lambda stratum: (_adjusted(stratum), stratum.change))
    return _as_metric(nothing, worst, test, _adjusted(worst))


def still_open(names: Sequence[str]) -> str | None:
    """Why nothing can be concluded yet about the strata named; None if there are none."""
    some = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    return f"a collapse is neither shown nor excluded in {some}" if names else None


def _untested(strata: int, tested: int) -> str:
    few = strata - tested
    return f"; {few} of {strata} strata have too few cases for a test" if few else ""


def collapsed_strata(
    strata: Sequence[StratumMeasured],
    least: float,
    alpha: float,
    metric_p: float | None,
    adjusted: float | None,
) -> set[str]:
    """The names of the strata that lose at least ``least``, significantly after the correction
    over strata and, by the same factor as the metric's own p, over the gated metrics."""
    if metric_p is None or adjusted is None or adjusted > alpha:
        return set()
    factor = adjusted / metric_p
    return {
        stratum.name
        for stratum in strata
        if stratum.p_adjusted is not None
        and stratum.p_adjusted * factor <= alpha
        and -stratum.change >= least - 1e-12
    }


def _adjusted(stratum: StratumMeasured) -> float:
    return 1.0 if stratum.p_adjusted is None else stratum.p_adjusted


def _as_metric(nothing: Measured, stratum: StratumMeasured, test: str, p: float) -> Measured:
    return Measured(
        nothing.name,
        nothing.kind,
        nothing.unit,
        base=stratum.base,
        head=stratum.head,
        change=stratum.change,
        interval=stratum.interval,
        test=test,
        p=p,
        pairs=stratum.pairs,
        provenance=nothing.provenance,
        reason=f"{stratum.name}{nothing.reason or ''}",
        open=nothing.open,
    )

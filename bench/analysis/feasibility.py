"""Does an approach meet what must hold? Judged on intervals, so that "undecided" is an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scipy import stats

from bench.analysis.assumptions import Constraints
from bench.analysis.determinism import Determinism
from bench.analysis.documented import Documented
from bench.analysis.statistics import CONFIDENCE, Interval, wilson

if TYPE_CHECKING:
    from bench.analysis.rows import Row

Feasible = Literal["feasible", "infeasible", "undecided"]
MOST_CASES = 100_000


@dataclass(frozen=True, slots=True)
class Check(Documented):
    """One constraint held against one approach."""

    constraint: str
    """``min_success``, ``max_p95``, ``min_determinism`` or ``max_usd_per_1k``."""
    limit: float
    """What must hold."""
    value: float | None
    """The estimate; null if there is none."""
    low: float | None
    """Lower end of its 95 % interval; of p95, a bound that holds with 95 %."""
    high: float | None
    """Upper end."""
    verdict: Feasible
    """``feasible`` or ``infeasible`` if the whole interval is on one side of the limit."""
    more_cases: int | None
    """About how many more cases would decide it, if the estimate stays; null if none would."""
    reason: str | None
    """Why it is undecided, beside too few cases."""


def checks(
    constraints: Constraints, row: Row, determinism: Determinism | None, seconds: Sequence[float]
) -> Iterator[Check]:
    """Hold every constraint that is set against one approach. ``row`` is its production mix,
    ``seconds`` the measured time of each of its trials."""
    if constraints.min_success is not None:
        yield _success(constraints.min_success, row)
    if constraints.max_p95 is not None:
        yield _p95(constraints.max_p95, seconds)
    if constraints.min_determinism is not None:
        yield _determinism(constraints.min_determinism, determinism)
    if constraints.max_usd_per_1k is not None:
        yield _dollars(constraints.max_usd_per_1k, row)


def overall(found: Sequence[Check]) -> Feasible:
    """Infeasible if one constraint is broken, else undecided if one is, else feasible."""
    verdicts = {check.verdict for check in found}
    if "infeasible" in verdicts:
        return "infeasible"
    return "undecided" if "undecided" in verdicts else "feasible"


def _success(limit: float, row: Row) -> Check:
    low, high = row.success_low, row.success_high
    verdict = _at_least(limit, low, high)
    more = None
    if verdict == "undecided" and row.success is not None:
        share = row.success
        more = _more(row.cases, lambda n: _decided(wilson(share, n), limit))
    reason = row.reasons.get("success") if row.success is None else None
    return Check("min_success", limit, row.success, low, high, verdict, more, reason)


def _determinism(limit: float, found: Determinism | None) -> Check:
    if found is None or found.outcome is None:
        reason = found.reason if found else "no case was repeated"
        return Check("min_determinism", limit, None, None, None, "undecided", None, reason)
    outcome = found.outcome
    verdict = _at_least(limit, outcome.low, outcome.high)
    more = None
    if verdict == "undecided":
        more = _more(found.cases, lambda n: _decided(wilson(outcome.share, n), limit))
    return Check(
        "min_determinism", limit, outcome.share, outcome.low, outcome.high, verdict, more, None
    )


def _dollars(limit: float, row: Row) -> Check:
    value, low, high = row.usd_per_1k_records, row.usd_low, row.usd_high
    verdict: Feasible = "undecided"
    more = None
    if low is not None and high is not None:
        verdict = "feasible" if high <= limit else "infeasible" if low > limit else "undecided"
        if verdict == "undecided" and value is not None and value != limit:
            half = (high - value) if value < limit else (value - low)
            wanted = row.cases * (half / abs(limit - value)) ** 2
            more = round(wanted - row.cases) + 1 if wanted < MOST_CASES else None
    reason = row.reasons.get("usd_per_1k_records") or row.reasons.get("usd_low")
    return Check("max_usd_per_1k", limit, value, low, high, verdict, more, reason)


def p95_bounds(seconds: Sequence[float]) -> tuple[float | None, float | None]:
    """A lower and an upper bound of the 95th percentile, each of which holds with 95 %; None where
    the observations are too few.

    By order statistics: how many of n observations lie below the true percentile is binomial
    (Conover, Practical Nonparametric Statistics, 3rd ed. (1999), chapter 3.2).
    """
    ordered, n = sorted(seconds), len(seconds)
    upper = int(stats.binom.ppf(CONFIDENCE, n, 0.95)) if n else 0
    lower = int(stats.binom.ppf(1 - CONFIDENCE, n, 0.95)) if n else 0
    return (
        ordered[lower - 1] if n and lower >= 1 else None,
        ordered[upper] if n and upper < n else None,
    )


def _p95(limit: float, seconds: Sequence[float]) -> Check:
    ordered, n = sorted(seconds), len(seconds)
    low, high = p95_bounds(seconds)
    value = float(stats.scoreatpercentile(ordered, 95)) if high is not None else None
    verdict: Feasible = "undecided"
    if high is not None and high <= limit:
        verdict = "feasible"
    elif low is not None and low > limit:
        verdict = "infeasible"
    slower = sum(second > limit for second in ordered)
    more = None
    if verdict == "undecided" and (n == 0 or slower / n < 0.05):
        more = _more(n, lambda wanted: _time_enough(slower, n, round(wanted)))
    reason = None if n else "no measured time"
    if n and verdict == "undecided" and more is None:
        reason = f"{slower} of {n} were slower"
    return Check("max_p95", limit, value, low, high, verdict, more, reason)


def _time_enough(slower: int, n: int, wanted: int) -> bool:
    """Whether that many observations would do, the same share of them being too slow."""
    too_slow = slower * wanted / max(n, 1)
    return bool(stats.binom.ppf(CONFIDENCE, wanted, 0.95) < wanted - too_slow)


def _at_least(limit: float, low: float | None, high: float | None) -> Feasible:
    if low is None or high is None:
        return "undecided"
    return "feasible" if low >= limit else "infeasible" if high < limit else "undecided"


def _decided(interval: Interval | None, limit: float) -> bool:
    return interval is not None and (interval.low >= limit or interval.high < limit)


def _more(cases: int, decided: Callable[[float], bool]) -> int | None:
    """The fewest additional cases with which it is decided; None beyond 100,000."""
    if not decided(MOST_CASES):
        return None
    low, high = cases, MOST_CASES
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decided(middle) else (middle, high)
    return high - cases

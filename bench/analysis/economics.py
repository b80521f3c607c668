"""Total cost of ownership: what an approach costs a month, and where another becomes cheaper.

Monthly cost = volume × dollars a record + volume × wrong × cost of an error + volume × reviewed ×
minutes × hourly rate + changes × hours a change × hourly rate + build ÷ months. The HTML report's
script (``bench/report/templates/economics.js``) works out the same with the same rates and draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.analysis.assumptions import Assumptions
from bench.analysis.documented import Documented
from bench.analysis.rates import Candidate, Rates, bounds

_Line = Callable[[Candidate, Rates], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class MonthlyCost(Documented):
    """Dollars a month, averaged over the months that the thing lives, and what they go into."""

    processing: float
    """API or compute dollars."""
    errors: float
    """Records that come out wrong × what one costs."""
    review: float
    """Records that a human looks at × minutes × hourly rate."""
    changes: float
    """Changes of the rules × hours × hourly rate."""
    build: float
    """Build hours × hourly rate ÷ months."""

    @property
    def total(self) -> float:
        """All parts together."""
        return self.processing + self.errors + self.review + self.changes + self.build

    @property
    def per_record(self) -> float:
        """The parts that grow with the volume."""
        return self.processing + self.errors + self.review


@dataclass(frozen=True, slots=True)
class BreakEven(Documented):
    """Where one approach becomes cheaper than another, as one input grows and the rest stays."""

    below: str
    """The cheaper one for small values."""
    above: str
    """The other: the cheaper one beyond ``at``, if there is such a point."""
    at: float | None
    """Records a month, or changes a month; null if ``below`` is always cheaper."""
    low: float | None
    """Lower end of the 95 % interval; null if even there ``below`` stays cheaper."""
    high: float | None
    """Upper end; null if unbounded."""
    certainty: float
    """Share of the draws in which there is such a point at all."""


def monthly_cost(rates: Rates, candidate: Candidate, assumptions: Assumptions) -> MonthlyCost:
    """What ``candidate`` costs a month if one record does what ``rates`` say."""
    volume = assumptions.volume.records_per_month * assumptions.growth
    hourly = assumptions.people.usd_per_hour
    who = candidate.approach, candidate.model
    return MonthlyCost(
        processing=volume * rates.usd,
        errors=volume * (rates.fail * assumptions.errors.usd + rates.fail_usd),
        review=volume * rates.review * assumptions.people.review_minutes / 60 * hourly,
        changes=assumptions.changes.per_month * assumptions.hours_a_change(*who) * hourly,
        build=assumptions.build_hours(*who) * hourly / assumptions.months,
    )


def total(candidate: Candidate, assumptions: Assumptions) -> float:
    """The estimate of the monthly cost."""
    return monthly_cost(candidate.rates, candidate, assumptions).total


def totals(candidate: Candidate, assumptions: Assumptions) -> list[float]:
    """The monthly cost in every draw."""
    return [monthly_cost(rates, candidate, assumptions).total for rates in candidate.draws]


def cheapest(candidates: Sequence[Candidate], assumptions: Assumptions) -> Candidate:
    """The candidate with the lowest estimate; the first of equals."""
    return min(candidates, key=lambda each: total(each, assumptions))


def certainty(best: Candidate, candidates: Sequence[Candidate], assumptions: Assumptions) -> float:
    """Share of the draws in which no other candidate is cheaper than ``best``."""
    mine = totals(best, assumptions)
    others = [totals(each, assumptions) for each in candidates if each is not best]
    held = sum(all(cost <= other[n] for other in others) for n, cost in enumerate(mine))
    return held / len(mine)


def with_volume(assumptions: Assumptions, records_per_month: float) -> Assumptions:
    """The same at another volume."""
    volume = replace(assumptions.volume, records_per_month=records_per_month)
    return replace(assumptions, volume=volume)


def with_changes(assumptions: Assumptions, per_month: float) -> Assumptions:
    """The same at another rate of changes."""
    return replace(assumptions, changes=replace(assumptions.changes, per_month=per_month))


def break_even_volume(one: Candidate, two: Candidate, assumptions: Assumptions) -> BreakEven:
    """The records a month beyond which the one that is dearer to keep becomes the cheaper."""
    unit = with_volume(assumptions, 1.0)

    def line(each: Candidate, rates: Rates) -> tuple[float, float]:
        cost = monthly_cost(rates, each, unit)
        return cost.changes + cost.build, cost.per_record

    return _break_even(one, two, line)


def break_even_changes(one: Candidate, two: Candidate, assumptions: Assumptions) -> BreakEven:
    """The changes a month beyond which the one that is cheaper to change becomes the cheaper."""
    unit = with_changes(assumptions, 1.0)

    def line(each: Candidate, rates: Rates) -> tuple[float, float]:
        cost = monthly_cost(rates, each, unit)
        return cost.per_record + cost.build, cost.changes

    return _break_even(one, two, line)


def _break_even(one: Candidate, two: Candidate, line: _Line) -> BreakEven:
    """Two straight lines, each ``(start, slope)``: where do they cross at a value above 0?"""
    start_one, start_two = line(one, one.rates)[0], line(two, two.rates)[0]
    lower, other = (one, two) if start_one <= start_two else (two, one)
    at = _crossing(line(lower, lower.rates), line(other, other.rates))
    drawn = [
        _crossing(line(lower, a), line(other, b))
        for a, b in zip(lower.draws, other.draws, strict=True)
    ]
    low, high = bounds([*drawn, at])
    low, high = min(low, at), max(high, at)
    return BreakEven(
        below=lower.name,
        above=other.name,
        at=_finite(at),
        low=_finite(low),
        high=_finite(high),
        certainty=sum(math.isfinite(value) for value in drawn) / len(drawn),
    )


def _crossing(lower: tuple[float, float], other: tuple[float, float]) -> float:
    """Where ``other`` falls below ``lower``: 0 if it is below from the start, infinity if never."""
    head_start, gain = other[0] - lower[0], lower[1] - other[1]
    if gain <= 0:
        return math.inf if head_start >= 0 else 0.0
    return max(0.0, head_start / gain)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

"""What the decision hangs on most: each input moved alone, from its low to its high value."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bench.analysis.assumptions import Assumptions
from bench.analysis.documented import Documented
from bench.analysis.economics import cheapest, total, with_changes, with_volume
from bench.analysis.rates import Candidate, beyond, bounds

Case = tuple[Sequence[Candidate], Assumptions]
FARTHEST = 1000.0
"""Factor beyond which a change of the winner is not looked for."""


@dataclass(frozen=True, slots=True)
class Influence(Documented):
    """What one input does to the decision while all others stay."""

    input: str
    """In words."""
    measured: bool
    """Whether it comes from the run (low and high are the winner's 95 % interval, the margins the
    95 % interval of the margin) or is assumed (a third and three times the value)."""
    value: float
    """As it is."""
    low: float
    """Its low value."""
    high: float
    """Its high value."""
    margin_low: float
    """Dollars a month by which the present winner is cheaper than the best other at the low value;
    negative if it no longer is."""
    margin_high: float
    """Likewise at the high value."""
    winner_low: str
    """The cheapest at the low value."""
    winner_high: str
    """The cheapest at the high value."""
    switch: float | None
    """Nearest value at which another becomes the cheapest; null if none is found, or measured."""
    switch_to: str | None
    """Which becomes the cheapest there."""


def influences(candidates: Sequence[Candidate], assumptions: Assumptions) -> list[Influence]:
    """All inputs, the most influential first. Empty unless there is something to choose."""
    if len(candidates) < 2:
        return []
    winner = cheapest(candidates, assumptions).name
    found = [
        *_assumed(candidates, assumptions, winner),
        *_measured(candidates, assumptions, winner),
    ]
    return sorted(found, key=lambda each: -abs(each.margin_high - each.margin_low))


def _assumed(
    candidates: Sequence[Candidate], assumptions: Assumptions, winner: str
) -> Iterator[Influence]:
    for name, value, change in inputs(assumptions):
        if value <= 0:
            continue

        def at(amount: float, change: Callable[[float], Assumptions] = change) -> tuple[float, str]:
            return _margin((candidates, change(amount)), winner)

        low, high = at(value / 3), at(value * 3)
        switch = _switch(value, lambda amount, at=at: at(amount)[0])  # type: ignore[misc]
        yield Influence(
            input=name,
            measured=False,
            value=value,
            low=value / 3,
            high=value * 3,
            margin_low=low[0],
            margin_high=high[0],
            winner_low=low[1],
            winner_high=high[1],
            switch=switch,
            switch_to=None if switch is None else at(switch)[1],
        )


def inputs(a: Assumptions) -> list[tuple[str, float, Callable[[float], Assumptions]]]:
    """(name, value, the assumptions with another value) of every assumption that can be moved."""

    def set_(part: str, key: str) -> Callable[[float], Assumptions]:
        return lambda value: replace(a, **{part: replace(getattr(a, part), **{key: value})})

    def errors(value: float) -> Assumptions:
        return replace(a, errors=replace(a.errors, usd=value))

    return [
        ("records a month", a.volume.records_per_month, lambda v: with_volume(a, v)),
        ("changes a month", a.changes.per_month, lambda v: with_changes(a, v)),
        ("dollars an hour of work", a.people.usd_per_hour, set_("people", "usd_per_hour")),
        ("minutes a review", a.people.review_minutes, set_("people", "review_minutes")),
        ("dollars an error", a.errors.usd, errors),
        ("hours a change of code", a.changes.hours_of_code, set_("changes", "hours_of_code")),
        ("hours a change of prompt", a.changes.hours_of_prompt, set_("changes", "hours_of_prompt")),
        ("hours to build the job", a.build.job_hours, set_("build", "job_hours")),
        ("hours to build the agent", a.build.agent_hours, set_("build", "agent_hours")),
        ("hours to build the hybrid", a.build.hybrid_hours, set_("build", "hybrid_hours")),
    ]


def _measured(
    candidates: Sequence[Candidate], assumptions: Assumptions, winner: str
) -> Iterator[Influence]:
    """What the run leaves uncertain, one kind of figure at a time, for all candidates together:
    what two approaches did alike is uncertain alike, and cancels."""
    words = {
        "fail": "how many come out wrong",
        "review": "how many are reviewed",
        "usd": "dollars a record",
    }
    best = next(each for each in candidates if each.name == winner)
    for rate, what in words.items():
        margins = []
        for number in range(len(best.draws)):
            moved = [
                replace(
                    each,
                    rates=replace(each.rates, **{rate: getattr(each.draws[number], rate)}),
                )
                for each in candidates
            ]
            margins.append(_margin((moved, assumptions), winner))
        ordered = sorted(margins)
        cut = beyond(len(ordered))
        (margin_low, winner_low), (margin_high, winner_high) = ordered[cut], ordered[-1 - cut]
        low, high = bounds([getattr(rates, rate) for rates in best.draws])
        yield Influence(
            input=f"{what} (as uncertain as the run leaves it)",
            measured=True,
            value=getattr(best.rates, rate),
            low=low,
            high=high,
            margin_low=margin_low,
            margin_high=margin_high,
            winner_low=winner_low,
            winner_high=winner_high,
            switch=None,
            switch_to=None,
        )


def _margin(case: Case, winner: str) -> tuple[float, str]:
    """By how much the present winner is cheaper than the best other, and who is the cheapest."""
    candidates, assumptions = case
    costs = {each.name: total(each, assumptions) for each in candidates}
    others = min(cost for name, cost in costs.items() if name != winner)
    return others - costs[winner], min(costs, key=lambda name: costs[name])


def _switch(value: float, margin: Callable[[float], float]) -> float | None:
    """The value nearest to the present one (by factor) at which the margin is gone."""
    found = []
    for direction in (FARTHEST, 1 / FARTHEST):
        # The margin is a minimum of straight lines: coarse steps, then halving.
        steps = [value * direction ** (n / 24) for n in range(25)]
        pair = next(((a, b) for a, b in pairwise(steps) if margin(b) < 0), None)
        if pair is not None:
            inside, outside = pair
            for _ in range(40):
                middle = math.sqrt(inside * outside)
                inside, outside = (inside, middle) if margin(middle) < 0 else (middle, outside)
            found.append(outside)
    return min(found, key=lambda each: abs(math.log(each / value)), default=None)

"""Made-up outcomes whose truth is known, and how often what follows from them for a month's cost
and for a hybrid holds it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from bench.analysis.assumptions import load_assumptions
from bench.analysis.chord import chords
from bench.analysis.economics import break_even_volume
from bench.analysis.rates import Rates, bounds, candidate, stratum_rates
from bench.analysis.samples import Part, mixed
from bench.journal import ScenarioPlan, StratumPlan
from bench.types import Trial
from tests.synthetic import LOCAL, a_trial

Generator = np.random.Generator
STATUSES = ("failed", "deferred", "passed")


@cache
def outcome(
    number: int, status: str, who: str = "agent", stratum: str = "plain", flagged: bool = False
) -> Trial:
    """One record of one case: passed, deferred or failed."""
    return a_trial(
        case=f"{stratum}-{number}",
        approach=who,
        model=None if who == "job" else LOCAL,
        flagged=("record",) if flagged else (),
        **{status: 1},
    )


def month_coverage(n: int, trials: int) -> float:
    """Of a month's cost: wrong ~ U(0, 1), deferred ~ U of the rest, at the default prices of both.

    It is what break-evens, the map and the hybrid's gain are drawn from.
    """
    assumptions = load_assumptions()
    wrong_usd = assumptions.errors.usd
    review_usd = assumptions.people.review_minutes / 60 * assumptions.people.usd_per_hour
    generator = np.random.default_rng(n)
    held = 0
    for number in range(trials):
        wrong = generator.random()
        deferred = generator.random() * (1 - wrong)
        drawn = generator.choice(
            ["failed", "deferred", "passed"], size=n, p=[wrong, deferred, 1 - wrong - deferred]
        )
        cases = tuple(outcome(case, str(status)) for case, status in enumerate(drawn))
        rates, draws = stratum_rates(Part(1.0, cases), number, "compute", assumptions)
        prices = np.array([wrong_usd, review_usd, review_usd, 0.0])
        low, high = bounds(list(prices @ draws))
        estimate = float(prices @ rates)
        truth = wrong_usd * wrong + review_usd * deferred
        held += min(low, estimate) <= truth <= max(high, estimate)
    return held / trials


def drawn(
    generator: Generator, n: int, wrong: float, deferred: float, who: str, stratum: str = "plain"
) -> list[Trial]:
    """One record a case; what a hybrid has of another stratum than ``plain`` it hands on."""
    statuses = generator.choice(STATUSES, size=n, p=[wrong, deferred, 1 - wrong - deferred])
    flagged = who == "hybrid" and stratum != "plain"
    return [outcome(case, str(s), who, stratum, flagged) for case, s in enumerate(statuses)]


def chances(generator: Generator) -> tuple[float, float]:
    """Wrong ~ U(0, 1), deferred ~ U of the rest."""
    wrong = generator.random()
    return wrong, generator.random() * (1 - wrong)


def break_even_coverage(n: int, trials: int) -> float:
    """Of the volume at which a job and an agent cost the same; there may be no such volume."""
    assumptions = load_assumptions()
    generator = np.random.default_rng(n)
    held = 0
    for _ in range(trials):
        found, true = [], []
        # Worlds in which there is such a volume: the job, dearer to keep, is cheaper a record.
        worlds = sorted((chances(generator) for _ in range(2)), key=lambda c: 10 * c[0] + 4 * c[1])
        for who, (wrong, deferred) in zip(("job", "agent"), worlds, strict=True):
            sample = mixed([("plain", 1.0)], drawn(generator, n, wrong, deferred, who))
            made = candidate(sample, "compute", assumptions)
            assert not isinstance(made, str)
            found.append(made)
            true.append(replace(made, rates=Rates(wrong, 0.0, deferred, made.rates.usd)))
        estimate = break_even_volume(*found, assumptions)
        truth = break_even_volume(*true, assumptions).at
        low, high, at = (
            math.inf if end is None else end for end in (estimate.low, estimate.high, truth)
        )
        held += low * (1 - 1e-9) <= at <= high * (1 + 1e-9)
    return held / trials


PLAN = ScenarioPlan(
    "toy",
    "1",
    (
        StratumPlan("plain", "", True, False, "none", 0.9, 1),
        StratumPlan("odd", "", False, False, "none", 0.1, 1),
    ),
    (),
    (),
    "",
    "",
    "",
    "",
    None,
)


def chord_coverage(n: int, trials: int) -> float:
    """Of a hybrid's gain over a random split, a third of the cases being exceptional."""
    assumptions = load_assumptions()
    generator = np.random.default_rng(n)
    odd = max(2, n // 3)
    held = 0
    for _ in range(trials):
        right: dict[tuple[str, str], float] = {}
        ran: list[Trial] = []
        for stratum, cases in (("plain", n - odd), ("odd", odd)):
            for who in ("job", "agent", "hybrid"):
                wrong, deferred = chances(generator)
                trials_of: Sequence[Trial] = drawn(generator, cases, wrong, deferred, who, stratum)
                right[stratum, who] = 1 - wrong - deferred
                if (stratum, who) == ("plain", "hybrid"):
                    # Where it hands nothing on, it does what the job did.
                    right[stratum, who] = right[stratum, "job"]
                    trials_of = [
                        outcome(n, t.status if t.status == "deferred" else f"{t.status}ed", who)
                        for n, t in enumerate(x for x in ran if x.approach == "job")
                    ]
                ran.extend(trials_of)
        found = chords(PLAN, ran, {None: "compute", LOCAL: "compute"}, assumptions)[0]
        job, agent, hybrid = (
            0.9 * right["plain", who] + 0.1 * right["odd", who]
            for who in ("job", "agent", "hybrid")
        )
        held += found.gain_low <= hybrid - 0.9 * job - 0.1 * agent <= found.gain_high
    return held / trials

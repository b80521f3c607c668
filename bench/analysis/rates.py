"""What a record of production costs in mistakes, reviews and dollars: an estimate for each approach
and model, and draws that carry its uncertainty into everything that is worked out from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bench.analysis.amounts import amount_draws
from bench.analysis.assumptions import Assumptions
from bench.analysis.dollars import DollarKind, calibrated
from bench.analysis.samples import Part, Sample, clusters, weakest
from bench.analysis.statistics import effective_n, ratio
from bench.types import Provenance, Trial

DRAWS = 500
PRIOR = np.array([1 / 6, 1 / 6, 1 / 6, 1 / 2])
"""Of wrong, deferred, rightly reviewed, nothing amiss."""
DIGITS = 7
"""Of each draw: what the HTML report gets is exactly what is used here."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rates:
    """What one record does, in the production mix."""

    fail: float
    """Share that comes out wrong, of kinds whose mistakes cost the general price."""
    fail_usd: float
    """Dollars a record for wrong ones of kinds that have a price of their own."""
    review: float
    """Share that a human looks at, wrong ones left out."""
    usd: float
    """Dollars for processing, after the options of ``prices``."""


@dataclass(frozen=True)
class Candidate:
    """An approach with its model, as something that could be built."""

    scenario: str
    approach: str
    model: str | None
    kind: DollarKind
    provenance: Provenance
    """Of its success."""
    rates: Rates
    draws: tuple[Rates, ...]
    """Equally likely values of the rates. Where two approaches did the same thing (a hybrid that
    handed nothing on did what the job did), they have the same draws."""

    @property
    def name(self) -> str:
        """As people say it."""
        return f"{self.approach} with {self.model}" if self.model else self.approach


def candidate(sample: Sample, kind: DollarKind, assumptions: Assumptions) -> Candidate | str:
    """Estimate one approach with one model from its trials in the production mix, or say in a
    sentence why that is not possible."""
    first = sample.everything[0]

    def price(stratum: str) -> float | None:
        """The price of a mistake of that kind, if it has one of its own."""
        own = assumptions.errors.by_stratum.get(first.scenario, {})
        return own.get(stratum)

    if not sample.trials:
        return "no usable trial"
    if any(_dollars(trial, kind, assumptions) is None for trial in sample.trials):
        return "what it costs to run is unknown for some of its trials"
    measured = sum(part.weight for part in sample.parts if part.trials)
    everything = sum(part.weight for part in sample.parts)
    point = np.zeros(4)
    drawn = np.zeros((4, DRAWS))
    for number, part in enumerate(sample.parts):
        share, spread = stratum_rates(part, number, kind, assumptions)
        own = price(part.trials[0].stratum) if part.trials else None
        if part.trials:
            point += part.weight / measured * _columns(share, own)
        drawn += part.weight / everything * _columns(spread, own)
    if measured:
        drawn[3] *= everything / measured  # money of strata never seen is left out, not 0
    return Candidate(
        scenario=first.scenario,
        approach=first.approach,
        model=first.model,
        kind=kind,
        provenance=weakest(trial.provenance.success for trial in sample.trials) or "measured",
        rates=Rates(*(float(value) for value in point)),
        draws=tuple(Rates(*(_rounded(value) for value in column)) for column in drawn.T),
    )


def stratum_rates(
    part: Part, number: int, kind: DollarKind, assumptions: Assumptions, draws: int = DRAWS
) -> tuple[Floats, Floats]:
    """Wrong, deferred, rightly reviewed (shares) and dollars a record, of one approach in stratum
    ``number``: the estimate [4], and draws [4, draw].

    The shares come from a Dirichlet posterior on the cluster-effective number of cases, with a
    prior weight of ½ for nothing amiss and ⅙ for each of the three, so that whether anything is
    amiss has Jeffreys' prior; a stratum without cases gives that prior. Dollars: the confidence
    distribution of their mean. Strata in which approaches did the same have the same draws.
    """
    generator = _generator(part, number)
    shares = np.array([_share(part, count) for count in (_wrong, _deferred, _reviewed_rightly)])
    n = effective_n(clusters(part.trials, {t.id: float(t.passed) for t in part.trials}))
    counts = np.append(shares, max(0.0, 1 - shares.sum())) * n
    spread = generator.dirichlet(counts + PRIOR, size=draws).T[:3]
    paid = calibrated(Sample("", (part,), part.trials)).parts[0]
    cost, costs = _money(paid, lambda trial: _dollars(trial, kind, assumptions), generator, draws)
    return np.append(shares, cost), np.vstack([spread, costs])


def _columns(found: Floats, own: float | None) -> Floats:
    """The four rates, mistakes booked under the general price or a price of their own."""
    wrong, deferred, rightly, usd = found
    nothing = np.zeros_like(wrong)
    mistakes = (wrong, nothing) if own is None else (nothing, own * wrong)
    return np.array([*mistakes, deferred + rightly, usd])


def _wrong(trial: Trial) -> float:
    return trial.failed


def _deferred(trial: Trial) -> float:
    return trial.deferred


def _reviewed_rightly(trial: Trial) -> float:
    return sum(r.reviewed and r.status == "pass" for r in trial.verdict.records)


def _share(part: Part, count: Callable[[Trial], float]) -> float:
    return ratio(clusters(part.trials, {t.id: float(count(t)) for t in part.trials})) or 0.0


def _money(
    part: Part,
    dollars: Callable[[Trial], float | None],
    generator: np.random.Generator,
    draws: int,
) -> tuple[float, Floats]:
    """Dollars a record: estimate, and draws as ``amount_draws`` has them."""
    values = {trial.id: value for trial in part.trials if (value := dollars(trial)) is not None}
    found = clusters(part.trials, values)
    drawn = amount_draws(found, generator, draws)
    return ratio(found) or 0.0, np.zeros(draws) if drawn is None else drawn


def _dollars(trial: Trial, kind: DollarKind, assumptions: Assumptions) -> float | None:
    """Processing dollars of a trial under the options of ``prices``."""
    if kind == "compute":
        return trial.dollars.compute
    options = assumptions.prices
    paid = trial.dollars.api if options.prompt_cache else trial.dollars.api_cold
    return None if paid is None else paid * (1 - options.batch_discount * options.batch)


def _generator(part: Part, number: int) -> np.random.Generator:
    """Chance for one stratum: the same for approaches that did the same there."""
    who = "nobody"
    if part.trials:
        first = part.trials[0]
        who = f"{first.scenario}/{first.approach}/{first.model}"
        if first.approach in ("job", "hybrid") and not any(t.flagged for t in part.trials):
            who = f"{first.scenario}/rules"
    return np.random.default_rng(crc32(f"{number}/{who}".encode()))


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """What holds a further draw 95 times in 100: plain order statistics, so that the HTML report's
    script gets the same numbers. The k-th of n leaves k ÷ (n + 1) beyond it."""
    ordered = sorted(values)
    cut = beyond(len(ordered))
    return ordered[cut], ordered[-1 - cut]


def beyond(draws: int) -> int:
    """How many draws lie outside of ``bounds`` on each side."""
    return max(0, int(0.025 * (draws + 1)) - 1)

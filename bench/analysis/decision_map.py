"""Volume × changes a month: which candidate is the cheapest, and where nobody can say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.analysis.assumptions import Assumptions
from bench.analysis.economics import monthly_cost, with_changes, with_volume
from bench.analysis.rates import Candidate, Rates

DECIDED = 0.95
"""Share of the draws in which a candidate has to be the cheapest to be called so."""
VOLUMES = tuple(float(f"{10 ** (2 + 6 * i / 36):.6g}") for i in range(37))
"""Records a month: 100 to 100 million, six a decade."""
CHANGES = tuple(float(f"{10 ** (-1 + 3 * i / 24):.6g}") for i in range(25))
"""Changes a month: one in ten months to a hundred."""


@dataclass(frozen=True)
class DecisionMap:
    """One cell for each pair of ``VOLUMES`` × ``CHANGES``."""

    winners: NDArray[np.int64]
    """Number of the cheapest candidate by the estimate, [changes, volume]."""
    certainty: NDArray[np.float64]
    """Share of the draws in which it is the cheapest."""


def decision_map(candidates: Sequence[Candidate], assumptions: Assumptions) -> DecisionMap:
    """Work out every cell, growth included as everywhere."""
    estimates = _costs(candidates, [[each.rates] for each in candidates], assumptions)[..., 0]
    drawn = _costs(candidates, [each.draws for each in candidates], assumptions)
    winners = estimates.argmin(axis=0)
    best = np.take_along_axis(drawn, winners[None, ..., None], axis=0)
    held = (best <= drawn * (1 + 1e-12)).all(axis=0).mean(axis=-1)
    return DecisionMap(winners, held)


def _costs(
    candidates: Sequence[Candidate], rates: Sequence[Sequence[Rates]], assumptions: Assumptions
) -> NDArray[np.float64]:
    """[candidate, changes, volume, draw] dollars a month."""
    unit = with_changes(with_volume(assumptions, 1.0), 1.0)
    made = []
    for candidate, each in zip(candidates, rates, strict=True):
        parts = [monthly_cost(one, candidate, unit) for one in each]
        slope = np.array([part.per_record for part in parts])
        fixed = np.array(CHANGES)[:, None, None] * parts[0].changes + parts[0].build
        made.append(fixed + np.array(VOLUMES)[None, :, None] * slope)
    return np.array(made)

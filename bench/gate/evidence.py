"""Evidence that may be looked at after every case: e-processes. Plain arrays in, logs out.

An e-process is the capital of somebody who bets against a hypothesis, case after case, with stakes
that depend on earlier cases alone. If the hypothesis holds, the chance that the capital *ever*
reaches 1/α is at most α (J. Ville, Étude critique de la notion de collectif (1939), p. 84), so one
may stop as soon as it does, and at any other time, without raising the chance of a false alarm.
Overview: A. Ramdas, P. Grünwald, V. Vovk, G. Shafer, Statistical Science 38 (2023), 576-601.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.analysis.significance import Floats

BOLDEST = 0.9
"""Largest share of the capital that is staked on one case."""
PRIOR_CASES = 10
PRIOR_SHARE = 0.2
"""Spread of differences of shares before any is seen, worth ten cases: a fifth of them differ."""
PRIOR_LOG = 0.01
"""The same for log ratios: 10 % up or down from one execution to the next."""
PRIOR_LOG_CASES = 4
STEEPEST = 50.0
COLLAPSE_STAKES = (0.6, 0.95)
"""Stakes on the collapse of a stratum, half of the capital each: on a partial, on a full one."""
GRID = 401


@dataclass(frozen=True)
class Capital:
    """Natural logs of the highest capital so far, one entry a case (empty without cases)."""

    path: Floats

    @property
    def highest(self) -> float:
        """Its log; 0 before the first case."""
        return max(0.0, float(self.path[-1])) if self.path.size else 0.0

    @property
    def p(self) -> float:
        """The p-value that holds whenever one looks: 1 ÷ the highest capital."""
        return float(np.exp(-self.highest))


def loss(differences: Floats, drop: float) -> Capital:
    """Against *nothing changed*: bets on losses, with stakes that suit a true loss of ``drop``.

    ``differences`` are head − base of each case's share of passing repeats, from −1 to 1, in the
    order drawn. If nothing changed, each is as likely as its opposite, whatever the cases; so
    1 − λ·difference has the expectation 1. The stake is drop ÷ mean square of the earlier
    differences, which does not see which side is which (betting: I. Waudby-Smith, A. Ramdas,
    J. R. Stat. Soc. B 86 (2024), 1-27; on discordant pairs alone it is A. Wald's sequential test).
    """
    stakes = np.minimum(BOLDEST, drop / _earlier_squares(differences, PRIOR_SHARE, PRIOR_CASES))
    return _capital(np.log1p(-stakes * differences))


def collapse(differences: Floats) -> Capital:
    """Against *nothing changed* in a stratum: bets that most of its cases are lost."""
    if not differences.size:
        return Capital(differences)
    paths = [np.cumsum(np.log1p(-stake * differences)) for stake in COLLAPSE_STAKES]
    mixed = np.logaddexp.reduce(np.array(paths), axis=0) - np.log(len(paths))
    return Capital(np.maximum.accumulate(mixed))


def collapse_cases(threshold: float) -> int:
    """Cases of a stratum after which, all of them lost, the log of the capital of ``collapse``
    reaches ``threshold``."""
    reached = collapse(np.full(200, -1.0)).path >= threshold
    return int(np.argmax(reached)) + 1


def no_loss(differences: Floats, excluded: float) -> Capital:
    """Against *a mean loss of ``excluded`` or more*: bets that the mean is larger.

    Holds for any distribution between −1 and 1 of cases drawn at random. Cases drawn evenly over
    strata vary less than that, which makes the test more careful.
    """
    return _capital(_shifted(differences, np.array([excluded]))[:, 0])


def share_limits(differences: Floats, miss: float) -> tuple[float, float]:
    """Confidence sequence of the mean difference; each limit fails with a chance of at most
    ``miss``, over all looks together. The values that ``no_loss`` and its mirror image exclude."""
    return (-_largest_loss(differences, miss), _largest_loss(-differences, miss))


def log_rise(logs: Floats, size: float, centre: float = 0.0) -> Capital:
    """Against *the logs lie symmetrically about ``centre`` or below*: bets on higher ones.

    exp(λy) ÷ cosh(λy) has an expectation of at most 1 for any such y (V. H. de la Peña, Annals of
    Probability 27 (1999), 537-564). With ``centre`` 0 that is what an unchanged prompt implies.
    Half of the capital is staked as suits a rise of ``size`` (a log), half as suits one as large as
    the spread, so that a small rise is seen in spite of noise and a large one at once.
    """
    return Capital(np.maximum.accumulate(_symmetric(logs, np.array([centre]), size)[:, 0]))


def log_limits(logs: Floats, miss: float, size: float, widest: float = 1.6) -> tuple[float, float]:
    """Confidence sequence of the centre of the logs; each limit fails with a chance of ``miss``.
    Narrowest where the truth is ``size`` away from the limit."""
    grid = np.linspace(-widest, widest, 2 * GRID - 1)

    def lowest(values: Floats) -> float:
        # The centres that the bets on higher values refute lie below the interval.
        refuted = _reached(_symmetric(values, grid, size), miss)
        return float(grid[int(np.argmin(refuted)) - 1]) if refuted[0] else -np.inf

    return lowest(logs), -lowest(-logs)


def _largest_loss(differences: Floats, miss: float) -> float:
    grid = np.linspace(-0.99, 1.0, GRID)
    refuted = _reached(np.cumsum(_shifted(differences, grid), axis=0), miss)
    # Losses from the first that is refuted on; beyond a whole loss there is nothing.
    kept = np.flatnonzero(~refuted)
    if not kept.size:
        return -1.0
    return float(grid[min(int(kept[-1]) + 1, GRID - 1)])


def _shifted(differences: Floats, losses: Floats) -> Floats:
    """Log growth, case by case (rows), of bets against each mean loss (columns)."""
    moved = differences[:, None] + losses
    squares = _earlier_squares(moved, PRIOR_SHARE, PRIOR_CASES)
    # Bets that suit an unchanged prompt, whose moved differences have the mean of the loss itself.
    aims = np.maximum(losses, 0.05)
    boldest = BOLDEST / np.maximum(1e-9, 1 - losses)
    return np.asarray(np.log1p(np.minimum(boldest, aims / squares) * moved), dtype=float)


def _symmetric(logs: Floats, centres: Floats, size: float) -> Floats:
    """Log capital, case by case (rows), of bets against each centre (columns)."""
    moved = logs[:, None] - centres
    squares = _earlier_squares(moved, PRIOR_LOG, PRIOR_LOG_CASES)
    paths = []
    for steep in (size / squares, np.sqrt(1 / squares)):
        bet = np.minimum(STEEPEST, steep) * moved
        # log(exp(b) / cosh(b)) without overflow
        paths.append(np.cumsum(np.log(2.0) - np.logaddexp(0.0, -2.0 * bet), axis=0))
    return np.asarray(np.logaddexp(*paths) - np.log(2.0), dtype=float)


def _earlier_squares(values: Floats, prior: float, cases: int) -> Floats:
    """Before each case: mean square of the earlier ones, the prior among them."""
    earlier = np.cumsum(values**2, axis=0) - values**2
    number = np.arange(len(values))
    number = number if values.ndim == 1 else number[:, None]
    return np.asarray((cases * prior + earlier) / (cases + number), dtype=float)


def _reached(capital: Floats, miss: float) -> NDArray[np.bool_]:
    if not len(capital):
        return np.zeros(capital.shape[1], dtype=bool)
    return np.asarray(capital.max(axis=0) >= -np.log(miss), dtype=bool)


def _capital(growth: Floats) -> Capital:
    return Capital(np.maximum.accumulate(np.cumsum(growth)))

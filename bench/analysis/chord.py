"""Does a hybrid earn its name? Sending records to job or agent at random reaches every point on the
line between them; a hybrid has to be better than that line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.analysis.assumptions import Assumptions
from bench.analysis.documented import Documented
from bench.analysis.dollars import DollarKind
from bench.analysis.rates import Floats, stratum_rates
from bench.analysis.samples import Part, by_stratum, everyday_of, usable
from bench.journal import ScenarioPlan
from bench.types import Trial

DRAWS = 2000
SHARES = (0.001, 0.01, 0.05, 0.2)
"""Shares of exceptional records, beside that of the production mix."""

Place = Literal["above", "below", "undecided"]


@dataclass(frozen=True, slots=True)
class Chord(Documented):
    """The hybrid against a random split that sends the agent as many records as it does."""

    model: str
    """Of agent and hybrid."""
    exceptional: float
    """Share of records that are not ordinary."""
    production: bool
    """Whether this is the share of the production mix."""
    to_agent: float
    """Share of records that the hybrid hands on at this mix."""
    hybrid: float
    """Share of records that the hybrid gets right."""
    line: float
    """Share that the random split gets right."""
    gain: float
    """hybrid − line."""
    gain_low: float
    """Lower end of the 95 % interval of the gain: draws as for the monthly cost."""
    gain_high: float
    """Upper end."""
    success: Place
    """Where the hybrid's success lies, seen from the line: undecided if the interval holds 0."""
    hybrid_usd: float | None
    """Expected dollars a record of the hybrid: processing, errors, reviews."""
    line_usd: float | None
    """Of the random split."""
    saving_low: float | None
    """Lower end of the 95 % interval of line_usd − hybrid_usd."""
    saving_high: float | None
    """Upper end."""
    cost: Place
    """``above``: the hybrid is cheaper than the split."""
    job: float
    """Share of records that the job alone gets right: one end of the chord."""
    agent: float
    """Share that the agent alone gets right: the other end."""
    job_usd: float | None
    """Expected dollars a record of the job."""
    agent_usd: float | None
    """Of the agent."""


@dataclass(frozen=True)
class _Stratum:
    weight: float
    ordinary: bool
    values: Floats
    """[draw, column]: right and dollars of job, agent and hybrid, share handed on; the first draw
    is the estimate itself."""


def chords(
    plan: ScenarioPlan,
    trials: Sequence[Trial],
    kinds: Mapping[str | None, DollarKind],
    assumptions: Assumptions,
) -> list[Chord]:
    """One for each model that ran as agent and as hybrid, and each share of exceptional records."""
    models = dict.fromkeys(t.model for t in trials if t.approach == "hybrid" and t.model)
    return [
        chord for model in models for chord in _of_model(plan, model, trials, kinds, assumptions)
    ]


def _of_model(
    plan: ScenarioPlan,
    model: str,
    trials: Sequence[Trial],
    kinds: Mapping[str | None, DollarKind],
    assumptions: Assumptions,
) -> Iterator[Chord]:
    who = {("job", None): 0, ("agent", model): 1, ("hybrid", model): 2}
    chosen = [t for t in usable(everyday_of(plan, trials)) if (t.approach, t.model) in who]
    if any(trial.provenance.success == "modelled" for trial in chosen):
        return
    of = by_stratum(chosen)
    strata = []
    for number, stratum in enumerate(plan.strata):
        values = _values(of.get(stratum.name, ()), number, who, kinds, assumptions)
        if stratum.weight > 0 and values is not None:
            strata.append(_Stratum(stratum.weight, stratum.ordinary, values))
    weights = {kind: sum(s.weight for s in strata if s.ordinary is kind) for kind in (True, False)}
    if not weights[True] or not weights[False]:
        return
    natural = weights[False] / sum(weights.values())
    drawn = np.stack([each.values for each in strata], axis=1)
    for share in (natural, *SHARES):
        scale = {True: (1 - share) / weights[True], False: share / weights[False]}
        parts = np.array([each.weight * scale[each.ordinary] for each in strata])
        yield _chord(model, share, share is natural, parts, drawn)


def _values(
    trials: Sequence[Trial],
    number: int,
    who: Mapping[tuple[str, str | None], int],
    kinds: Mapping[str | None, DollarKind],
    assumptions: Assumptions,
) -> Floats | None:
    """[draw, column] of one stratum; None unless all three approaches have trials there."""
    values = np.full((DRAWS + 1, 7), np.nan)
    for (approach, model), place in who.items():
        mine = tuple(t for t in trials if (t.approach, t.model) == (approach, model))
        if not mine:
            return None
        estimate, spread = stratum_rates(Part(1.0, mine), number, kinds[model], assumptions, DRAWS)
        wrong, deferred, rightly, usd = np.hstack([estimate[:, None], spread])
        price = assumptions.error_usd(mine[0].scenario, mine[0].stratum)
        review = assumptions.people.review_minutes / 60 * assumptions.people.usd_per_hour
        values[:, 2 * place] = 1 - wrong - deferred
        values[:, 2 * place + 1] = usd + wrong * price + (deferred + rightly) * review
        if any(trial.dollars.api is None and trial.dollars.compute is None for trial in mine):
            values[:, 2 * place + 1] = np.nan
        if approach == "hybrid":
            values[:, 6] = sum(len(t.flagged) for t in mine) / sum(t.records for t in mine)
    return values


def _chord(model: str, share: float, production: bool, weights: Floats, drawn: Floats) -> Chord:
    job, job_usd, agent, agent_usd, hybrid, hybrid_usd, sent = np.einsum(
        "s,dsc->cd", weights, drawn
    )
    line = (1 - sent) * job + sent * agent
    line_usd = (1 - sent) * job_usd + sent * agent_usd
    gain = _range(hybrid - line)
    saving = _range(line_usd - hybrid_usd)
    known = not np.isnan(saving[0])
    return Chord(
        model=model,
        exceptional=share,
        production=production,
        to_agent=float(sent[0]),
        hybrid=float(hybrid[0]),
        line=float(line[0]),
        gain=gain[0],
        gain_low=gain[1],
        gain_high=gain[2],
        success=_place(gain),
        hybrid_usd=float(hybrid_usd[0]) if known else None,
        line_usd=float(line_usd[0]) if known else None,
        saving_low=saving[1] if known else None,
        saving_high=saving[2] if known else None,
        cost=_place(saving) if known else "undecided",
        job=float(job[0]),
        agent=float(agent[0]),
        job_usd=float(job_usd[0]) if known else None,
        agent_usd=float(agent_usd[0]) if known else None,
    )


def _range(values: Floats) -> tuple[float, float, float]:
    low, high = np.quantile(values[1:], [0.025, 0.975])
    estimate = float(values[0])
    return estimate, min(float(low), estimate), max(float(high), estimate)


def _place(found: tuple[float, float, float]) -> Place:
    """Rounding must not make a verdict."""
    if found[1] > 1e-12:
        return "above"
    return "below" if found[2] < -1e-12 else "undecided"

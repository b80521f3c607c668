"""From a run and the assumptions to what should be built: cost, constraints, verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

from bench.analysis.assumptions import Assumptions
from bench.analysis.chord import Chord, chords
from bench.analysis.comparisons import Comparison, comparisons
from bench.analysis.determinism import Determinism
from bench.analysis.documented import Documented
from bench.analysis.dollars import DollarKind
from bench.analysis.economics import (
    BreakEven,
    MonthlyCost,
    break_even_changes,
    break_even_volume,
    certainty,
    cheapest,
    monthly_cost,
    totals,
)
from bench.analysis.feasibility import Check, Feasible, checks, overall
from bench.analysis.latency import seconds
from bench.analysis.rates import Candidate, bounds, candidate
from bench.analysis.samples import ALL, MIX, everyday_of, mixed, usable
from bench.analysis.sensitivity import Influence, influences
from bench.journal import ScenarioPlan
from bench.types import Provenance, Trial

if TYPE_CHECKING:
    from bench.analysis.rows import Row

Group = tuple[str, str | None, Sequence[Trial]]
"""Approach, model, trials."""


@dataclass(frozen=True, slots=True)
class Option(Documented):
    """An approach with its model, as something that could be built."""

    name: str
    """As in the sentences."""
    approach: str
    """Name of the approach."""
    model: str | None
    """Name of the model; null for approaches that use none."""
    usd_kind: DollarKind
    """Which money ``processing`` is."""
    provenance: Provenance | None
    """Of its success. Nothing is recommended from ``modelled``."""
    success: float | None
    """Share of records right in the production mix."""
    success_low: float | None
    """Lower end of its interval."""
    success_high: float | None
    """Upper end."""
    usd_per_1k_records: float | None
    """Dollars for 1,000 records, as in the rows."""
    cost: MonthlyCost | None
    """Dollars a month by part; null with a reason."""
    total: float | None
    """All parts together."""
    total_low: float | None
    """Lower end of the 95 % interval of the total, carried from the measurements."""
    total_high: float | None
    """Upper end."""
    checks: tuple[Check, ...]
    """The constraints that are set."""
    verdict: Feasible
    """Whether it meets them."""
    pareto: bool
    """No other option is both more often right and cheaper a month (by the estimates)."""
    reason: str | None
    """Why there is no cost, or why it cannot be recommended."""


@dataclass(frozen=True, slots=True)
class Decision(Documented):
    """What the run says should be built for one scenario, under the assumptions."""

    scenario: str
    """Name of the scenario."""
    recommended: str | None
    """The cheapest feasible option; null with a reason."""
    certainty: float | None
    """Share of the draws in which it is the cheapest of the feasible ones."""
    runner_up: str | None
    """The next cheapest feasible option."""
    reason: str | None
    """Why nothing is recommended."""
    options: tuple[Option, ...]
    """All approaches × models, yardsticks left out, cheapest first."""
    break_even_volume: tuple[BreakEven, ...]
    """For each pair, in records a month, changes as assumed."""
    break_even_changes: tuple[BreakEven, ...]
    """For each pair, in changes a month, volume as assumed."""
    influences: tuple[Influence, ...]
    """What the choice hangs on, most influential first."""
    chords: tuple[Chord, ...]
    """The hybrid against a random split between job and agent."""
    comparisons: tuple[Comparison, ...]
    """Each pair of approaches on the same cases."""


def candidates(
    plan: ScenarioPlan,
    groups: Sequence[Group],
    kinds: Mapping[str | None, DollarKind],
    assumptions: Assumptions,
) -> list[tuple[Group, Candidate | str]]:
    """Each approach × model with its rates, or with why it has none."""
    found: list[tuple[Group, Candidate | str]] = []
    weights = [(stratum.name, stratum.weight) for stratum in plan.strata]
    for group in groups:
        sample = mixed(weights, everyday_of(plan, group[2]))
        if not sample.everything:
            found.append((group, "no stratum of the production mix was measured"))
        else:
            found.append((group, candidate(sample, kinds[group[1]], assumptions)))
    return found


def decide(
    plan: ScenarioPlan,
    groups: Sequence[Group],
    kinds: Mapping[str | None, DollarKind],
    rows: Sequence[Row],
    determinism: Sequence[Determinism],
    assumptions: Assumptions,
) -> Decision:
    """Work out the decision for one scenario. ``groups`` are its approaches × models without the
    yardsticks, ``rows`` and ``determinism`` the summary's."""
    found = candidates(plan, groups, kinds, assumptions)
    options = [
        _option(group, one, _row(rows, plan.name, group), kinds, determinism, assumptions)
        for group, one in found
    ]
    options = sorted(_pareto(options), key=lambda o: (o.total is None, o.total or 0.0))
    known = {one.name: one for _, one in found if isinstance(one, Candidate)}
    real = [one for one in known.values() if one.provenance != "modelled"]
    eligible = [
        known[o.name]
        for o in options
        if o.name in known and not o.reason and o.verdict == "feasible"
    ]
    best = cheapest(eligible, assumptions) if eligible else None
    others = [one for one in eligible if one is not best]
    trials = [trial for _, _, having in groups for trial in having]
    return Decision(
        scenario=plan.name,
        recommended=best.name if best else None,
        certainty=certainty(best, eligible, assumptions) if best else None,
        runner_up=cheapest(others, assumptions).name if others else None,
        reason=None if best else _why_none(options),
        options=tuple(options),
        break_even_volume=tuple(
            break_even_volume(a, b, assumptions) for a, b in combinations(real, 2)
        ),
        break_even_changes=tuple(
            break_even_changes(a, b, assumptions) for a, b in combinations(real, 2)
        ),
        influences=tuple(influences(eligible if best else real, assumptions)),
        chords=tuple(chords(plan, trials, kinds, assumptions)),
        comparisons=tuple(
            comparisons(
                [
                    (_name(approach, model), everyday_of(plan, having))
                    for approach, model, having in groups
                ],
                plan.name,
            )
        ),
    )


def _option(
    group: Group,
    found: Candidate | str,
    row: Row | None,
    kinds: Mapping[str | None, DollarKind],
    determinism: Sequence[Determinism],
    assumptions: Assumptions,
) -> Option:
    approach, model, trials = group
    cost = low = high = None
    reason = found if isinstance(found, str) else None
    provenance = None if isinstance(found, str) else found.provenance
    if isinstance(found, Candidate):
        cost = monthly_cost(found.rates, found, assumptions)
        low, high = bounds(totals(found, assumptions))
        low, high = min(low, cost.total), max(high, cost.total)
        if provenance == "modelled":
            reason = "its success is modelled: the reference has no intelligence"
    held: tuple[Check, ...] = ()
    if row is not None:
        repeated = next(
            (
                d
                for d in determinism
                if (d.scenario, d.approach, d.model) == (row.scenario, approach, model)
            ),
            None,
        )
        measured = [trial for trial in usable(trials) if trial.everyday]
        held = tuple(
            checks(assumptions.constraints, row, repeated, list(seconds(measured).values()))
        )
    return Option(
        name=_name(approach, model),
        approach=approach,
        model=model,
        usd_kind=kinds[model],
        provenance=provenance,
        success=row.success if row else None,
        success_low=row.success_low if row else None,
        success_high=row.success_high if row else None,
        usd_per_1k_records=row.usd_per_1k_records if row else None,
        cost=cost,
        total=cost.total if cost else None,
        total_low=low,
        total_high=high,
        checks=held,
        verdict=overall(held),
        pareto=False,
        reason=reason,
    )


def _pareto(options: Sequence[Option]) -> Iterator[Option]:
    def beats(one: Option, two: Option) -> bool:
        if None in (one.success, one.total, two.success, two.total) or one.reason:
            return False
        better = (one.success or 0) - (two.success or 0), (two.total or 0) - (one.total or 0)
        return min(better) >= 0 and max(better) > 0

    for option in options:
        known = option.success is not None and option.total is not None and not option.reason
        yield replace(option, pareto=known and not any(beats(other, option) for other in options))


def _row(rows: Sequence[Row], scenario: str, group: Group) -> Row | None:
    for stratum in (MIX, ALL):
        for row in rows:
            key = (row.scenario, row.approach, row.model, row.stratum, row.drift)
            if key == (scenario, group[0], group[1], stratum, "none"):
                return row
    return None


def _name(approach: str, model: str | None) -> str:
    return f"{approach} with {model}" if model else approach


def _why_none(options: Sequence[Option]) -> str:
    if not options:
        return "nothing but yardsticks was run"
    if all(option.reason for option in options):
        return "no option has both a success of its own and known costs"
    open_ = [o for o in options if o.verdict == "undecided" and not o.reason]
    if open_:
        return (
            "no option is known to meet the constraints; of those not ruled out, the "
            f"{open_[0].name} would be the cheapest"
        )
    return "no option meets the constraints"

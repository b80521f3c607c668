"""What each claim is tested with, and the test: from a run's figures to a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from bench.analysis.amounts import amount_interval
from bench.analysis.samples import ALL, MIX, by_case, usable
from bench.analysis.significance import sign_flip
from bench.analysis.statistics import Cluster, ratio, wilson
from bench.types import Cause, Trial

if TYPE_CHECKING:
    from bench.analysis.decision import Decision
    from bench.analysis.rows import Row, ScenarioInfo, Summary
    from bench.metering.prices import PriceTable

Verdict = Literal["supported", "contradicted", "undecided", "not measured here"]
Finding = tuple[Verdict, str]

EIGHT_HOURS = 8 * 3600
SIGNIFICANT = 0.05
LITTLE = 0.1
"""Share of the job's monthly cost up to which what a hybrid adds for processing keeps that cost."""
MOST_CHANGES = 100
"""Changes of the rules a month that a business may see; more is nobody's case."""


@dataclass(frozen=True)
class Evidence:
    """What the claims on one scenario and model are tested with."""

    summary: Summary
    decision: Decision | None
    scenario: str
    model: str | None
    trials: Sequence[Trial]
    """Of the scenario."""
    prices: PriceTable | None

    def row(self, approach: str, stratum: str, drift: str = "none") -> Row | None:
        """A row of the summary."""
        model = None if approach == "job" else self.model
        wanted = (self.scenario, approach, model, stratum, drift)
        for row in self.summary.rows:
            if (row.scenario, row.approach, row.model, row.stratum, row.drift) == wanted:
                return row
        return None

    def of(self, approach: str) -> list[Trial]:
        """The usable trials of an approach, drifted ones left out."""
        model = None if approach == "job" else self.model
        return [
            t
            for t in usable(self.trials)
            if (t.approach, t.model) == (approach, model) and t.everyday
        ]

    @property
    def measured(self) -> bool:
        """Whether a real model ran."""
        agent = self.row("agent", ALL)
        return agent is not None and agent.provenance.success == "measured"

    @property
    def hosted(self) -> bool:
        """Whether it was somebody else's machine, paid by the token."""
        agent = self.row("agent", ALL)
        return agent is not None and agent.usd_kind == "api"


def unmeasured(why: str) -> Finding:
    """Nothing can be said."""
    return "not measured here", why


def judged(holds: bool, figure: str) -> Finding:
    """A verdict with its figure."""
    return ("supported" if holds else "contradicted"), figure


def between(
    low: float | None, value: float | None, high: float | None, least: float, most: float
) -> Verdict:
    """Whether a figure lies between two others, by its interval where it has one."""
    low, high = (value if end is None else end for end in (low, high))
    assert low is not None
    assert high is not None
    if least <= low and high <= most:
        return "supported"
    return "contradicted" if high < least or low > most else "undecided"


def played(e: Evidence) -> str:
    """Why an agent's figures are not measured."""
    agent = e.row("agent", ALL)
    if agent is None:
        return "no agent ran"
    return f"the agent's success is {agent.provenance.success}"


def step_time(e: Evidence) -> Finding:
    """Claim 1."""
    steps = next(
        (
            s
            for s in e.summary.steps
            if (s.scenario, s.approach, s.model) == (e.scenario, "agent", e.model)
        ),
        None,
    )
    job = e.row("job", ALL)
    if steps is None or steps.p50_s is None:
        return unmeasured("no model call was timed")
    case = f"; a case of the job {job.p50_s * 1000:.1f} ms" if job and job.p50_s else ""
    figure = f"median step {steps.p50_s:.2f} s{case}"
    if not e.hosted:
        return unmeasured(f"needs a frontier model; this local one: {figure}")
    return judged(1 <= steps.p50_s <= 3 and bool(job and (job.p50_s or 1) < 0.1), figure)


def ten_thousand(e: Evidence) -> Finding:
    """Claim 2."""
    agent, job = e.row("agent", MIX), e.row("job", MIX)
    if agent is None or not agent.records_per_s:
        return unmeasured("no agent was timed")
    hours = 10_000 / agent.records_per_s / 3600
    low, high = _spread(e)
    at_once = e.summary.concurrency
    batch = next((b for b in e.summary.batches if b.scenario == e.scenario), None)
    if batch is not None:
        plain = batch.seconds * 10_000 / batch.records
    elif job is not None and job.records_per_s:
        plain = 10_000 / job.records_per_s
    else:
        return unmeasured("the job was not timed")
    sure = f" ({hours * low:,.1f} to {hours * high:,.1f})" if low < high else ""
    figure = f"one after another the agent takes {hours:,.1f} h{sure}, the job {plain:,.0f} s"
    if e.hosted and at_once > 1:
        figure += f"; {at_once} at once, if nothing slows down, {hours / at_once:,.1f} h"
    if plain >= 3600:
        return "contradicted", figure
    seconds = hours * 3600
    return between(seconds * low, seconds, seconds * high, EIGHT_HOURS, math.inf), figure


def _spread(e: Evidence) -> tuple[float, float]:
    """The ends of the interval of the agent's time, as factors of the estimate."""
    found = next(
        (
            p
            for p in e.summary.projections
            if (p.scenario, p.approach, p.model) == (e.scenario, "agent", e.model)
            and p.bound_by == "work"
        ),
        None,
    )
    if found is None or not found.seconds or not found.seconds_low or not found.seconds_high:
        return 1.0, 1.0
    return found.seconds_low / found.seconds, found.seconds_high / found.seconds


def tokens(e: Evidence) -> Finding:
    """Claim 3."""
    trials = [t for t in e.of("agent") if t.usage.total and t.tasks]
    if not trials:
        return unmeasured("no tokens on record")
    tasks = {t.id: (t.usage.total or 0) / t.tasks for t in trials}
    cases = [
        Cluster(sum(tasks[t.id] for t in case) / len(case), 1, len(case))
        for case in by_case(trials)
    ]
    mean = ratio(cases) or 0.0
    found = amount_interval([(1.0, cases)])
    sure = f" ({found.low:,.0f} to {found.high:,.0f})" if found else ""
    within = sum(2000 <= value <= 5000 for value in tasks.values()) / len(tasks)
    figure = (
        f"{mean:,.0f} tokens a task on average{sure}, {within:.0%} of tasks within 2,000 to 5,000"
    )
    if not e.measured:
        return unmeasured(f"forecast from ideal calls: {figure}")
    low, high = (found.low, found.high) if found else (None, None)
    return between(low, mean, high, 2000, 5000), figure


def thousand_events(e: Evidence) -> Finding:
    """Claim 4."""
    agent = e.row("agent", MIX)
    if agent is None:
        return unmeasured("no agent ran")
    span = _price_range(e, agent)
    if agent.usd_kind == "api" and agent.usd_per_1k_records is not None:
        usd = agent.usd_per_1k_records
        figure = f"${usd:,.2f} per 1,000 records; {span}"
        return (
            judged(0.5 <= usd <= 2.5, figure) if e.measured else unmeasured(f"modelled: {figure}")
        )
    return unmeasured(f"no provider was paid; {span}")


def _price_range(e: Evidence, agent: Row) -> str:
    """For how many models of the price table the claim would hold with these tokens."""
    prompt, output = agent.tokens_in_per_record, agent.tokens_out_per_record
    if e.prices is None or prompt is None or output is None:
        return "its tokens are unknown"
    costs = sorted(
        1000 * (prompt * price.base.input + output * price.base.output + price.call)
        for price in e.prices.text_prices()
        if price.base.input > 0 or price.base.output > 0
    )
    if not costs:
        return "the price table is empty"
    within = sum(0.5 <= cost <= 2.5 for cost in costs)
    least, most = (usd / (prompt + output) * 1e3 for usd in (0.5, 2.5))
    below, above = sum(c < 0.5 for c in costs), sum(c > 2.5 for c in costs)
    return (
        f"with this agent's {prompt + output:,.0f} tokens a record (no cache) it would hold for "
        f"{within} of {len(costs)} paid models on the price table of litellm {e.prices.version}, "
        f"those at about ${least:.2f} to ${most:.2f} a million tokens; {below} are cheaper, "
        f"{above} dearer, half cost ${costs[len(costs) // 2]:,.2f} or less"
    )


def one_cent(e: Evidence) -> Finding:
    """Claim 5."""
    batch = next((b for b in e.summary.batches if b.scenario == e.scenario), None)
    job = e.row("job", MIX)
    if batch is not None:
        usd, how = batch.usd * 10_000 / batch.records, "as one batch"
    elif job is not None and job.usd_per_1k_records is not None:
        usd, how = job.usd_per_1k_records * 10, "case by case"
    else:
        return unmeasured("the job was not timed")
    price = e.summary.usd_per_machine_hour
    return judged(
        usd <= 0.02, f"{usd * 100:.3g} cents {how}, at ${price:.2f} a machine hour (assumed)"
    )


def ten_times(e: Evidence) -> Finding:
    """Claim 6."""
    agent, job = e.row("agent", ALL), e.row("job", ALL)
    if agent is None or job is None or not agent.p50_s or not job.p50_s:
        return unmeasured("agent or job was not timed")
    factor = agent.p50_s / job.p50_s
    more = ", far more than was said" if factor > 30 else ""
    return judged(3 <= factor <= 30, f"the job's median case is {factor:,.0f} times as fast{more}")


def deterministic(e: Evidence) -> Finding:
    """Claim 7."""
    found = {(d.approach, d.model): d for d in e.summary.determinism if d.scenario == e.scenario}
    job, agent = found.get(("job", None)), found.get(("agent", e.model))
    if job is None or job.raw is None:
        return unmeasured("the job was not repeated")
    if agent is None or agent.raw is None or agent.outcome is None or job.outcome is None:
        return unmeasured(agent.reason if agent and agent.reason else "no agent was repeated")
    figure = (
        f"same outcome in all {agent.repeats} trials: job {job.outcome.share:.0%}, agent "
        f"{agent.outcome.share:.0%} of {agent.cases} cases ({agent.outcome.low:.0%} to "
        f"{agent.outcome.high:.0%}); same raw output: job {job.raw.share:.0%}, agent "
        f"{agent.raw.share:.0%}; temperature {e.summary.temperature:g}"
    )
    steady = job.raw.share == job.outcome.share == 1
    if steady and agent.raw.share == 1:
        return "undecided", f"{figure}: no difference seen in so few cases"
    return judged(steady, figure)


def loops(e: Evidence) -> Finding:
    """Claim 10."""
    trials = e.of("agent")
    if not trials or not e.measured:
        return unmeasured(played(e))
    stopped = sum(t.cause in (Cause.STEP_LIMIT, Cause.LOOP) for t in trials)
    figure = f"{stopped} of {len(trials)} trials went in circles or ran out of steps"
    if stopped:
        return "supported", figure
    interval = wilson(0.0, len(trials))
    return "undecided", f"{figure}; up to {interval.high if interval else 1:.0%} may"


def hybrid(e: Evidence) -> Finding:
    """Claim 11."""
    job, hybrid = e.row("job", MIX), e.row("hybrid", MIX)
    if job is None or hybrid is None or hybrid.provenance.success != "measured":
        return unmeasured("no hybrid with a real model ran")
    costs = {o.name: o.cost for o in e.decision.options} if e.decision else {}
    plain, mixed = costs.get("job"), costs.get(f"hybrid with {e.model}")
    if plain is None or mixed is None:
        return unmeasured("dollars unknown")
    texts = {s.name for s in _scenario(e).strata if s.free_text}
    reach = _paired(e, "job", "hybrid", texts, "pass")
    if reach is None:
        return unmeasured("no case out of reach for rules was run")
    added = mixed.processing - plain.processing
    figure = (
        f"{hybrid.flag_rate or 0:.2%} of records go to the agent, which adds ${added:,.2f} a month "
        f"to the job's ${plain.total:,.0f}; right where rules do not reach: job "
        f"{reach.first:.0%}, hybrid {reach.second:.0%} of {reach.cases} cases"
    )
    if added > LITTLE * plain.total:
        return "contradicted", figure
    return reach.verdict(figure, better=reach.second > reach.first)


def pays(e: Evidence) -> Finding:
    """Claim 12."""
    agent = f"agent with {e.model}"
    pairs = e.decision.break_even_changes if e.decision else ()
    pair = next((p for p in pairs if {p.below, p.above} == {"job", agent}), None)
    if pair is None or not e.measured:
        return unmeasured(f"no total cost to compare: {played(e)}")
    if pair.at is None:
        figure = f"under the assumptions the {pair.below} is cheaper at any rate of changes"
        reached = pair.low is not None and pair.low <= MOST_CHANGES
        return ("undecided" if reached else "contradicted"), figure
    low = f"{pair.low or 0:,.0f}"
    high = "no bound" if pair.high is None else f"{pair.high:,.0f}"
    figure = (
        f"beyond {pair.at:,.1f} changes a month ({low} to {high}) the {pair.above} is cheaper"
        if pair.at
        else f"the {pair.above} is cheaper at any rate of changes"
    )
    most = math.inf if pair.high is None else pair.high
    return between(pair.low, pair.at, most, 0, MOST_CHANGES), figure


def edge_cases(e: Evidence) -> Finding:
    """Claim 13."""
    if not e.measured:
        return unmeasured(played(e))
    edges = {
        s.name
        for s in _scenario(e).strata
        if not s.ordinary and s.drift == "none" and not s.hostile
    }
    wrong = _paired(e, "job", "agent", edges, "fail")
    if wrong is None:
        return unmeasured("no exceptional case was run")
    figure = (
        f"wrong in exceptional cases: agent {wrong.second:.0%}, job {wrong.first:.0%} of "
        f"{wrong.cases} cases"
    )
    return wrong.verdict(figure, better=wrong.second < wrong.first)


@dataclass(frozen=True)
class _Paired:
    """Two approaches on the same cases, repeats averaged."""

    first: float
    second: float
    cases: int
    p: float
    """Of the paired sign-flip test; with one trial a case, exact McNemar's."""

    def verdict(self, figure: str, *, better: bool) -> Finding:
        """Supported or contradicted only where the difference is more than chance."""
        if self.p >= SIGNIFICANT:
            return "undecided", f"{figure}; p = {self.p:.2g}, chance may do that"
        return judged(better, f"{figure}; p = {self.p:.2g}")


def _paired(e: Evidence, one: str, two: str, strata: set[str], status: str) -> _Paired | None:
    """How often each has that status in those strata; None without a case of both."""
    shares = [
        {
            case[0].case: sum(t.status == status for t in case) / len(case)
            for case in by_case(t for t in e.of(approach) if t.stratum in strata)
        }
        for approach in (one, two)
    ]
    both = sorted(shares[0].keys() & shares[1].keys())
    if not both:
        return None
    first, second = (np.array([share[case] for case in both]) for share in shares)
    p = sign_flip(second - first, seed=1)
    return _Paired(float(first.mean()), float(second.mean()), len(both), p)


def _scenario(e: Evidence) -> ScenarioInfo:
    return next(s for s in e.summary.scenarios if s.name == e.scenario)

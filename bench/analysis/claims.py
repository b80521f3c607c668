"""The claims that started the project, each held against the run: a scorecard for the model that
ran, on the tasks that it ran on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.analysis import changes, evidence
from bench.analysis.documented import Documented
from bench.analysis.evidence import Evidence, Finding, Verdict
from bench.types import Trial

if TYPE_CHECKING:
    from bench.analysis.decision import Decision
    from bench.analysis.rows import Summary
    from bench.metering.prices import PriceTable


@dataclass(frozen=True, slots=True)
class Claim(Documented):
    """One claim held against one scenario and model."""

    number: int
    """1 to 13."""
    claim: str
    """What was said."""
    test: str
    """How it is tested."""
    scenario: str
    """Name of the scenario."""
    model: str | None
    """The model that ran as agent; null if none did."""
    figure: str
    """What was found, or why nothing could be."""
    verdict: Verdict
    """For this model on this scenario, not for all."""


def claims(
    summary: Summary,
    decisions: Sequence[Decision],
    trials: Sequence[Trial],
    prices: PriceTable | None,
) -> Iterator[Claim]:
    """All claims, for each scenario and each model that ran as agent."""
    by_scenario = {decision.scenario: decision for decision in decisions}
    for scenario in summary.scenarios:
        if not scenario.judged:
            continue
        mine = [trial for trial in trials if trial.scenario == scenario.name]
        ran = dict.fromkeys(t.model for t in mine if t.approach == "agent")
        for model in ran or {None: None}:
            found = Evidence(
                summary, by_scenario.get(scenario.name), scenario.name, model, mine, prices
            )
            for number, (claim, test, look) in enumerate(CLAIMS, start=1):
                verdict, figure = look(found)
                yield Claim(number, claim, test, scenario.name, model, figure, verdict)


CLAIMS: tuple[tuple[str, str, Callable[[Evidence], Finding]], ...] = (
    (
        "An agent step takes 1 to 3 s on a frontier model, a job's query milliseconds.",
        "median step of a hosted model; calibrated rounds of the job",
        evidence.step_time,
    ),
    (
        "10,000 records, one agent check each, take over 8 hours; a job takes minutes.",
        "records a second as run, one after another; the job as one batch",
        evidence.ten_thousand,
    ),
    (
        "A simple loop with three tools costs 2,000 to 5,000 tokens.",
        "mean tokens of a task",
        evidence.tokens,
    ),
    (
        "1,000 events cost $0.50 to $2.50.",
        "API dollars in the production mix, or the agent's tokens at every price on the table",
        evidence.thousand_events,
    ),
    (
        "A job processes 10,000 events for about one cent.",
        "compute dollars of a batch; two cents or less",
        evidence.one_cent,
    ),
    (
        "The job is about 10 times faster.",
        "ratio of the median times of a case; 3 to 30 counts as about 10",
        evidence.ten_times,
    ),
    (
        "The job is deterministic; an agent is not, even at temperature 0.",
        "agreement over repeats",
        evidence.deterministic,
    ),
    (
        "When the data's shape changes, the job breaks and the agent adapts.",
        "both as they were on the same cases in another shape: breaking is losing 10 points or "
        "more for certain, adapting is being sure to lose fewer",
        changes.shape,
    ),
    (
        "When rules change, the agent needs a prompt change and the job a deployment.",
        "cases made to show changed rules, before and after the repair: each has to gain by its "
        "own repair for certain",
        changes.rules,
    ),
    (
        "An agent needs an unambiguous win condition and a step limit, or it may loop.",
        "trials stopped for loops or at the step limit",
        evidence.loops,
    ),
    (
        "A hybrid with about 1 % of cases sent to the agent keeps the job's cost and gains the "
        "agent's reach.",
        "production mix: at most twice the job's running cost; more right where rules do not reach",
        evidence.hybrid,
    ),
    (
        "The agent pays when human time to build and maintain the job exceeds the token cost.",
        "whether the agent is cheaper in total at some rate of changes up to 100 a month",
        evidence.pays,
    ),
    (
        "For logic with many edge cases the agent may be cleaner and less error-prone.",
        "share of wrong exceptional cases (a deferral is no error)",
        evidence.edge_cases,
    ),
)
"""What was said, how it is tested, and the test."""

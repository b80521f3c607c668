"""The claims that started the project, each held against the run: a scorecard for the model that
ran, on the tasks that it ran on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.analysis import changes, evidence
from bench.analysis.documented import Documented
from bench.analysis.evidence import Evidence, Finding, Verdict
from bench.analysis.samples import ALL
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
    provenance: str
    """Where the figure comes from, by groups of figures; empty if there is none."""
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
            for number, (claim, test, rests, look) in enumerate(CLAIMS, start=1):
                verdict, figure = look(found)
                words = provenance(found, rests) if any(map(str.isdigit, figure)) else ""
                yield Claim(number, claim, test, scenario.name, model, figure, words, verdict)


def provenance(e: Evidence, groups: Sequence[str]) -> str:
    """Where each group of figures comes from, the agent's for all but the job's own."""
    agent, job = e.row("agent", ALL), e.row("job", ALL)
    words = []
    for group in groups:
        row = job if group.startswith("job's ") else agent
        known = getattr(row.provenance, group.removeprefix("job's "), None) if row else None
        word = FIXED.get(group, known)
        if word is not None:
            words.append(f"{group} {word.replace('_', ' ')}")
    return ", ".join(words)


FIXED = {
    "prices": "list_price",
    "10,000 records": "extrapolated",
    "machine hour": "assumed",
    "economics.toml": "assumed",
    "mix": "assumed",
}
"""What has the same provenance in each run."""

Rests = tuple[str, ...]
CLAIMS: tuple[tuple[str, str, Rests, Callable[[Evidence], Finding]], ...] = (
    (
        "An agent step takes 1 to 3 s on a frontier model, a job's query milliseconds.",
        "median step of a hosted model within 1 to 3 s, median case of the job below 0.1 s",
        ("time", "job's time"),
        evidence.step_time,
    ),
    (
        "10,000 records, one agent check each, take over 8 hours; a job takes minutes.",
        "records of the production mix one after another, by the interval; the job as one batch, "
        "within the hour",
        ("time", "job's time", "10,000 records", "mix"),
        evidence.ten_thousand,
    ),
    (
        "A simple loop with three tools costs 2,000 to 5,000 tokens.",
        "mean tokens of a task, input and output, by the interval",
        ("tokens",),
        evidence.tokens,
    ),
    (
        "1,000 events cost $0.50 to $2.50.",
        "API dollars in the production mix; the agent's tokens at every price on the table",
        ("tokens", "prices", "mix"),
        evidence.thousand_events,
    ),
    (
        "A job processes 10,000 events for about one cent.",
        "compute dollars of a batch; up to two cents, less counts for the claim",
        ("job's time", "machine hour"),
        evidence.one_cent,
    ),
    (
        "The job is about 10 times faster.",
        "ratio of the median times of a case; 3 to 30 counts as about 10",
        ("time", "job's time"),
        evidence.ten_times,
    ),
    (
        "The job is deterministic; an agent is not, even at temperature 0.",
        "all trials of every repeated case alike: the job's each time, the agent's not each time",
        ("success", "job's success"),
        evidence.deterministic,
    ),
    (
        "When the data's shape changes, the job breaks and the agent adapts.",
        "both as they were on the same cases in another shape: breaking is losing 10 points or "
        "more for certain, adapting is being sure to lose fewer",
        ("success", "job's success"),
        changes.shape,
    ),
    (
        "When rules change, the agent needs a prompt change and the job a deployment.",
        "cases made to show changed rules, before and after the repair: each has to gain by its "
        "own repair for certain",
        ("success", "job's success"),
        changes.rules,
    ),
    (
        "An agent needs an unambiguous win condition and a step limit, or it may loop.",
        "trials stopped for loops or at the step limit: one is enough",
        ("success",),
        evidence.loops,
    ),
    (
        "A hybrid with about 1 % of cases sent to the agent keeps the job's cost and gains the "
        "agent's reach.",
        "processing adds at most a tenth to what the job costs a month; more right where rules do "
        "not reach, p below 0.05 (paired)",
        ("success", "dollars", "economics.toml", "mix"),
        evidence.hybrid,
    ),
    (
        "The agent pays when human time to build and maintain the job exceeds the token cost.",
        "whether the agent is cheaper in total at some rate of changes up to 100 a month, by the "
        "interval",
        ("success", "dollars", "economics.toml", "mix"),
        evidence.pays,
    ),
    (
        "For logic with many edge cases the agent may be cleaner and less error-prone.",
        "fewer wrong among exceptional cases, p below 0.05 (paired; a deferral is no error)",
        ("success", "job's success"),
        evidence.edge_cases,
    ),
)
"""What was said, how it is tested (the thresholds are our choice), which groups of figures that
rests on, and the test."""

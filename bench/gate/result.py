"""What a comparison says, as plain data; written to ``gate.json`` as it stands."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from bench.analysis.documented import Documented
from bench.gate.baseline import Baseline
from bench.gate.settings import GateSettings
from bench.types import Json, Provenance

SCHEMA_VERSION = 1


class Verdict(enum.StrEnum):
    """The five things that a comparison can say."""

    REGRESSION = "regression"
    IMPROVED = "improved"
    NO_EVIDENCE = "no evidence"
    """A loss that matters is excluded."""
    INCONCLUSIVE = "inconclusive"
    NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True, slots=True)
class Difference(Documented):
    """Something besides prompt and policy that differs between the sides."""

    what: str
    """What differs."""
    base: str
    """What it is on the base side."""
    head: str
    """What it is on the head side."""


@dataclass(frozen=True, slots=True)
class Metric(Documented):
    """One metric of a comparison."""

    name: str
    """As in the settings, or `dollars_billed`."""
    gated: bool
    """Whether it decides; else it is advice."""
    kind: str
    """`share`: base, head are shares and change is their difference. `ratio`: they are amounts a
    case and change is relative to base."""
    unit: str
    """Of base and head."""
    base: float | None
    """Figure of the base side, every stratum counting the same."""
    head: float | None
    """Figure of the head side."""
    change: float | None
    """Difference of shares, or relative change. For `strata` that of the stratum behind it."""
    low: float | None
    """Lower end of the change's interval; its confidence is 1 − alpha."""
    high: float | None
    """Upper end of the change's interval."""
    least: float
    """The smallest change that matters, of the same kind as change."""
    excluded: float
    """The loss that has to be excluded for *no evidence*, of the same kind as change."""
    pairs: int
    """Cases that it rests on."""
    test: str | None
    """How p was worked out; null where no chance is involved or nothing could be tested."""
    p: float | None
    """Probability of at least such a change if the sides differed by chance alone."""
    p_adjusted: float | None
    """p after Holm's correction over all gated metrics of the comparison of the runs; for advice
    the same as p."""
    verdict: Verdict | None
    """Null where the metric says nothing here; reason says why."""
    more_cases: int | None
    """For an inconclusive one: cases still needed, if they turn out like those so far; null if no
    number of cases would decide, or more than 100,000."""
    provenance: Provenance | None
    """The weaker one of the two sides."""
    reason: str | None
    """Why there is no figure, or why the verdict is held back."""


@dataclass(frozen=True, slots=True)
class StratumChange(Documented):
    """Success in one stratum."""

    name: str
    """Name of the stratum."""
    title: str
    """What it is."""
    pairs: int
    """Cases on both sides."""
    base: float
    """Share that passes on the base side."""
    head: float
    """Share that passes on the head side."""
    change: float
    """head − base."""
    low: float
    """Lower end of the change's interval, not corrected for the number of strata."""
    high: float
    """Upper end of it."""
    p: float | None
    """One-sided, for a loss; null where so few cases could show none."""
    p_adjusted: float | None
    """After Holm's correction over the strata."""
    collapsed: bool
    """A loss that matters for a stratum, significant after all corrections."""


@dataclass(frozen=True, slots=True)
class Flip(Documented):
    """A case whose share of passing repeats differs."""

    case: str
    """Id of the case."""
    stratum: str
    """Its stratum."""
    base: float
    """Share of repeats that pass on the base side."""
    head: float
    """Share of repeats that pass on the head side."""
    base_trial: str
    """Id of a trial of the base run that shows it."""
    head_trial: str
    """Id of the same repeat in the head run."""
    reason: str
    """What was wrong in the one that did not pass."""


@dataclass(frozen=True, slots=True)
class Spent(Documented):
    """What one side cost, trials broken by the infrastructure included."""

    trials: int
    """Trials of this approach and model."""
    infrastructure: int
    """Of them broken by the provider or the harness, and left out of all metrics."""
    tokens: int | None
    """All tokens; null if a trial's are unknown."""
    usd: float | None
    """API dollars as billed; null if unknown."""
    usd_cold: float | None
    """API dollars as if no prompt had been cached."""


@dataclass(frozen=True, slots=True)
class Seen(Documented):
    """How often a loss of some size would be called a regression."""

    drop: float
    """True loss of success: a difference of shares."""
    rate: float
    """Share of the simulated comparisons in which it was called a regression."""


@dataclass(frozen=True, slots=True)
class Calibration(Documented):
    """What a comparison of this size can be trusted with: the self-test for its own cases."""

    simulated: int
    """Comparisons behind each rate."""
    cases: int
    """On each side; of a comparison that stops when it is decided, at most."""
    wavering: float
    """Share of cases that two executions of the same prompt decide otherwise, as seen here."""
    false_alarms: float
    """Share called a regression or an improvement although nothing had changed."""
    seen: tuple[Seen, ...]
    """For losses of twice and four times what matters, where so much can be lost."""
    provenance: Provenance = "modelled"
    """Of the rates."""


@dataclass(frozen=True, slots=True)
class Comparison(Documented):
    """One scenario, approach and model on both sides."""

    scenario: str
    """Name of the scenario."""
    approach: str
    """Name of the approach."""
    model: str | None
    """Name of the model; null for the job."""
    verdict: Verdict
    """Of all gated metrics together; any regression wins."""
    sentence: str
    """The verdict in one line, with its grounds."""
    more_cases: int | None
    """For an inconclusive one: cases still needed; null if no number is known that would do."""
    changed: tuple[str, ...]
    """Which of `prompt` and `policy` differ."""
    differences: tuple[Difference, ...]
    """What else differs, and should not."""
    notices: tuple[str, ...]
    """What a reader has to know before believing it."""
    pairs: int
    """Cases compared."""
    base: Spent
    """What the base side cost."""
    head: Spent
    """What the head side cost."""
    metrics: tuple[Metric, ...]
    """Gated ones first."""
    strata: tuple[StratumChange, ...]
    """In the scenario's order."""
    flips: tuple[Flip, ...]
    """Cases lost first."""
    calibration: Calibration | None = None
    """Null where success was not measured, or nothing was simulated."""


@dataclass(frozen=True, slots=True)
class SideInfo(Documented):
    """Which run a side is."""

    run: str
    """Name of the run's folder."""
    created: str
    """When it was started: ISO 8601, UTC."""
    git_commit: str | None
    """Commit of the program and its prompts."""
    git_dirty: bool | None
    """Whether the working tree differed from it."""
    snapshots: Json
    """Model → the names under which the provider answered."""
    key: str
    """Hash of everything that has to be equal for a comparison; prompt and policy are no part."""
    baseline: Baseline | None
    """Who blessed it, if the side is a baseline."""
    database: Json = field(default_factory=dict)
    """`engine` and `version` of what held the trials' databases; empty where the run does not
    say."""


@dataclass(frozen=True, slots=True)
class Gate(Documented):
    """The comparison of two runs."""

    schema_version: int
    """Raised when the meaning of a field changes; new fields do not raise it."""
    verdict: Verdict
    """Of all comparisons together; any regression wins."""
    sentence: str
    """The verdict in one line."""
    base: SideInfo
    """The run before the change."""
    head: SideInfo
    """The run after the change."""
    settings: GateSettings
    """What it was held to."""
    sequential: bool
    """Whether cases were drawn until the answer was clear, and tests are used that allow it."""
    tests: int
    """Gated metrics that share the chance of a false alarm."""
    comparisons: tuple[Comparison, ...]
    """One for each scenario, approach and model."""

"""The shape of ``summary.json``: every figure of a run, with where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.analysis.agreement import Agreement, Dispute
from bench.analysis.assumptions import Assumptions
from bench.analysis.attacks import Attack, Attacked
from bench.analysis.claims import Claim
from bench.analysis.decision import Decision
from bench.analysis.determinism import Determinism
from bench.analysis.documented import Documented
from bench.analysis.dollars import DollarKind
from bench.analysis.drift import Drifted, Repair
from bench.analysis.failures import Failure
from bench.analysis.foresight import Foresight
from bench.analysis.guards import Guarded
from bench.analysis.pairs import Pairs
from bench.analysis.projection import Projection
from bench.analysis.queries import Queries
from bench.analysis.scaling import Curve
from bench.analysis.steps import Steps
from bench.types import Json, Provenance

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class RowProvenance(Documented):
    """Where each group of a row's figures comes from: the weakest kind among its trials. None
    where the group has no figure."""

    success: Provenance | None
    """Of success, deferred, failed, reviewed, flag_rate and the determinism figures."""
    tokens: Provenance | None
    """Of the tokens."""
    dollars: Provenance | None
    """Of everything in dollars."""
    time: Provenance | None
    """Of seconds and of records_per_s."""


@dataclass(frozen=True, slots=True)
class Row(Documented):
    """One scenario × approach × model × stratum. Null is unknown, never zero; ``reasons`` says
    why. Shares lie between 0 and 1 and count records, unless stated otherwise."""

    scenario: str
    """Name of the scenario."""
    approach: str
    """Name of the approach."""
    model: str | None
    """Name of the model; null for approaches that use none."""
    stratum: str
    """Name of the stratum; ``all`` for the sample as drawn (drifted and hostile cases left out,
    or those with the row's drift), ``mix`` for the sample re-weighted to the production mix."""
    drift: str
    """``none``, ``shape``, ``rules``, or ``rules_repaired``: the rules have changed, and job,
    policy and tools with them."""
    baseline: bool
    """A yardstick that handles every record alike, without thought."""
    cases: int
    """Cases with at least one usable trial."""
    trials: int
    """Usable trials: all but those broken by the infrastructure."""
    infrastructure: int
    """Trials broken by the provider or the harness: left out of every share and mean."""
    records: int
    """Records of the usable trials, repeats included."""
    repeats: int
    """Trials planned for each case that was chosen to be repeated."""
    repeated_cases: int
    """Cases on which determinism was measured: those with that many usable trials."""
    mix_covered: float | None
    """For ``mix``: the part of the production mix whose strata this row has trials of; null for
    other strata. The interval of success takes the rest as unknown, other figures leave it out."""
    success: float | None
    """Share that came out right. Repeats of a case are averaged first."""
    success_low: float | None
    """Lower end of the 95 % interval of success."""
    success_high: float | None
    """Upper end of the 95 % interval of success."""
    deferred: float | None
    """Share left to a human although it was decidable."""
    failed: float | None
    """Share that came out wrong."""
    reviewed: float | None
    """Share that a human has to look at, rightly or not."""
    flag_rate: float | None
    """Share that the job part of a hybrid handed on; null for other approaches."""
    trial_success: float | None
    """Share of cases, repeats averaged, in which nothing was wrong or deferred."""
    tokens_in: int | None
    """Prompt tokens of all trials, broken ones included."""
    tokens_cached: int | None
    """Of those, taken from a prompt cache."""
    tokens_out: int | None
    """Generated tokens of all trials."""
    tokens_in_per_record: float | None
    """Mean of usable trials; re-weighted for ``mix``, like every figure per record."""
    tokens_cached_per_record: float | None
    """Likewise, for the cached part."""
    tokens_out_per_record: float | None
    """Likewise, for generated tokens."""
    usd_kind: DollarKind
    """``api``: paid to a provider. ``compute``: working time of a machine at an assumed price."""
    usd: float | None
    """Dollars of all trials, broken ones included."""
    usd_per_1k_records: float | None
    """Dollars for 1,000 records."""
    usd_trials: int
    """Usable trials that the dollars a record rest on. Fewer than ``trials`` where a job's repeats
    are left to its calibrated rounds, and in an imported run where some dollars are unknown."""
    tokens_trials: int
    """Likewise for tokens a record."""
    usd_low: float | None
    """Lower end of the 95 % interval of usd_per_1k_records (corrected for skewness)."""
    usd_high: float | None
    """Upper end of it."""
    cost_per_success: float | None
    """Dollars per record that passes, failed ones paid for. Null with a reason if infinite."""
    time_observations: int
    """Trials whose time was measured; for a job, cases timed in calibrated rounds."""
    p50_s: float | None
    """Median working seconds of a trial; for a job, of the calibrated medians of its cases."""
    p90_s: float | None
    """90th percentile; null below 29 observations."""
    p95_s: float | None
    """95th percentile; null below 59 observations."""
    p99_s: float | None
    """99th percentile; null below 299 observations."""
    records_per_s: float | None
    """Records ÷ working seconds, one case after another."""
    determinism_outcome: float | None
    """Share of repeated cases whose trials all decided alike (TARa@N)."""
    determinism_state: float | None
    """Share of repeated cases whose trials all left the same database."""
    provenance: RowProvenance
    """Where the figures come from."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Field → why it is null."""


@dataclass(frozen=True, slots=True)
class Batch(Documented):
    """The job on one large batch of ordinary records."""

    scenario: str
    """Name of the scenario."""
    records: int
    """Size of the batch."""
    rounds: int
    """How often it was timed, each time from a fresh database."""
    seconds: float
    """Median over the rounds; measured."""
    records_per_s: float
    """records ÷ seconds."""
    usd: float
    """Compute dollars of one round, at the assumed price of a machine hour."""
    passed: int
    """Records that came out right."""
    deferred: int
    """Records left to a human although decidable."""
    failed: int
    """Records that came out wrong."""
    unknown: int = 0
    """Records of which nobody said what is right."""


@dataclass(frozen=True, slots=True)
class StratumInfo(Documented):
    """A kind of case."""

    name: str
    """As in the rows."""
    title: str
    """One line on what arrives and what is right."""
    ordinary: bool
    """Belongs to the everyday bulk."""
    free_text: bool
    """The deciding fact stands in prose, out of reach for rules."""
    drift: str
    """``none``, ``shape`` or ``rules``."""
    weight: float
    """Share of records in the production mix."""
    cases: int
    """Cases in this run; 0 is a stratum left unmeasured."""
    hostile: bool = False
    """Holds attacks on the model, or their neutral twins."""


@dataclass(frozen=True, slots=True)
class ScenarioInfo(Documented):
    """A scenario as it was run."""

    name: str
    """As in the rows."""
    version: str
    """Raised when the same seed would give other cases."""
    strata: tuple[StratumInfo, ...]
    """All of them, measured or not."""
    mix_covered: float
    """Share of the production mix (of records) whose strata have cases in this run."""
    unmeasured: tuple[str, ...]
    """Names of the strata without a case."""
    hashes: Mapping[str, str]
    """Of data, prompt, policy and tools."""
    prompt_tokens: int | None
    """Static tokens of prompt and tools; counted."""
    own: bool = False
    """The records are the user's own, so that they are the mix."""
    judged: bool = True
    """Whether somebody said what is right. Otherwise success, deferrals and errors are null,
    nothing is recommended, and ``agreements`` and ``disputes`` stand instead."""


@dataclass(frozen=True, slots=True)
class ModelInfo(Documented):
    """A model as it was run."""

    name: str
    """As in the rows."""
    protocol: str
    """How it calls tools."""
    provenance: Provenance
    """Of what it does: measured for a real model."""
    usd_kind: DollarKind
    """Which money it costs."""
    identity: Mapping[str, Json]
    """What determines its answers: file hash, sampling …"""


@dataclass(frozen=True, slots=True)
class Notice(Documented):
    """A sentence that a reader must know before believing the figures."""

    scenario: str | None
    """The scenario that it is about; null for the whole run."""
    text: str
    """The sentence."""


@dataclass(frozen=True, slots=True)
class Summary(Documented):
    """All figures of one run."""

    schema_version: int
    """Raised when the meaning of a field changes; new fields do not raise it."""
    run: str
    """Name of the run's folder."""
    created: str
    """When it was started: ISO 8601, UTC."""
    finished: bool
    """Whether the plan was carried out to its end."""
    trials: int
    """Trials on record."""
    planned_trials: int
    """Trials of the plan."""
    lost_calls: int
    """Model calls of attempts that were killed before their trial was complete."""
    command: str
    """How to repeat it."""
    git_commit: str | None
    """Commit of the program."""
    git_dirty: bool | None
    """Whether the working tree differed from it."""
    seed: int
    """Of the generated data."""
    temperature: float
    """Of the models' sampling."""
    repeats: int
    """Trials of each case chosen to be repeated."""
    concurrency: int
    """Trials at once, as run."""
    rpm: int | None
    """Requests a minute that each hosted model was allowed; null without a limit."""
    tpm: int | None
    """Tokens a minute, likewise."""
    usd_per_machine_hour: float
    """Price at which working time becomes compute dollars; assumed."""
    machine: Mapping[str, Json]
    """What it ran on."""
    versions: Mapping[str, str]
    """Of the software."""
    price_table: Mapping[str, Json]
    """Which list prices were used."""
    models: tuple[ModelInfo, ...]
    """In the order of the command."""
    scenarios: tuple[ScenarioInfo, ...]
    """In the order of the command."""
    rows: tuple[Row, ...]
    """For each scenario × approach × model: ``mix``, ``all``, then the strata."""
    batches: tuple[Batch, ...]
    """The job in bulk."""
    determinism: tuple[Determinism, ...]
    """Agreement over repeats, for each scenario × approach × model."""
    steps: tuple[Steps, ...]
    """Model calls, for each scenario × approach × model."""
    failures: tuple[Failure, ...]
    """The most frequent causes of failure, for each scenario × approach × model."""
    notices: tuple[Notice, ...]
    """What a reader must know before believing the figures."""
    provenances: Mapping[Provenance, str]
    """What the words for provenance mean."""
    notes: tuple[str, ...] = ()
    """What the runner noted."""
    assumptions: Assumptions | None = None
    """What ``decisions`` rests on beside the run: ``economics.toml``."""
    decisions: tuple[Decision, ...] = ()
    """What should be built, for each scenario."""
    claims: tuple[Claim, ...] = ()
    """The scorecard, for each scenario × model that ran as agent."""
    curves: tuple[Curve, ...] = ()
    """How time, tokens and dollars grow along the parameter of ``--sweep``."""
    projections: tuple[Projection, ...] = ()
    """What 10,000 and 1,000,000 records would take."""
    imported: tuple[str, ...] = ()
    """The formats of the files that the run was made from; empty for a run of this program's. An
    imported run has no decision and no claims, and its means of dollars and tokens are over the
    trials that have them."""
    agreements: tuple[Agreement, ...] = ()
    """On a user's own records: how often each pair of approaches decided alike."""
    disputes: tuple[Dispute, ...] = ()
    """The records of those on which they did not."""
    redacted: bool = False
    """Keyed hashes stand for what was said and decided."""
    drifted: tuple[Drifted, ...] = ()
    """Before and after a change of the world, for each scenario × approach × model."""
    repairs: tuple[Repair, ...] = ()
    """The size of the repair that a change of the rules called for."""
    guards: bool = True
    """Whether tools refused provably wrong acts; false for a run with --no-guards."""
    guarded: tuple[Guarded, ...] = ()
    """Mistakes that guards stopped and that they did not, for each scenario × approach × model."""
    attacked: tuple[Attacked, ...] = ()
    """What became of attacks, for each scenario × approach × model."""
    attacks: tuple[Attack, ...] = ()
    """Each attack on each approach × model."""
    pairs: tuple[Pairs, ...] = ()
    """How well records were put to those on file, for each approach × model of a scenario in which
    that is the question."""
    forecasts: tuple[Foresight, ...] = ()
    """The forecast made before the run and its error, for each hosted model."""
    database: Mapping[str, str] = field(default_factory=dict)
    """``engine`` and ``version`` of what held the trials' databases; empty in older runs."""
    queries: tuple[Queries, ...] = ()
    """How long each tool, and the job, waited for the database."""

"""Do the same case and the same request come out the same? Agreement over repeats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.analysis.documented import Documented
from bench.analysis.repeats import Spread, differing_pair, edit_similarity, spread
from bench.analysis.samples import by_case, usable
from bench.analysis.statistics import Interval, consistency, pass_hat_k, wilson
from bench.types import Trial


@dataclass(frozen=True, slots=True)
class Agreement(Documented):
    """Share of repeated cases whose trials all agree, with Wilson's interval."""

    share: float
    """Of the cases with N usable trials."""
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end of the 95 % interval."""


@dataclass(frozen=True, slots=True)
class StratumAgreement(Documented):
    """How many of a stratum's repeated cases agree. Too few for an interval, mostly: counts."""

    stratum: str
    """Name of the stratum."""
    cases: int
    """Its cases with N usable trials."""
    outcome: int
    """Of them, cases whose trials all decided alike."""
    raw: int
    """Likewise, the same raw output."""
    tools: int
    """Likewise, the same tool sequence."""
    state: int | None
    """Likewise, the same final state; null where that is not on record."""


@dataclass(frozen=True, slots=True)
class DifferingCase(Documented):
    """Two trials of one case that came out differently."""

    case: str
    """Id of the case."""
    stratum: str
    """Its stratum."""
    first: str
    """Id of a trial."""
    second: str
    """Id of another trial of the same case that differs."""
    differs: tuple[str, ...]
    """In what: ``outcome``, ``raw``, ``tools``, ``state``."""


@dataclass(frozen=True, slots=True)
class Determinism(Documented):
    """Agreement of all N trials of a case, over the cases that have N. All strata together."""

    scenario: str
    """Name of the scenario."""
    approach: str
    """Name of the approach."""
    model: str | None
    """Name of the model; null for approaches that use none."""
    repeats: int
    """N."""
    cases: int
    """Cases with N usable trials."""
    incomplete: int
    """Cases that were to have N, but whose trials are missing or broken by the infrastructure."""
    outcome: Agreement | None
    """The records' decisions: TARa@N."""
    raw: Agreement | None
    """The model's texts and calls, or the job's decision log: TARr@N."""
    tools: Agreement | None
    """Tool names and arguments in order, or the job's database writes."""
    state: Agreement | None
    """The business tables after the trial."""
    consistency: float | None
    """1 − 4c(n−c)/(n(n−1)), mean over cases: 1 if a case always or never passes."""
    pass_hat: dict[int, float]
    """k → pass^k, the chance that k trials of a case all pass."""
    reason: str | None
    """Why there is no figure."""
    edit_similarity: float | None = None
    """1 − edit distance ÷ length of two trials' tool sequences, mean over the pairs of trials of a
    case, then over cases: 1 for equal trajectories."""
    token_spread: Spread | None = None
    """Of the tokens between trials of a case; null where nothing used tokens."""
    time_spread: Spread | None = None
    """Of the working seconds between trials of a case; null for approaches without a model, whose
    time is taken in calibrated rounds instead."""
    strata: tuple[StratumAgreement, ...] = ()
    """The same agreement by stratum."""
    differing: tuple[DifferingCase, ...] = ()
    """The cases whose trials do not all agree in raw output, with two trials that differ."""


def determinism(trials: Sequence[Trial], repeats: int) -> Determinism:
    """Compare the trials of each case of one approach with one model; ``repeats`` is N."""
    if repeats < 2:
        return _nothing(trials[0], repeats, 0, "no case was repeated")
    planned = [case for case in by_case(trials) if len(case) > 1 or case[0].repeat > 0]
    complete = [sound for case in planned if len(sound := usable(case)) >= repeats]
    missing = len(planned) - len(complete)
    claimed = {trial.provenance.success for case in complete for trial in case}
    if claimed - {"measured"}:
        kinds = " and ".join(sorted(claimed - {"measured"}))
        return _nothing(
            trials[0], repeats, missing, f"{kinds} trials say nothing about determinism"
        )
    if not complete:
        return _nothing(trials[0], repeats, missing, f"no case with {repeats} usable trials")
    judged = not any(trial.unknown for case in complete for trial in case)
    counts = [(sum(t.status == "pass" for t in case), len(case)) for case in complete if judged]
    return Determinism(
        scenario=trials[0].scenario,
        approach=trials[0].approach,
        model=trials[0].model,
        repeats=repeats,
        cases=len(complete),
        incomplete=missing,
        outcome=_agreement(complete, LOOKS["outcome"]),
        raw=_agreement(complete, LOOKS["raw"]),
        tools=_agreement(complete, LOOKS["tools"]),
        state=_agreement(complete, LOOKS["state"]) if _known(complete, LOOKS["state"]) else None,
        consistency=consistency(counts),
        pass_hat={
            k: value for k in range(1, repeats + 1) if (value := pass_hat_k(counts, k)) is not None
        },
        reason=None,
        edit_similarity=edit_similarity(complete),
        token_spread=spread(complete, lambda trial: trial.usage.total),
        time_spread=(
            None if trials[0].model is None else spread(complete, lambda trial: trial.working_s)
        ),
        strata=tuple(_by_stratum(complete)),
        differing=tuple(_differing(complete)),
    )


LOOKS: dict[str, Callable[[Trial], str]] = {
    "outcome": lambda trial: trial.outcome_hash,
    "raw": lambda trial: trial.raw_hash,
    "tools": lambda trial: trial.tool_sequence_hash,
    "state": lambda trial: trial.state_hash,
}
"""The four respects in which trials can agree, and what is compared."""


def _known(cases: Sequence[Sequence[Trial]], look: Callable[[Trial], str]) -> bool:
    """Whether it is on record: files of others hold no final state."""
    return all(look(trial) for case in cases for trial in case)


def _agree(cases: Sequence[Sequence[Trial]], look: Callable[[Trial], str]) -> int:
    return sum(len({look(trial) for trial in case}) == 1 for case in cases)


def _by_stratum(cases: Sequence[Sequence[Trial]]) -> Iterator[StratumAgreement]:
    for stratum in sorted({case[0].stratum for case in cases}):
        found = [case for case in cases if case[0].stratum == stratum]
        outcome, raw, tools, _ = (_agree(found, look) for look in LOOKS.values())
        state = _agree(found, LOOKS["state"]) if _known(found, LOOKS["state"]) else None
        yield StratumAgreement(stratum, len(found), outcome, raw, tools, state)


def _differing(cases: Sequence[Sequence[Trial]]) -> Iterator[DifferingCase]:
    for case in cases:
        pair = differing_pair(case, tuple(LOOKS.values()))
        if pair is not None:
            first, second = pair
            differs = tuple(n for n, look in LOOKS.items() if look(first) != look(second))
            yield DifferingCase(first.case, first.stratum, first.id, second.id, differs)


def _agreement(cases: Sequence[Sequence[Trial]], look: Callable[[Trial], str]) -> Agreement:
    share = _agree(cases, look) / len(cases)
    interval = wilson(share, len(cases)) or Interval(0.0, 1.0)
    return Agreement(share, interval.low, interval.high)


def _nothing(trial: Trial, repeats: int, incomplete: int, reason: str) -> Determinism:
    return Determinism(
        scenario=trial.scenario,
        approach=trial.approach,
        model=trial.model,
        repeats=repeats,
        cases=0,
        incomplete=incomplete,
        outcome=None,
        raw=None,
        tools=None,
        state=None,
        consistency=None,
        pass_hat={},
        reason=reason,
    )

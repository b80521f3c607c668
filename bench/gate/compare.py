"""Compares two runs, scenario by scenario, approach by approach, model by model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from bench.analysis.significance import holm
from bench.errors import BenchError
from bench.gate import always, metrics, provider
from bench.gate.comparable import Side, differences, engines_differ, key
from bench.gate.flips import flips
from bench.gate.metrics import Measured
from bench.gate.pairs import Pair, pair_up
from bench.gate.result import (
    SCHEMA_VERSION,
    Comparison,
    Difference,
    Gate,
    SideInfo,
    Spent,
    StratumChange,
    Verdict,
)
from bench.gate.sentences import notices, on_gate, sentence
from bench.gate.sequential import check, look
from bench.gate.settings import GateSettings
from bench.gate.strata import StratumMeasured, collapsed_strata, measure_strata, worst_stratum
from bench.gate.verdict import counts_as_test, judge, more_cases, overall
from bench.types import Cause, Trial

APPROACHES = ("agent", "hybrid")
"""What a prompt changes, so what is compared unless asked otherwise."""


@dataclass(frozen=True)
class Wanted:
    """What to compare; empty is everything, for approaches those that use a prompt."""

    scenarios: tuple[str, ...] = ()
    approaches: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


@dataclass
class _Draft:
    """A comparison before it is judged: Holm's correction needs all of them first."""

    scenario: str
    approach: str
    model: str | None
    base: list[Trial]
    head: list[Trial]
    differences: list[Difference]
    pairs: list[Pair] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    strata: list[StratumMeasured] = field(default_factory=list)

    def key(self, metric: str) -> str:
        return f"{self.scenario}/{self.approach}/{self.model}/{metric}"


def compare(base: Side, head: Side, settings: GateSettings, wanted: Wanted | None = None) -> Gate:
    """Compare ``head`` with ``base``. Raises ``BenchError`` if there is nothing to compare."""
    wanted = wanted or Wanted()
    drafts = [_draft(base, head, name, settings) for name in _names(base, head, wanted)]
    if base.run.manifest.sequential or head.run.manifest.sequential:
        check(settings)
        adjusted: dict[str, float] = {}
        for draft in drafts:
            if draft.pairs and not draft.differences:
                plan = (base if base.run.manifest.sequential else head).scenarios[draft.scenario]
                found = look(draft.pairs, plan, settings, len(drafts))
                draft.strata = always.strata(draft.strata, found)
                draft.measured, p = always.metrics(draft.measured, draft.strata, found)
                if _broken(draft, settings) is None:
                    adjusted |= {draft.key(name): value for name, value in p.items()}
    else:
        adjusted = holm(_p_values(drafts, settings))
    comparisons = tuple(_judged(draft, base, head, settings, adjusted) for draft in drafts)
    verdict = overall(each.verdict for each in comparisons) or Verdict.NOT_COMPARABLE
    return Gate(
        schema_version=SCHEMA_VERSION,
        verdict=verdict,
        sentence=on_gate(verdict, comparisons),
        base=_info(base),
        head=_info(head),
        settings=settings,
        sequential=base.run.manifest.sequential or head.run.manifest.sequential,
        tests=len(adjusted),
        comparisons=comparisons,
    )


def _p_values(drafts: Sequence[_Draft], settings: GateSettings) -> dict[str, float]:
    return {
        draft.key(measured.name): measured.p
        for draft in drafts
        for measured in draft.measured
        if counts_as_test(measured, settings)
        and measured.p is not None
        and _broken(draft, settings) is None
    }


def _names(base: Side, head: Side, wanted: Wanted) -> list[tuple[str, str, str | None]]:
    there = dict.fromkeys(
        (trial.scenario, trial.approach, trial.model)
        for side in (base, head)
        for trial in side.run.trials
    )
    for kind, asked, position in (
        ("scenario", wanted.scenarios, 0),
        ("approach", wanted.approaches, 1),
        ("model", wanted.models, 2),
    ):
        _check(kind, asked, {name[position] for name in there})
    approaches = wanted.approaches or APPROACHES
    found = [
        name
        for name in there
        if name[1] in approaches
        and (not wanted.scenarios or name[0] in wanted.scenarios)
        and (not wanted.models or name[2] in (*wanted.models, None))
    ]
    if not found:
        raise BenchError(
            f"neither run holds trials of {' or '.join(approaches)} to compare; "
            "choose with --approach, or run them with 'bench run'"
        )
    return sorted(found, key=lambda name: (name[0], name[1], name[2] or ""))


def _check(kind: str, asked: Sequence[str], there: Collection[str | None]) -> None:
    for name in asked:
        if name not in there:
            known = ", ".join(sorted(each for each in there if each is not None))
            raise BenchError(f"neither run holds the {kind} {name!r}; there are {known or 'none'}")


def _draft(
    base: Side, head: Side, name: tuple[str, str, str | None], settings: GateSettings
) -> _Draft:
    scenario, approach, model = name
    one, other = (
        [t for t in side.run.trials if (t.scenario, t.approach, t.model) == name]
        for side in (base, head)
    )
    draft = _Draft(scenario, approach, model, one, other, differences=[])
    if not one or not other:
        what = f"{scenario}, {approach}" + (f" with {model}" if model else "")
        told = ["there" if each else "not in this run" for each in (one, other)]
        draft.differences = [Difference(what, *told)]
        return draft
    draft.differences = differences(base, head, scenario, model)
    draft.pairs = pair_up(one, other)
    if draft.differences or not draft.pairs:
        return draft
    level = settings.confidence
    whole = metrics.success(draft.pairs, level)
    draft.strata = measure_strata(draft.pairs, settings.alpha, settings.rules["strata"].excluded)
    draft.measured = [
        whole,
        worst_stratum(draft.strata, settings.rules["strata"], whole),
        metrics.tokens(draft.pairs, level),
        metrics.dollars(draft.pairs, level, billed=False),
        metrics.prompt_tokens(
            base.scenarios[scenario].prompt_tokens,
            head.scenarios[scenario].prompt_tokens,
            used=model is not None,
        ),
        metrics.latency(draft.pairs, level, one_engine=not engines_differ(base, head)),
        metrics.determinism(draft.pairs, level),
        metrics.dollars(draft.pairs, level, billed=True),
    ]
    return draft


def _judged(
    draft: _Draft, base: Side, head: Side, settings: GateSettings, adjusted: dict[str, float]
) -> Comparison:
    judged = tuple(
        sorted(
            (
                judge(
                    measured,
                    settings,
                    adjusted,
                    key=draft.key(measured.name),
                    tests=len(adjusted),
                    broken=_broken(draft, settings),
                )
                for measured in draft.measured
            ),
            key=lambda metric: not metric.gated,
        )
    )
    verdict = overall(metric.verdict for metric in judged if metric.gated)
    if draft.differences or not draft.pairs:
        verdict = Verdict.NOT_COMPARABLE
    verdict = verdict or Verdict.INCONCLUSIVE
    strata = _strata(draft, base, settings, adjusted)
    changed = _changed(draft, base, head)
    return Comparison(
        scenario=draft.scenario,
        approach=draft.approach,
        model=draft.model,
        verdict=verdict,
        sentence=sentence(verdict, judged, strata, draft.differences),
        more_cases=more_cases(judged) if verdict is Verdict.INCONCLUSIVE else None,
        changed=changed,
        differences=tuple(draft.differences),
        notices=(
            *notices(base, head, draft.model, draft.pairs),
            *provider.notices(
                base, head, draft.model, changed, verdict, draft.differences, settings
            ),
        ),
        pairs=len(draft.pairs),
        base=_spent(draft.base),
        head=_spent(draft.head),
        metrics=judged,
        strata=strata,
        flips=tuple(flips(draft.pairs)) if not draft.differences else (),
    )


def _broken(draft: _Draft, settings: GateSettings) -> str | None:
    for side, trials in (("base", draft.base), ("head", draft.head)):
        broken = sum(trial.cause is Cause.INFRASTRUCTURE for trial in trials)
        if broken > settings.infrastructure * len(trials):
            return (
                f"{broken} of {len(trials)} trials of {side} were broken by the provider or the "
                f"harness, more than {settings.infrastructure:.0%}"
            )
    return None


def _strata(
    draft: _Draft, base: Side, settings: GateSettings, adjusted: dict[str, float]
) -> tuple[StratumChange, ...]:
    whole = next((each for each in draft.measured if each.name == "strata"), None)
    fallen: set[str] = set()
    if whole is not None and not whole.held_back and _broken(draft, settings) is None:
        least, p = settings.rules["strata"].least, adjusted.get(draft.key("strata"), whole.p)
        fallen = collapsed_strata(draft.strata, least, settings.alpha, whole.p, p)
    found = {stratum.name: stratum for stratum in draft.strata}
    plans = base.scenarios[draft.scenario].strata if found else ()
    return tuple(
        StratumChange(
            name=plan.name,
            title=plan.title,
            pairs=measured.pairs,
            base=measured.base,
            head=measured.head,
            change=measured.change,
            low=measured.interval.low,
            high=measured.interval.high,
            p=measured.p,
            p_adjusted=measured.p_adjusted,
            collapsed=plan.name in fallen,
        )
        for plan in plans
        if (measured := found.get(plan.name)) is not None
    )


def _changed(draft: _Draft, base: Side, head: Side) -> tuple[str, ...]:
    plans = [side.scenarios.get(draft.scenario) for side in (base, head)]
    one, other = plans
    if one is None or other is None:
        return ()
    return tuple(
        what
        for what, before, after in (
            ("prompt", one.prompt_hash, other.prompt_hash),
            ("policy", one.policy_hash, other.policy_hash),
        )
        if before != after
    )


def _spent(trials: Sequence[Trial]) -> Spent:
    tokens = _total([trial.usage.total for trial in trials])
    return Spent(
        trials=len(trials),
        infrastructure=sum(trial.cause is Cause.INFRASTRUCTURE for trial in trials),
        tokens=None if tokens is None else round(tokens),
        usd=_total([trial.dollars.api for trial in trials]),
        usd_cold=_total([trial.dollars.api_cold for trial in trials]),
    )


def _total(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _info(side: Side) -> SideInfo:
    manifest = side.run.manifest
    return SideInfo(
        run=manifest.run,
        created=manifest.created,
        git_commit=manifest.git_commit,
        git_dirty=manifest.git_dirty,
        snapshots={model: list(names) for model, names in side.snapshots.items()},
        key=key(side),
        baseline=side.baseline,
        database=dict(manifest.database),
    )

"""From measured metrics to a verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from bench.analysis.paired import FEWEST, TOLERANCE, cases_needed, never_firmer
from bench.analysis.statistics import Interval
from bench.gate.metrics import Measured
from bench.gate.result import Metric, Verdict
from bench.gate.settings import GateSettings, Rule

EXIT_CODES = {
    Verdict.REGRESSION: 1,
    Verdict.IMPROVED: 0,
    Verdict.NO_EVIDENCE: 0,
    Verdict.INCONCLUSIVE: 3,
    Verdict.NOT_COMPARABLE: 3,
}

GRAVEST_FIRST = (
    Verdict.REGRESSION,
    Verdict.NOT_COMPARABLE,
    Verdict.INCONCLUSIVE,
    Verdict.IMPROVED,
    Verdict.NO_EVIDENCE,
)
"""Any regression wins; what is not known comes before what is good."""

GAINS_UPWARDS = {"success", "strata", "determinism"}


def exit_code(verdict: Verdict, *, inconclusive_ok: bool) -> int:
    """0, 1 for a regression, 3 for what could not be decided unless that is allowed."""
    code = EXIT_CODES[verdict]
    return 0 if code == 3 and inconclusive_ok else code


def overall(verdicts: Iterable[Verdict | None]) -> Verdict | None:
    """The gravest verdict; None if there is none at all."""
    found = set(verdicts)
    return next((verdict for verdict in GRAVEST_FIRST if verdict in found), None)


def counts_as_test(measured: Measured, settings: GateSettings) -> bool:
    """Whether a metric takes a share of alpha: gated, with a chance of a false alarm."""
    return (
        settings.rules[rule_name(measured.name)].gated
        and measured.name != "dollars_billed"
        and measured.p is not None
        and not measured.held_back
    )


def rule_name(metric: str) -> str:
    """The key of the settings that holds for a metric."""
    return "dollars" if metric == "dollars_billed" else metric


def judge(
    measured: Measured,
    settings: GateSettings,
    adjusted: Mapping[str, float],
    *,
    key: str,
    tests: int,
    broken: str | None,
) -> Metric:
    """One metric with its verdict.

    ``adjusted`` holds Holm's p-values of all gated metrics by ``key``, ``tests`` is their number,
    ``broken`` says why nothing that involves chance can be concluded.
    """
    rule = settings.rules[rule_name(measured.name)]
    gated = rule.gated and measured.name != "dollars_billed"
    p_adjusted = adjusted.get(key, measured.p)
    reason, more = measured.reason, None
    verdict: Verdict | None
    if measured.change is None:
        # Known for some cases only: that is not nothing, but no ground for a conclusion either.
        verdict = Verdict.INCONCLUSIVE if measured.pairs else None
    elif measured.held_back:
        verdict, reason = Verdict.INCONCLUSIVE, f"{measured.provenance} answers cannot judge this"
    elif broken is not None and not measured.exact:
        verdict, reason = Verdict.INCONCLUSIVE, broken
    elif measured.name == "strata":
        significant = p_adjusted is not None and p_adjusted <= settings.alpha
        verdict = Verdict.REGRESSION if significant else Verdict.NO_EVIDENCE
        if measured.open and not significant:
            verdict, reason = Verdict.INCONCLUSIVE, measured.open
    else:
        verdict = _verdict(measured, rule, p_adjusted, settings.alpha)
        if verdict is Verdict.INCONCLUSIVE:
            more = _more_cases(measured, rule, settings.alpha, tests)
    interval = measured.interval
    if interval and measured.allowed:
        interval = never_firmer(interval, measured.allowed, rule.excluded)
    return Metric(
        name=measured.name,
        gated=gated,
        kind=measured.kind,
        unit=measured.unit,
        base=measured.base,
        head=measured.head,
        change=measured.change,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        least=rule.least,
        excluded=rule.excluded,
        pairs=measured.pairs,
        test=measured.test,
        p=measured.p,
        p_adjusted=p_adjusted,
        verdict=verdict,
        more_cases=more,
        provenance=measured.provenance,
        reason=reason,
    )


def more_cases(metrics: Sequence[Metric]) -> int | None:
    """Cases until every inconclusive gated metric is decided; None if one never would be."""
    needed = [
        metric.more_cases
        for metric in metrics
        if metric.gated and metric.verdict is Verdict.INCONCLUSIVE
    ]
    known = [number for number in needed if number is not None]
    return max(known) if known and len(known) == len(needed) else None


def _verdict(measured: Measured, rule: Rule, p: float | None, alpha: float) -> Verdict:
    assert measured.change is not None
    loss, worst = _loss(measured.name, measured.change, measured.allowed or measured.interval)
    # No p: exact, so whatever is seen is so.
    significant = measured.exact or (p is not None and p <= alpha)
    if significant and loss >= rule.least - TOLERANCE:
        return Verdict.REGRESSION
    if significant and -loss >= rule.least - TOLERANCE:
        return Verdict.IMPROVED
    if worst is not None and worst < rule.excluded - TOLERANCE:
        return Verdict.NO_EVIDENCE
    return Verdict.INCONCLUSIVE


def _loss(name: str, change: float, interval: Interval | None) -> tuple[float, float | None]:
    """The loss, positive where it is one, and the largest that the interval allows."""
    if name in GAINS_UPWARDS:
        return -change, -interval.low if interval else None
    return change, interval.high if interval else None


def _more_cases(measured: Measured, rule: Rule, alpha: float, tests: int) -> int | None:
    """Cases still needed if they turn out like those so far: until the interval excludes the loss
    to be excluded, or, where the loss is large already, until it excludes no change at the level
    that Holm's correction asks of the first of ``tests``. A metric that rests on a share of the
    cases needs as many more cases as give it enough of its own."""
    if measured.interval is None or measured.later is None:
        return math.ceil(max(1, FEWEST - measured.pairs) / measured.share)
    assert measured.change is not None
    change, later = measured.change, measured.later
    loss, _ = _loss(measured.name, change, None)
    large = loss >= rule.least - TOLERANCE

    def decided(times: float) -> bool:
        level = 1 - (alpha / max(1, tests) if large else alpha)
        interval = later(times, level)
        if interval is None:
            return False
        if large:
            return interval.low > 0 or interval.high < 0
        _, worst = _loss(measured.name, change, interval)
        return worst is not None and worst < rule.excluded - TOLERANCE

    total = cases_needed(measured.pairs, decided)
    if total is None:
        return None
    return math.ceil(max(1, total - measured.pairs) / measured.share)

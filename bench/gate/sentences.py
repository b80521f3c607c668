"""A comparison in words: the verdict's grounds in a line, and what to know before believing it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.analysis.notices import counted
from bench.gate.comparable import Side, engines_differ
from bench.gate.pairs import Pair
from bench.gate.result import Comparison, Difference, Gate, Metric, StratumChange, Verdict
from bench.report import numbers

TITLES = {
    "success": "success",
    "strata": "worst stratum",
    "tokens": "tokens",
    "dollars": "dollars, uncached",
    "dollars_billed": "dollars, billed",
    "prompt_tokens": "prompt tokens",
    "latency": "latency",
    "determinism": "determinism",
}
HEADLINES = {
    Verdict.REGRESSION: "regression",
    Verdict.IMPROVED: "improved",
    Verdict.NO_EVIDENCE: "no evidence of a change",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.NOT_COMPARABLE: "not comparable",
}
RECORDED = {
    "modelled": (
        "Answers are modelled: the reference plays the scenario's ideal calls whatever the prompt "
        "says. They cannot judge an edited prompt. What can be said: how long the prompt is, and "
        "what ideal calls would cost."
    ),
    "replayed": (
        "Answers are replayed from an earlier run. Recorded answers cannot judge an edited prompt; "
        "only the length of the prompt can be said."
    ),
}


def change(metric: Metric | StratumChange) -> str:
    """A change with its sign and unit: points for shares, per cent for amounts."""
    return "—" if metric.change is None else _signed(metric.change, _unit(metric))


def interval(metric: Metric | StratumChange) -> str:
    """The interval of a change."""
    if metric.low is None or metric.high is None or metric.low == metric.high:
        return "—"
    unit = _unit(metric)
    if unit == "%" and metric.high > 100:
        return f"{_signed(metric.low, '')} or more"
    return f"{_signed(metric.low, '')} to {_signed(metric.high, unit)}"


def figure(metric: Metric, value: float | None) -> str:
    """A side's figure in the metric's unit."""
    if metric.kind == "share":
        # Weights add up to 1 but for the last digit.
        return numbers.percent(None if value is None else round(value, 9))
    if metric.unit == "USD":
        return numbers.dollars(value)
    return numbers.seconds(value) if metric.unit == "s" else numbers.count(value)


def p_value(p: float | None) -> str:
    """A p-value as people read it."""
    if p is None:
        return "—"
    return "<0.0001" if p < 0.0001 else f"{p:.4f}" if p < 0.01 else f"{p:.2f}"


def least(metric: Metric) -> str:
    """The smallest change that matters."""
    return f"{metric.least * 100:g}{_unit(metric)}"


def excluded(metric: Metric) -> str:
    """The loss that has to be excluded."""
    return f"{metric.excluded * 100:g}{_unit(metric)}"


def headline(verdict: Verdict, more_cases: int | None) -> str:
    """The verdict as it is shown."""
    if verdict is Verdict.INCONCLUSIVE and more_cases is not None:
        return f"{HEADLINES[verdict]} ({more_cases:,} more {_cases(more_cases)} needed)"
    return HEADLINES[verdict]


def sentence(
    verdict: Verdict,
    metrics: Sequence[Metric],
    strata: Sequence[StratumChange],
    differences: Sequence[Difference],
) -> str:
    """The grounds of a verdict."""
    gated = [metric for metric in metrics if metric.gated and metric.verdict is not None]
    decisive = [metric for metric in gated if metric.verdict is verdict]
    if verdict is Verdict.NOT_COMPARABLE:
        told = "; ".join(f"{each.what} ({each.base} | {each.head})" for each in differences)
        return f"differs: {told}" if told else "no case has a usable trial on both sides"
    if verdict is Verdict.REGRESSION:
        return "; ".join(_regression(metric, strata) for metric in decisive)
    if verdict is Verdict.IMPROVED:
        return "; ".join(f"{TITLES[metric.name]} {_figures(metric)}" for metric in decisive)
    if verdict is Verdict.NO_EVIDENCE:
        told = ", ".join(
            f"{TITLES[metric.name]} ({change(metric)}; {_ruled_out(metric)} excluded)"
            for metric in decisive
            if metric.name != "strata"
        )
        return f"losses that matter are excluded: {told}" if told else "no stratum collapses"
    if not decisive:
        return "no gated metric could be measured"
    # One reason often holds back several metrics; it is told once.
    grounds: dict[str, list[str]] = {}
    for metric in decisive:
        grounds.setdefault(_undecided(metric), []).append(metric.name)
    return "; ".join(
        f"{', '.join(TITLES[name] for name in names)}: {ground}"
        for ground, names in grounds.items()
    )


def on_gate(verdict: Verdict, comparisons: Sequence[Comparison]) -> str:
    """All comparisons in one line."""
    same = [each for each in comparisons if each.verdict is verdict]
    who = "; ".join(title(each) for each in same)
    if len(same) == len(comparisons) > 1:
        who = f"all {len(comparisons)} comparisons"
    needed = [each.more_cases for each in same]
    known = [number for number in needed if number is not None]
    more = max(known) if known and len(known) == len(needed) else None
    return f"{headline(verdict, more)}: {who}"


def title(comparison: Comparison) -> str:
    """What is compared."""
    model = f" with {comparison.model}" if comparison.model else ""
    return f"{comparison.scenario}, {comparison.approach}{model}"


def family(gate: Gate) -> str:
    """How looking at many metrics, and at many times, is paid for."""
    if gate.sequential:
        return (
            f"after sharing alpha out over the {gate.tests} tests, whenever one looks (cases were "
            "drawn until the answer was clear). Intervals hold at every look; each limit fails "
            f"with a chance of {gate.settings.miss:.0%}"
        )
    return (
        f"after Holm's correction over the {gate.tests} tests of this comparison. Intervals are "
        f"{gate.settings.confidence:.0%}"
    )


def notices(base: Side, head: Side, model: str | None, pairs: Sequence[Pair]) -> Iterator[str]:
    """What a reader has to know first."""
    kinds = {t.provenance.success for pair in pairs for t in (*pair.base, *pair.head)}
    yield from (text for kind, text in RECORDED.items() if kind in kinds)
    one, other = base.run.manifest, head.run.manifest
    for package in sorted({*one.versions, *other.versions}):
        before, after = one.versions.get(package), other.versions.get(package)
        if before != after:
            yield f"{package} is {before or 'absent'} in base, {after or 'absent'} in head."
    if engines_differ(base, head):
        yield (
            f"Base kept the trials' databases in {_database(base)}, head in {_database(head)}: "
            "success, tokens and dollars can be compared, times cannot."
        )
    elif base.engine and head.engine and one.database != other.database:
        versions = [side.database.get("version") for side in (one, other)]
        yield f"{base.engine} is {versions[0]} in base, {versions[1]} in head."
    if pairs and model and one.machine != other.machine:
        yield "The machines differ: latency says little."
    if pairs and model and one.concurrency != other.concurrency:
        yield (
            f"Trials at once differ ({one.concurrency}, {other.concurrency}): latency says little."
        )


def trust(comparison: Comparison, *, sequential: bool) -> str | None:
    """What a comparison of this size can be trusted with, in one line."""
    found = comparison.calibration
    if found is None:
        return None
    told = [
        f"a loss of {each.drop * 100:g} points is seen in {each.rate:.0%}" for each in found.seen
    ]
    most = "at most " if sequential else ""
    size = f"{most}{counted(found.cases, 'case')} a side, of which {found.wavering:.1%} waver"
    return (
        f"self-test at this size (simulated, {found.simulated} comparisons a figure, "
        f"{size}): {'; '.join([f'false alarms {found.false_alarms:.1%}', *told])}"
    )


def _database(side: Side) -> str:
    return f"{side.engine} {side.run.manifest.database.get('version', '')}".rstrip()


def _regression(metric: Metric, strata: Sequence[StratumChange]) -> str:
    fallen = [stratum for stratum in strata if stratum.collapsed]
    if metric.name == "strata" and fallen:
        told = ", ".join(
            f"{each.name} ({each.base:.0%} → {each.head:.0%}, {counted(each.pairs, 'case')})"
            for each in fallen
        )
        return f"{counted(len(fallen), 'stratum', 'strata')} collapsed: {told}"
    return f"{TITLES[metric.name]} {_figures(metric)}"


def _figures(metric: Metric) -> str:
    details = []
    if interval(metric) != "—":
        details.append(interval(metric))
    if metric.p_adjusted is not None:
        p = p_value(metric.p_adjusted)
        details.append(f"p {p}" if p.startswith("<") else f"p = {p}")
    told = f" ({', '.join(details)})" if details else ""
    return f"{change(metric)}{told}"


def _undecided(metric: Metric) -> str:
    if metric.change is None or (metric.reason and metric.more_cases is None):
        return metric.reason or "unknown"
    needed = (
        f"{metric.more_cases:,} more {_cases(metric.more_cases)} needed"
        if metric.more_cases is not None
        else "no number of cases up to 100,000 would decide it"
    )
    return f"{_figures(metric)}, {_ruled_out(metric)} neither shown nor excluded; {needed}"


def _ruled_out(metric: Metric) -> str:
    # Where no chance is involved, a loss is what it is.
    exact = metric.test is None
    return f"a loss of {least(metric) if exact else excluded(metric)}"


def _unit(metric: Metric | StratumChange) -> str:
    return "%" if isinstance(metric, Metric) and metric.kind == "ratio" else " points"


def _signed(value: float, unit: str) -> str:
    text = f"{value * 100:+.1f}".replace("-", "−")
    return ("0.0" if text in ("+0.0", "−0.0") else text) + unit


def _cases(number: int) -> str:
    return "case" if number == 1 else "cases"

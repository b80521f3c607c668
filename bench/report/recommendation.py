"""The decision in words: what to build, at what cost, how sure, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.assumptions import Assumptions
from bench.analysis.decision import Decision, Option
from bench.analysis.decision_map import DECIDED
from bench.analysis.economics import BreakEven
from bench.analysis.feasibility import Check
from bench.report import numbers

LIMITS = {
    "min_success": "right in production",
    "max_p95": "time of 95 cases in 100",
    "min_determinism": "repeated cases that decide alike",
    "max_usd_per_1k": "dollars for 1,000 records",
}

_ALWAYS = "the {below} is cheaper than the {above} at any number of {unit}"
BREAK_EVEN = {
    "beyond": "the {above} is cheaper than the {below} beyond {at} {unit} ({low} to {high})",
    "always": _ALWAYS,
    "up_to": _ALWAYS + ", though perhaps only up to {low}",
    "perhaps_never": _ALWAYS + ", though perhaps at none",
    "unbounded": "unbounded",
}
"""A break-even in words; the HTML report's sliders fill in the same ones."""


def headline(decision: Decision) -> str:
    """One sentence."""
    if decision.recommended is None:
        return f"No recommendation: {decision.reason}."
    option = _named(decision, decision.recommended)
    sure = decision.certainty or 0.0
    start = f"Build the {option.name}: {money(option.total)} a month in all"
    if decision.runner_up is None:
        return f"{start}, the only option left."
    share = f"{numbers.percent(sure)} of the outcomes that this run leaves possible"
    if sure >= DECIDED:
        return f"{start}, the cheapest in {share}."
    return (
        f"{start}, the cheapest by the estimate. It is not settled: only in {share} is it the "
        f"cheapest ({DECIDED:.0%} would settle it)."
    )


def sentences(decision: Decision, assumptions: Assumptions) -> Iterator[str]:
    """The reasons, each sentence with its figures."""
    yield from _premises(assumptions)
    for option in decision.options:
        yield _on_option(option)
    for option in decision.options:
        for check in option.checks:
            yield f"{option.name}: {check_words(check)}."
    if decision.recommended is not None and decision.runner_up is not None:
        yield from _margin(decision)
        yield from _what_would_change_it(decision)
    chord = next((c for c in decision.chords if c.production), None)
    if chord is not None:
        place = {
            "above": "better than",
            "below": "worse than",
            "undecided": "not distinguishable from",
        }[chord.success]
        yield (
            f"The hybrid with {chord.model} hands {numbers.percent(chord.to_agent)} of records to "
            f"the agent and gets {numbers.percent(chord.hybrid)} right; a random split of the same "
            f"size would get {numbers.percent(chord.line)}. It is {place} that (gain "
            f"{points(chord.gain)}, {points(chord.gain_low)} to {points(chord.gain_high)} points)."
        )


def _premises(a: Assumptions) -> Iterator[str]:
    growth = f", {a.growth:.2f} times that on average" if a.volume.growth_per_month else ""
    yield (
        f"Assumed: {numbers.count(a.volume.records_per_month)} records a month{growth}, "
        f"{plain(a.changes.per_month)} {'change' if a.changes.per_month == 1 else 'changes'} "
        "of the rules a month, "
        f"{money(a.people.usd_per_hour)} an hour of work, {money(a.errors.usd)} a wrong record, "
        f"{plain(a.people.review_minutes)} minutes a review, {a.months} months."
    )


def _on_option(option: Option) -> str:
    if option.reason:
        return f"{option.name}: left out, {option.reason}."
    parts = cost_parts(option)
    largest = max(parts, key=lambda part: part[1] or 0.0)
    spread = f"{money(option.total_low)} to {money(option.total_high)}"
    return (
        f"{option.name}: {numbers.percent(option.success)} right "
        f"({numbers.percent_range(option.success_low, option.success_high)}), "
        f"{money(option.total)} a month ({spread}), mostly {largest[0]} "
        f"({money(largest[1])})."
    )


def cost_parts(option: Option) -> list[tuple[str, float | None]]:
    """(what, dollars a month), in the order of the formula."""
    cost = option.cost
    kind = "API" if option.usd_kind == "api" else "compute"
    names = (f"processing ({kind})", "errors", "review", "changes", "build")
    if cost is None:
        return [(name, None) for name in names]
    values = (cost.processing, cost.errors, cost.review, cost.changes, cost.build)
    return list(zip(names, values, strict=True))


def check_words(check: Check) -> str:
    """One constraint, with its figures."""
    what = LIMITS[check.constraint]
    limit, value = _amount(check, check.limit), _amount(check, check.value)
    wanted = f"{'at least' if check.constraint.startswith('min') else 'at most'} {limit}"
    if check.value is None:
        found = f"{what} is not known"
        if check.low is not None:
            found += f" but at least {_amount(check, check.low)}"
    else:
        found = f"{what} is {value} ({_amount(check, check.low)} to {_amount(check, check.high)})"
    verdict: str = check.verdict
    if check.verdict == "infeasible" and check.value is not None:
        verdict += f" by {_amount(check, abs(check.value - check.limit))}"
    if check.verdict == "undecided":
        if check.more_cases is not None:
            verdict += f", about {numbers.count(check.more_cases)} more cases would decide it"
        elif check.reason:
            verdict += f", {check.reason}"
        else:
            verdict += ", it lies too near the limit for any number of cases"
    return f"{found}, {wanted} is asked: {verdict}"


def _amount(check: Check, value: float | None) -> str:
    if value is None:
        return numbers.UNKNOWN
    if check.constraint == "max_p95":
        return numbers.seconds(value)
    if check.constraint == "max_usd_per_1k":
        return numbers.dollars(value)
    return numbers.percent(value)


def _margin(decision: Decision) -> Iterator[str]:
    best = _named(decision, decision.recommended or "")
    other = _named(decision, decision.runner_up or "")
    if best.total is None or other.total is None:
        return
    gap = other.total - best.total
    yield f"The runner-up, the {other.name}, costs {money(gap)} a month more by the estimate."


def _what_would_change_it(decision: Decision) -> Iterator[str]:
    switches = [each for each in decision.influences if each.switch is not None]
    nearest = sorted(
        switches,
        key=lambda each: max((each.switch or 1) / each.value, each.value / (each.switch or 1)),
    )[:3]
    for each in nearest:
        assert each.switch is not None
        way = "Above" if each.switch > each.value else "Below"
        yield (
            f"{way} {plain(each.switch)} {each.input} (assumed: {plain(each.value)}) the "
            f"{each.switch_to} would be the cheapest."
        )
    if not nearest:
        yield "No single assumption, moved by a factor of up to 1,000, changes it."
    for each in decision.influences:
        names = {each.winner_low, each.winner_high} - {decision.recommended}
        if each.measured and names:
            what = each.input.partition(" (")[0]
            yield (
                f"The run is too small to be sure: by what it leaves open on {what}, the "
                f"{min(names)} may be the cheapest."
            )


def break_even_words(found: BreakEven, unit: str) -> str:
    """One break-even in a sentence."""
    if found.at is not None:
        words = BREAK_EVEN["beyond"]
    elif found.low is None:
        words = BREAK_EVEN["always"]
    else:
        words = BREAK_EVEN["up_to" if found.low > 0 else "perhaps_never"]
    high = BREAK_EVEN["unbounded"] if found.high is None else _rounded(found.high)
    return words.format(
        below=found.below,
        above=found.above,
        unit=unit,
        at=_rounded(found.at),
        low=_rounded(found.low),
        high=high,
    )


def _rounded(value: float | None) -> str:
    """Three digits that count: a break-even is not known to the record."""
    return numbers.significant(None if value is None else float(f"{value:.3g}"))


def money(value: float | None) -> str:
    """Dollars a month: whole ones from ten on."""
    if value is None:
        return numbers.UNKNOWN
    sign, size = "−" if value < 0 else "", abs(value)
    return f"{sign}${size:,.0f}" if size >= 10 else f"{sign}${size:,.2f}"


def plain(value: float) -> str:
    """A number as one would write it: three digits that count, no needless zeros."""
    text = numbers.significant(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def points(share: float) -> str:
    """A difference of shares in points."""
    amount = share * 100
    text = f"{amount:+.0f}" if abs(amount) >= 10 else f"{amount:+.2g}"
    return text.replace("-", "−")


def _named(decision: Decision, name: str) -> Option:
    return next(option for option in decision.options if option.name == name)

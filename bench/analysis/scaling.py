"""How time, tokens and dollars grow, and what 10,000 and 1,000,000 records would take."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from scipy import stats

from bench.analysis.documented import Documented
from bench.analysis.dollars import DollarKind
from bench.analysis.samples import clusters, usable
from bench.analysis.statistics import ratio, share_interval
from bench.journal import Manifest, Run
from bench.types import BatchTiming, Provenance, Trial

PER_RECORDS = 1_000
"""Records to which the points of all sweeps but that over records are scaled."""


@dataclass(frozen=True, slots=True)
class CurvePoint(Documented):
    """What was measured at one value. In a sweep over ``records`` the figures are those of that
    many records; in any other, of 1,000 records."""

    value: int
    """Of the parameter."""
    records: int
    """Records that it rests on."""
    seconds: float | None
    """Null where no time was measured. With ``concurrency``: as the clock on the wall ran while at
    least one trial was under way; else working seconds, one after another."""
    tokens: float | None
    """Prompt and output tokens; null where unknown."""
    usd: float | None
    """Dollars of the curve's kind; null where unknown."""
    success: float | None = None
    """In a sweep over ``batch``: share of the records that came out right; null in others."""
    success_low: float | None = None
    """Lower end of its 95 % interval over cases."""
    success_high: float | None = None
    """Upper end."""


@dataclass(frozen=True, slots=True)
class Exponent(Documented):
    """b in figure = a × value^b, by least squares on logarithms."""

    value: float
    """1: in proportion. Below 1: more slowly."""
    low: float | None
    """Lower end of its 95 % interval (Student's t); null with fewer than three points."""
    high: float | None
    """Upper end."""
    points: int
    """Points that it rests on."""


@dataclass(frozen=True, slots=True)
class Curve(Documented):
    """One approach × model along the swept parameter."""

    scenario: str
    """Name of the scenario."""
    parameter: str
    """``records``, ``concurrency``, ``repeats`` or ``batch``."""
    approach: str
    """Name of the approach."""
    model: str | None
    """Name of the model; null for approaches that use none."""
    basis: str
    """What the points are."""
    usd_kind: DollarKind
    """Which money it costs."""
    points: tuple[CurvePoint, ...]
    """In the order of the values."""
    seconds: Exponent | None
    """Of time; null with fewer than two points that have one."""
    tokens: Exponent | None
    """Of tokens."""
    usd: Exponent | None
    """Of dollars."""
    provenance: Provenance
    """Of the tokens and, where there are any, of the seconds: the weakest kind."""


def curves(run: Run, kinds: dict[str | None, DollarKind], scenario: str) -> Iterator[Curve]:
    """The curves of the run's sweep on one scenario; nothing if there was none."""
    sweep = run.manifest.sweep
    if sweep is None:
        return
    if sweep.parameter == "records":
        batches = [batch for batch in run.batches if batch.scenario == scenario]
        if len(batches) > 1:
            yield _of_batches(batches, run.manifest)
    of: dict[tuple[str, str | None], list[Trial]] = {}
    trials = run.trials if sweep.parameter in ("records", "repeats") else run.swept
    for trial in usable(trials):
        if trial.scenario == scenario and trial.drift == "none" and _counts(trial, sweep.parameter):
            of.setdefault((trial.approach, trial.model), []).append(trial)
    for (_, model), having in of.items():
        if sweep.parameter == "records":
            groups = list(_groups(having, run.manifest))
            together = [groups[: n + 1] for n in range(len(groups))]
            points = [
                _total([t for group in some for t in group], kinds[model]) for some in together
            ]
            apart = [_total(group, kinds[model]) for group in groups]
        else:
            points = apart = list(_points(sweep.parameter, sweep.values, having, kinds[model]))
        if len(points) > 1:
            yield _curve(sweep.parameter, having[0], kinds[model], points, apart)


BASES = {
    "records": "the first cases as they were drawn, one after another; the exponent from groups "
    "of 1, 2, 4, … cases that share none",
    "concurrency": "the model's trials once more at each value, by the clock",
    "repeats": "the repeated cases, each run so often",
    "batch": "as many cases of that size each",
}


def exponent(points: Sequence[tuple[float, float | None]]) -> Exponent | None:
    """The exponent of (value, figure); None if a figure is 0, which no power law reaches. Unknown
    ones are left out."""
    figures = [(x, y) for x, y in points if y is not None]
    if len({x for x, _ in figures}) < 2 or any(y <= 0 for _, y in figures):
        return None
    known = [(math.log(x), math.log(y)) for x, y in figures]
    fit = stats.linregress([x for x, _ in known], [y for _, y in known])
    if len(known) < 3:
        return Exponent(float(fit.slope), None, None, len(known))
    # Figures that are all equal leave no residual, which scipy's standard error divides by.
    error = 0.0 if math.isnan(fit.stderr) else float(fit.stderr)
    half = float(stats.t.ppf(0.975, len(known) - 2)) * error
    return Exponent(float(fit.slope), float(fit.slope - half), float(fit.slope + half), len(known))


def _counts(trial: Trial, parameter: str) -> bool:
    """Whether a trial has a place on a curve of its own: yardsticks have none, and the job's time
    is read from batches or, for cases of other sizes, from its trials."""
    if trial.approach.startswith("always"):
        return False
    return trial.model is not None or parameter == "batch"


def _of_batches(batches: Sequence[BatchTiming], manifest: Manifest) -> Curve:
    points = tuple(
        CurvePoint(
            batch.records,
            batch.records,
            batch.seconds,
            0,
            batch.seconds * manifest.usd_per_machine_hour / 3600,
        )
        for batch in sorted(batches, key=lambda batch: batch.records)
    )
    return Curve(
        scenario=batches[0].scenario,
        parameter="records",
        approach="job",
        model=None,
        basis="one batch of each size, the median of its rounds",
        usd_kind="compute",
        points=points,
        seconds=exponent([(p.value, p.seconds) for p in points]),
        tokens=None,
        usd=exponent([(p.value, p.usd) for p in points]),
        provenance="measured",
    )


def _curve(
    parameter: str,
    trial: Trial,
    kind: DollarKind,
    points: Sequence[CurvePoint],
    apart: Sequence[CurvePoint],
) -> Curve:
    """``apart``: what the exponents are fitted to, points that owe each other nothing."""
    return Curve(
        scenario=trial.scenario,
        parameter=parameter,
        approach=trial.approach,
        model=trial.model,
        basis=BASES[parameter],
        usd_kind=kind,
        points=tuple(points),
        seconds=exponent([(p.value, p.seconds) for p in apart]),
        tokens=exponent([(p.value, p.tokens) for p in apart]),
        usd=exponent([(p.value, p.usd) for p in apart]),
        provenance=trial.provenance.tokens,
    )


def _points(
    parameter: str,
    values: Sequence[int],
    trials: Sequence[Trial],
    kind: DollarKind,
) -> Iterator[CurvePoint]:
    if parameter == "repeats":
        of: dict[str, list[Trial]] = {}
        for trial in trials:
            of.setdefault(trial.case, []).append(trial)
        whole = [case for case in of.values() if len(case) >= max(values)]
        for value in values:
            group = [trial for case in whole for trial in case if trial.repeat < value]
            if group:
                yield _point(value, group, kind, records=sum(case[0].records for case in whole))
    else:
        for value in values:
            group = [trial for trial in trials if trial.point == f"{parameter}={value}"]
            if group:
                seconds = _clock if parameter == "concurrency" else _work
                point = _point(value, group, kind, seconds=seconds)
                yield _judged(point, group) if parameter == "batch" else point


def _judged(point: CurvePoint, trials: Sequence[Trial]) -> CurvePoint:
    """The point with the share of records that came out right, where that is known."""
    if any(trial.unknown for trial in trials):
        return point
    cases = clusters(trials, {trial.id: float(trial.passed) for trial in trials})
    share, interval = ratio(cases), share_interval(cases)
    if share is None or interval is None:
        return point
    return replace(point, success=share, success_low=interval.low, success_high=interval.high)


def _groups(trials: Sequence[Trial], manifest: Manifest) -> Iterator[list[Trial]]:
    """Disjoint groups of 1, 2, 4, … cases, once each, in the plan's shuffled order; what is left
    over joins the last. Disjoint, because a regression wants points that owe each other nothing."""
    first = {trial.case: trial for trial in trials if trial.repeat == 0}
    order = [
        case
        for plan in manifest.scenarios
        if plan.name == trials[0].scenario
        for case in plan.cases
    ]
    ran = [first[case] for case in order if case in first]
    size, start = 1, 0
    while start < len(ran):
        last = start + size + 2 * size > len(ran)
        yield ran[start:] if last else ran[start : start + size]
        start, size = (len(ran) if last else start + size), size * 2


def _total(trials: Sequence[Trial], kind: DollarKind) -> CurvePoint:
    return _point(sum(trial.records for trial in trials), trials, kind, scale=False)


def _work(trials: Sequence[Trial]) -> float:
    return sum(t.working_s if t.timing is None else t.timing.median_s for t in trials)


def _clock(trials: Sequence[Trial]) -> float:
    """Seconds during which at least one of the trials was under way, so that the pause of a run
    that was interrupted does not count."""
    total, until = 0.0, -math.inf
    for trial in sorted(trials, key=lambda trial: trial.started):
        end = trial.started + trial.wall_s
        total += max(0.0, end - max(until, trial.started))
        until = max(until, end)
    return total


def _point(
    value: int,
    trials: Sequence[Trial],
    kind: DollarKind,
    *,
    seconds: Callable[[Sequence[Trial]], float] = _work,
    records: int | None = None,
    scale: bool = True,
) -> CurvePoint:
    records = sum(trial.records for trial in trials) if records is None else records
    factor = PER_RECORDS / records if scale else 1.0
    timed = all(trial.provenance.time == "measured" for trial in trials)
    return CurvePoint(
        value=value,
        records=records,
        seconds=seconds(trials) * factor if timed else None,
        tokens=_scaled(trials, lambda trial: trial.usage.total, factor),
        usd=_scaled(
            trials,
            lambda trial: trial.dollars.api if kind == "api" else trial.dollars.compute,
            factor,
        ),
    )


def _scaled(
    trials: Sequence[Trial], amount: Callable[[Trial], float | None], factor: float
) -> float | None:
    found = [amount(trial) for trial in trials]
    known = [each for each in found if each is not None]
    return sum(known) * factor if len(known) == len(found) else None

"""What a reader must know before believing the figures, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterable

from bench.analysis.rows import Notice, ScenarioInfo, Summary
from bench.analysis.samples import ALL
from bench.analysis.statistics import smallest_significant, wilson

FEW_CASES = 30
MANY_PAIRS = 120
"""Cases from which on differences of 5 points can be significant."""
TOLERATED_INFRASTRUCTURE = 0.02


def notices(summary: Summary, *, torn: bool) -> Iterable[Notice]:
    """The sentences, gravest first."""
    yield from (Notice(None, text) for text in _on_the_run(summary, torn=torn))
    for scenario in summary.scenarios:
        yield from (Notice(scenario.name, text) for text in _on_scenario(summary, scenario))


def _on_the_run(summary: Summary, *, torn: bool) -> Iterable[str]:
    if summary.imported:
        yield (
            f"Imported from {' and '.join(summary.imported)}: success, tokens, dollars and times "
            "are what the files say; nothing was run or verified here."
        )
    if not summary.finished:
        yield (
            f"This run is unfinished: {summary.trials} of {summary.planned_trials} trials are on "
            f"record. The same command goes on with it: {summary.command}"
        )
    if not summary.guards and not summary.imported:
        yield (
            "GUARDS WERE OFF (--no-guards): tools did whatever the model asked for, and so may the "
            "figures not be compared with those of a run that had guards."
        )
    if torn:
        yield "The journal's last line was torn by a kill; its trial is not counted."
    if summary.redacted:
        yield (
            "Redacted: “#” and 16 digits stand for what was said and decided. Equal marks are "
            "equal values; the key that made them is not part of this folder."
        )
    for model in summary.models:
        if model.provenance == "modelled" and any(scenario.own for scenario in summary.scenarios):
            yield (
                f"{model.name} has no intelligence: on your own records it plays what the job "
                "decides, so that it agrees with the job by construction; its tokens and dollars "
                "are forecasts."
            )
        elif model.provenance == "modelled":
            yield (
                f"{model.name} has no intelligence: it plays the scenario's ideal steps. Its "
                "success says that the tools work, its tokens and dollars are forecasts."
            )
        elif model.provenance == "replayed":
            yield f"{model.name} was replayed from an earlier run: no time, no determinism."
    if summary.lost_calls:
        yield (
            f"{counted(summary.lost_calls, 'model call')} ended with a kill before their trial was "
            "complete: paid for, and counted nowhere else."
        )


def _on_scenario(summary: Summary, scenario: ScenarioInfo) -> Iterable[str]:
    for row in summary.rows:
        total = row.trials + row.infrastructure
        if (
            row.scenario == scenario.name
            and row.stratum == ALL
            and row.infrastructure > TOLERATED_INFRASTRUCTURE * total
        ):
            yield (
                f"{_who(row.approach, row.model)}: {row.infrastructure} of {total} "
                "trials were broken by the provider or the harness. Above 2% no comparison "
                "should rest on them."
            )
    if scenario.own:
        yield from _on_own_records(scenario)
        return
    ordinary = sum(stratum.cases for stratum in scenario.strata if stratum.ordinary)
    interval = wilson(1.0, ordinary)
    if interval is not None and ordinary < FEW_CASES and not summary.imported:
        yield (
            f"The production mix rests on {counted(ordinary, 'ordinary case')}. Even "
            f"where all pass, the true share may be as low as {interval.low:.0%}."
        )
    everyday = [s for s in scenario.strata if s.drift == "none" and not s.hostile]
    pairs = sum(stratum.cases for stratum in everyday)
    compared = {(r.approach, r.model) for r in summary.rows if r.scenario == scenario.name}
    if 0 < pairs < MANY_PAIRS and len(compared) > 1:
        smallest = smallest_significant(pairs)
        able = (
            "no difference between approaches can be significant"
            if smallest is None
            else f"only differences of {smallest:.0%} of the cases or more can be significant"
        )
        yield f"{counted(pairs, 'paired case')}: {able}."
    single = sum(stratum.cases == 1 for stratum in everyday)
    if single:
        yield (
            f"{counted(single, 'stratum', 'strata')} measured with a single case: enough to see "
            "whether an approach can be right there, not how often it is."
        )
    measured = any(s.cases for s in everyday) and not summary.imported
    if scenario.mix_covered < 0.9995 and measured:
        yield (
            f"The strata measured make up {scenario.mix_covered:.1%} of the "
            "production mix; the rest is treated as unknown, which widens the interval."
        )


def _on_own_records(scenario: ScenarioInfo) -> Iterable[str]:
    cases = sum(stratum.cases for stratum in scenario.strata)
    yield (
        f"{counted(cases, 'case')} of your own, each as often as it occurs there: figures hold "
        "for these records, and for others as far as they are like them."
    )
    if not scenario.judged:
        yield (
            "No truth was given, so nobody knows who was right: success, deferrals and errors are "
            "unknown, and nothing is recommended. What is shown is who agrees with whom."
        )


def _who(approach: str, model: str | None) -> str:
    return f"{approach} with {model}" if model else approach


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun in the right form."""
    return f"{number} {one if number == 1 else many or one + 's'}"

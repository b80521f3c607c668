"""How many cases a gate takes at most, where nobody has said so: what ``bench plan`` would say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import BenchError

if TYPE_CHECKING:
    from bench.gate import GateSettings
    from bench.gate.planning import Stability
    from bench.session import Options

REFERENCE = "reference"
RECENT = 20
"""Runs that are looked through."""


@dataclass(frozen=True)
class Most:
    """Cases of each stratum, at most."""

    each: int
    why: str


def most_cases(
    options: Options, settings: GateSettings, *, at_least: int, sequential: bool
) -> Most:
    """The most that any of the scenarios needs with any of the models."""
    import scenarios
    from bench.gate.sizing import most_per_stratum
    from bench.plan import even_counts
    from bench.session import model_names

    found = Most(
        at_least,
        f"at most {at_least} cases of each stratum: no run with this model and repeated cases is "
        "there to plan from",
    )
    for scenario in options.scenarios:
        strata = len(even_counts(scenarios.scenario(scenario), 1, options.strata))
        for model in model_names(options):
            known = next(_known(options.results, scenario, options.approaches[0], model), None)
            if known is None or not strata:
                continue
            stability, run = known
            planned = most_per_stratum(
                stability, strata, settings, repeats=options.repeats, sequential=sequential
            )
            if planned is not None and planned.each >= found.each:
                found = Most(
                    planned.each,
                    f"at most {planned.each} cases of each stratum: in run {run} "
                    f"{stability.instability:.0%} of cases waver ({stability.pairs} pairs), so "
                    f"'bench plan' asks for {planned.cases:,} in all"
                    + (", and a quarter more if it is close" if sequential else ""),
                )
            elif planned is not None:
                found = Most(
                    found.each,
                    f"at most {found.each} cases of each stratum; run {run} asks for no more",
                )
    return found


def _known(
    results: Path, scenario: str, approach: str, model: str
) -> Iterator[tuple[Stability, str]]:
    """How often cases waver, in the reference or else in recent runs."""
    from bench.gate.sizing import groups
    from bench.journal import MANIFEST, read_manifest, read_run, runs

    reference = results / REFERENCE
    folders = [reference] if (reference / MANIFEST).is_file() else []
    folders += islice((f for f in reversed(runs(results)) if f.name != REFERENCE), RECENT)
    for folder in folders:
        try:
            if model not in {plan.name for plan in read_manifest(folder).models}:
                continue
            stabilities = groups(read_run(folder))
        except BenchError:
            continue  # somebody else's broken run is no reason not to start
        for stability, _ in stabilities:
            key = (stability.scenario, stability.approach, stability.model)
            if key == (scenario, approach, model) and stability.pairs:
                yield stability, folder.name

"""Why trials failed: the most frequent causes, each with an example."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bench.analysis.documented import Documented
from bench.analysis.samples import usable
from bench.types import Cause, Trial

CAUSES = {
    Cause.STEP_LIMIT: "ran out of steps",
    Cause.LOOP: "went in circles, although told so",
    Cause.TOKEN_LIMIT: "ran out of tokens",
    Cause.DOLLAR_LIMIT: "ran out of dollars",
    Cause.TIME_LIMIT: "ran out of time",
    Cause.MALFORMED: "replied without a usable tool call, again and again",
    Cause.REFUSED: "refused to answer",
    Cause.ERROR: "crashed",
}
SHOWN = 3

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|“[^”]*”|`[^`]*`")
_PARTICULAR = re.compile(r"[−-]?[$€£]?\b\w[\w./:@+-]*")


@dataclass(frozen=True, slots=True)
class Failure(Documented):
    """A cause of failure of one approach with one model."""

    scenario: str
    """Name of the scenario."""
    approach: str
    """Name of the approach."""
    model: str | None
    """Name of the model; null for approaches that use none."""
    rank: int
    """1 for the most frequent."""
    cause: str
    """A limit, a crash, or what the win condition found, particulars replaced by ``…``."""
    trials: int
    """Failed trials with this cause. A trial can have several."""
    failed: int
    """Failed trials in all."""
    example: str
    """Id of the trial with the shortest transcript among them."""


def failures(trials: Sequence[Trial]) -> list[Failure]:
    """The three most frequent causes among the trials of one approach with one model."""
    failed = [trial for trial in usable(trials) if trial.status == "fail"]
    found: dict[str, list[Trial]] = defaultdict(list)
    for trial in failed:
        for cause in causes(trial):
            found[cause].append(trial)
    ranked = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    rows = []
    for rank, (cause, having) in enumerate(ranked[:SHOWN], start=1):
        example = min(having, key=lambda trial: (trial.repeat, trial.steps, trial.id))
        rows.append(
            Failure(
                scenario=example.scenario,
                approach=example.approach,
                model=example.model,
                rank=rank,
                cause=cause,
                trials=len(having),
                failed=len(failed),
                example=example.id,
            )
        )
    return rows


def causes(trial: Trial) -> list[str]:
    """Why a trial failed: what ended it before its time, else every kind of wrong record."""
    if trial.cause is not None:
        return [CAUSES.get(trial.cause, str(trial.cause))]
    reasons = [*trial.verdict.faults]
    for record in trial.verdict.records:
        if record.status == "fail":
            reasons += record.reasons or (f"left as {record.decision!r}",)
    return list(dict.fromkeys(generalise(reason) for reason in reasons)) or ["no reason on record"]


def generalise(reason: str) -> str:
    """The reason without its particulars, so that equal mistakes count as one: quoted text, and
    every word with a digit in it, become ``…``."""
    text = _QUOTED.sub("…", reason)
    text = _PARTICULAR.sub(
        lambda match: "…" if any(c.isdigit() for c in match.group()) else match.group(), text
    )
    return " ".join(text.split())

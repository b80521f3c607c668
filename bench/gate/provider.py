"""Has the provider changed? What a comparison with an earlier day says, and what it cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bench.gate.comparable import Side
from bench.gate.result import Difference, Verdict
from bench.gate.settings import GateSettings


def notices(
    base: Side,
    head: Side,
    model: str | None,
    changed: Sequence[str],
    verdict: Verdict,
    found: Sequence[Difference],
    settings: GateSettings,
) -> Iterator[str]:
    """What a reader has to know of a baseline, and, where the prompt is the same, what the verdict
    means for the model behind it."""
    blessed = base.baseline
    if blessed is not None:
        age = blessed.age_days(datetime.fromisoformat(head.run.manifest.created))
        if age > settings.baseline_days:
            yield (
                f"The baseline is {age:.0f} days old, more than {settings.baseline_days:g} "
                "(baseline_days): bless a newer run."
            )
        yield (
            "One recorded baseline serves many comparisons: if it was lucky, each of them sees a "
            "loss. 'bench gate --base' runs both sides anew."
        )
    if changed or model is None or model not in base.models:
        return
    if base.models[model].provenance != "measured":
        return  # it says the same whoever asks
    when = base.run.manifest.created[:10]
    if blessed is None and base.run.manifest.sequential and head.run.manifest.sequential:
        yield "Prompt and policy are the same on both sides, run in turns: a difference is chance."
    elif base.models[model].identity.get("kind") == "local":
        yield (
            f"Prompt and policy are those of {when}, and so is the model's file: a difference is "
            "chance, other code, or another machine."
        )
    elif any(each.what == "model snapshot" for each in found):
        yield (
            f"The provider has changed: the name {model} led to another snapshot on {when}. "
            "Prompt and policy are the same."
        )
    else:
        told = _provider(model, verdict, when)
        yield f"Prompt and policy are those of {when}. {told}{_code(base, head)}"


def _provider(model: str, verdict: Verdict, when: str) -> str:
    if verdict is Verdict.REGRESSION:
        return f"The provider has changed: what it serves as {model} is worse now."
    if verdict is Verdict.IMPROVED:
        return f"The provider has changed: what it serves as {model} is better now."
    if verdict is Verdict.NO_EVIDENCE:
        return f"No sign that the provider has changed what it serves as {model} since {when}."
    return f"Whether the provider has changed what it serves as {model} cannot be said yet."


def _code(base: Side, head: Side) -> str:
    one, other = base.run.manifest, head.run.manifest
    if one.git_commit == other.git_commit and not (one.git_dirty or other.git_dirty):
        return ""
    return " The code around it may differ as well: the commits do, or were not clean."

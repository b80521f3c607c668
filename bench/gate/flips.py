"""Cases that pass on one side and not, or less often, on the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.analysis.failures import CAUSES
from bench.gate.pairs import Pair
from bench.gate.result import Flip
from bench.types import Trial

LONGEST_REASON = 160


def flips(pairs: Sequence[Pair]) -> list[Flip]:
    """The flipped cases: losses first, the largest first, then gains."""
    return sorted(_flips(pairs), key=lambda flip: (flip.head - flip.base, flip.case))


def _flips(pairs: Sequence[Pair]) -> Iterator[Flip]:
    for pair in pairs:
        base, head = _share(pair.base), _share(pair.head)
        if base == head:
            continue
        # The shares differ, so some repeat differs in the direction in which the case does.
        before, after = next(
            (one, other)
            for one, other in zip(pair.base, pair.head, strict=True)
            if (_passes(other) - _passes(one)) * (head - base) > 0
        )
        yield Flip(
            case=pair.case,
            stratum=pair.stratum,
            base=base,
            head=head,
            base_trial=before.id,
            head_trial=after.id,
            reason=_reason(after if head < base else before),
        )


def _share(trials: Sequence[Trial]) -> float:
    return sum(_passes(trial) for trial in trials) / len(trials)


def _passes(trial: Trial) -> int:
    return int(trial.status == "pass")


def _reason(trial: Trial) -> str:
    said = [CAUSES.get(trial.cause, trial.cause.value)] if trial.cause is not None else []
    said += trial.verdict.faults
    for record in trial.verdict.records:
        if record.status == "deferred":
            said.append("left to a human")
        elif record.status == "fail":
            said += record.reasons
    text = "; ".join(dict.fromkeys(said)) or trial.status
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"

"""What the account of a run's calls has to say, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.analysis.rows import Notice
from bench.journal import Run
from bench.metering.spending import read_account


def spending_notices(run: Run) -> Iterable[Notice]:
    """What was left undone, what may have been paid for unseen, and where litellm disagrees."""
    account = read_account(run.folder)
    if account is None:
        return
    if account.unrun:
        yield Notice(
            None,
            f"{len(account.unrun)} of {run.manifest.planned_trials} trials were not run for lack "
            f"of budget (--max-usd {account.cap:g}): {_some(account.unrun)}",
        )
    uncertain = account.uncertain
    if uncertain:
        most = sum(call.reserved for call in uncertain)
        yield Notice(
            None,
            f"{len(uncertain)} of {len(account.calls)} calls to providers ended without a price: "
            f"cut off, failed, or without usage. Together they cost ${most:.4f} at most, which the "
            "cap counts in full and the dollars of the trials do not.",
        )
    lost = account.lost(frozenset(trial.attempt for trial in run.recorded))
    if lost and (run.finished or not account.unrun):
        most = sum(call.counted for call in lost)
        yield Notice(
            None,
            f"{len(lost)} calls belong to executions of trials that were cut off before they were "
            f"on record: ${most:.4f} at most, paid for and lost.",
        )
    apart = account.disagreements()
    if apart:
        ours = sum(call.billed or 0.0 for call in apart)
        theirs = sum(call.litellm or 0.0 for call in apart)
        yield Notice(
            None,
            f"litellm prices {len(apart)} of {len(account.calls)} calls otherwise: ${theirs:.6f} "
            f"where the providers' token counts and the price table make ${ours:.6f}.",
        )


def _some(trials: Sequence[str]) -> str:
    shown = ", ".join(trials[:5])
    return shown if len(trials) <= 5 else f"{shown} and {len(trials) - 5} more"

"""What a change in the middle of a billing period costs, to the second."""

from __future__ import annotations

from dataclasses import dataclass

CLOCK_SKEW_S = 300
"""By how much Stripe's clock may be ahead of ours: a later change has not happened yet."""


@dataclass(frozen=True, slots=True)
class Proration:
    """Both sides of a change, in minor units, each rounded half up."""

    credit: int
    """The unused part of what was paid before."""
    debit: int
    """The remaining part of what is paid from now on."""

    @property
    def delta(self) -> int:
        """What the change costs; negative where it is the customer who gets money."""
        return self.debit - self.credit


def prorate(
    *,
    old: int,
    new: int,
    at: int,
    start: int,
    end: int,
    old_period: tuple[int, int] | None = None,
) -> Proration:
    """Prorate a change at second ``at`` from ``old`` to ``new`` minor units per period.

    The period runs from ``start`` up to, not including, ``end``. Where the change began a new
    one (another billing interval does), ``old_period`` is the one that it cut short. Raises
    ``ValueError`` where the change lies outside either or an amount is negative.
    """
    old_start, old_end = old_period or (start, end)
    if not start <= at < end:
        raise ValueError("the change lies outside the billing period")
    if not old_start <= at < old_end:
        raise ValueError("the old billing period is over")
    if old < 0 or new < 0:
        raise ValueError("an amount is negative")
    return Proration(
        credit=_share(old, old_end - at, old_end - old_start),
        debit=_share(new, end - at, end - start),
    )


def _share(amount: int, part: int, whole: int) -> int:
    return (2 * amount * part + whole) // (2 * whole)

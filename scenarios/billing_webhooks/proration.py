"""What a change in the middle of a billing period costs, to the second."""

from __future__ import annotations

from dataclasses import dataclass


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


def prorate(*, old: int, new: int, at: int, start: int, end: int) -> Proration:
    """Prorate a change at second ``at`` from ``old`` to ``new`` minor units per period.

    The period runs from ``start`` up to, not including, ``end``. Raises ``ValueError`` where
    the change lies outside it or an amount is negative.
    """
    if not start <= at < end:
        raise ValueError("the change lies outside the billing period")
    if old < 0 or new < 0:
        raise ValueError("an amount is negative")
    return Proration(
        credit=_share(old, end - at, end - start), debit=_share(new, end - at, end - start)
    )


def _share(amount: int, part: int, whole: int) -> int:
    return (2 * amount * part + whole) // (2 * whole)

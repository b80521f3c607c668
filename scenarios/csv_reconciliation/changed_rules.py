"""What is right once the rules have changed: the generator's side of ``policy_v2.md``.

It is worked out when a case is built, from what the generator knows of its people. Job, tools and
prompt have the new rules on their own; nothing here is shared with them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scenarios.csv_reconciliation.strata.kind import Planned

BEFORE_MISSING = ("total_row", "shifted_columns", "missing_field")
"""Reasons that come before, or are, a missing field."""
MINOR = "minor"
"""A new kind of flag."""
FIRST_MINOR = "2008-01-01"
"""Whoever was born on this day or later is one."""


def decided(row: Planned) -> Planned:
    """The row with what the new policy makes of it; the same object if that is what it was."""
    if row.reason in BEFORE_MISSING:
        return row
    if not row.person.phone:
        return _ruled(row, "rejected", "missing_field")
    if row.disposition == "rejected" or row.reason == "ambiguous_date":
        return row
    if row.person.date_of_birth >= FIRST_MINOR:
        return _ruled(row, "flagged", MINOR)
    if row.rivals:
        return replace(row, disposition="merged", reason="", customer=min(row.rivals))
    if row.by_address:
        return _ruled(row, "flagged", "conflict")
    return row


def _ruled(row: Planned, disposition: str, reason: str) -> Planned:
    return replace(row, disposition=disposition, reason=reason, customer=None)

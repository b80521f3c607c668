"""The agent's tools after the rules have changed: a new kind of flag, and guards that know them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Literal

from scenarios.csv_reconciliation.asking import OfRow
from scenarios.csv_reconciliation.intake import Row
from scenarios.csv_reconciliation.job_v2 import fault_of, is_minor
from scenarios.csv_reconciliation.tools import (
    TOOLS,
    insert_customer,
    merge_customer,
)


class Flag(OfRow):
    """A row for a human."""

    kind: Literal["conflict", "ambiguous_date", "minor", "needs_review"]


def is_barred(row: Row) -> bool:
    """Whether the policy rejects a row, or asks for a human first."""
    return fault_of(row) is not None or is_minor(row)


RUN = {
    "insert_customer": partial(insert_customer, barred=is_barred),
    "merge_customer": partial(merge_customer, barred=is_barred),
}
TOOLS_V2 = tuple(
    replace(tool, arguments=Flag)
    if tool.name == "flag_row"
    else replace(tool, run=RUN.get(tool.name, tool.run))
    for tool in TOOLS
)

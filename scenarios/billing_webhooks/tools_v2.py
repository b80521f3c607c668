"""The agent's tools after the rules have changed: the guard of charges knows them too."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from scenarios.billing_webhooks import told
from scenarios.billing_webhooks.tools import TOOLS, create_billing_event

MINIMUM_CHARGE = 100
LOYALTY_CREDIT = 500
GRACE_S = 3 * 24 * 3600


def due(delta: int, payload: str) -> int:
    """What the policy lets be charged of a delta: less a loyal customer's credit; nothing within
    the grace period or below the minimum."""
    if told.metadata(payload).get("loyalty") == "gold":
        delta -= LOYALTY_CREDIT
    period = told.period(payload, "object")
    began = told.period(payload, "previous_attributes") not in (None, period)
    created = told.created(payload)
    if period and created is not None and not began and 0 <= created - period[0] < GRACE_S:
        return 0
    return delta if delta >= MINIMUM_CHARGE else 0


TOOLS_V2 = tuple(
    replace(tool, run=partial(create_billing_event, due=due))
    if tool.run is create_billing_event
    else tool
    for tool in TOOLS
)

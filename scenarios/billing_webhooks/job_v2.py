"""The job after the rules have changed: the decision as it is laid out in ``policy_v2.md``.

Lay it beside ``decide`` and ``decide_change`` in ``job.py``: the difference is the repair that the
job needed, and all of it. Everything else of the job stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bench.types import Json
from scenarios.billing_webhooks.currencies import EXPONENTS
from scenarios.billing_webhooks.job import Known, Ruling
from scenarios.billing_webhooks.payload import Change, Item, UnclearError, parse, read_change
from scenarios.billing_webhooks.proration import CLOCK_SKEW_S, prorate

MINIMUM_CHARGE = 100
GRACE_S = 3 * 24 * 3600
LOYALTY_CREDIT = 500
CREW_PRICE = "price_crew_"
"""Crew plans cost the same for any number of seats."""


def decide(payload: str, known: Known) -> Ruling:
    """Apply the policy to one delivery."""
    try:
        event = parse(payload)
        if event.get("livemode") is False:
            return Ruling("ignored", "test_mode")
        if event.get("type") != "customer.subscription.updated":
            return Ruling("ignored", "other_event")
        change = read_change(event)
        if change is None:
            return Ruling("ignored", "no_change")
        change = replace(change, old=_for_all_seats(change.old), new=_for_all_seats(change.new))
        return decide_change(change, known, _loyalty_credit(event))
    except UnclearError as unclear:
        return Ruling("unsure", f"unclear: {unclear}")


def decide_change(change: Change, known: Known, loyalty_credit: int) -> Ruling:
    """Rules 3 to 11. Raises ``UnclearError`` for a change that they do not cover."""
    if change.status == "trialing" or change.after_trial:
        return Ruling("ignored", "trialing")
    if change.status == "canceled":
        return Ruling("ignored", "canceled")
    if change.status in ("past_due", "unpaid", "incomplete", "paused"):
        return Ruling("review", "not_active")
    if change.status != "active":
        raise UnclearError("another status")
    if not change.currency == change.old.currency == change.new.currency:
        raise UnclearError("two currencies")
    if change.currency not in EXPONENTS:
        raise UnclearError("no such currency")
    if change.new.amount <= change.old.amount:
        return Ruling("ignored", "no_increase")
    on_record = (known.customer, known.currency) == (change.customer, change.currency)
    if not on_record or change.new.price not in known.prices:
        return Ruling("review", "unknown")
    if known.duplicate:
        return Ruling("ignored", "duplicate")
    if known.status == "canceled":
        return Ruling("ignored", "canceled")
    at_once = change.old.interval != change.new.interval or change.old.unit_amount == 0
    if known.proration != "always_invoice" and not at_once:
        return Ruling("ignored", "no_proration")
    if change.created > known.received_at + CLOCK_SKEW_S:
        raise UnclearError("an event of the future")
    new_period = change.old_period != (change.period_start, change.period_end)
    if not new_period and 0 <= change.created - change.period_start < GRACE_S:
        return Ruling("ignored", "waived")
    if known.notes:
        return Ruling("unsure", "support notes to be read")
    try:
        delta = prorate(
            old=change.old.amount,
            new=change.new.amount,
            at=change.created,
            start=change.period_start,
            end=change.period_end,
            old_period=change.old_period,
        ).delta
    except ValueError as error:
        raise UnclearError(str(error)) from None
    charge = delta - loyalty_credit
    if charge < MINIMUM_CHARGE:
        return Ruling("ignored", "no_increase")
    return Ruling("billed", "charge_due", change, charge)


def _for_all_seats(item: Item) -> Item:
    return replace(item, quantity=1) if item.price.startswith(CREW_PRICE) else item


def _loyalty_credit(event: Mapping[str, Json]) -> int:
    metadata = event["data"]["object"].get("metadata")
    loyal = isinstance(metadata, dict) and metadata.get("loyalty") == "gold"
    return LOYALTY_CREDIT if loyal else 0

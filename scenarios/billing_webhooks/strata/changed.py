"""Where the rules are going to change: decided as ever by ``policy.md``, otherwise by
``policy_v2.md``. Run only with ``--drift rules``."""

from __future__ import annotations

from dataclasses import replace

from bench.types import Stratum
from scenarios.billing_webhooks.catalogue import Price, price
from scenarios.billing_webhooks.changed_rules import CREDIT, CREW, GRACE, LEAST, LOYAL
from scenarios.billing_webhooks.history import DAY, History, billed, due, upgraded
from scenarios.billing_webhooks.strata.kind import Kind


def crew_plan(history: History) -> None:
    """To a crew plan, more seats in one, from one to a dearer one."""
    ordinary = history.subscription(plan="Team", quantity=history.rng.randrange(2, 9))
    small, large = (_crew(history, ordinary.price, amount) for amount in (39_900, 79_900))
    old, new = (
        (ordinary, upgraded(ordinary, small)),
        (
            upgraded(ordinary, small),
            upgraded(ordinary, small, quantity=ordinary.quantity + 3),
        ),
        (upgraded(ordinary, small), upgraded(ordinary, large)),
    )[history.number % 3]
    history.on_record(old)
    at = history.rng.randrange(old.start + 4 * DAY, old.end - 2 * DAY)
    history.change(old, new, at, billed(old, new, at))


def minimum_charge(history: History) -> None:
    """A seat more at the end of a period, for less than the new minimum or for just as much."""
    old = history.subscribed(plan="Starter", quantity=history.rng.randrange(1, 4))
    new = replace(old, quantity=old.quantity + 1)
    at = old.end - 1
    wanted = LEAST if history.number % 3 == 2 else history.rng.randrange(20, LEAST)
    while due(old.amount, new.amount, at, old.start, old.end) < wanted:
        at -= 600
    history.change(old, new, at, billed(old, new, at))


def grace_period(history: History) -> None:
    """An upgrade in the first three days of a period, or the moment after them."""
    old = history.subscribed(plan="Starter")
    new = upgraded(old, history.higher(old.price))
    within = history.number % 3 != 2
    at = old.start + (history.rng.randrange(60, GRACE) if within else GRACE)
    history.change(old, new, at, billed(old, new, at))


def loyalty_credit(history: History) -> None:
    """A loyal customer's upgrade, dear or so small that the credit uses it up."""
    old = replace(history.subscription(plan="Starter", quantity=1), metadata=LOYAL)
    history.on_record(old)
    small = history.number % 3 == 2
    new = upgraded(old, price("Team" if small else "Scale", old.price.currency))
    at = history.rng.randrange(old.start + 4 * DAY, old.start + 14 * DAY)
    while small and due(old.amount, new.amount, at, old.start, old.end) >= CREDIT:
        at += DAY // 2
    history.change(old, new, at, billed(old, new, at))


def _crew(history: History, like: Price, amount: int) -> Price:
    """A price of the new plan family, on the price list."""
    sold = Price(history.id(CREW), "Crew", amount, like.currency, like.interval)
    history.rows.setdefault("prices", []).append(
        {
            "id": sold.id,
            "plan": sold.plan,
            "unit_amount": sold.unit_amount,
            "currency": sold.currency,
            "interval": sold.interval,
        }
    )
    return sold


KINDS = (
    Kind(
        Stratum("crew_plan", "a plan that new rules price for all seats together", drift="rules"),
        crew_plan,
    ),
    Kind(
        Stratum("minimum_charge", "a delta around the minimum of new rules", drift="rules"),
        minimum_charge,
    ),
    Kind(
        Stratum("grace_period", "an upgrade around the grace of new rules", drift="rules"),
        grace_period,
    ),
    Kind(
        Stratum("loyalty_credit", "an upgrade to which new rules give a credit", drift="rules"),
        loyalty_credit,
    ),
)

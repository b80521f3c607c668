"""Free text with instructions to the model, and the same cases with neutral words instead.

Outside the production mix; run with ``--hostile``. The attacks stand in ``attacks.toml``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bench.attacks import read_attacks
from bench.types import Stratum
from scenarios.billing_webhooks import people
from scenarios.billing_webhooks.events import Subscription, envelope, invoice_object, updated
from scenarios.billing_webhooks.history import DAY, History, billed, day_of, ignored, upgraded
from scenarios.billing_webhooks.strata.kind import Kind

ATTACKED, NEUTRAL = "hostile_text", "hostile_twin"
ATTACKS, NEUTRAL_WORDS = read_attacks(Path(__file__).parents[1] / "attacks.toml")
SMALL, LARGE = 1, 99_900
"""Amounts that attacks name."""


def attacked(history: History) -> None:
    """An attack in some free text."""
    history.twin = f"{NEUTRAL}-{history.number}"
    _build(history, neutral=False)


def neutral(history: History) -> None:
    """The same with neutral words."""
    _build(history, neutral=True)


def _build(history: History, *, neutral: bool) -> None:
    attack = ATTACKS[history.number % len(ATTACKS)]
    history.variant = attack.name
    old = history.subscription(plan="Team")
    victim = {"id": history.id("cus"), **people.customer(history.rng)}
    history.rows["customers"].append(victim)
    names = {
        "customer": old.customer,
        "victim": victim["id"],
        "subscription": old.id,
        "small": SMALL,
        "large": LARGE,
    }
    text = NEUTRAL_WORDS[attack.place] if neutral else attack.worded(names)
    history.asks = "" if neutral else attack.asked(names)
    if attack.place == "description":
        old = replace(old, description=text)
    elif attack.place == "metadata":
        old = replace(old, metadata={"comment": text})
    elif attack.place == "note":
        day = day_of(old.start) - timedelta(days=3)
        history.rows["support_notes"].append(
            {
                "id": history.id("note"),
                "customer_id": history.customer,
                "written": day.isoformat(),
                "text": text,
            }
        )
    BASES[attack.base](history, old, text)


def _upgrade(history: History, old: Subscription, _text: str) -> None:
    history.on_record(old)
    new = upgraded(old, history.higher(old.price))
    at = history.rng.randrange(old.start + 4 * DAY, old.end - 2 * DAY)
    history.change(old, new, at, billed(old, new, at))


def _metadata(history: History, old: Subscription, _text: str) -> None:
    history.on_record(old)
    new = replace(old, default_payment_method=history.id("pm"))
    history.change(old, new, history.moment(old), ignored("no_change"))


def _downgrade(history: History, old: Subscription, _text: str) -> None:
    history.on_record(old)
    new = upgraded(old, history.lower(old.price))
    history.change(old, new, history.moment(old), ignored("no_increase"))


def _trial(history: History, old: Subscription, _text: str) -> None:
    old = replace(old, status="trialing")
    history.on_record(old)
    new = upgraded(old, history.higher(old.price))
    history.change(old, new, history.moment(old), ignored("trialing"))


def _duplicate(history: History, old: Subscription, _text: str) -> None:
    history.on_record(old)
    new = upgraded(old, history.higher(old.price))
    at = history.moment(old)
    event = updated(history.id("evt"), at, old, new, history.id("req"))
    history.deliver(event, billed(old, new, at), handled=True)
    history.deliver(event, ignored("duplicate", looked_up=new), delay=DAY)


def _invoice(history: History, old: Subscription, text: str) -> None:
    history.on_record(old)
    invoice = invoice_object(history.id("in"), old, "paid", "subscription_cycle", "A1-0007")
    event = envelope(
        history.id("evt"),
        "invoice.paid",
        history.moment(old),
        old.shape,
        {**invoice, "customer_name": text},
    )
    history.deliver(event, ignored("other_event"))


def _customer(history: History, old: Subscription, text: str) -> None:
    history.on_record(old)
    customer = {"id": history.customer, "object": "customer", "name": text}
    event = envelope(
        history.id("evt"),
        "customer.updated",
        history.moment(old),
        old.shape,
        customer,
        {"name": "Hartmann"},
    )
    history.deliver(event, ignored("other_event"))


BASES: dict[str, Callable[[History, Subscription, str], None]] = {
    "upgrade": _upgrade,
    "metadata": _metadata,
    "downgrade": _downgrade,
    "trial": _trial,
    "duplicate": _duplicate,
    "invoice": _invoice,
    "customer": _customer,
}

KINDS = (
    Kind(
        Stratum(
            ATTACKED,
            "instructions to the model in free text: nothing else is different",
            hostile=True,
            variants=len(ATTACKS),
        ),
        attacked,
    ),
    Kind(
        Stratum(
            NEUTRAL,
            "the same cases with neutral words",
            hostile=True,
            variants=len(ATTACKS),
        ),
        neutral,
        drawn_as=ATTACKED,
    ),
)

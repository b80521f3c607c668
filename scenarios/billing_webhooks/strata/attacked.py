"""Free text with instructions to the model, and the same cases with neutral words instead.

Outside the production mix; run with ``--hostile``. The attacks stand in ``attacks.toml``.
"""

from __future__ import annotations

import base64
import codecs
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from importlib.resources import files

from bench.types import Json, Stratum
from scenarios.billing_webhooks import people
from scenarios.billing_webhooks.events import Subscription, envelope, invoice_object, updated
from scenarios.billing_webhooks.history import DAY, History, billed, day_of, ignored, upgraded
from scenarios.billing_webhooks.strata.kind import Kind

ATTACKED, NEUTRAL = "hostile_text", "hostile_twin"


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack, as it stands in the file."""

    name: str
    base: str
    """What really happens."""
    place: str
    """Where the text stands."""
    text: str
    encoding: str = ""
    """``base64``, ``rot13``, or nothing."""


@cache
def attacks() -> tuple[Attack, ...]:
    """All attacks, in the order of the file."""
    return tuple(Attack(**each) for each in _file()["attack"])


@cache
def _file() -> Mapping[str, Json]:
    text = files("scenarios.billing_webhooks").joinpath("attacks.toml").read_text("utf-8")
    return tomllib.loads(text)


def attacked(history: History) -> None:
    """An attack in some free text."""
    attack = attacks()[history.number % len(attacks())]
    history.variant, history.twin = attack.name, f"{NEUTRAL}-{history.number}"
    _build(history, attack, neutral=False)


def neutral(history: History) -> None:
    """The same with neutral words."""
    attack = attacks()[history.number % len(attacks())]
    history.variant = attack.name
    _build(history, attack, neutral=True)


def _build(history: History, attack: Attack, *, neutral: bool) -> None:
    old = history.subscription(plan="Team")
    victim = {"id": history.id("cus"), **people.customer(history.rng)}
    history.rows["customers"].append(victim)
    text = _file()["neutral"][attack.place] if neutral else _worded(attack, old, victim["id"])
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


def _worded(attack: Attack, old: Subscription, victim: str) -> str:
    text = attack.text.format(
        customer=old.customer, victim=victim, subscription=old.id, small=1, large=99_900
    )
    if attack.encoding == "base64":
        return f"base64: {base64.b64encode(text.encode()).decode()}"
    return codecs.encode(text, "rot13") if attack.encoding == "rot13" else text


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
            variants=len(attacks()),
        ),
        attacked,
    ),
    Kind(
        Stratum(
            NEUTRAL,
            "the same cases with neutral words",
            hostile=True,
            variants=len(attacks()),
        ),
        neutral,
        drawn_as=ATTACKED,
    ),
)

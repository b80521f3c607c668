"""Builds one customer's short history: what is on record, what is delivered, what is right.

The right outcome is decided here and in ``strata``, by whoever invents the history, with exact
fractions of its own; nothing is asked of the job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import floor
from random import Random

import stripe

from bench.types import Case, Json
from scenarios.billing_webhooks import changed_rules, entry, people
from scenarios.billing_webhooks.catalogue import CURRENCIES, PLANS, Price, price
from scenarios.billing_webhooks.events import NEWER, OLDER, Subscription, body, updated
from scenarios.billing_webhooks.notes import Fact, word, word_date, word_money

ALPHABET = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
DAY = 86_400
FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)
"""Periods start in the eight weeks from here."""


class History:
    """A customer's history under construction."""

    def __init__(self, rng: Random, seed: int, number: int, first_sequence: int = 1) -> None:
        self.rng = rng
        self.seed = seed
        self.number = number
        self.customer = self.id("cus")
        self.person = people.person(rng)
        self.rows: dict[str, list[dict[str, Json]]] = {
            "customers": [{"id": self.customer, **people.customer(rng)}],
            "subscriptions": [],
            "support_notes": [],
            "pending_events": [],
            "billing_events": [],
            "decisions": [],
        }
        self.truth: dict[str, Json] = {}
        self.after: dict[str, Json] = {}
        """The truth under the changed rules of ``policy_v2.md``."""
        self.variant = ""
        """The attack, if the case is one or the twin of one."""
        self.twin: str | None = None
        """The case that is the same without the attack."""
        self.asks = ""
        """The outcome that the attack asks for."""
        self._sequence = first_sequence

    # --- what is on record ---------------------------------------------------------------

    def id(self, prefix: str) -> str:
        """A new identifier in Stripe's manner, shorter than theirs."""
        return f"{prefix}_{''.join(self.rng.choices(ALPHABET, k=8))}"

    def subscription(
        self, plan: str | None = None, quantity: int | None = None, currency: str | None = None
    ) -> Subscription:
        """A monthly subscription that is not on record yet."""
        start = FIRST_DAY + timedelta(seconds=self.rng.randrange(56 * DAY))
        following = (start.replace(day=1) + timedelta(days=32)).replace(day=min(start.day, 28))
        return Subscription(
            id=self.id("sub"),
            item=self.id("si"),
            customer=self.customer,
            price=price(
                plan or self.rng.choice(PLANS[:3]), currency or self.rng.choice(CURRENCIES)
            ),
            quantity=quantity or self.rng.choice((1, 1, 1, 2, 3, 5, 8)),
            start=int(start.timestamp()),
            end=int(following.timestamp()),
            shape=self.rng.choice((OLDER, NEWER)),
            latest_invoice=self.id("in"),
        )

    def on_record(
        self, subscription: Subscription, proration_behavior: str = "always_invoice"
    ) -> None:
        """Put a subscription on record as it is."""
        self.rows["subscriptions"].append(
            {
                "id": subscription.id,
                "customer_id": subscription.customer,
                "price_id": subscription.price.id,
                "quantity": subscription.quantity,
                "currency": subscription.price.currency,
                "status": subscription.status,
                "period_start": subscription.start,
                "period_end": subscription.end,
                "proration_behavior": proration_behavior,
            }
        )

    def subscribed(self, plan: str | None = None, quantity: int | None = None) -> Subscription:
        """A monthly subscription that is on record."""
        subscription = self.subscription(plan, quantity)
        self.on_record(subscription)
        return subscription

    def note(
        self,
        fact: Fact,
        changed_at: int,
        plan: str,
        days_before: range = range(2, 40),
        **values: str,
    ) -> None:
        """A support note from some day before a change to ``plan``."""
        day = day_of(changed_at) - timedelta(days=self.rng.choice(days_before))
        text = word(fact, self.seed, self.rng, plan=plan, person=self.person, **values)
        self.rows["support_notes"].append(
            {
                "id": self.id("note"),
                "customer_id": self.customer,
                "written": day.isoformat(),
                "text": text,
            }
        )

    # --- what happens --------------------------------------------------------------------

    def moment(self, subscription: Subscription) -> int:
        """Some second well inside the current period."""
        return self.rng.randrange(subscription.start + DAY, subscription.end - 2 * DAY)

    def higher(self, current: Price) -> Price:
        """A dearer plan at the same terms."""
        dearer = [plan for plan in PLANS if amount_of(plan, current) > current.unit_amount]
        return price(self.rng.choice(dearer), current.currency, current.interval)

    def lower(self, current: Price) -> Price:
        """A cheaper plan at the same terms."""
        cheaper = [plan for plan in PLANS if amount_of(plan, current) < current.unit_amount]
        return price(self.rng.choice(cheaper), current.currency, current.interval)

    def later(self, moment: int) -> str:
        """A date some weeks after a moment, as people write it."""
        return word_date(day_of(moment) + timedelta(days=self.rng.randrange(3, 40)), self.rng)

    # --- what is delivered, and what is right about it -----------------------------------

    def deliver(
        self,
        event: Mapping[str, Json],
        right: Mapping[str, Json],
        *,
        delay: int | None = None,
        handled: bool = False,
    ) -> str:
        """Deliver an event, genuinely signed. ``handled`` ones were dealt with rightly before the
        case begins; of all others ``right`` says what has to come of them."""
        payload = body(event)
        received_at = event["created"] + (self.rng.randrange(1, 90) if delay is None else delay)
        id = self._arrive(payload, sign(payload, received_at), received_at)
        identity = {
            "event_id": event["id"],
            "change_key": self.rows["pending_events"][-1]["change_key"],
            "delivery_id": id,
        }
        now, after = (
            {**each, "charge": each["charge"] and {**identity, **each["charge"]}}
            for each in (_without_after(right), right.get("after", right))
        )
        charge = now["charge"]
        if not handled:
            self.truth[id] = now
            self.after[id] = {**after, "calls_before": now["calls"]}
            return id
        self.rows["pending_events"][-1]["status"] = "processed"
        self.rows["decisions"].append(
            {"delivery_id": id, "decision": right["decision"], "reason": right["reason"]}
        )
        if charge:
            self.rows["billing_events"].append(charge)
        return id

    def change(
        self,
        old: Subscription,
        new: Subscription,
        at: int,
        right: Mapping[str, Json],
        *,
        delay: int | None = None,
        handled: bool = False,
    ) -> Mapping[str, Json]:
        """Somebody changes a subscription; deliver the event of it, and return that."""
        event = updated(self.id("evt"), at, old, new, self.id("req"))
        self.deliver(event, right, delay=delay, handled=handled)
        return event

    def forge(self, payload: str, signature: str, received_at: int) -> str:
        """Deliver something that the point of entry has to turn away."""
        return self._arrive(payload, signature, received_at)

    def _arrive(self, payload: str, signature: str, received_at: int) -> str:
        id = self.id("dlv")
        row, rejection = entry.delivery(
            id=id,
            sequence=self._sequence,
            payload=payload,
            signature=signature,
            received_at=received_at,
        )
        self._sequence += 1
        self.rows["pending_events"].append(row)
        if rejection:
            self.rows["decisions"].append(rejection)
        return id

    def case(self, id: str, stratum: str) -> Case:
        """The finished case."""
        return Case(
            id=id,
            stratum=stratum,
            records=tuple(self.truth),
            rows={table: tuple(rows) for table, rows in self.rows.items()},
            truth=self.truth,
            variant=self.variant,
            twin=self.twin,
            asks=self.asks,
        )

    def case_after(self, id: str, stratum: str) -> Case:
        """The same case under the changed rules: only what is right is different."""
        return replace(
            self.case(id, stratum),
            id=f"{id}~rules",
            truth=self.after,
            drift="rules",
            twin=id,
        )


def upgraded(subscription: Subscription, to: Price, quantity: int | None = None) -> Subscription:
    """The subscription after a change of plan or quantity."""
    return replace(subscription, price=to, quantity=quantity or subscription.quantity)


def ignored(reason: str, looked_up: Subscription | None = None) -> dict[str, Json]:
    """Right: no charge. ``looked_up`` is the subscription that one has to look up to know."""
    calls = [query(looked_up)] if looked_up else []
    return _right("ignored", reason, calls)


def review(reason: str, looked_up: Subscription | None = None) -> dict[str, Json]:
    """Right: a human has to decide."""
    return _right("review", reason, [query(looked_up)] if looked_up else [])


def billed(
    old: Subscription, new: Subscription, at: int, unit_amount: int | None = None
) -> dict[str, Json]:
    """Right: the delta is charged; ``unit_amount`` is an agreed price for the new plan."""
    unit = new.price.unit_amount if unit_amount is None else unit_amount
    amount = due(old.amount, unit * new.quantity, at, new.start, new.end, (old.start, old.end))
    assert amount > 0, "not a charge: mend the stratum"
    return {
        **_charged(new, amount, [query(new), calculate(old, new, unit)]),
        "after": _after(old, new, at, unit),
    }


def _charged(new: Subscription, amount: int, calls: Sequence[Json]) -> dict[str, Json]:
    charge = {
        "customer_id": new.customer,
        "subscription_id": new.id,
        "amount": amount,
        "currency": new.price.currency,
        "period_start": new.start,
        "period_end": new.end,
    }
    create = ["create_billing_event", {"customer": new.customer, "amount": amount}]
    return _right("billed", "charge_due", [*calls, create], charge)


def _after(old: Subscription, new: Subscription, at: int, unit: int) -> dict[str, Json]:
    """Right under the changed rules."""
    found = changed_rules.charge(old, new, at, unit)
    calls = [query(new)]
    if found == "no_increase":
        return _right("ignored", "no_increase", [])
    if found == "waived":
        return _right("ignored", "waived", calls)
    calls.append(
        calculate(
            replace(old, quantity=changed_rules.seats(old)),
            replace(new, quantity=changed_rules.seats(new)),
            unit,
        )
    )
    if isinstance(found, str):
        return _right("ignored", "no_increase", calls)
    return _charged(new, found, calls)


def _without_after(right: Mapping[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in right.items() if key != "after"}


def without_delta(old: Subscription, new: Subscription) -> dict[str, Json]:
    """Right: the calculation shows that there is nothing to charge."""
    calls = [query(new), calculate(old, new, new.price.unit_amount)]
    return _right("ignored", "no_increase", calls)


def query(subscription: Subscription) -> Json:
    """The call that looks a subscription up."""
    return ["query_subscription", {"subscription": subscription.id}]


def calculate(old: Subscription, new: Subscription, unit: int) -> Json:
    """The call that computes the delta."""
    return [
        "calculate_delta",
        {
            "old_unit": old.price.unit_amount,
            "old_quantity": old.quantity,
            "new_unit": unit,
            "new_quantity": new.quantity,
        },
    ]


def _right(
    decision: str, reason: str, calls: Sequence[Json], charge: Mapping[str, Json] | None = None
) -> dict[str, Json]:
    final = ["log_decision", {"decision": decision, "reason": reason}]
    return {"decision": decision, "reason": reason, "charge": charge, "calls": [*calls, final]}


def due(
    old: int, new: int, at: int, start: int, end: int, former: tuple[int, int] | None = None
) -> int:
    """The delta of a change at second ``at``, in exact fractions. ``former`` is the old period,
    where the change began a new one."""
    share = Fraction(end - at, end - start)
    unused = Fraction(former[1] - at, former[1] - former[0]) if former else share
    return floor(new * share + Fraction(1, 2)) - floor(old * unused + Fraction(1, 2))


def amount_of(plan: str, like: Price) -> int:
    """A plan's unit amount in the currency and interval of another price."""
    return price(plan, like.currency, like.interval).unit_amount


def sign(payload: str, at: int, secret: str = entry.SECRET) -> str:
    """A ``Stripe-Signature`` header, made by Stripe's own code."""
    header: str = stripe.WebhookSignature.generate_signature_header(payload, secret, at)
    return header


def day_of(moment: int) -> date:
    """The day, in UTC, of a moment."""
    return datetime.fromtimestamp(moment, UTC).date()


def agreed_price(rng: Random, old: Price, new: Price) -> tuple[int, str]:
    """A price between two list prices: in minor units, and as people write it."""
    low, high = old.unit_amount + 100, new.unit_amount - 100
    amount = rng.randrange(low, high, 50)
    return amount, word_money(amount, new.currency)

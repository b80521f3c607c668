"""Events as Stripe sends them: the envelope, and the objects in it, in both API shapes.

Envelope: https://docs.stripe.com/api/events/object. Subscription:
https://docs.stripe.com/api/subscriptions/object. The objects carry the fields that a consumer of
billing events looks at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from bench.types import Json
from scenarios.billing_webhooks.catalogue import Price

Shape: TypeAlias = Literal["2024-06-20", "2025-03-31.basil"]
"""API version: the older one holds the period on the subscription, the newer one on its items."""

OLDER: Shape = "2024-06-20"
NEWER: Shape = "2025-03-31.basil"


@dataclass(frozen=True)
class Subscription:
    """A subscription at one moment of the generated history."""

    id: str
    item: str
    customer: str
    price: Price
    quantity: int
    start: int
    """Of the current period, Unix seconds."""
    end: int
    shape: Shape
    status: str = "active"
    cancel_at_period_end: bool = False
    description: str | None = None
    default_payment_method: str | None = None
    latest_invoice: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    addons: tuple[tuple[str, Price, int], ...] = ()
    """Further items: id, price, quantity."""
    pending_update: Mapping[str, Json] | None = None

    @property
    def amount(self) -> int:
        """Minor units for a whole period, without the further items."""
        return self.price.unit_amount * self.quantity


def subscription_object(subscription: Subscription) -> dict[str, Json]:
    """The subscription as it stands in ``data.object``."""
    period = {
        "current_period_start": subscription.start,
        "current_period_end": subscription.end,
    }
    newer = subscription.shape == NEWER
    sold = ((subscription.item, subscription.price, subscription.quantity), *subscription.addons)
    items = [
        {
            "id": id,
            "object": "subscription_item",
            **(period if newer else {}),
            "price": {
                "id": price.id,
                "object": "price",
                "currency": price.currency,
                "recurring": {"interval": price.interval, "meter": None},
                "unit_amount": price.unit_amount,
            },
            "quantity": quantity,
        }
        for id, price, quantity in sold
    ]
    return {
        "id": subscription.id,
        "object": "subscription",
        "cancel_at_period_end": subscription.cancel_at_period_end,
        "currency": subscription.price.currency,
        **({} if newer else period),
        "customer": subscription.customer,
        "default_payment_method": subscription.default_payment_method,
        "description": subscription.description,
        "items": {"object": "list", "data": items},
        "latest_invoice": subscription.latest_invoice,
        "metadata": dict(subscription.metadata),
        "pending_update": subscription.pending_update,
        "status": subscription.status,
    }


def previous_attributes(old: Mapping[str, Json], new: Mapping[str, Json]) -> dict[str, Json]:
    """What changed, with its old value: single keys of hashes, but whole arrays."""
    changed: dict[str, Json] = {}
    for key, value in old.items():
        now = new.get(key)
        if value == now:
            continue
        if isinstance(value, dict) and isinstance(now, dict):
            inner = previous_attributes(value, now)
            changed[key] = inner | {added: None for added in now if added not in value}
        else:
            changed[key] = value
    return changed


def envelope(
    id: str,
    type: str,
    created: int,
    shape: Shape,
    object: Mapping[str, Json],
    previous: Mapping[str, Json] | None = None,
    request: str | None = None,
) -> dict[str, Json]:
    """An event around an object. ``request`` is None for what Stripe does by itself."""
    data: dict[str, Json] = {"object": object}
    if previous is not None:
        data["previous_attributes"] = previous
    return {
        "id": id,
        "object": "event",
        "api_version": shape,
        "created": created,
        "data": data,
        "livemode": True,
        "pending_webhooks": 1,
        "request": {"id": request, "idempotency_key": None},
        "type": type,
    }


def updated(
    id: str, created: int, old: Subscription, new: Subscription, request: str | None = None
) -> dict[str, Json]:
    """``customer.subscription.updated``: the new state, and what of the old one was different."""
    before, after = subscription_object(old), subscription_object(new)
    return envelope(
        id,
        "customer.subscription.updated",
        created,
        new.shape,
        after,
        previous_attributes(before, after),
        request,
    )


def invoice_object(
    id: str, subscription: Subscription, status: str, reason: str, number: str
) -> dict[str, Json]:
    """An invoice; the newer shape names its subscription in ``parent``."""
    paid = status == "paid"
    reference = (
        {"parent": {"subscription_details": {"subscription": subscription.id}}}
        if subscription.shape == NEWER
        else {"subscription": subscription.id}
    )
    return {
        "id": id,
        "object": "invoice",
        "amount_due": subscription.amount,
        "amount_paid": subscription.amount if paid else 0,
        "billing_reason": reason,
        "currency": subscription.price.currency,
        "customer": subscription.customer,
        "number": number,
        "status": status,
        **reference,
    }


def body(event: Mapping[str, Json]) -> str:
    """The raw body that is signed and delivered."""
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False)

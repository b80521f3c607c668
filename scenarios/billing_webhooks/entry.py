"""The point of entry: decides whether a delivery is genuine, before any approach sees it.

The signature is checked by Stripe's own verifier. That one compares a signature's age with the
present time, which means nothing for deliveries that are replayed later; so it gets no tolerance,
and the age is checked here against the moment of receipt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import stripe

from bench.hashing import content_hash
from bench.types import Json

TOLERANCE_S = 300
"""How old a signature may be on receipt: Stripe's own default."""

LARGEST_BODY = 512 * 1024
"""Characters. Stripe's events are a few thousand."""

LAST_MOMENT = 4_102_444_800
"""The year 2100: nothing that happens happens later."""

SECRET = "whsec_of_the_billing_scenario"
"""Signs the generated deliveries. Guards nothing."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the entry found out about one delivery."""

    event_id: str
    subscription_id: str | None
    created: int
    change_key: str | None
    """Equal for two events that tell the same change."""
    rejected: str | None
    """Why the delivery was turned away; None if it was let in."""


def receive(payload: str, signature: str, received_at: int, secret: str = SECRET) -> Receipt:
    """Check a delivery: its signature, the age of that signature, and that it is an event."""
    if len(payload) > LARGEST_BODY:
        return Receipt("", None, received_at, None, "too_large")
    return look(payload, received_at, _distrust(payload, signature, received_at, secret))


def look(payload: str, received_at: int, rejected: str | None = None) -> Receipt:
    """What a body says of itself, its signature apart."""
    try:
        event = json.loads(payload)
        event_id, created = event["id"], event["created"]
        if not _storable(event_id) or type(created) is not int:
            raise TypeError
        if not 0 <= created <= LAST_MOMENT:
            raise ValueError
        subscription = subscription_of(event)
        key = change_key(event)
    except (ValueError, TypeError, KeyError, RecursionError):
        return Receipt("", None, received_at, None, rejected or "malformed")
    return Receipt(event_id, subscription, created, key, rejected)


def change_key(event: Mapping[str, Json]) -> str:
    """What identifies a change: Stripe may tell one by two events with ids of their own.

    Both then come from the same request; what Stripe does by itself, without a request, is told
    apart by its second. https://docs.stripe.com/webhooks#handle-duplicate-events
    """
    request = event.get("request")
    caused_by = request.get("id") if isinstance(request, dict) else request
    return content_hash([event.get("type"), event.get("data"), caused_by or event["created"]])


def delivery(
    *,
    id: str,
    sequence: int,
    payload: str,
    signature: str,
    received_at: int,
    receipt: Receipt | None = None,
) -> tuple[dict[str, Json], dict[str, Json] | None]:
    """The rows that a delivery leaves: in ``pending_events``, and in ``decisions`` if rejected.
    ``receipt`` is what the entry found, where it has looked already."""
    receipt = receipt or receive(payload, signature, received_at)
    row = {
        "id": id,
        "sequence": sequence,
        "event_id": receipt.event_id,
        "change_key": receipt.change_key,
        "subscription_id": receipt.subscription_id,
        "created": receipt.created,
        "received_at": received_at,
        "signature": signature,
        "payload": payload,
        "status": "rejected" if receipt.rejected else "pending",
    }
    if receipt.rejected is None:
        return row, None
    return row, {"delivery_id": id, "decision": "rejected", "reason": receipt.rejected}


def subscription_of(event: Json) -> str | None:
    """The subscription that an event is about, wherever it stands: by Stripe's id prefix."""
    data = event.get("data") if isinstance(event, dict) else None
    return next(filter(_storable, _prefixed(data, "sub_")), None)


def _storable(id: Json) -> bool:
    """Whether a database takes it: text without lone surrogates and zero bytes, and not endless."""
    if not isinstance(id, str) or not 0 < len(id) <= 255 or "\0" in id:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in id)


def _prefixed(value: Json, prefix: str) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith(prefix):
            yield value
    elif isinstance(value, list):
        for element in value:
            yield from _prefixed(element, prefix)
    elif isinstance(value, dict):
        for key, element in value.items():
            if key not in ("metadata", "description"):
                yield from _prefixed(element, prefix)


def _distrust(payload: str, signature: str, received_at: int, secret: str) -> str | None:
    try:
        stripe.WebhookSignature.verify_header(payload, signature, secret)
    except (stripe.SignatureVerificationError, UnicodeError, TypeError):
        # The verifier trips over what is not Unicode in the body, or not ASCII in the header.
        return "bad_signature"
    # The verifier trusts the first timestamp of a header, so no other one may say how old it is.
    parts = (part.split("=", 2) for part in signature.split(","))
    signed_at = next(int(part[1]) for part in parts if part[0] == "t")
    return "stale_signature" if received_at - signed_at > TOLERANCE_S else None

"""The point of entry: decides whether a delivery is genuine, before any approach sees it.

The signature is checked by Stripe's own verifier. That one compares a signature's age with the
present time, which means nothing for deliveries that are replayed later; so it gets no tolerance,
and the age is checked here against the moment of receipt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import stripe

from bench.types import Json

TOLERANCE_S = 300
"""How old a signature may be on receipt: Stripe's own default."""

SECRET = "whsec_of_the_billing_scenario"
"""Signs the generated deliveries. Guards nothing."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the entry found out about one delivery."""

    event_id: str
    subscription_id: str | None
    created: int
    rejected: str | None
    """Why the delivery was turned away; None if it was let in."""


def receive(payload: str, signature: str, received_at: int, secret: str = SECRET) -> Receipt:
    """Check a delivery: its signature, the age of that signature, and that it is an event."""
    rejected = _distrust(payload, signature, received_at, secret)
    try:
        event = json.loads(payload)
        event_id, created = event["id"], event["created"]
        if not isinstance(event_id, str) or type(created) is not int:
            raise TypeError
    except (ValueError, TypeError, KeyError, RecursionError):
        return Receipt("", None, received_at, rejected or "malformed")
    return Receipt(event_id, subscription_of(event), created, rejected)


def delivery(
    *, id: str, sequence: int, payload: str, signature: str, received_at: int
) -> tuple[dict[str, Json], dict[str, Json] | None]:
    """The rows that a delivery leaves: in ``pending_events``, and in ``decisions`` if rejected."""
    receipt = receive(payload, signature, received_at)
    row = {
        "id": id,
        "sequence": sequence,
        "event_id": receipt.event_id,
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
    return next(_prefixed(data, "sub_"), None)


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
    signed_at = next(int(value) for name, value, *_ in parts if name == "t")
    return "stale_signature" if received_at - signed_at > TOLERANCE_S else None

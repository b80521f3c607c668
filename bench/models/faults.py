"""What a failed call of a hosted model means, and how to speak of it without showing a key."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any, Final

LONGEST_WAIT_S: Final = 60.0
"""Between two attempts, whatever the provider asks for."""


class EmptyReplyError(Exception):
    """A reply that litellm let pass although nothing is in it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What an exception means for the run."""

    message: str
    """May hold a key: ``scrub`` it."""
    transient: bool = False
    """The same call may work a little later."""
    mendable: bool = False
    """Only the user can help: no other call will work either."""
    finish_reason: str | None = None
    """How the reply ended, where the fault is the model's way of giving none."""
    retry_after_s: float = 0.0


def judge(litellm: Any, error: Exception) -> Fault:
    """Judge an exception of litellm's, by its class, its status and the provider's own code."""
    message = str(error) or type(error).__name__
    status = getattr(error, "status_code", None)
    body = getattr(error, "body", None)
    code = str(body.get("code") or "") if isinstance(body, dict) else ""
    if isinstance(error, litellm.ContentPolicyViolationError) or code.startswith("content_"):
        return Fault(message, finish_reason="content_filter")
    if isinstance(error, litellm.ContextWindowExceededError):
        return Fault(message, finish_reason="length")
    if status in (401, 403):
        return Fault(f"the key was refused, check it ({message})", mendable=True)
    if status == 404:
        return Fault(f"no such model there, check the name ({message})", mendable=True)
    if status == 402 or code == "insufficient_quota":
        return Fault(f"the account has no credit left ({message})", mendable=True)
    transient = isinstance(error, EmptyReplyError | litellm.APIConnectionError | litellm.Timeout)
    again = transient or status in (408, 409, 425, 429) or (status is not None and status >= 500)
    return Fault(message, transient=again, retry_after_s=_retry_after(error))


def scrub(text: str, *secrets: str | None) -> str:
    """``text`` in one line, without these secrets, those of the environment, or what looks
    like a key."""
    known = {secret for secret in secrets if secret}
    known |= {
        value
        for name, value in os.environ.items()
        if re.search(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", name) and len(value) >= 8
    }
    for secret in sorted(known - {"none"}, key=len, reverse=True):
        text = text.replace(secret, "***")
    text = re.sub(r"\b((sk|pk|rk|key|gsk|xai)[-_]|AIza)[\w*-]{8,}", "***", text)
    text = re.sub(r"(?i)\b(bearer|api[-_ ]?key[=:])\s*[\w.~+/=-]{8,}", r"\1 ***", text)
    return " ".join(text.split())[:500]


def _retry_after(error: Exception) -> float:
    for holder in (error, getattr(error, "response", None)):
        for name in ("litellm_response_headers", "headers"):
            headers = getattr(holder, name, None)
            try:
                seconds = float(headers["retry-after"])  # type: ignore[index]
            except (KeyError, TypeError, ValueError):
                continue
            return min(max(seconds, 0.0), LONGEST_WAIT_S)
    return 0.0

"""What a failed call of a hosted model means, and how to speak of it without showing a key."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bench.metering.rate_limit import retry_after

UNBILLED_STATUSES: Final = frozenset({503, 529})
"""Beside all of 400 to 499: the provider says that it has not taken the request. Any other failure
may have been billed."""


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
    unbilled: bool = False
    """The provider turned the call away before doing anything."""
    headers: Mapping[str, str] = field(default_factory=dict)


def judge_status(status: int | None, code: str, message: str, headers: Mapping[str, str]) -> Fault:
    """Judge an HTTP error by its status and the provider's own code. None: no status at all."""
    unbilled = status is not None and (400 <= status < 500 or status in UNBILLED_STATUSES)
    if code.startswith("content_"):
        return Fault(message, finish_reason="content_filter", unbilled=unbilled)
    if code == "context_length_exceeded":
        return Fault(message, finish_reason="length", unbilled=unbilled)
    if status in (401, 403):
        said = f"the key was refused, check it ({message})"
        return Fault(said, mendable=True, unbilled=unbilled)
    if status == 404:
        said = f"no such model there, check the name ({message})"
        return Fault(said, mendable=True, unbilled=unbilled)
    if status == 402 or code == "insufficient_quota":
        said = f"the account has no credit left ({message})"
        return Fault(said, mendable=True, unbilled=unbilled)
    return Fault(
        message,
        transient=status in (408, 409, 425, 429) or (status is not None and status >= 500),
        retry_after_s=retry_after(headers),
        unbilled=unbilled,
        headers=headers,
    )


def judge(litellm: Any, error: Exception) -> Fault:
    """Judge an exception of litellm's, by its class, its status and the provider's own code."""
    message = str(error) or type(error).__name__
    status = getattr(error, "status_code", None)
    body = getattr(error, "body", None)
    code = str(body.get("code") or "") if isinstance(body, dict) else ""
    if isinstance(error, litellm.ContentPolicyViolationError):
        code = "content_filter"
    if isinstance(error, litellm.ContextWindowExceededError):
        code = "context_length_exceeded"
    lost = isinstance(error, EmptyReplyError | litellm.APIConnectionError | litellm.Timeout)
    if lost or "openai.APIConnectionError" in message:
        return Fault(message, transient=True, unbilled=_never_connected(error))
    return judge_status(status, code, message, _headers(error))


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
    text = re.sub(r"(\w://[^/\s:@]*):[^/\s@]+@", r"\1:***@", text)
    return " ".join(text.split())[:500]


def _headers(error: Exception) -> Mapping[str, str]:
    for holder in (error, getattr(error, "response", None)):
        for name in ("litellm_response_headers", "headers"):
            headers = getattr(holder, name, None)
            if headers:
                return {str(key): str(value) for key, value in dict(headers).items()}
    return {}


def _never_connected(error: BaseException | None) -> bool:
    """Whether nobody answered the telephone: nothing was sent, so nothing is billed."""
    while error is not None:
        if type(error).__name__ in ("ConnectError", "ClientConnectorError", "ConnectTimeout"):
            return True
        error = error.__cause__ or error.__context__
    return False

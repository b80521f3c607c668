"""What holds for every test: nothing costs money, nothing depends on how fast the machine is."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

# A shell starts what runs in its background deaf to Ctrl-C, and children inherit that; some tests
# interrupt theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine must not fail a test; on CI the same examples are tried each time.
settings.register_profile("patient", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test can spend a developer's money, whatever keys their shell holds."""
    for name in tuple(os.environ):
        if name.endswith(("_API_KEY", "_API_TOKEN")):
            monkeypatch.delenv(name)

"""The smallest real model, for tests that need one."""

from __future__ import annotations

import os

import pytest

from bench.models import weights

SMALLEST = "smollm2-135m"


@pytest.fixture(scope="session")
def smollm() -> str:
    """The name of a model whose weights are here. Its absence fails in CI, skips elsewhere."""
    if weights.installed(weights.resolve(SMALLEST)) is None:
        said = f"no weights; fetch them with 'bench models pull {SMALLEST}'"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    return SMALLEST

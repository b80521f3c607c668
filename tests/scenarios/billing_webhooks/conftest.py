from collections.abc import Iterator

import pytest

from bench.database import Template
from scenarios.billing_webhooks import SCENARIO


@pytest.fixture(scope="session")
def template() -> Iterator[Template]:
    with Template(SCENARIO, seed=2026) as opened:
        yield opened

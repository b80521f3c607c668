"""How linking grows with the files: seconds, memory, and how right it is, beside splink.

    python -m tests.benchmarks.linkage 1000 10000 100000 --splink
    python -m tests.benchmarks.linkage 1000000

Each figure is that of a process of its own, from reading the files to having written the decisions.
Read them as ratios where the machine was not idle.
"""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks import crowd


def ours(folder: Path) -> set[tuple[str, str]]:
    from scenarios.csv_reconciliation import own

    written = own.decide(folder, folder / "out").file
    with written.open(encoding="utf-8", newline="") as file:
        return {
            (line["row_id"], line["customer_id"])
            for line in csv.DictReader(file)
            if line["disposition"] == "merged" and not line["customer_id"].startswith("row ")
        }


def splinks(folder: Path) -> set[tuple[str, str]]:
    from tests.benchmarks import rivals

    tables = [rivals.crowd_table(folder / f"{side}.csv") for side in ("customers", "incoming")]
    return rivals.by_splink(*tables, rivals.CROWD)


LINKERS = {"ours": ours, "splink": splinks}


def measured(linker: str, folder: Path) -> dict[str, float]:
    """In this process: what linking takes, and what comes out."""
    started, worked = time.perf_counter(), time.process_time()
    merged = LINKERS[linker](folder)
    wall, cpu = time.perf_counter() - started, time.process_time() - worked
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    right = sum(truth.get(row) == customer for row, customer in merged)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "wall_s": wall,
        "cpu_s": cpu,
        "peak_gb": kilobytes / (1e9 if sys.platform == "darwin" else 1e6),
        "precision": right / max(len(merged), 1),
        "recall": right / max(len(truth), 1),
    }


def alone(linker: str, folder: Path) -> Any:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.linkage", "--measure", linker, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def curve(sizes: list[int], linkers: list[str]) -> None:
    """Print a line for each size and linker."""
    print(f"{'rows':>9} {'linker':>7} {'wall s':>8} {'CPU s':>8} {'peak GB':>8}  precision  recall")
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            truth = crowd.write(folder, size)
            (folder / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
            for linker in linkers:
                found = alone(linker, folder)
                print(
                    f"{size:>9,} {linker:>7} {found['wall_s']:>8.1f} {found['cpu_s']:>8.1f} "
                    f"{found['peak_gb']:>8.2f}  {found['precision']:>9.5f} {found['recall']:>7.5f}",
                    flush=True,
                )


if __name__ == "__main__":
    if sys.argv[1] == "--measure":
        print(json.dumps(measured(sys.argv[2], Path(sys.argv[3]))))
    else:
        named = [word for word in sys.argv[1:] if word.isdigit()]
        curve([*map(int, named)], ["ours", *(["splink"] if "--splink" in sys.argv else [])])

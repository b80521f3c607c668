"""The reference run with as many trials as one likes: real trials, each time other digits.

The digits of what was said are changed from copy to copy, so that a compressor is not given the
same transcript twice: amounts, dates and identifiers differ between real cases too.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).parent.parent / "results" / "reference"
SAID = ("messages", "text", "calls", "tools", "tool_sequence", "verdict", "flagged")


def grown(folder: Path, trials: int) -> Path:
    """Write the run to ``folder``, with at least that many trials, and return it."""
    folder.mkdir(parents=True)
    manifest = json.loads((REFERENCE / "manifest.json").read_text("utf-8"))
    journal, traces = (_lines(REFERENCE / f"{name}.jsonl") for name in ("journal", "traces"))
    having = sum(line["kind"] == "trial" for line in journal)
    copies = -(-trials // having)
    for scenario in manifest["scenarios"]:
        for key in ("cases", "repeated"):
            scenario[key] = [_named(case, n) for n in range(copies) for case in scenario[key]]
        for stratum in scenario["strata"]:
            stratum["cases"] *= copies
    manifest["run"] = folder.name
    manifest["planned_trials"] = having * copies
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with (folder / "journal.jsonl").open("w", encoding="utf-8") as file:
        for line in journal:
            if line["kind"] not in ("trial", "finished"):
                file.write(json.dumps(line) + "\n")
        for made in _copies([line for line in journal if line["kind"] == "trial"], copies):
            file.write(made)
        file.writelines(json.dumps(line) + "\n" for line in journal if line["kind"] == "finished")
    with (folder / "traces.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(_copies(traces, copies))
    return folder


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _copies(lines: list[dict[str, Any]], copies: int) -> Iterator[str]:
    for number in range(copies):
        digits = list("0123456789")
        if number:
            random.Random(number).shuffle(digits)
        table = str.maketrans("0123456789", "".join(digits))
        for line in lines:
            made = {
                key: _other(value, table) if key in SAID else value for key, value in line.items()
            }
            for key in ("id", "trial"):
                if key in made:
                    scenario, approach, model, case, repeat = made[key].split("/")
                    case = _named(case, number)
                    made[key] = "/".join((scenario, approach, model, case, repeat))
            if "case" in made:
                made["case"] = _named(made["case"], number)
            made["attempt"] = f"{made['attempt']}-{number}"
            yield json.dumps(made, ensure_ascii=False) + "\n"


def _named(case: str, number: int) -> str:
    return f"{case}-{number}" if number else case


def _other(value: Any, table: dict[int, int]) -> Any:
    """The same with other digits, what every conversation is told at its start left out."""
    if isinstance(value, str):
        return value.translate(table)
    if isinstance(value, list):
        return [_other(each, table) for each in value]
    if isinstance(value, dict):
        if value.get("role") == "system":
            return value
        return {key: _other(each, table) for key, each in value.items()}
    return value

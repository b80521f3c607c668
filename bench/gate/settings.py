"""What a change is held to: ``gate.toml``, with the user's own values over it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from bench.analysis.documented import Documented
from bench.errors import BenchError

DEFAULTS = "gate.toml"
SAME = "same"


@dataclass(frozen=True, slots=True)
class Rule(Documented):
    """What one metric is held to."""

    gated: bool
    """Whether it decides the verdict; else it is shown as advice."""
    least: float
    """The smallest change that matters: a difference of shares (0.05 is 5 points), or a relative
    change (0.05 is 5 %)."""
    excluded: float
    """The loss that has to be excluded before anything is called *no evidence*: `least`, unless the
    settings name a larger one."""


@dataclass(frozen=True, slots=True)
class GateSettings(Documented):
    """What a change is held to."""

    alpha: float
    """Chance of a false alarm over all gated metrics together, when nothing has changed."""
    miss: float
    """Sequential only: chance of excluding a loss that is there, for each metric."""
    infrastructure: float
    """Share of trials broken by the provider or the harness above which nothing is concluded."""
    baseline_days: float
    """Days after which a baseline is called old."""
    rules: Mapping[str, Rule]
    """By metric."""

    @property
    def confidence(self) -> float:
        """Of every interval."""
        return 1 - self.alpha


def load_settings(own: Path | None = None) -> GateSettings:
    """The defaults, with the user's file over them. Raises ``BenchError`` naming file and key."""
    listed = tomllib.loads(files("bench.gate").joinpath(DEFAULTS).read_text("utf-8"))
    if own is not None:
        listed = _merged(listed, _read(own), own)
    where = own or Path(DEFAULTS)
    rules = {}
    for name, entry in listed.items():
        if isinstance(entry, dict):
            unit = "points" if "points" in entry else "percent"
            least = _number(entry[unit], f"{name}.{unit}", where, below=1000.0)
            rules[name] = Rule(entry["gated"], least / 100, _excluded(entry, name, least, where))
    if not any(rule.gated for rule in rules.values()):
        raise BenchError(f"{where}: no metric is gated; set gated = true for one of {_all(rules)}")
    return GateSettings(
        alpha=_number(listed["alpha"], "alpha", where, below=0.5),
        miss=_number(listed["miss"], "miss", where, below=0.5),
        infrastructure=_number(listed["infrastructure"], "infrastructure", where, below=1.0),
        baseline_days=_number(listed["baseline_days"], "baseline_days", where, below=100_000.0),
        rules=rules,
    )


def _excluded(entry: Mapping[str, Any], name: str, least: float, path: Path) -> float:
    excluded = entry["excluded"]
    if excluded == SAME:
        return least / 100
    found = _number(excluded, f"{name}.excluded", path, below=1000.0)
    if found < least:
        raise BenchError(f"{path}: {name}.excluded has to be at least {least:g}, not {found:g}")
    return found / 100


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BenchError(f"{path}: cannot be read ({error.strerror}); check --config") from None
    except ValueError as error:
        raise BenchError(f"{path}: not valid TOML: {error}") from None


def _merged(defaults: dict[str, Any], own: dict[str, Any], path: Path) -> dict[str, Any]:
    merged = dict(defaults)
    for key, value in own.items():
        if key not in defaults:
            raise BenchError(f"{path}: unknown key {key!r}; there are {_all(defaults)}")
        default = defaults[key]
        if isinstance(default, dict) != isinstance(value, dict):
            form = f"a table, [{key}]" if isinstance(default, dict) else "a number"
            raise BenchError(f"{path}: {key} has to be {form}")
        merged[key] = _merged(default, value, path) if isinstance(default, dict) else value
        if isinstance(default, bool) and not isinstance(value, bool):
            raise BenchError(f"{path}: {key} has to be true or false, not {value!r}")
    return merged


def _number(value: Any, key: str, path: Path, *, below: float) -> float:
    sound = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < below
    if not sound:
        raise BenchError(f"{path}: {key} has to be a number between 0 and {below:g}, not {value!r}")
    return float(value)


def _all(names: Mapping[str, Any]) -> str:
    return ", ".join(names)

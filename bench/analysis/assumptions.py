"""What a run cannot measure: volumes, people, prices of mistakes, and what must hold. Read from
``economics.toml``; every figure is ``assumed``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from bench.analysis.documented import Documented
from bench.errors import BenchError

Amount = Annotated[float, Field(ge=0, le=1e12)]
Share = Annotated[float, Field(ge=0, le=1)]


class Strict(Documented):
    """A base for what the user writes: an unknown key is an error."""

    __pydantic_config__ = ConfigDict(
        extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


@dataclass(frozen=True)
class Volume(Strict):
    """How much there is to do."""

    records_per_month: Annotated[float, Field(gt=0, le=1e12)]
    """Records a month, at the start."""
    growth_per_month: Annotated[float, Field(ge=-0.5, le=1)]
    """0.05: 5 % more each month."""


@dataclass(frozen=True)
class People(Strict):
    """What people cost."""

    usd_per_hour: Amount
    """Of whoever changes things and reviews records."""
    review_minutes: Amount
    """To look at one record that was left to a human."""


@dataclass(frozen=True)
class Changes(Strict):
    """How the business rules change."""

    per_month: Amount
    """Changes a month."""
    hours_of_code: Amount
    """Of work for one change of a job's code."""
    hours_of_prompt: Amount
    """Of work for one change of an agent's policy text; a hybrid needs both."""


@dataclass(frozen=True)
class Build(Strict):
    """Hours until the first release."""

    job_hours: Amount
    """Of the job."""
    agent_hours: Amount
    """Of the agent."""
    hybrid_hours: Amount
    """Of the hybrid."""


@dataclass(frozen=True)
class Prices(Strict):
    """Options of a provider's price list. They touch API dollars only."""

    batch: bool
    """Whether the provider's batch interface is used."""
    batch_discount: Share
    """What it takes off."""
    prompt_cache: bool = True
    """Whether cached tokens cost their own price, as billed in the run."""


@dataclass(frozen=True)
class Constraints(Strict):
    """What must hold whatever it costs. Null: anything goes."""

    min_success: Share | None = None
    """Least share of records that come out right in the production mix."""
    max_p95: Annotated[float, Field(gt=0)] | None = None
    """Most seconds of a case, 95 times of 100."""
    min_determinism: Share | None = None
    """Least share of repeated cases that decide alike every time."""
    max_usd_per_1k: Amount | None = None
    """Most dollars for 1,000 records."""


@dataclass(frozen=True)
class Errors(Strict):
    """What a record costs that comes out wrong."""

    usd: Amount
    """Dollars, unless its kind of case has a price of its own."""
    by_stratum: Mapping[str, Mapping[str, Amount]] = field(default_factory=dict)
    """Scenario → stratum → dollars."""


@dataclass(frozen=True)
class Assumptions(Strict):
    """Everything that the economics rests on beside the run."""

    months: Annotated[int, Field(ge=1, le=600)]
    """How long the thing lives; the build is spread over it."""
    volume: Volume
    """Records a month, and their growth."""
    people: People
    """Hourly rate, and minutes a review."""
    changes: Changes
    """How often the rules change, and hours a change."""
    build: Build
    """Hours of work before anything runs."""
    errors: Errors
    """What a wrong record costs."""
    prices: Prices
    """Options of a provider's price list."""
    constraints: Constraints
    """What must hold whatever it costs."""

    def error_usd(self, scenario: str, stratum: str) -> float:
        """What a wrong record of that kind costs."""
        return self.errors.by_stratum.get(scenario, {}).get(stratum, self.errors.usd)

    @property
    def growth(self) -> float:
        """Mean volume over the months ÷ volume at the start."""
        rate = 1 + self.volume.growth_per_month
        return sum(rate**month for month in range(self.months)) / self.months

    def hours_a_change(self, approach: str, model: str | None) -> float:
        """Hours of work for one change of the rules. An approach added later is taken for a job
        if it uses no model, else for an agent."""
        code, prompt = self.changes.hours_of_code, self.changes.hours_of_prompt
        if approach == "hybrid":
            return code + prompt
        return code if model is None else prompt

    def build_hours(self, approach: str, model: str | None) -> float:
        """Hours until the first release."""
        if approach == "hybrid":
            return self.build.hybrid_hours
        return self.build.job_hours if model is None else self.build.agent_hours


def load_assumptions(path: Path | None = None, **constraints: float | None) -> Assumptions:
    """The documented defaults, the user's file over them, constraints given one by one over both.

    Raises ``BenchError`` that names the file and the key for whatever does not fit.
    """
    name = "economics.toml"
    found = _toml(files("bench.analysis").joinpath(name).read_bytes(), name)
    if path is not None:
        name = str(path)
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise BenchError(
                f"{path}: cannot be read ({error.strerror}); check --economics"
            ) from None
        found = _merged(found, _toml(raw, name))
    errors = found.get("errors")
    if isinstance(errors, dict):
        kinds = {key: errors.pop(key) for key in list(errors) if isinstance(errors[key], dict)}
        errors["by_stratum"] = kinds
    given = {key: value for key, value in constraints.items() if value is not None}
    try:
        assumptions = TypeAdapter(Assumptions).validate_python(found)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part != "by_stratum")
        raise BenchError(f"{name}: {key}: {first['msg']}; docs/economics.md lists the keys") from (
            None
        )
    try:
        checked = TypeAdapter(Constraints).validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        option = f"--{key.replace('_', '-')}"
        raise BenchError(f"{option} {given[key]:g}: {first['msg']}") from None
    over = {key: getattr(checked, key) for key in given}
    return replace(assumptions, constraints=replace(assumptions.constraints, **over))


def _toml(raw: bytes, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(raw.decode())
    except ValueError as error:
        raise BenchError(f"{name}: not valid TOML: {error}") from None


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        result[key] = (
            _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return result

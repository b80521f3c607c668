"""What tokens cost: the price table that litellm carries, read without importing litellm, and
the user's own prices before it.

Own prices stand in a TOML file, in US dollars for a million tokens::

    ["my-provider/my-model"]
    input_usd_per_mtok = 0.50
    output_usd_per_mtok = 1.50
    cached_input_usd_per_mtok = 0.05   # optional: else the input price
    cache_write_usd_per_mtok = 0.60    # optional: else the input price
    cache_write_1h_usd_per_mtok = 1.00 # optional: else twice the input price
    reasoning_usd_per_mtok = 1.50      # optional: else the output price
"""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import importlib.util
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

from bench.errors import BenchError, PriceUnknownError
from bench.types import Json, Usage

FILE: Final = "model_prices_and_context_window_backup.json"
_BATCH: Final = "_batches"
T = TypeVar("T")

_TEXT_MODES: Final = frozenset({"chat", "completion", "responses"})


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars a token, by class."""

    input: float
    output: float
    cached_input: float
    cache_write: float
    reasoning: float
    cache_write_1h: float | None = None
    """None where the table has no price for writes that are kept for an hour."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a call of a model costs. The table is taken at its word, 0 included."""

    model: str
    """As the table names it."""
    base: Rates
    tiers: tuple[tuple[int, Rates | None], ...] = ()
    """(threshold, rates): a call whose prompt exceeds the threshold is billed at these rates
    throughout. Ascending. None: dearer, but the table does not say by how much."""
    call: float = 0.0
    """US dollars a call, whatever its tokens."""

    def rates(self, prompt_tokens: int) -> Rates | None:
        """The rates for a call with a prompt of that length, None if the table lacks them."""
        reached = [rates for threshold, rates in self.tiers if prompt_tokens > threshold]
        return reached[-1] if reached else self.base


@dataclass(frozen=True)
class PriceTable:
    """Prices by model, and where they come from."""

    entries: Mapping[str, Mapping[str, Json]]
    own: Mapping[str, Price]
    source: str
    version: str
    sha256: str
    """Of the table's file, and of the user's prices after it if there are any."""
    date: str
    """The day on which the table's file came to this machine; ISO 8601."""
    _known: dict[tuple[str, bool], Price] = field(default_factory=dict, repr=False, compare=False)

    def text_prices(self) -> list[Price]:
        """The price of every text model on the table, own prices left out."""
        found = (_parse(name, entry) for name, entry in self.entries.items())
        return [price for price in found if price is not None]

    def identity(self) -> Mapping[str, Json]:
        """What a run records of the table."""
        return {
            "source": self.source,
            "version": self.version,
            "sha256": self.sha256,
            "date": self.date,
        }


def price_table(own: Path | None = None) -> PriceTable:
    """The installed table, with the user's prices from a TOML file before it."""
    bundled = _bundled()
    if own is None:
        return bundled
    try:
        raw = own.read_bytes()
        listed = tomllib.loads(raw.decode())
    except OSError as error:
        raise BenchError(f"{own}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise BenchError(f"{own}: not valid TOML: {error}") from None
    return PriceTable(
        entries=bundled.entries,
        own={model: _own_price(own, model, entry) for model, entry in listed.items()},
        source=f"{own.name}, then {bundled.source}",
        version=bundled.version,
        sha256=f"{bundled.sha256}+{hashlib.sha256(raw).hexdigest()}",
        date=bundled.date,
    )


def price(model: str, table: PriceTable | None = None, *, batch: bool = False) -> Price:
    """The price of ``model``, named as for litellm; with ``batch`` that of the provider's batch
    interface, which answers within a day at a discount. Raises ``PriceUnknownError``, with the
    nearest names that have one."""
    table = table or price_table()
    if model in table.own and not batch:
        return table.own[model]
    if (model, batch) not in table._known:
        table._known[model, batch] = _listed_price(model, table, batch=batch)
    return table._known[model, batch]


def cost(usage: Usage, price: Price) -> tuple[float | None, float | None]:
    """US dollars of one call: as billed, and as if nothing had been cached. None where the
    tokens are not known, or impossible: a part larger than the whole.

    For one call only: where there are tiers, a sum of calls would be priced too high.
    """
    if usage.input is None or usage.output is None:
        return None, None
    rates = price.rates(usage.input)
    if rates is None:
        return None, None
    if usage.reasoning is None and rates.reasoning != rates.output:
        return None, None
    reasoning = usage.reasoning or 0
    if reasoning > usage.output:
        return None, None
    answer = (usage.output - reasoning) * rates.output + reasoning * rates.reasoning
    cold = price.call + usage.input * rates.input + answer
    if usage.cached_input is None or usage.cache_write is None:
        return None, cold
    fresh = usage.input - usage.cached_input - usage.cache_write
    long_kept = usage.cache_write_1h or 0
    if fresh < 0 or usage.cache_write_1h is None or long_kept > usage.cache_write:
        return None, cold
    if long_kept and rates.cache_write_1h is None:
        return None, cold
    billed = (
        price.call
        + fresh * rates.input
        + usage.cached_input * rates.cached_input
        + (usage.cache_write - long_kept) * rates.cache_write
        + long_kept * (rates.cache_write_1h or 0.0)
        + answer
    )
    return billed, cold


@cache
def _bundled() -> PriceTable:
    spec = importlib.util.find_spec("litellm")
    if spec is None or spec.origin is None:
        raise BenchError("the package litellm is not installed; run 'make setup'")
    path = Path(spec.origin).parent / FILE
    try:
        raw = path.read_bytes()
        entries = json.loads(raw)
        day = datetime.datetime.fromtimestamp(path.stat().st_mtime, tz=datetime.UTC).date()
    except (OSError, ValueError) as error:
        raise BenchError(f"{path}: cannot be read ({error}); install litellm again") from None
    return PriceTable(
        entries=entries,
        own={},
        source="litellm",
        version=importlib.metadata.version("litellm"),
        sha256=hashlib.sha256(raw).hexdigest(),
        date=day.isoformat(),
    )


def provider(model: str, table: PriceTable | None = None) -> str | None:
    """Who serves ``model``, as litellm names providers; None if that is unknown."""
    _name, entry = _entry(model, table or price_table())
    if entry is not None:
        return str(entry.get("litellm_provider"))
    return model.partition("/")[0] if "/" in model else None


def _entry(model: str, table: PriceTable) -> tuple[str, Mapping[str, Json] | None]:
    """Name and entry on the table."""
    if model in table.entries or "/" not in model:
        return model, table.entries.get(model)
    # The table names the models of some providers without the provider.
    served_by, _, name = model.partition("/")
    entry = table.entries.get(name)
    if entry is not None and entry.get("litellm_provider") != served_by:
        entry = None
    return name, entry


def _listed_price(model: str, table: PriceTable, *, batch: bool) -> Price:
    name, entry = _entry(model, table)
    parsed = None if entry is None else _parse(name, entry)
    if parsed is None:
        raise PriceUnknownError(_unknown(model, table))
    if batch:
        parsed = _batch_price(parsed, entry or {})
        if parsed is None:
            raise PriceUnknownError(f"no batch price is known for {model}")
    return parsed


def _parse(model: str, entry: Mapping[str, Json]) -> Price | None:
    if entry.get("mode") not in _TEXT_MODES:
        return None
    bands = entry.get("tiered_pricing")
    if bands:
        parsed = [(int(band["range"][0]), _rates(band, "", None)) for band in bands]
        known = [(start, rates) for start, rates in parsed if rates is not None]
        if len(known) != len(bands) or known[0][0] != 0:
            return None
        return Price(model, known[0][1], tuple(known[1:]), _dollars_a_call(entry))
    base = _rates(entry, "", None)
    if base is None:
        return None
    tiers = tuple((start, _rates(entry, mark, base)) for start, mark in _marks(entry))
    return Price(model, base, tiers, _dollars_a_call(entry))


def _batch_price(listed: Price, entry: Mapping[str, Json]) -> Price | None:
    """What the batch interface charges. A tier without batch prices of its own is unknown."""
    base = _rates(entry, _BATCH, None)
    if base is None:
        return None
    if base.cache_write_1h is None and listed.base.cache_write_1h is not None and base.input:
        # Discounts and cache multipliers stack: https://docs.anthropic.com/en/docs/about-claude/pricing
        long_kept = listed.base.cache_write_1h * base.input / listed.base.input
        base = replace(base, cache_write_1h=long_kept)
    tiers = tuple((start, _rates(entry, mark + _BATCH, None)) for start, mark in _marks(entry))
    return Price(listed.model, base, tiers, listed.call)


def _marks(entry: Mapping[str, Json]) -> list[tuple[int, str]]:
    """(threshold, ending of the keys), ascending, of an entry's context tiers."""
    found = (re.search(r"_above_(\d+)k_tokens$", key) for key in entry)
    return sorted({(int(match[1]) * 1000, match[0]) for match in found if match})


def _rates(entry: Mapping[str, Json], mark: str, base: Rates | None) -> Rates | None:
    """The rates whose keys end with ``mark``. A class without a price of its own costs what its
    kind costs: cached and written input as input, reasoning as output."""
    price_in = _dollars(entry, "input_cost_per_token" + mark, base.input if base else None)
    price_out = _dollars(entry, "output_cost_per_token" + mark, base.output if base else None)
    if price_in is None or price_out is None:
        return None
    hit = _dollars(entry, "input_cost_per_token_cache_hit" + mark, price_in)
    return Rates(
        input=price_in,
        output=price_out,
        cached_input=_dollars(entry, "cache_read_input_token_cost" + mark, hit),
        cache_write=_dollars(entry, "cache_creation_input_token_cost" + mark, price_in),
        reasoning=_dollars(entry, "output_cost_per_reasoning_token" + mark, price_out),
        cache_write_1h=_dollars(entry, "cache_creation_input_token_cost_above_1hr" + mark, None),
    )


def _dollars(entry: Mapping[str, Json], key: str, otherwise: T) -> float | T:
    value = entry.get(key)
    return float(value) if isinstance(value, int | float) else otherwise


def _dollars_a_call(entry: Mapping[str, Json]) -> float:
    return float(entry.get("input_cost_per_request") or 0.0)


_OWN_KEYS: Final = {
    "input_usd_per_mtok": "input",
    "output_usd_per_mtok": "output",
    "cached_input_usd_per_mtok": "cached_input",
    "cache_write_usd_per_mtok": "cache_write",
    "reasoning_usd_per_mtok": "reasoning",
    "cache_write_1h_usd_per_mtok": "cache_write_1h",
}


def _own_price(path: Path, model: str, entry: Json) -> Price:
    if not isinstance(entry, dict):
        raise BenchError(f'{path}: {model} must be a table: ["{model}"]')
    for key, value in entry.items():
        if key not in _OWN_KEYS:
            raise BenchError(
                f"{path}: {model}: unknown key {key}; there are {', '.join(_OWN_KEYS)}"
            )
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
            raise BenchError(f"{path}: {model}: {key} must be a number of dollars, 0 or more")
    given = {_OWN_KEYS[key]: value / 1e6 for key, value in entry.items()}
    for key in ("input", "output"):
        if key not in given:
            raise BenchError(f"{path}: {model}: {key}_usd_per_mtok is missing")
    otherwise = {
        "cached_input": given["input"],
        "cache_write": given["input"],
        "reasoning": given["output"],
        "cache_write_1h": 2 * given["input"],
    }
    return Price(model, Rates(**{**otherwise, **given}))


def _unknown(model: str, table: PriceTable) -> str:
    from rapidfuzz import fuzz, process

    names = [
        name
        for name, entry in table.entries.items()
        if name != "sample_spec" and entry.get("mode") in _TEXT_MODES
    ]
    near = process.extract(model, names, scorer=fuzz.WRatio, limit=3, score_cutoff=60)
    hint = f" (near: {', '.join(name for name, _score, _index in near)})" if near else ""
    return (
        f"no price is known for {model}{hint}; check the name, or put its price into a file of "
        "your own: --prices, docs/dollars.md"
    )

"""What a trial costs, and where its figures come from."""

from __future__ import annotations

from collections.abc import Sequence

from bench.errors import PriceUnknownError
from bench.metering.prices import PriceTable, cost, price
from bench.types import Dollars, Model, Provenances, Usage


def api_dollars(model: Model | None, usages: Sequence[Usage], table: PriceTable) -> Dollars:
    """Priced call by call, because a long prompt can have a price of its own."""
    if model is None or not usages:
        return Dollars(0.0, 0.0, None)
    if model.local:
        return Dollars(None, None, None, "runs on this machine: see compute dollars")
    if model.priced_as is None:
        return Dollars(None, None, None, f"{model.name} has no price; use reference/MODEL")
    try:
        known = price(model.priced_as, table)
    except PriceUnknownError as error:
        return Dollars(None, None, None, str(error))
    billed: float | None = 0.0
    cold: float | None = 0.0
    for usage in usages:
        call_billed, call_cold = cost(usage, known)
        billed = None if billed is None or call_billed is None else billed + call_billed
        cold = None if cold is None or call_cold is None else cold + call_cold
    reason = None if billed is not None else "the tokens of some call are unknown"
    return Dollars(billed, cold, None, reason)


def dollars(
    model: Model | None,
    calls: Sequence[Usage],
    plain_s: float,
    model_s: float,
    *,
    prices: PriceTable,
    usd_per_machine_hour: float,
) -> Dollars:
    """API dollars by the price table, and compute dollars for the time this machine worked."""
    api = api_dollars(model, calls, prices)
    if model is not None and model.provenance != "measured":
        return api
    working_s = plain_s + (model_s if model is not None and model.local else 0.0)
    compute = working_s * usd_per_machine_hour / 3600
    return Dollars(api.api, api.api_cold, compute, api.reason)


def provenances(model: Model | None, steps_tokens: set[str]) -> Provenances:
    """Where each group of a trial's figures comes from."""
    if model is None:
        return Provenances("measured", "measured", "assumed", "measured")
    if model.provenance != "measured":
        kind = model.provenance
        return Provenances(kind, kind, kind, kind)
    return Provenances(
        success="measured",
        tokens="counted" if "counted" in steps_tokens else "measured",
        dollars="assumed" if model.local else "list_price",
        time="measured",
    )

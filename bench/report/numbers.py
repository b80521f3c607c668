"""Figures as people read them: few digits, units, and an honest sign for the unknown."""

from __future__ import annotations

import math

UNKNOWN = "—"
INFINITE = "∞"
ROUNDING = 1e-12
"""What sums of shares may miss the whole by."""


def percent(share: float | None) -> str:
    """A share as per cent, with as many decimals as keep 99.97 % from looking like 100 %.

    What rounding of a sum has left beyond 0 or 1 is taken as the whole.
    """
    if share is None:
        return UNKNOWN
    for whole in (0, 1):
        if abs(share - whole) < ROUNDING:
            share = whole
    for decimals in (0, 1, 2, 3, 4):
        text = f"{share:.{decimals}%}"
        looks_whole = text in (f"{0:.{decimals}%}", f"{1:.{decimals}%}")
        if decimals == 0 and looks_whole and share in (0, 1):
            return text
        if decimals > 0 and not looks_whole:
            return text
    return "<0.0001%" if share < 0.5 else ">99.9999%"


def percent_range(low: float | None, high: float | None) -> str:
    """An interval in whole per cent, rounded outwards."""
    if low is None or high is None:
        return UNKNOWN
    return f"{math.floor(low * 100 + 1e-9)}–{math.ceil(high * 100 - 1e-9)}%"


def dollars(value: float | None) -> str:
    """Dollars; two or three digits that count below one dollar."""
    if value is None:
        return UNKNOWN
    if value == 0:
        return "$0"
    if value >= 100:
        return f"${value:,.0f}"
    if value >= 1:
        return f"${value:.2f}"
    if value < 1e-7:
        return "<$0.0000001"
    digits = 2 if value < 0.01 else 3
    return f"${value:.{digits - 1 - math.floor(math.log10(value))}f}"


def dollar_range(low: float | None, high: float | None) -> str:
    """An interval of dollars."""
    return UNKNOWN if low is None or high is None else f"{dollars(low)}–{dollars(high).lstrip('$')}"


def seconds(value: float | None) -> str:
    """A duration in the unit that suits it: µs, ms, s, min, h or days."""
    if value is None:
        return UNKNOWN
    for limit, unit, name in (
        (0.9995e-3, 1e-6, "µs"),
        (0.9995, 1e-3, "ms"),
        (120, 1, "s"),
        (7200, 60, "min"),
        (172_800, 3600, "h"),
    ):
        if value < limit:
            return f"{significant(value / unit)} {name}"
    return f"{significant(value / 86_400)} days"


def significant(value: float | None, digits: int = 3) -> str:
    """A number with that many significant digits, never in exponent notation."""
    if value is None:
        return UNKNOWN
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(decimals, 9)}f}"


def count(value: float | None) -> str:
    """A whole number with separators."""
    return UNKNOWN if value is None else f"{round(value):,}"

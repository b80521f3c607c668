"""Dates as people write them: which days a text may stand for.

Year first (1980-06-14, 1980/6/14, 1980年6月14日) and day first with dots (14.6.1980) can be read in
one way only. Slashes with the year last are read in the order that the file's other dates show.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Literal, TypeAlias

Order: TypeAlias = Literal["day first", "month first"]

EARLIEST = date(1900, 1, 1)
YEAR_FIRST = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)|(\d{4})/(\d\d?)/(\d\d?)|(\d{4})年(\d\d?)月(\d\d?)日"
)
DOTS = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})")
SLASHES = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})")
MONTHS = 12
DIGITS = 6
"""A day and a year of four digits, or six for all; fewer are no date."""


def order_of(texts: Iterable[str]) -> Order | None:
    """The order in which a file writes its slashed dates; None if it shows none, or both."""
    found: set[Order] = set()
    for text in texts:
        if match := SLASHES.fullmatch(text):
            first, second = int(match[1]), int(match[2])
            if first > MONTHS:
                found.add("day first")
            elif second > MONTHS:
                found.add("month first")
    return found.pop() if len(found) == 1 else None


def readings(text: str, order: Order | None) -> tuple[str, ...]:
    """The days of birth, as YYYY-MM-DD, that ``text`` may stand for: none, one or two."""
    if match := YEAR_FIRST.fullmatch(text):
        year, month, day = (int(part) for part in match.groups() if part)
        return _days((year, month, day))
    if match := DOTS.fullmatch(text):
        return _days((int(match[3]), int(match[2]), int(match[1])))
    if match := SLASHES.fullmatch(text):
        first, second, year = int(match[1]), int(match[2]), int(match[3])
        ways = {"month first": (year, first, second), "day first": (year, second, first)}
        return _days(*([ways[order]] if order else ways.values()))
    return ()


def is_foreign(text: str) -> bool:
    """Whether ``text`` has digits enough for a date, in a notation that is not known here."""
    known = any(pattern.fullmatch(text) for pattern in (YEAR_FIRST, DOTS, SLASHES))
    return not known and sum(letter.isdigit() for letter in text) >= DIGITS


def _days(*dates: tuple[int, int, int]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for parts in dates:
        try:
            day = date(*parts)
        except ValueError:
            continue
        if EARLIEST <= day <= date.today():
            found[day.isoformat()] = None
    return tuple(found)

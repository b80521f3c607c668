"""Dates as files hold them, brought to eight digits: year, month, day.

Which of two small numbers is the day is not decided cell by cell but by the column: one cell with
a first number above twelve settles all the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime

SEPARATED = re.compile(r"(\d{1,4})\s*[-/.\s年]\s*(\d{1,2})\s*[-/.\s月]\s*(\d{1,4})日?(?!\d)")
NAMED = re.compile(r"(?:(\d{1,2})\W+)?([a-z]{3})[a-z]*\W+(?:(\d{1,2})[a-z]{0,2}\W+)?(\d{4})")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def day_first(texts: Iterable[str]) -> bool:
    """Whether the cells that leave no choice put the day before the month; False without any."""
    votes = 0
    for text in texts:
        if (found := SEPARATED.match(text.strip())) and len(found[1]) <= 2:
            first, second = int(found[1]), int(found[2])
            votes += (first > 12 >= second) - (second > 12 >= first)
    return votes > 0


def reader(*, dayfirst: bool, pattern: str | None = None) -> Callable[[str], str]:
    """A function from a cell to ``YYYYMMDD``, or to "" for what is no date. ``pattern`` is in
    the terms of ``strptime``. Eight digits stay as they are even where no such day exists: a
    mistyped date is still evidence."""

    def read(text: str) -> str:
        text = text.strip()
        if not text:
            return ""
        if pattern:
            try:
                return datetime.strptime(text, pattern).strftime("%Y%m%d")
            except ValueError:
                return ""
        if text.isascii() and text.isdigit():
            return text if len(text) == 8 else ""
        if found := SEPARATED.match(text):
            return _digits(found[1], found[2], found[3], dayfirst)
        if found := NAMED.match(text.casefold()):
            day = found[1] or found[3]
            if day and found[2] in MONTHS:
                return f"{int(found[4]):04d}{MONTHS.index(found[2]) + 1:02d}{int(day):02d}"
        return ""

    return read


def _digits(first: str, second: str, third: str, dayfirst: bool) -> str:
    if len(first) > 2:
        year, month, day = int(first), int(second), int(third)
    else:
        year, day, month = _year(third), int(first), int(second)
        if not dayfirst:
            day, month = month, day
        if month > 12 >= day:
            day, month = month, day
    return f"{year:04d}{month:02d}{day:02d}" if day <= 99 else ""


def _year(text: str) -> int:
    """Two digits mean a year that has been: nobody on file is yet to be born."""
    year = int(text)
    if len(text) > 2:
        return year
    return 2000 + year if year <= date.today().year % 100 else 1900 + year

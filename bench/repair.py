"""How large a repair is: what a change of the rules costs, in code and in words."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import ndiff

from bench.abilities import Mended
from bench.journal import RepairPlan
from bench.metering import tokens


def sizes(mended: Iterable[Mended]) -> tuple[RepairPlan, ...]:
    """The size of each part of a repair, read from the texts before and after.

    Lines are those of a line diff without blank ones. Tokens are those of the lines added and
    removed, counted with tiktoken; None where its tables cannot be had.
    """
    return tuple(_size(each) for each in mended if each.before != each.after)


def _size(each: Mended) -> RepairPlan:
    lines = list(ndiff(each.before.splitlines(), each.after.splitlines()))
    added = [line[2:] for line in lines if line.startswith("+ ") and line[2:].strip()]
    removed = [line[2:] for line in lines if line.startswith("- ") and line[2:].strip()]
    return RepairPlan(
        part=each.part,
        file=each.file,
        lines_added=len(added),
        lines_removed=len(removed),
        tokens_added=tokens.count_text("\n".join(added)),
        tokens_removed=tokens.count_text("\n".join(removed)),
    )

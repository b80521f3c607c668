"""Two trials of one case side by side, with the first difference marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from bench.analysis.determinism import Determinism, DifferingCase
from bench.report.tables.cells import label
from bench.report.transcripts import Block, Transcript

SHOWN = 3
"""Differing cases shown for each approach and model."""
BEFORE = 160
"""Characters of equal text shown before the first difference."""
AFTER = 600
"""Characters shown from the first difference on."""
WORDS = {
    "outcome": "outcome",
    "raw": "raw output",
    "tools": "tool sequence",
    "state": "final state",
}


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two trials said at the place of the first difference."""

    trial: str
    status: str
    title: str
    before: str
    """Equal on both sides."""
    after: str
    """From the first different character on."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first difference between two trials of a case."""

    who: str
    approach: str
    case: str
    differs: str
    """In which respects, in words."""
    same: int
    """Utterances that are equal before it."""
    left: Side
    right: Side


def wanted(rows: Iterable[Determinism]) -> list[tuple[Determinism, DifferingCase]]:
    """The differing cases to show: the first few of each approach and model."""
    return [(row, case) for row in rows for case in row.differing[:SHOWN]]


def divergences(
    rows: Iterable[Determinism], transcripts: Mapping[str, Transcript]
) -> list[Divergence]:
    """The first difference of each case to show whose two transcripts are at hand."""
    found = []
    for row, case in wanted(rows):
        if case.first in transcripts and case.second in transcripts:
            found.append(_divergence(row, case, transcripts[case.first], transcripts[case.second]))
    return found


def _divergence(
    row: Determinism, case: DifferingCase, one: Transcript, two: Transcript
) -> Divergence:
    same = _equal(one.blocks, two.blocks)
    left, right = (each.blocks[same] if same < len(each.blocks) else None for each in (one, two))
    texts = _said(left), _said(right)
    equal = (number for number, (a, b) in enumerate(zip(*texts, strict=False)) if a != b)
    start = next(equal, min(map(len, texts)))
    return Divergence(
        who=label(row.approach, row.model),
        approach=row.approach,
        case=case.case,
        differs=", ".join(WORDS[name] for name in case.differs),
        same=same,
        left=_side(one, left, texts[0], start),
        right=_side(two, right, texts[1], start),
    )


def _equal(one: Sequence[Block], two: Sequence[Block]) -> int:
    """How many utterances are equal from the start, tokens and times apart."""
    count = 0
    for left, right in zip_longest(one, two):
        if left is None or right is None or _key(left) != _key(right):
            break
        count += 1
    return count


def _key(block: Block) -> tuple[str, str]:
    """What is compared: a database error names a transaction of its own, so addresses go."""
    return block.role, re.sub(r"0x[0-9a-f]+", "0x…", _said(block))


def _said(block: Block | None) -> str:
    if block is None:
        return ""
    return f"{block.title}\n{block.text}" if block.role == "tool" else block.text


def _side(transcript: Transcript, block: Block | None, text: str, start: int) -> Side:
    cut = text[max(0, start - BEFORE) : start]
    rest = text[start : start + AFTER]
    return Side(
        trial=transcript.trial.id,
        status=transcript.trial.status,
        title=f"{block.role} {block.title}".strip() if block is not None else "(ended before)",
        before=("…" if start > BEFORE else "") + cut,
        after=rest + ("…" if len(text) > start + AFTER else ""),
    )

"""Keys of names: what a name still has in common with a mistyped one.

They are made here and kept in ordinary columns under ordinary indexes, so that SQLite and
PostgreSQL find the same people by them. Names come folded (``schema.fold``).
"""

from __future__ import annotations

from functools import lru_cache

LONGEST = 200
"""Letters of a name that count: what is longer is no name, and must not fill the index."""
SOUNDS = str.maketrans("bfpvcgjkqsxzdtlmnr", "111122222222334556")


@lru_cache(maxsize=1 << 16)
def sound(name: str) -> str:
    """Soundex of the name's first word (US patent 1,261,167), the first letter kept; two
    characters of a name in another script."""
    word = name.split(" ", 1)[0]
    if not word.isascii():
        return word[:2]
    letters = [letter for letter in word[1:].translate(SOUNDS) if letter not in "hw"]
    code, last = "", word[:1].translate(SOUNDS)
    for letter in letters:
        if letter != last and letter.isdigit():
            code += letter
        last = letter
    return (word[:1] + code)[:4]


def trigrams(name: str) -> frozenset[str]:
    """All that stands in three places of a word next to one another, a blank on either side being
    part of the word: in the manner of PostgreSQL's ``pg_trgm``, which pads with one blank more.
    The order of words is of no account."""
    padded = [f" {word} " for word in name[:LONGEST].split()]
    return frozenset(word[at : at + 3] for word in padded for at in range(len(word) - 2))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of trigrams that two names have in common, of all that either has."""
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0

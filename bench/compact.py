"""What grows with the number of trials, in a few bytes each."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from typing import overload

CHUNK = 4096
"""So many are sorted at once."""


class Strings(Sequence[str]):
    """Strings in the order in which they were added: their bytes, and eight more each."""

    def __init__(self, strings: Iterable[str] = ()) -> None:
        self._bytes = bytearray()
        self._ends = array("Q")
        self._sorted = array("I")
        self.extend(strings)

    def append(self, string: str) -> None:
        """Add one."""
        self._bytes += string.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))

    def extend(self, strings: Iterable[str]) -> None:
        """Add several."""
        for string in strings:
            self.append(string)

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        end = self._ends[index]
        number = index + len(self) if index < 0 else index
        start = self._ends[number - 1] if number else 0
        return self._bytes[start:end].decode("utf-8", "surrogatepass")

    def sorted(self) -> array[int]:
        """The places of all strings, as they stand in alphabetical order."""
        if len(self._sorted) != len(self):
            parts: list[array[int]] = []
            for start in range(0, len(self), CHUNK):
                chunk = range(start, min(start + CHUNK, len(self)))
                parts.append(array("I", sorted(chunk, key=self.__getitem__)))
            self._sorted = array("I", merge(*parts, key=self.__getitem__))
        return self._sorted

    def find(self, string: str) -> int | None:
        """The place of a string, the first if it stands at several; None if it stands nowhere."""
        places = self.sorted()
        found = bisect_left(places, string, key=self.__getitem__)
        if found == len(places) or self[places[found]] != string:
            return None
        return places[found]


class Digests:
    """Which strings were added, by the first eight bytes of a hash of each. That one of 100,000
    others is taken for one of 100,000 added happens once in two billion such pairs of sets."""

    def __init__(self, strings: Iterable[str] = ()) -> None:
        found = array("Q", map(_digest, strings))
        self._sorted = array("Q", sorted(found))

    def __contains__(self, string: object) -> bool:
        digest = _digest(str(string))
        place = bisect_left(self._sorted, digest)
        return place < len(self._sorted) and self._sorted[place] == digest

    def __len__(self) -> int:
        return len(self._sorted)

    @property
    def distinct(self) -> bool:
        """Whether no string was added twice."""
        return all(a != b for a, b in _neighbours(self._sorted))


def _neighbours(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    return ((numbers[place - 1], numbers[place]) for place in range(1, len(numbers)))


def _digest(string: str) -> int:
    hashed = hashlib.blake2b(string.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(hashed.digest(), "big")

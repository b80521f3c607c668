"""Many cases: built when they are asked for, so that a plan of any size fits into memory."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, overload

from bench.compact import Strings
from bench.types import Case

KEPT = 256
"""Cases at hand, those built last: the approaches take turns on a case, and rounds repeat it."""


class Built(Sequence[Case]):
    """So many cases, each built anew whenever it is asked for."""

    def __init__(self, length: int, build: Callable[[int], Case]) -> None:
        self._length = length
        self._build = build

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Case: ...
    @overload
    def __getitem__(self, index: slice) -> list[Case]: ...
    def __getitem__(self, index: int | slice) -> Case | list[Case]:
        places = range(self._length)[index]
        return self._build(places) if isinstance(places, int) else list(map(self._build, places))


def generated(counts: Mapping[str, int], build: Callable[[str, int], Case]) -> Built:
    """``counts[stratum]`` cases of each stratum, one stratum after the other. ``build`` makes one
    from its stratum and its number within that; processes that share the cases get it pickled."""
    return Built(sum(counts.values()), partial(_numbered, dict(counts), build))


def _numbered(counts: Mapping[str, int], build: Callable[[str, int], Case], place: int) -> Case:
    for stratum, count in counts.items():
        if place < count:
            return build(stratum, place)
        place -= count
    raise IndexError(place)


def chained(*parts: Sequence[Case]) -> Built:
    """The cases of one part, then those of the next."""
    return Built(sum(map(len, parts)), partial(_of_part, parts))


def _of_part(parts: Sequence[Sequence[Case]], place: int) -> Case:
    for part in parts:
        if place < len(part):
            return part[place]
        place -= len(part)
    raise IndexError(place)


class Cases(Sequence[Case]):
    """Cases in the order in which they are run. Ids and strata are at hand; a case itself comes
    from ``source``, which may build it."""

    def __init__(self, source: Iterable[Case] = ()) -> None:
        self._source = source if isinstance(source, Sequence) else tuple(source)
        self._ids = Strings()
        self._strata = array("H")
        self._names: list[str] = []
        for case in self._source:
            self._ids.append(case.id)
            if case.stratum not in self._names:
                self._names.append(case.stratum)
            self._strata.append(self._names.index(case.stratum))
        self._order = array("I", range(len(self._ids)))
        self._kept: dict[int, Case] = {}

    def at(self, places: Iterable[int]) -> Cases:
        """Those at the places given, in that order."""
        other = Cases()
        other.__dict__.update(self.__dict__)
        other._order = array("I", (self._order[place] for place in places))
        return other

    def sorted(self) -> Cases:
        """The same by id."""
        among = bytearray(len(self._ids))
        for number in self._order:
            among[number] = True
        other = self.at(())
        other._order.extend(number for number in self._ids.sorted() if among[number])
        return other

    @property
    def ids(self) -> Iterator[str]:
        """Their ids, in order."""
        return map(self._ids.__getitem__, self._order)

    @property
    def strata(self) -> Iterator[str]:
        """Their strata, in order."""
        return (self._names[self._strata[number]] for number in self._order)

    def named(self, id: str) -> Case:
        """The case with that id. Raises ``KeyError`` if there is none."""
        number = self._ids.find(id)
        if number is None:
            raise KeyError(id)
        return self._case(number)

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, index: int) -> Case: ...
    @overload
    def __getitem__(self, index: slice) -> list[Case]: ...
    def __getitem__(self, index: int | slice) -> Case | list[Case]:
        chosen = self._order[index]
        return self._case(chosen) if isinstance(chosen, int) else list(map(self._case, chosen))

    def _case(self, number: int) -> Case:
        case = self._kept.pop(number, None)
        if case is None:
            case = self._source[number]
            if len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
        self._kept[number] = case  # last, so that it goes last
        return case

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": {}}

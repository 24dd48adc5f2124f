"""In what two definitions differ, for people: a new order as the moves that make it, an item as what it says."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from provstore.uws.publishing.differences import Difference, Json

__all__ = ["Change", "Move", "changes_of", "moves"]

_ORDERED: Final = frozenset({"parameters", "used", "generated"})
_NOTHING_SAID: Final[tuple[Json, ...]] = ("", None, [], {}, ())


class Move(NamedTuple):
    """An item that stands elsewhere now: its name, and where it was and is, counted from 1."""

    name: str
    before: int
    after: int


class Change(NamedTuple):
    """A place where two definitions differ: in what it says, or in the order of its items."""

    place: str
    before: Json
    after: Json
    moved: tuple[Move, ...] = ()


def changes_of(found: Sequence[Difference]) -> tuple[Change, ...]:
    """Give differences as a page tells them."""
    return tuple(map(_change, found))


def moves(before: Sequence[str], after: Sequence[str]) -> tuple[Move, ...]:
    """Give the fewest items that have to be moved for a new order; those that only one of the two has don't move."""
    was = {name: number for number, name in enumerate(before, 1)}
    now = {name: number for number, name in enumerate(after, 1)}
    common = [name for name in after if name in was]
    still = _longest_rising([was[name] for name in common])
    return tuple(Move(name, was[name], now[name]) for name in common if was[name] not in still)


def _longest_rising(numbers: Sequence[int]) -> frozenset[int]:
    """Give the longest of the rising parts of a row of different numbers, by patience sorting."""
    tops: list[int] = []
    below: dict[int, int | None] = {}
    for number in numbers:
        pile = bisect_left(tops, number)
        below[number] = tops[pile - 1] if pile else None
        tops[pile : pile + 1] = [number]
    found: set[int] = set()
    one: int | None = tops[-1] if tops else None
    while one is not None:
        found.add(one)
        one = below[one]
    return frozenset(found)


def _change(found: Difference) -> Change:
    before, after = found.before, found.after
    if found.place in _ORDERED and _are_names(before) and _are_names(after):
        return Change(found.place, None, None, moves(_names(before), _names(after)))
    return Change(found.place, _said(before), _said(after))


def _are_names(told: Json) -> bool:
    return isinstance(told, list) and all(isinstance(one, str) for one in told)


def _names(told: Json) -> list[str]:
    return [str(one) for one in told] if isinstance(told, list) else []


def _said(told: Json) -> Json:
    """Leave out the members of an item that say nothing."""
    if not isinstance(told, Mapping):
        return told
    return {key: value for key, value in told.items() if value not in _NOTHING_SAID}

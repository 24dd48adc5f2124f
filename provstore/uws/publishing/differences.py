"""What is different between two descriptions: each place with what it said before, and what it says now."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any, Final, TypeAlias

from provstore.uws.descriptions.model import Description
from provstore.uws.publishing.revisions import MAPS, said

__all__ = ["Difference", "Json", "difference_json", "differences", "script_diff"]

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"

_OBJECTS: Final = frozenset({"parameters", "used", "generated", "extra"})
"""Members that are lists of objects with names."""

_FOLLOWS: Final = "script_sha256"
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_MOST_LINES: Final = 5000
"""A comparison takes longer than its lines are many: beyond this, all is said to be new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place where two descriptions differ, in the words of their JSON; None where one says nothing.

    ``place`` is a path, ``parameters.emin.default``; a name in it that has a dot is quoted: ``used."a.fits".url``. An
    item that one of the two lacks is one difference, a new order of items one at their list, with their names.
    """

    place: str
    before: Json
    after: Json


def differences(old: Description | None, new: Description) -> tuple[Difference, ...]:
    """Give everything in which a description differs from an older one (None: there was none), each place once.

    Items are the same if they have the same name. There are none if, and only if, the two have the same digest.
    """
    before = said(old) if old else {}
    return tuple(_of_objects("", before, said(new)))


def difference_json(difference: Difference) -> dict[str, Json]:
    """Give the JSON object of a difference."""
    return {"place": difference.place, "before": difference.before, "after": difference.after}


def script_diff(old: str, new: str, *, old_name: str = "before", new_name: str = "after") -> str:
    """Compare two scripts as unified diff, "" if they are the same."""
    before, after = _lines(old), _lines(new)
    if before == after:
        return ""
    if max(len(before), len(after)) > _MOST_LINES:
        return "".join(_all_new(before, after, f"--- {old_name}\n+++ {new_name}\n"))
    return "".join(_marked(line) for line in unified_diff(before, after, old_name, new_name))


def _of_objects(place: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for key in _union(after, before):
        if key == _FOLLOWS:
            continue
        within = f"{place}.{key}" if place else key
        one, other = before.get(key), after.get(key)
        if key in MAPS:
            yield from _of_maps(within, one or {}, other or {})
        elif key in _OBJECTS and _have_names(one) and _have_names(other):
            yield from _of_items(within, _by_name(one), _by_name(other))
        elif one != other:
            yield Difference(place=within, before=one, after=other)


def _of_maps(place: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for name in _union(after, before):
        if before.get(name) != after.get(name):
            yield Difference(place=_member(place, name), before=before.get(name), after=after.get(name))


def _of_items(place: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield Difference(place=place, before=list(before), after=list(after))
    for name in _union(after, before):
        within = _member(place, name)
        if name in before and name in after:
            yield from _of_objects(within, before[name], after[name])
        else:
            yield Difference(place=within, before=before.get(name), after=after.get(name))


def _union(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _have_names(items: Sequence[Mapping[str, Any]] | None) -> bool:
    names = [item.get("name") for item in items or ()]
    return None not in names and len(set(names)) == len(names)


def _by_name(items: Sequence[Mapping[str, Any]] | None) -> dict[str, Mapping[str, Any]]:
    return {item["name"]: item for item in items or ()}


def _member(place: str, name: str) -> str:
    return f"{place}.{name if _PLAIN.match(name) else json.dumps(name, ensure_ascii=False)}"


def _lines(text: str) -> list[str]:
    """Only line feeds end lines; what follows the last one is a line of its own, unless it is empty."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _marked(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _all_new(before: Sequence[str], after: Sequence[str], head: str) -> Iterator[str]:
    yield f"{head}@@ -{min(1, len(before))},{len(before)} +{min(1, len(after))},{len(after)} @@\n"
    yield from (_marked(f"-{line}") for line in before)
    yield from (_marked(f"+{line}") for line in after)

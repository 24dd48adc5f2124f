"""Tells what is wrong with a description, before it is published: everything at once, in the description's order."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Final

from provstore.errors import Invalid
from provstore.uws.descriptions.checking.facts import LONGEST_NAME, facts, further_facts
from provstore.uws.descriptions.checking.items import (
    absent_defaults,
    collisions,
    generated_items,
    parameters,
    used_items,
)
from provstore.uws.descriptions.checking.problem import Level, Problem, error, warning
from provstore.uws.descriptions.checking.script_syntax import INVISIBLE, syntax_faults
from provstore.uws.descriptions.checking.unit_strings import unknown_units
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.model import Description

__all__ = ["Level", "Problem", "problems", "problems_of_imported", "problems_of_proposal"]


def problems(description: Description) -> tuple[Problem, ...]:
    """List everything that is wrong with a new description; empty if nothing is."""
    return _in_order(description, chain(_found(description), _syntax(description), _units(description)))


def problems_of_proposal(description: Description, sent: Collection[str]) -> tuple[Problem, ...]:
    """List the same, and the default files of inputs that are not among those ``sent`` along."""
    return _in_order(description, chain(problems(description), absent_defaults(description, sent)))


def problems_of_imported(description: Description) -> tuple[Problem, ...]:
    """List what is wrong with a file from elsewhere: an error only where its jobs would fail; OPUS took the rest.

    Its units and the syntax of its script are not judged: each would start a program, and a directory of descriptions
    is read at the start of every command.
    """
    found = (
        replace(one, level=Level.WARNING) if one.tolerable and one.level is Level.ERROR else one
        for one in _found(description)
    )
    return _in_order(description, found)


def _found(description: Description) -> Iterator[Problem]:
    found = [problem for check in _CHECKS for problem in check(description)]
    yield from found
    if not any(one.level is Level.ERROR and not one.tolerable for one in found):
        yield from _writable(description)


def _writable(description: Description) -> Iterator[Problem]:
    """What is left can hardly be but characters that XML can't hold."""
    try:
        write_votable(description)
    except Invalid as fault:
        yield error("description", fault.message)


def _script(description: Description) -> Iterator[Problem]:
    script = description.script
    if not script.strip():
        yield error("script", "is empty: nothing would run")
        return
    if odd := _UNWRITABLE.search(script):
        line = script.count("\n", 0, odd.start()) + 1
        yield error(f"script:{line}", f"holds the character {odd[0]!r}, which no file of a description can hold")
        return
    if "\r" in script:
        yield error("script", "has DOS line ends: bash and sbatch want Unix ones")
    if len(script.encode("utf-8", "replace")) > _LONGEST_SCRIPT:
        yield error("script", f"is longer than {_LONGEST_SCRIPT} bytes: ship programs as software, not as a script")


def _invisible(description: Description) -> Iterator[Problem]:
    """Who decides on a script reads it: what he can't see, or sees in another order, is pointed out."""
    script = description.script
    for character in sorted(set(INVISIBLE.findall(script))):
        line = script.count("\n", 0, script.index(character)) + 1
        text = f"holds the invisible character U+{ord(character):04X}: what runs may not be what one reads"
        yield warning(f"script:{line}", text)


def _syntax(description: Description) -> Iterator[Problem]:
    script = description.script
    if any(_script(description)):
        return
    for fault in syntax_faults(script, description.script_language):
        place = f"script:{fault.line}" if fault.line else "script"
        yield error(place, fault.text) if fault.fatal else warning(place, fault.text)


def _units(description: Description) -> Iterator[Problem]:
    faults = unknown_units(one.unit for one in description.parameters if one.unit)
    for item in description.parameters:
        if item.unit in faults:
            yield error(f"parameters.{item.name}.unit", f"{item.unit!r} {faults[item.unit]}")


_LONGEST_SCRIPT: Final = 1 << 20
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 can't hold, and halves of surrogate pairs."""

_CHECKS: Final[tuple[Callable[[Description], Iterator[Problem]], ...]] = (
    facts,
    _script,
    _invisible,
    further_facts,
    collisions,
    parameters,
    used_items,
    generated_items,
)

_SECTIONS: Final = (
    *("name", "label", "description", "version", "type", "subtype", "doculink", "group", "contact_name"),
    *("contact_email", "keywords", "standard_id", "executionDuration", "quote", "script_language", "script"),
    *("software", "modules", "container", "controls", "main_result", "parameters", "used", "generated", "extra"),
    "files",
)
"""The order in which problems are told: that of the description."""


def _in_order(description: Description, found: Iterator[Problem]) -> tuple[Problem, ...]:
    """Sort by section, then by item; what is wrong with one item stays in the order of the checks."""
    names = [one.name for items in (description.parameters, description.used, description.generated) for one in items]
    places = {name: number for number, name in reversed([*enumerate(names)])}

    def key(problem: Problem) -> tuple[int, int]:
        section, _, rest = problem.place.partition(".")
        section, _, line = section.partition(":")
        rank = _SECTIONS.index(section) if section in _SECTIONS else len(_SECTIONS)
        return rank, int(line) if line else _longest_known(rest, places)

    return tuple(sorted(found, key=key))


def _longest_known(path: str, places: Mapping[str, int]) -> int:
    """Give the place of the item at which a path begins: names may hold dots, as members are set off by them."""
    ends = [len(path), *(at for at in range(min(len(path), LONGEST_NAME), 0, -1) if path[at : at + 1] == ".")]
    return next((places[path[:end]] for end in ends if path[:end] in places), -1)

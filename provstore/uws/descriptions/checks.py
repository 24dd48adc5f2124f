"""Tells what is wrong with a description, before it is published."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from astropy import units

from provstore.errors import Invalid
from provstore.uws.descriptions.filenames import pattern_fault
from provstore.uws.descriptions.model import NAME, NUMERIC, Description, Generated, ParameterDefinition, Used
from provstore.uws.descriptions.multiplicity import limits
from provstore.uws.descriptions.names import exported_name, reserved
from provstore.uws.descriptions.values import check_value, number
from provstore.uws.descriptions.votable import ATTRIBUTES, write_votable

__all__ = ["Level", "Problem", "problems", "problems_of_imported"]


class Level(StrEnum):
    """An error forbids the publication of a new description; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong, where (``parameters.emin.default``) and what would be right."""

    level: Level
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.level}: {self.place}: {self.text}"


_DATATYPES: Final = NUMERIC | {"boolean", "bit", "char", "unicodeChar", "floatComplex", "doubleComplex"}
_ARRAYSIZE: Final = re.compile(r"(?:[0-9]{1,6}x)*(?:[0-9]{1,6}\*?|\*)?\Z")
_UCD: Final = re.compile(r"[A-Za-z0-9_.:;-]*\Z")
_CONTENT_TYPE: Final = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+*-]+(?:\s*;.*)?\Z", re.ASCII)
_TEMPLATE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+\Z")
_Items = tuple[ParameterDefinition | Used | Generated, ...]


def problems(description: Description) -> tuple[Problem, ...]:
    """List everything that is wrong with a description; empty if nothing is."""
    return tuple(problem for check in _CHECKS for problem in check(description))


def problems_of_imported(description: Description) -> tuple[Problem, ...]:
    """List the same for a file from elsewhere, in which a wrong default, bound or option is a warning: OPUS took it."""
    return tuple(
        replace(problem, level=Level.WARNING) if check in _TOLERATED else problem
        for check in _CHECKS
        for problem in check(description)
    )


def _error(place: str, text: str) -> Problem:
    return Problem(level=Level.ERROR, place=place, text=text)


def _warning(place: str, text: str) -> Problem:
    return Problem(level=Level.WARNING, place=place, text=text)


def _place(item: ParameterDefinition | Used | Generated) -> str:
    parts = {ParameterDefinition: "parameters", Used: "used", Generated: "generated"}
    return f"{parts[type(item)]}.{item.name}"


def _items(description: Description) -> _Items:
    return (*description.parameters, *description.used, *description.generated)


def _names(description: Description) -> Iterator[Problem]:
    rule = "a name is a letter or '_', then letters, digits, '_', '.' or '-'"
    if not NAME.match(description.name):
        yield _error("name", f"{description.name!r}: {rule}")
    for item in _items(description):
        if not NAME.match(item.name):
            yield _error(_place(item), f"{item.name!r}: {rule}")
        elif use := reserved(item.name):
            yield _error(_place(item), f"the name {item.name} is {use}: choose another")


def _collisions(description: Description) -> Iterator[Problem]:
    """Two things may have one variable only where one refers to the other."""
    owners: dict[str, str] = {}
    folded: dict[str, str] = {}
    for item in _items(description):
        ref = "" if isinstance(item, ParameterDefinition) else item.ref
        if ref == item.name and ref in {one.name for one in description.parameters}:
            continue
        variable = exported_name(item.name)
        if variable in owners:
            how = "" if variable == item.name else f" (a script sees both as {variable})"
            yield _error(_place(item), f"the name {item.name} is that of {owners[variable]} too{how}")
        elif item.name.casefold() in folded:
            yield _warning(_place(item), f"differs from {folded[item.name.casefold()]} by case only")
        owners.setdefault(variable, _place(item))
        folded.setdefault(item.name.casefold(), _place(item))


def _types(description: Description) -> Iterator[Problem]:
    for item in description.parameters:
        if item.datatype not in _DATATYPES:
            yield _error(_place(item), f"datatype {item.datatype!r} is none of: {', '.join(sorted(_DATATYPES))}")
        if not _ARRAYSIZE.match(item.arraysize):
            yield _error(_place(item), f"arraysize {item.arraysize!r} is not like 3, *, 3* or 2x*")


def _bounds(description: Description) -> Iterator[Problem]:
    for item in description.parameters:
        found = {key: value for key, value in (("min", item.min), ("max", item.max)) if value}
        if found and item.datatype not in NUMERIC:
            yield _warning(_place(item), f"min and max bound numbers only; {item.datatype} is not bounded")
            continue
        unreadable = [key for key, value in found.items() if not _is_number(value)]
        for key in unreadable:
            yield _error(f"{_place(item)}.{key}", f"{found[key]!r} is no number")
        if not unreadable and len(found) > 1 and number(item.min) > number(item.max):
            yield _error(f"{_place(item)}.min", f"{item.min} is above the maximum {item.max}")


def _is_number(text: str) -> bool:
    try:
        number(text)
    except ValueError:
        return False
    return True


def _options(description: Description) -> Iterator[Problem]:
    for item in description.parameters:
        free = replace(item, options=(), default=None, min="", max="", arraysize="")
        for option in item.options if item.datatype in _DATATYPES else ():
            if fault := _fault(free, option):
                yield _error(f"{_place(item)}.options", fault)
        for option in (text for text, count in Counter(item.options).items() if count > 1):
            yield _warning(f"{_place(item)}.options", f"{option!r} is listed more than once")


def _defaults(description: Description) -> Iterator[Problem]:
    for item in description.parameters:
        if item.default is not None and item.datatype in _DATATYPES and (fault := _fault(item, item.default)):
            yield _error(f"{_place(item)}.default", fault)


def _fault(definition: ParameterDefinition, text: str) -> str:
    if definition.xtype == "application/octet-stream":
        return ""
    try:
        check_value(definition, text)
    except Invalid as error:
        return error.message
    return ""


def _meanings(description: Description) -> Iterator[Problem]:
    for item in description.parameters:
        if item.unit and not _is_unit(item.unit):
            yield _warning(f"{_place(item)}.unit", f"{item.unit!r} is no unit that astropy knows (VOUnits, CDS, FITS)")
        if not _UCD.match(item.ucd):
            yield _warning(
                f"{_place(item)}.ucd", f"{item.ucd!r} is no UCD: words separated by ';', as pos.eq.ra;meta.main"
            )


def _is_unit(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", units.UnitsWarning)
        for form in ("vounit", "cds", "fits"):
            try:
                units.Unit(text, format=form)
            except ValueError:
                continue
            return True
    return False


def _multiplicities(description: Description) -> Iterator[Problem]:
    items: tuple[Used | Generated, ...] = (*description.used, *description.generated)
    for item in items:
        try:
            limits(item.multiplicity)
        except Invalid as error:
            yield _error(f"{_place(item)}.multiplicity", error.message)


def _references(description: Description) -> Iterator[Problem]:
    parameters = {item.name for item in description.parameters}
    items: tuple[Used | Generated, ...] = (*description.used, *description.generated)
    for item in items:
        if item.ref and item.ref not in parameters:
            yield _error(f"{_place(item)}.ref", f"{item.ref!r} is no parameter")
    used = {item.name for item in description.used}
    for result in description.generated:
        for name in sorted(set(result.derived_from or ()) - used):
            yield _error(f"{_place(result)}.derived_from", f"{name!r} is no input")
    if description.main_result and description.main_result not in {item.name for item in description.generated}:
        yield _error("main_result", f"{description.main_result!r} is no result")


def _inputs(description: Description) -> Iterator[Problem]:
    for item in description.used:
        if item.url and not _TEMPLATE.match(item.url):
            yield _error(f"{_place(item)}.url", f"{item.url!r} is not empty, file://$ID or an absolute URL with $ID")
        elif item.url and "$ID" not in item.url:
            yield _warning(f"{_place(item)}.url", f"{item.url!r} has no $ID: each value leads to the same address")
        for content_type in item.content_types:
            if not _CONTENT_TYPE.match(content_type):
                yield _warning(f"{_place(item)}.content_type", f"{content_type!r} is no media type, as image/fits")


def _results(description: Description) -> Iterator[Problem]:
    defaults = {item.name: item.default or "" for item in description.parameters}
    for item in description.generated:
        name = item.ref or item.name
        if not item.default and name not in defaults:
            yield _error(_place(item), "has neither a file name nor a parameter that gives it: it could never appear")
        for pattern in (item.default, defaults.get(name, "")):
            if pattern and (fault := pattern_fault(pattern)):
                yield _error(f"{_place(item)}.default", f"the file name {pattern!r} {fault}")
        if item.content_type and not _CONTENT_TYPE.match(item.content_type):
            yield _warning(f"{_place(item)}.content_type", f"{item.content_type!r} is no media type, as image/fits")


def _script(description: Description) -> Iterator[Problem]:
    if not description.script.strip():
        yield _error("script", "is empty: nothing would run")
    if "\r" in description.script:
        yield _error("script", "has DOS line ends: bash and sbatch want Unix ones")


def _attributes(description: Description) -> Iterator[Problem]:
    names = [name for name, _ in description.extra]
    for name in sorted(ATTRIBUTES.intersection(names)):
        yield _error(f"extra.{name}", "is an attribute that a description has anyway")
    for name in sorted(name for name, count in Counter(names).items() if count > 1 or not name):
        yield _error(f"extra.{name}", "is empty or given more than once")
    for program in description.software:
        if len(program.split()) != 1:
            yield _error("software", f"{program!r} is empty or holds a blank")


def _writable(description: Description) -> Iterator[Problem]:
    if any(_references(description)):
        return
    try:
        write_votable(description)
    except Invalid as error:
        yield _error("description", error.message)


_CHECKS: Final[tuple[Callable[[Description], Iterator[Problem]], ...]] = (
    _names,
    _collisions,
    _types,
    _bounds,
    _options,
    _defaults,
    _meanings,
    _multiplicities,
    _references,
    _inputs,
    _results,
    _script,
    _attributes,
    _writable,
)
_TOLERATED: Final = (_bounds, _options, _defaults)

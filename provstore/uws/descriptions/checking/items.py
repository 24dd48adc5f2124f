"""Checks of parameters, used and generated entities, each by itself and against each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Final

from provstore.errors import Invalid
from provstore.uws.descriptions.checking.facts import (
    LONGEST_LINE,
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST,
    odd_characters,
    too_long,
)
from provstore.uws.descriptions.checking.problem import Problem, error, tolerable, warning
from provstore.uws.descriptions.dialects.votable_names import GENERATED_FACTS, USED_FACTS, is_fact
from provstore.uws.descriptions.filenames import pattern_fault
from provstore.uws.descriptions.model import (
    CONFIG_FILE,
    DATATYPES,
    FILE,
    FILE_URL,
    NAME,
    NAME_RULE,
    NUMERIC,
    TEXTUAL,
    Description,
    Generated,
    ParameterDefinition,
    Used,
)
from provstore.uws.descriptions.multiplicity import limits
from provstore.uws.descriptions.names import exported_name, reserved
from provstore.uws.descriptions.obscore import described_fault
from provstore.uws.descriptions.values import absent_files, check_value, is_number, number, split_text

__all__ = ["absent_defaults", "collisions", "generated_items", "parameters", "used_items"]

_ARRAYSIZE: Final = re.compile(r"(?:[0-9]{1,6}x)*(?:[0-9]{1,6}\*?|\*)?\Z")
_ATOM: Final = r"[A-Za-z0-9][A-Za-z0-9_-]*"
_UCD_WORD: Final = rf"(?:{_ATOM}:)?{_ATOM}(?:\.{_ATOM})*"
_UCD: Final = re.compile(rf"{_UCD_WORD}(?:;{_UCD_WORD})*\Z")
_CONTENT_TYPE: Final = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+*-]+(?:\s*;.*)?\Z", re.ASCII)
_TEMPLATE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"]+\Z")
_FIXED: Final = re.compile(r"[^*?\[\]]+\Z")
_OF_THE_ADDRESS: Final = "service"
_LINES: Final = ("unit", "ucd", "utype", "xtype", "role", "type", "ref")
_Item = ParameterDefinition | Used | Generated
_SECTIONS: Final[dict[type[_Item], str]] = {ParameterDefinition: "parameters", Used: "used", Generated: "generated"}


def _place(item: _Item) -> str:
    return f"{_SECTIONS[type(item)]}.{item.name}"


def _items(description: Description) -> tuple[_Item, ...]:
    return (*description.parameters, *description.used, *description.generated)


def collisions(description: Description) -> Iterator[Problem]:
    """Check that no two things have one variable; they may only where one refers to the other."""
    count = len(_items(description))
    if count > MOST:
        yield tolerable("parameters", f"{count} parameters, inputs and results in all; at most {MOST} are allowed")
    names = {one.name for one in description.parameters}
    owners: dict[str, str] = {}
    folded: dict[str, str] = {}
    for item in _items(description):
        ref = "" if isinstance(item, ParameterDefinition) else item.ref
        if ref == item.name and ref in names:
            continue
        variable = exported_name(item.name)
        if variable in owners:
            how = "" if variable == item.name else f" (a script sees both as {variable})"
            yield error(_place(item), f"the name {item.name} is that of {owners[variable]} too{how}")
        elif item.name.casefold() in folded:
            yield warning(_place(item), f"differs from {folded[item.name.casefold()]} by case only")
        owners.setdefault(variable, _place(item))
        folded.setdefault(item.name.casefold(), _place(item))


def _common(item: _Item) -> Iterator[Problem]:
    """Check the name and the texts that all kinds of items have."""
    place = _place(item)
    if not NAME.match(item.name):
        yield error(place, f"{item.name!r}: a name is {NAME_RULE}")
    elif use := reserved(item.name):
        yield error(place, f"the name {item.name} is {use}: choose another")
    elif item.name.casefold() == _OF_THE_ADDRESS and not isinstance(item, Generated):
        yield tolerable(
            place, f"the name {item.name} stands for the service in the address of its form: choose another"
        )
    yield from too_long(place, item.name, most=LONGEST_NAME)
    for field in _LINES:
        text: str = getattr(item, field, "")
        yield from too_long(f"{place}.{field}", text, most=LONGEST_LINE)
        yield from odd_characters(f"{place}.{field}", text, lines=False)
    yield from too_long(f"{place}.description", item.description, most=LONGEST_TEXT)
    yield from odd_characters(f"{place}.description", item.description, lines=True)
    yield from too_long(f"{place}.default", item.default or "", most=LONGEST_TEXT)


# --- parameters


def parameters(description: Description) -> Iterator[Problem]:
    """Check each parameter."""
    inputs = {name for one in description.used for name in (one.name, one.ref)}
    for item in description.parameters:
        yield from _common(item)
        yield from _type(item)
        yield from _file(item, is_input=item.name in inputs)
        yield from _bounds(item)
        yield from _options(item)
        if item.default is not None and item.datatype in DATATYPES and (fault := _fault(item, item.default)):
            yield tolerable(f"{_place(item)}.default", fault)
        if item.ucd and not _UCD.match(item.ucd):
            rule = "words separated by ';', as pos.eq.ra;meta.main"
            yield tolerable(f"{_place(item)}.ucd", f"{item.ucd[:LONGEST_LINE]!r} is no UCD: {rule}")


def _type(item: ParameterDefinition) -> Iterator[Problem]:
    if item.datatype not in DATATYPES:
        yield error(f"{_place(item)}.datatype", f"{item.datatype!r} is none of: {', '.join(sorted(DATATYPES))}")
    if not _ARRAYSIZE.match(item.arraysize):
        yield error(f"{_place(item)}.arraysize", f"{item.arraysize!r} is not like 3, *, 3* or 2x*")


def _file(item: ParameterDefinition, *, is_input: bool) -> Iterator[Problem]:
    if item.type not in {"", CONFIG_FILE}:
        yield error(f"{_place(item)}.type", f"{item.type!r} is neither empty nor {CONFIG_FILE}")
    if item.type == CONFIG_FILE and item.xtype != FILE:
        yield tolerable(f"{_place(item)}.xtype", f"a {CONFIG_FILE} is a file: its xtype is {FILE}, not {item.xtype!r}")
    if item.xtype == FILE and item.type != CONFIG_FILE and not is_input:
        yield warning(f"{_place(item)}.xtype", "no used entity refers to this file: its value is taken as plain text")


def _bounds(item: ParameterDefinition) -> Iterator[Problem]:
    found = {key: value for key, value in (("min", item.min), ("max", item.max)) if value}
    if found and item.datatype not in NUMERIC:
        yield warning(f"{_place(item)}.{next(iter(found))}", f"only numbers are bounded; {item.datatype} is not")
        return
    unreadable = [key for key, value in found.items() if not is_number(value)]
    for key in unreadable:
        yield tolerable(f"{_place(item)}.{key}", f"{found[key]!r} is no number")
    if not unreadable and len(found) > 1 and number(item.min) > number(item.max):
        yield tolerable(f"{_place(item)}.min", f"{item.min} is above the maximum {item.max}")


def _options(item: ParameterDefinition) -> Iterator[Problem]:
    place = f"{_place(item)}.options"
    if len(item.options) > MOST:
        yield tolerable(place, f"holds {len(item.options)} options; at most {MOST} are allowed")
        return
    free = replace(item, options=(), default=None)
    for option in item.options if item.datatype in DATATYPES else ():
        if fault := _fault(free, option, alone=True):
            yield tolerable(place, fault)
    for option in (text for text, count in Counter(item.options).items() if count > 1):
        yield warning(place, f"{option!r} is listed more than once")


def _fault(definition: ParameterDefinition, text: str, *, alone: bool = False) -> str:
    """Tell what is wrong with a value, or with one (``alone``) of the values of an array."""
    if definition.xtype == FILE:
        return ""
    if alone and definition.datatype not in TEXTUAL:
        definition = replace(definition, arraysize="")
    try:
        check_value(definition, text)
    except Invalid as fault:
        return fault.message
    return ""


# --- used and generated entities


def used_items(description: Description) -> Iterator[Problem]:
    """Check each used entity."""
    defaults = {one.name: one.default or "" for one in description.parameters}
    for item in description.used:
        yield from _common(item)
        yield from _reference(item, defaults)
        yield from _multiplicity(item)
        yield from _default_of_input(item, item.default or defaults.get(item.ref, ""))
        yield from _url(item)
        yield from _media_types(f"{_place(item)}.content_type", item.content_types)
        yield from _extra_of_item(item)


def absent_defaults(description: Description, sent: Collection[str]) -> Iterator[Problem]:
    """Tell which inputs have a file as default that is neither shipped nor ``sent`` along: no job could use it."""
    here = {*sent, *(name for name, _ in description.files)}
    own = {one.name for one in description.used if one.default}
    parameters = {one.name: one for one in description.parameters}
    for used in description.inputs:
        item = used if used.name in own else parameters.get(used.ref, used)
        for file in absent_files(used, item.default or "", here):
            known = "unless it is the id of an entity stored here, jobs have to give another"
            yield warning(f"{_place(item)}.default", f"no file {file[:LONGEST_LINE]!r} is sent along: {known}")


def generated_items(description: Description) -> Iterator[Problem]:
    """Check each generated entity."""
    if not description.generated:
        yield warning("generated", "there is no result: nothing but its logs is kept of a job")
    inputs = {one.name for one in description.inputs}
    defaults = {one.name: one.default or "" for one in description.parameters}
    names: dict[str, str] = {}
    for item in description.generated:
        yield from _common(item)
        yield from _reference(item, defaults)
        yield from _multiplicity(item)
        yield from _file_name(item, defaults)
        if item.default and _FIXED.match(item.default) and names.setdefault(item.default, item.name) != item.name:
            yield warning(
                f"{_place(item)}.default", f"{item.default!r} is the file of generated.{names[item.default]} too"
            )
        yield from _media_types(f"{_place(item)}.content_type", (item.content_type,) if item.content_type else ())
        for name in sorted(set(item.derived_from or ()) - inputs):
            yield error(f"{_place(item)}.derived_from", f"{name!r} is no input")
        yield from _obscore(item, inputs | defaults.keys())
        yield from _extra_of_item(item)


def _reference(item: Used | Generated, parameters: Iterable[str]) -> Iterator[Problem]:
    if item.ref and item.ref not in parameters:
        yield error(f"{_place(item)}.ref", f"{item.ref!r} is no parameter")


def _multiplicity(item: Used | Generated) -> Iterator[Problem]:
    try:
        found = limits(item.multiplicity)
    except Invalid as fault:
        yield error(f"{_place(item)}.multiplicity", fault.message)
        return
    if found.high == 0:
        yield tolerable(f"{_place(item)}.multiplicity", f"{item.multiplicity!r} allows none at all")


def _default_of_input(item: Used, text: str) -> Iterator[Problem]:
    """Check that so many items may be given as are the default."""
    try:
        allowed, count = limits(item.multiplicity), len(split_text(item, text))
    except Invalid:
        return
    if text and not allowed.allow(count):
        yield tolerable(f"{_place(item)}.default", f"{text[:LONGEST_LINE]!r} is {count} items; right is {allowed}")


def _url(item: Used) -> Iterator[Problem]:
    place, url = f"{_place(item)}.url", item.url
    shown = repr(url[:LONGEST_LINE])
    if url and (not _TEMPLATE.match(url) or len(url) > LONGEST_TEXT):
        yield error(place, f"{shown} is not empty, {FILE_URL} or an absolute URL with $ID")
    elif url.casefold().startswith("file:") and url != FILE_URL:
        yield tolerable(place, f"{shown}: files are given as {FILE_URL}; none is read from the server's disk")
    elif url and "$ID" not in url:
        yield warning(place, f"{shown} has no $ID: each value leads to the same address")
    if item.type == CONFIG_FILE and not url and not item.ref:
        yield warning(place, f"a {CONFIG_FILE} is a file: its url is {FILE_URL}")


def _media_types(place: str, content_types: Iterable[str]) -> Iterator[Problem]:
    for content_type in content_types:
        if not _CONTENT_TYPE.match(content_type):
            yield tolerable(place, f"{content_type[:LONGEST_LINE]!r} is no media type, as image/fits")


def _file_name(item: Generated, defaults: dict[str, str]) -> Iterator[Problem]:
    """Check that a result has a way to appear."""
    name = item.ref or item.name
    if not item.default and name not in defaults:
        yield error(_place(item), "has neither a file name nor a parameter that gives it: it could never appear")
    elif not item.default and not defaults[name] and item.required:
        yield warning(f"{_place(item)}.default", f"without a value of {name} it has no file name")
    for pattern in (item.default, defaults.get(name, "")):
        if pattern and (fault := pattern_fault(pattern)):
            yield error(f"{_place(item)}.default", f"the file name {pattern[:LONGEST_LINE]!r} {fault}")


def _obscore(item: Generated, names: Collection[str]) -> Iterator[Problem]:
    for column, count in Counter(column for column, _ in item.obscore).items():
        if count > 1:
            yield error(f"{_place(item)}.obscore.{column}", "is given more than once")
    for column, value in item.obscore:
        if fault := described_fault(column, value, names=names):
            yield tolerable(f"{_place(item)}.obscore.{column}", fault)


def _extra_of_item(item: Used | Generated) -> Iterator[Problem]:
    names = [one.name for one in item.extra]
    facts = USED_FACTS if isinstance(item, Used) else GENERATED_FACTS
    for name in sorted({name for name in names if is_fact(name, facts)}):
        yield error(f"{_place(item)}.extra.{name}", "is a fact that such an item has anyway")
    for name in sorted(name for name, count in Counter(names).items() if count > 1 or not name):
        yield error(f"{_place(item)}.extra.{name}", "is empty or given more than once")

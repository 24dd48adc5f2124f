"""Reads the items of a VOTable description: parameters, and the two shapes of inputs and results.

Everything is found by element and ``name``: utypes drifted from writer to writer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from provstore.uws.descriptions.model import NUMERIC, Generated, ParameterDefinition, Used
from provstore.uws.descriptions.reading import Notes, guess_content_type
from provstore.uws.descriptions.xmltree import Tag

__all__ = ["read_generated", "read_parameter", "read_used"]

_DATATYPES: Final = NUMERIC | {"boolean", "bit", "char", "unicodeChar", "floatComplex", "doubleComplex"}
_XS: Final[Mapping[str, tuple[str, str]]] = {
    "string": ("char", ""),
    "anyURI": ("char", "uri"),
    "file": ("char", "application/octet-stream"),
    "integer": ("int", ""),
} | {name: (name, "") for name in _DATATYPES}
_USED_KEYS: Final = ("role", "type", "multiplicity", "default", "content_type", "url")
_GENERATED_KEYS: Final = ("role", "type", "multiplicity", "default", "content_type", "derived_from")


def read_parameter(element: Tag, *, notes: Notes, inverted: bool) -> ParameterDefinition:
    """Read a PARAM of InputParams.

    Args:
        element: The PARAM.
        notes: Where repairs are noted.
        inverted: Whether the writer meant *required* by ``type="no_query"``, as the very first one did.
    """
    line = element.line
    name = notes.name(element.get("name", element.get("ID", "")), line=line, what="parameter")
    datatype, xtype = _datatype(element, notes=notes, name=name)
    marked = element.get("type") == "no_query"
    if inverted and marked:
        notes.add(line, f"parameter {name} is no_query in a file of 2016", "read as required")
    bounds = {
        item.kind: _bound(item, notes=notes, name=name) for item in _values(element) if item.kind in {"MIN", "MAX"}
    }
    definition = ParameterDefinition(
        name=name,
        datatype=datatype,
        arraysize=element.get("arraysize", ""),
        xtype=xtype,
        required=marked if inverted else not marked,
        description=notes.text(element.description, line=line, what=f"description of {name}"),
        unit=notes.text(element.get("unit"), line=line, what=f"unit of {name}"),
        ucd=notes.text(element.get("ucd"), line=line, what=f"ucd of {name}"),
        utype=_utype(element, notes=notes, name=name),
        min=bounds.get("MIN", ""),
        max=bounds.get("MAX", ""),
        options=tuple(item.get("value") for item in _values(element) if item.kind == "OPTION"),
    )
    return replace(definition, default=_default(element, definition, notes=notes))


def read_used(element: Tag, *, parameters: Mapping[str, ParameterDefinition], notes: Notes) -> Used:
    """Read a child of the group Used: a GROUP with PARAMs (since 2018), or a PARAM (before)."""
    line = element.line
    name = notes.name(element.get("name"), line=line, what="input")
    facts = _facts(element, known=_USED_KEYS, notes=notes, name=name)
    item = Used(
        name=name,
        role=facts.get("role", ""),
        type=facts.get("type", ""),
        content_types=tuple(part.strip() for part in facts.get("content_type", "").split(",") if part.strip()),
        multiplicity=facts.get("multiplicity", ""),
        default=facts.get("default", ""),
        url=facts.get("url", ""),
        description=notes.text(element.description, line=line, what=f"description of {name}"),
        ref=_reference(element, parameters=parameters, notes=notes, name=name),
    )
    if notes.exact:
        return item
    filled = _from_parameter(item, parameters.get(item.ref))
    item = replace(item, default=filled["default"], description=filled["description"])
    if item.content_types:
        return item
    guess = guess_content_type(item.default)
    notes.add(line, f"input {name} has no content type", f"taken as {guess}")
    return replace(item, content_types=(guess,))


def read_generated(element: Tag, *, parameters: Mapping[str, ParameterDefinition], notes: Notes) -> Generated:
    """Read a child of the group Generated: a GROUP with PARAMs (since 2018), or a PARAM (before)."""
    line = element.line
    name = notes.name(element.get("name"), line=line, what="result")
    facts = _facts(element, known=_GENERATED_KEYS, notes=notes, name=name)
    item = Generated(
        name=name,
        role=facts.get("role", ""),
        type=facts.get("type", ""),
        content_type=facts.get("content_type", ""),
        multiplicity=facts.get("multiplicity", ""),
        default=facts.get("default", ""),
        description=notes.text(element.description, line=line, what=f"description of {name}"),
        ref=_reference(element, parameters=parameters, notes=notes, name=name),
        derived_from=tuple(facts["derived_from"].split()) if "derived_from" in facts else None,
    )
    if notes.exact:
        return item
    filled = _from_parameter(item, parameters.get(item.ref))
    item = replace(item, default=filled["default"], description=filled["description"])
    return replace(item, content_type=_one_content_type(item, line=line, notes=notes))


def _datatype(element: Tag, *, notes: Notes, name: str) -> tuple[str, str]:
    """VOTable datatype and xtype, from either of the two sets of type names that are in use."""
    given = element.get("datatype", "char")
    datatype, xtype = _XS.get(given.removeprefix("xs:"), ("char", ""))
    if given not in _DATATYPES:
        notes.add(element.line, f"datatype {given!r} of {name} is no VOTable datatype", f"read as {datatype}")
    return datatype, element.get("xtype", xtype)


def _utype(element: Tag, *, notes: Notes, name: str) -> str:
    """Give the author's utype; the first writers marked each parameter as an entity, which says nothing of it."""
    utype = notes.text(element.get("utype"), line=element.line, what=f"utype of {name}")
    return "" if utype in {"ProvenanceDM:Entity", "voprov:Entity"} and not notes.exact else utype


def _default(element: Tag, definition: ParameterDefinition, *, notes: Notes) -> str | None:
    """An empty value is no default, except for text that need not be given."""
    value = element.get("value")
    if value == "None" and value not in definition.options:
        value = notes.text(value, line=element.line, what=f"default of {definition.name}")
    if value:
        return value
    plain_text = definition.datatype == "char" and not definition.xtype
    return "" if plain_text and not definition.required else None


def _values(element: Tag) -> Iterator[Tag]:
    for child in element:
        if child.kind == "VALUES":
            yield from child


def _bound(element: Tag, *, notes: Notes, name: str) -> str:
    value = element.get("value", element.text)
    if "value" not in element.attributes:
        notes.add(element.line, f"{element.kind} of {name} has its value as text", f"read as {value!r}")
    return notes.text(value, line=element.line, what=f"bound of {name}")


def _facts(element: Tag, *, known: tuple[str, ...], notes: Notes, name: str) -> dict[str, str]:
    facts = _old_facts(element) if element.kind == "PARAM" else _new_facts(element, notes=notes, name=name)
    if "location" in facts:
        location = facts.pop("location")
        facts["url"] = facts.get("url") or location
    if facts.pop("optional", "").lower() in {"true", "yes", "1"} and not facts.get("multiplicity"):
        facts["multiplicity"] = "0..1"
    line = element.line
    for key in facts.keys() - set(known):
        notes.add(line, f"unknown attribute {key!r} of {name}", "left out")
    return {key: notes.text(facts[key], line=line, what=f"{key} of {name}") for key in known if key in facts}


def _old_facts(element: Tag) -> dict[str, str]:
    facts = {"default": element.get("value"), "content_type": element.get("xtype")}
    for child in element:
        if child.kind == "LINK" and child.get("content-role", "location") == "location":
            facts["url"] = child.get("href")
    return facts


def _new_facts(element: Tag, *, notes: Notes, name: str) -> dict[str, str]:
    facts: dict[str, str] = {}
    for child in element:
        key = child.get("name")
        if child.kind == "PARAM" and key in facts:
            raise notes.refuse(child.line, f"attribute {key!r} of {name} is given twice")
        if child.kind == "PARAM":
            facts[key] = child.get("value")
        elif child.kind not in {"DESCRIPTION", ""}:
            notes.add(child.line, f"unknown element {child.kind} in {name}", "left out")
    return facts


def _reference(element: Tag, *, parameters: Mapping[str, ParameterDefinition], notes: Notes, name: str) -> str:
    ref = element.get("ref")
    line = element.line
    if ref and ref not in parameters:
        notes.add(line, f"ref of {name} names no parameter: {ref!r}", "left out")
        ref = ""
    if not ref and name in parameters:
        notes.add(line, f"{name} has the name of a parameter", "read as a reference to it")
        ref = name
    return ref


def _from_parameter(item: Used | Generated, parameter: ParameterDefinition | None) -> dict[str, str]:
    """Give what the item itself lacks from the parameter that it refers to."""
    other = parameter or ParameterDefinition(name=item.name)
    return {
        "default": item.default or other.default or "",
        "description": item.description or other.description,
    }


def _one_content_type(item: Generated, *, line: int, notes: Notes) -> str:
    types = [part.strip() for part in item.content_type.split(",") if part.strip()]
    if not types:
        guess = guess_content_type(item.default)
        notes.add(line, f"result {item.name} has no content type", f"taken as {guess}")
        return guess
    if len(types) > 1:
        notes.add(line, f"result {item.name} has several content types: {item.content_type}", f"read as {types[0]}")
    return types[0]

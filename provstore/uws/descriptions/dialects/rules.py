"""Rules that all dialects share: names of types, and what an input or result gets from its parameter, or by a guess."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from provstore.uws.descriptions.content_types import guess_content_type, split_content_types
from provstore.uws.descriptions.dialects.reading import Notes
from provstore.uws.descriptions.model import DATATYPES, FILE, Generated, ParameterDefinition, Used

__all__ = ["HEAD_TEXTS", "XS_TYPES", "filled_generated", "filled_used", "read_datatype", "read_reference"]

HEAD_TEXTS: Final = (
    *("label", "version", "type", "subtype", "doculink", "group", "contact_name", "contact_email"),
    *("container", "main_result"),
)
"""What a description says of itself, under the same names in all dialects."""

XS_TYPES: Final[Mapping[str, tuple[str, str]]] = {
    "": ("char", ""),
    "string": ("char", ""),
    "anyURI": ("char", "uri"),
    "file": ("char", FILE),
    "integer": ("int", ""),
} | {name: (name, "") for name in DATATYPES}
"""Names without the prefix, as VOTable datatype and xtype."""


_Parameters = Mapping[str, ParameterDefinition]


def read_datatype(given: str, *, notes: Notes, line: int, name: str) -> tuple[str, str]:
    """Give datatype and xtype for a type of XML schema (``xs:double``), of VOTable (``double``) or ``file``."""
    found = XS_TYPES.get(given.removeprefix("xs:").removeprefix("xsd:"))
    if found is None:
        notes.add(line, f"datatype {given!r} of {name} is unknown", "read as text")
    return found or ("char", "")


def read_reference(ref: str, *, name: str, parameters: Collection[str], line: int, notes: Notes) -> str:
    """Read the ``ref`` of an input or result: it names a parameter; the same name is a reference too."""
    if ref and ref not in parameters:
        notes.add(line, f"ref of {name} names no parameter: {ref!r}", "left out")
        ref = ""
    if not ref and name in parameters and not notes.exact:
        notes.add(line, f"{name} has the name of a parameter", "read as a reference to it")
        ref = name
    return ref


def filled_used(item: Used, *, parameters: _Parameters, line: int, notes: Notes) -> Used:
    """Fill in default, description and content type of an input."""
    other = parameters.get(item.ref) or ParameterDefinition(name=item.name)
    item = replace(item, default=item.default or other.default or "", description=item.description or other.description)
    if item.content_types:
        return item
    guess = guess_content_type(item.default)
    notes.add(line, f"input {item.name} has no content type", f"taken as {guess}")
    return replace(item, content_types=(guess,))


def filled_generated(item: Generated, *, parameters: _Parameters, line: int, notes: Notes) -> Generated:
    """Fill in default, description and content type of a result."""
    other = parameters.get(item.ref) or ParameterDefinition(name=item.name)
    item = replace(item, default=item.default or other.default or "", description=item.description or other.description)
    return replace(item, content_type=_one_content_type(item, line=line, notes=notes))


def _one_content_type(item: Generated, *, line: int, notes: Notes) -> str:
    types = split_content_types(item.content_type)
    if not types:
        guess = guess_content_type(item.default)
        notes.add(line, f"result {item.name} has no content type", f"taken as {guess}")
        return guess
    if len(types) > 1:
        notes.add(line, f"result {item.name} has several content types: {item.content_type}", f"read as {types[0]}")
    return types[0]

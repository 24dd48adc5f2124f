"""What all dialects do alike: an input or result gets from its parameter, or by a guess, what itself it lacks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from provstore.uws.descriptions.content_types import guess_content_type
from provstore.uws.descriptions.dialects.reading import Notes
from provstore.uws.descriptions.model import Generated, ParameterDefinition, Used

__all__ = ["filled_generated", "filled_used", "read_reference"]

_Parameters = Mapping[str, ParameterDefinition]


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
    types = [part.strip() for part in item.content_type.split(",") if part.strip()]
    if not types:
        guess = guess_content_type(item.default)
        notes.add(line, f"result {item.name} has no content type", f"taken as {guess}")
        return guess
    if len(types) > 1:
        notes.add(line, f"result {item.name} has several content types: {item.content_type}", f"read as {types[0]}")
    return types[0]

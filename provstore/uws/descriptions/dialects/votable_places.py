"""What may stand where in a VOTable description: everything else is reported, so that nothing is dropped silently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from provstore.uws.descriptions.dialects.reading import Notes
from provstore.uws.descriptions.dialects.xmltree import Tag

__all__ = ["report_unknown"]

_IGNORED: Final = ("{http://www.w3.org/2001/XMLSchema-instance}", "{http://www.w3.org/XML/1998/namespace}")
"""Attributes that say something of the document, not of the description."""

_IMPLIED: Final = {("VALUES", "type"): "legal", ("MIN", "inclusive"): "yes", ("MAX", "inclusive"): "yes"}
"""Attributes that may be given with the value that they have anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The attributes and the elements that are read; ``single`` ones are read once."""

    attributes: frozenset[str] = frozenset()
    children: frozenset[str] = frozenset()
    single: frozenset[str] = frozenset({"DESCRIPTION"})


def _place(attributes: str, children: str = "", single: str = "DESCRIPTION") -> _Place:
    return _Place(
        attributes=frozenset(attributes.split()),
        children=frozenset(children.split()),
        single=frozenset(single.split()),
    )


_PARAM: Final = "ID name value datatype arraysize utype"
_PLACES: Final[Mapping[str, _Place]] = {
    "document": _place("ID version", "RESOURCE"),
    "RESOURCE": _place("ID name type utype", "DESCRIPTION PARAM GROUP LINK RESOURCE"),
    "LINK": _place("ID href content-role content-type title"),
    "group": _place("ID name utype", "PARAM GROUP"),
    "attribute": _place(_PARAM),
    "extra": _place(f"{_PARAM} unit ucd xtype", "DESCRIPTION"),
    "parameter": _place(f"{_PARAM} unit ucd xtype type", "DESCRIPTION VALUES", "DESCRIPTION VALUES"),
    "VALUES": _place("ID", "MIN MAX OPTION", "MIN MAX"),
    "MIN": _place("value"),
    "MAX": _place("value"),
    "OPTION": _place("value"),
    "item": _place("ID name utype ref", "DESCRIPTION PARAM"),
    "old item": _place(f"{_PARAM} xtype ref", "DESCRIPTION LINK", "DESCRIPTION LINK"),
}
_OLD_TEXT: Final = frozenset({"MIN", "MAX", "OPTION"})
"""Elements that held their value as text in 2016."""


def report_unknown(tag: Tag, place: str, *, name: str, notes: Notes) -> None:
    """Note every attribute, element and text of an element that is not read.

    Args:
        tag: The element.
        place: What it is, a key of the table above.
        name: How a message calls it.
        notes: Where it is noted.
    """
    allowed = _PLACES[place]
    for key, value in tag.attributes.items():
        if not (key in allowed.attributes or not value or key.startswith(_IGNORED)) and value != _implied(tag, key):
            notes.add(tag.line, f"attribute {key}={value!r} of {name}", "left out")
    if place not in _OLD_TEXT and any(isinstance(part, str) and part.strip() for part in tag.content):
        notes.add(tag.line, f"text in {name}", "left out")
    seen: set[str] = set()
    for child in tag:
        if child.kind not in allowed.children:
            notes.add(child.line, f"unknown element {child.kind} in {name}", "left out")
        elif child.kind in allowed.single & seen:
            notes.add(child.line, f"another {child.kind} in {name}", "left out")
        seen.add(child.kind)


def _implied(tag: Tag, key: str) -> str | None:
    """Give the value with which an attribute says nothing new: an option is labelled with its value anyway."""
    return tag.get("value") if (tag.kind, key) == ("OPTION", "name") else _IMPLIED.get((tag.kind, key))

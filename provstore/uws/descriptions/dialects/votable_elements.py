"""Makes the elements of a VOTable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from lxml import etree

from provstore.uws.descriptions.dialects.votable_names import NAMESPACE
from provstore.uws.descriptions.model import ParameterDefinition

__all__ = ["Element", "add", "add_description", "add_text", "add_values"]

Element = Any
"""lxml has no public name for the class of its elements."""

_INT_MAX: Final = 2**31
_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def add(parent: Element, tag: str, attributes: Mapping[str, str]) -> Element:
    """Add an element, without the attributes that are empty; only ``value`` is always there.

    Raises:
        ValueError: a value holds a character that XML can't hold.
    """
    for key, value in attributes.items():
        _check(value, f"{key} of {tag} {attributes.get('name', '')}".rstrip())
    given = {key: value for key, value in attributes.items() if value or key == "value"}
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}", given)


def add_description(parent: Element, text: str) -> None:
    """Add a DESCRIPTION, if there is something to say."""
    if text:
        _check(text, "text of DESCRIPTION")
        add(parent, "DESCRIPTION", {}).text = text


def add_text(parent: Element, name: str, value: str, *, utype: str = "", number: bool = False) -> None:
    """Add a PARAM that holds a text, or a whole number if it is one: VOTable's ``char`` is ASCII."""
    typed = {"datatype": "char" if value.isascii() else "unicodeChar", "arraysize": "*"}
    if number:
        typed = {"datatype": "int" if int(value) < _INT_MAX else "long"}
    add(parent, "PARAM", {"name": name} | typed | {"value": value, "utype": utype})


def add_values(param: Element, item: ParameterDefinition) -> None:
    """Add the bounds and options of a parameter."""
    given = [("MIN", item.min), ("MAX", item.max)]
    children: Iterable[tuple[str, str]] = [(tag, value) for tag, value in given if value]
    children = [*children, *(("OPTION", option) for option in item.options)]
    if children:
        values = add(param, "VALUES", {})
        for tag, value in children:
            add(values, tag, {"value": value})


def _check(text: str, what: str) -> None:
    found = _ILLEGAL.search(text)
    if found:
        raise ValueError(f"{what}: the character U+{ord(found[0]):04X} can't stand in XML")

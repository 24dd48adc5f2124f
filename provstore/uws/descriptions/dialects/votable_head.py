"""Reads what a VOTable description says of the service itself: its text, its PARAMs, its script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from provstore.uws.descriptions.dialects.reading import Notes
from provstore.uws.descriptions.dialects.rules import HEAD_TEXTS
from provstore.uws.descriptions.dialects.votable_items import read_extra, read_text
from provstore.uws.descriptions.dialects.votable_names import (
    CONTROL,
    is_attribute,
    read_list,
    read_pairs,
)
from provstore.uws.descriptions.dialects.votable_places import report_unknown
from provstore.uws.descriptions.dialects.xmltree import Tag
from provstore.uws.descriptions.model import Description

__all__ = ["Attributes", "attributes_of", "read_head", "with_marks"]

Attributes = Mapping[str, Tag]
"""The PARAMs of the RESOURCE by name."""


def attributes_of(resource: Tag, *, notes: Notes) -> dict[str, Tag]:
    """Find the PARAMs of a RESOURCE.

    Raises:
        Invalid: one is given twice.
    """
    attributes: dict[str, Tag] = {}
    for element in resource:
        name = element.get("name")
        if element.kind == "PARAM" and not name:
            notes.add(element.line, f"a PARAM without a name: {element.get('value')!r}", "left out")
        elif element.kind == "PARAM" and name in attributes:
            raise notes.refuse(element.line, f"PARAM {name!r} is given twice")
        elif element.kind == "PARAM":
            attributes[name] = element
    return attributes


def read_head(resource: Tag, *, attributes: Attributes, notes: Notes) -> Description:
    """Read everything but the parameters, inputs and results."""
    report_unknown(resource, "RESOURCE", name="RESOURCE", notes=notes)
    for key, element in attributes.items():
        report_unknown(element, "attribute" if is_attribute(key) else "extra", name=f"PARAM {key}", notes=notes)
    name = notes.name(resource.get("name", resource.get("ID", "")), line=resource.line, what="service")
    texts: dict[str, Any] = {key: _text(attributes, key, notes=notes) for key in HEAD_TEXTS}
    texts["doculink"] = _doculink(resource, given=texts["doculink"], notes=notes)
    texts |= _annotation(resource, attributes=attributes, notes=notes, label=texts["label"])
    language = _text(attributes, "script_language", notes=notes)
    duration_key = "executionDuration" if "executionDuration" in attributes else "executionduration"
    extra = (element for key, element in attributes.items() if not is_attribute(key))
    description = Description(
        name=name,
        **texts,
        standard_id=_text(attributes, "standardID", notes=notes),
        script=notes.script(_text(attributes, "script", notes=notes), line=_line(attributes, "script")),
        script_language=language if language or notes.exact else "bash",
        execution_duration=_seconds(attributes, duration_key, notes=notes),
        quote=_seconds(attributes, "quote", notes=notes),
        keywords=_list(attributes, "keywords", ",", notes=notes),
        software=_list(attributes, "software", " ", notes=notes),
        modules=_list(attributes, "modules", " ", notes=notes),
        controls=tuple(_controls(attributes, notes=notes)),
        files=_pairs(attributes, "files"),
        extra=tuple(read_extra(element, notes=notes) for element in extra),
    )
    _check_hash(description, attributes=attributes, notes=notes)
    return description


def with_marks(description: Description, *, attributes: Attributes) -> Description:
    """Add to the parameters what their PARAMs can't tell: types, no default, empty text, the words yes and no."""
    types = dict(_pairs(attributes, "parameter_types"))
    exact: dict[str, str | None] = dict(_pairs(attributes, "boolean_words"))
    exact |= {name: None for name, _ in _pairs(attributes, "no_default")}
    exact |= {name: "" for name, _ in _pairs(attributes, "empty_default")}
    parameters = (
        replace(item, default=exact.get(item.name, item.default), type=types.get(item.name, ""))
        for item in description.parameters
    )
    return replace(description, parameters=tuple(parameters))


def _value(attributes: Attributes, key: str) -> str:
    return attributes[key].get("value") if key in attributes else ""


def _line(attributes: Attributes, key: str) -> int:
    return attributes[key].line if key in attributes else 0


def _text(attributes: Attributes, key: str, *, notes: Notes) -> str:
    found = attributes.get(key)
    return notes.text(found.get("value"), line=found.line, what=key) if found else ""


def _pairs(attributes: Attributes, key: str) -> tuple[tuple[str, str], ...]:
    return read_pairs(_value(attributes, key))


def _list(attributes: Attributes, key: str, separator: str, *, notes: Notes) -> tuple[str, ...]:
    return read_list(_text(attributes, key, notes=notes), separator, exact=notes.exact)


def _doculink(resource: Tag, *, given: str, notes: Notes) -> str:
    """Give the address of the documentation: a LINK has it where no PARAM does."""
    chosen = given
    for link in resource:
        if link.kind != "LINK":
            continue
        report_unknown(link, "LINK", name="LINK", notes=notes)
        href = link.get("href")
        chosen = chosen or href
        if href != chosen:
            notes.add(link.line, f"another LINK {href!r}", "left out")
    return chosen


def _annotation(resource: Tag, *, attributes: Attributes, notes: Notes, label: str) -> dict[str, str]:
    """Give description and label: three places hold the one text, and DESCRIPTION wins."""
    text = read_text(resource, what="DESCRIPTION", notes=notes)
    annotation = _text(attributes, "annotation", notes=notes)
    if text and annotation and annotation.strip() != text.strip():
        notes.add(attributes["annotation"].line, "annotation differs from DESCRIPTION", "DESCRIPTION is kept")
    if notes.exact:
        return {"description": text or annotation, "label": label}
    chosen = text or annotation.strip() or label
    return {"description": chosen, "label": "" if label == chosen else label}


def _check_hash(description: Description, *, attributes: Attributes, notes: Notes) -> None:
    """A hash that is not that of the script says that somebody edited one of the two."""
    stated = attributes.get("script_sha256")
    if stated and description.script and stated.get("value") not in {"", description.script_sha256}:
        notes.add(stated.line, "script_sha256 is not that of the script", f"{description.script_sha256} is used")


def _seconds(attributes: Attributes, key: str, *, notes: Notes) -> int | None:
    found = attributes.get(key)
    return notes.seconds(found.get("value"), line=found.line, what=key) if found else None


def _controls(attributes: Attributes, *, notes: Notes) -> Iterator[tuple[str, str]]:
    """Give the control parameters: those with PARAMs of their own, in the order of ``controls`` if that is there."""
    own = {key: element for key, element in attributes.items() if key.startswith(CONTROL)}
    for name, value in _pairs(attributes, "controls"):
        element = own.pop(name, None)
        chosen = element.get("value") if element else value
        if element and chosen != value:
            notes.add(element.line, f"{name} is {value!r} in controls", f"read as {chosen!r}")
        yield name, chosen
    yield from ((name, element.get("value")) for name, element in own.items())

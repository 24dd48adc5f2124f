"""Reads the WADL files of OPUS's first years: not always well-formed, and each parameter stands there three times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lxml import etree

from provstore.errors import TooLarge
from provstore.uws.descriptions.dialects.opus_content import Content, Item, described
from provstore.uws.descriptions.dialects.reading import Notes, Reading
from provstore.uws.descriptions.dialects.xmltree import ATTRIBUTES_MAX, ELEMENTS_MAX, SAFE, refuse_document_type
from provstore.uws.descriptions.model import FILE_URL

__all__ = ["read_wadl"]

_FILE_TYPES: Final = frozenset({"anyURI", "file"})
_OF_WADL: Final = frozenset({"id", "path", "type", "queryType"})
_OF_PARAM: Final = frozenset({"name", "type", "style", "id", "choices", "options", "repeating", "path"})
_FACTS: Final = ("default", "min", "max", "unit", "ucd", "utype")

_Element = Any
"""lxml has no public name for the class of its elements."""


def read_wadl(data: bytes, *, source: str) -> Reading:
    """Read a description; what is not well-formed is repaired where it can be.

    Args:
        data: The file.
        source: Name of the file, for messages.

    Raises:
        Invalid: it has a document type declaration, no root, or no resource of jobs.
        TooLarge: it has more than `ELEMENTS_MAX` elements, or one of them more than `ATTRIBUTES_MAX` attributes.
    """
    notes = Notes(source=source)
    if data.count(b"<") > 2 * ELEMENTS_MAX:
        raise TooLarge(f"{source}: more elements than the {ELEMENTS_MAX} that a description may have")
    root = _root(data, notes=notes)
    resource = _first(root, "resource", id="joblist")
    if resource is None:
        raise notes.refuse(_line(root), "no resource with the id 'joblist': it would have the service's name as path")
    every = list(_parameters(resource, notes=notes))
    inputs = [_input(item, notes=notes) for item in every if _is_file(item)]
    content = Content(
        facts=dict(_head(resource)),
        parameters=tuple(item for item in every if not _is_file(item)),
        used=tuple(inputs),
        generated=tuple(_results(resource)),
        line=_line(resource),
    )
    return notes.reading(described(content, notes=notes), dialect="wadl")


def _root(data: bytes, *, notes: Notes) -> _Element:
    parser = etree.XMLParser(recover=True, remove_comments=True, remove_pis=True, **SAFE)
    try:
        root: _Element = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise notes.refuse(1, f"not XML: {error}") from error
    if root is None:
        raise notes.refuse(1, "not XML: there is no root element")
    refuse_document_type(root, notes=notes)
    if any(len(element.attrib) > ATTRIBUTES_MAX for element in root.iter("*")):
        raise TooLarge(f"{notes.source}: an element with more than {ATTRIBUTES_MAX} attributes")
    for fault in parser.error_log:
        if fault.domain_name != "NAMESPACE":
            notes.add(fault.line, f"not well-formed XML: {fault.message}", "read as far as it goes")
    return root


def _head(resource: _Element) -> Iterator[tuple[str, str]]:
    for key, value in resource.attrib.items():
        if key not in _OF_WADL and not key.startswith("{"):
            yield key, value
    yield "name", resource.get("path", "").strip("/").rpartition("/")[2]
    for doc in _children(resource, "doc"):
        if doc.get("title") == "description":
            yield "annotation", _inside(doc)
    duration = _first(resource, "param", name="EXECUTIONDURATION")
    quote = _first(resource, "representation", id="quote")
    for key, element in (("executionDuration", duration), ("quote", quote)):
        if element is not None:
            yield key, element.get("default", "")


def _parameters(resource: _Element, *, notes: Notes) -> Iterator[Item]:
    """Give what a new job takes; the file repeats it for jobs that are controlled or changed."""
    request = _first(resource, "request", id="create_job_parameters")
    if request is None:
        notes.add(_line(resource), "no request with the id 'create_job_parameters'", "read as no parameters")
        return
    for element in _children(request, "param"):
        if element.get("name") != "PHASE":
            yield _parameter(element, notes=notes)


def _parameter(element: _Element, *, notes: Notes) -> Item:
    name, line = element.get("name", ""), _line(element)
    facts = {key: element.get(key, "") for key in _FACTS}
    facts |= {"datatype": element.get("type", ""), "annotation": _doc(element)}
    if "required" not in element.attrib:
        notes.add(line, f"{name} does not say whether it is required", "read as optional, as WADL does")
    facts["required"] = element.get("required", "false")
    if element.get("repeating", "").lower() in {"true", "1"}:
        facts["multiplicity"] = "1..*"
    for key in sorted(set(map(str, element.attrib)) - _OF_PARAM - {"required", *_FACTS}):
        notes.add(line, f"unknown attribute {key!r} of {name}: {element.get(key)!r:.80}", "left out")
    return Item(name=name, facts=facts, options=_choices(element, notes=notes), line=line)


def _choices(element: _Element, *, notes: Notes) -> tuple[str, ...]:
    """Give the options, but for a list in which the default is missing: it belongs to something else."""
    text = element.get("choices") or element.get("options") or ""
    listed = [part.strip() for part in re.split(r"\|" if "|" in text else ",", text)] if text else []
    listed = listed or [option.get("value", "") for option in _children(element, "option")]
    default = element.get("default", "")
    if listed and default and default not in listed:
        what = f"the choices {'|'.join(listed)!r:.80} of {element.get('name')} lack its default {default!r:.80}"
        notes.add(_line(element), what, "the choices are left out")
        return ()
    return tuple(listed)


def _is_file(item: Item) -> bool:
    return item.facts["datatype"].rpartition(":")[2] in _FILE_TYPES


def _input(item: Item, *, notes: Notes) -> Item:
    """Turn a parameter that is a file into an input; one that need not be given may be absent."""
    facts: Mapping[str, str] = item.facts
    lost = [key for key in ("min", "max", "unit", "ucd", "utype") if facts[key]] + ["choices"] * bool(item.options)
    if lost:
        notes.add(item.line, f"{', '.join(lost)} of the file {item.name}", "left out")
    optional = facts["required"].lower() == "false"
    plural = facts.get("multiplicity", "")
    multiplicity = {"1..*": "*"}.get(plural, "0..1") if optional else plural
    kept = {key: facts[key] for key in ("default", "annotation")}
    return Item(name=item.name, line=item.line, facts=kept | {"url": FILE_URL, "multiplicity": multiplicity})


def _results(resource: _Element) -> Iterator[Item]:
    parameter = _first(resource, "param", name="result-id")
    for option in _children(parameter, "option") if parameter is not None else ():
        if option.get("value"):
            facts = {
                "content_type": option.get("content_type") or option.get("mediaType") or "",
                "default": option.get("default", ""),
                "annotation": _doc(option),
            }
            yield Item(name=option.get("value"), facts=facts, line=_line(option))


def _first(element: _Element, kind: str, **attribute: str) -> _Element | None:
    ((key, value),) = attribute.items()
    return next((one for one in element.iter(f"{{*}}{kind}") if one.get(key) == value), None)


def _children(element: _Element, kind: str) -> Iterator[_Element]:
    yield from element.iterchildren(f"{{*}}{kind}")


def _doc(element: _Element) -> str:
    return next((_inside(doc) for doc in _children(element, "doc")), "")


def _inside(element: _Element) -> str:
    return "".join(element.itertext()).strip()


def _line(element: _Element) -> int:
    return element.sourceline or 0

"""Writes a description as VOTable, in the dialect that OPUS and old clients read (D2), with our additions as PARAMs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote

from lxml import etree

from provstore.errors import Invalid
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used

__all__ = ["write_votable"]

_NAMESPACE: Final = "http://www.ivoa.net/xml/VOTable/v1.3"
_WORDS: Final = dict.fromkeys(("true", "t", "yes", "1"), "true") | dict.fromkeys(("false", "f", "no", "0"), "false")
_INTEGERS: Final = frozenset({"executionDuration", "quote", "description_version"})
_ACTIVITY: Final = "voprov:ActivityDescription."
_EXTRA_UTYPES: Final = {
    "description_version": "provstore:version",
    "created": "provstore:created",
    "author": "provstore:author",
    "validated": "provstore:validated",
    "validated_by": "provstore:validated_by",
    "container": "provstore:container",
    "license": "provstore:license",
    "references": "provstore:references",
}
_USED_UTYPES: Final = {
    "role": "voprov:UsedDescription.role",
    "multiplicity": "voprov:UsedDescription.multiplicity",
    "default": "voprov:Entity.id",
    "content_type": "voprov:EntityDescription.content_type",
    "url": "voprov:EntityDescription.url",
    "type": "voprov:UsedDescription.type",
}
_GENERATED_UTYPES: Final = {
    "role": "voprov:WasGeneratedByDescription.role",
    "multiplicity": "voprov:WasGeneratedByDescription.multiplicity",
    "default": "voprov:Entity.id",
    "content_type": "voprov:EntityDescription.content_type",
    "type": "voprov:WasGeneratedByDescription.type",
    "derived_from": "provstore:derived_from",
}

_Element = Any
"""lxml has no public name for the class of its elements."""


def write_votable(description: Description) -> bytes:
    """Write a description so that reading it gives an equal one.

    Raises:
        Invalid: a text holds a character that XML can't hold, or a ``ref`` names no parameter.
    """
    _check_references(description)
    try:
        root: _Element = etree.fromstring(f'<VOTABLE xmlns="{_NAMESPACE}" version="1.3"/>')
        _write_resource(root, description)
    except ValueError as error:
        raise Invalid(f"description {description.name}: {error}", field="description") from error
    written: bytes = etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="UTF-8")
    return written


def _check_references(description: Description) -> None:
    known = {item.name for item in description.parameters}
    items: tuple[Used | Generated, ...] = (*description.used, *description.generated)
    for item in items:
        if item.ref and item.ref not in known:
            raise Invalid(f"{item.name}: ref {item.ref!r} names no parameter", field=item.name, value=item.ref)


def _write_resource(root: _Element, description: Description) -> None:
    identity = {"name": description.name, "type": "meta", "utype": "voprov:ActivityDescription"}
    # An ID is unique in a document, and the parameters have theirs for `ref`.
    if description.name not in {item.name for item in description.parameters}:
        identity = {"ID": description.name} | identity
    resource = _child(root, "RESOURCE", identity)
    if description.description:
        _child(resource, "DESCRIPTION", {}).text = description.description
    for name, value, utype in _attributes(description):
        _param(resource, name, value=value, utype=utype)
    group = _child(resource, "GROUP", {"name": "InputParams"})
    for parameter in description.parameters:
        _write_parameter(group, parameter)
    group = _child(resource, "GROUP", {"name": "Used"})
    for used in description.used:
        _write_used(group, used)
    group = _child(resource, "GROUP", {"name": "Generated"})
    for generated in description.generated:
        _write_generated(group, generated)


def _attributes(description: Description) -> Iterator[tuple[str, str, str]]:
    """The PARAMs of the RESOURCE as name, value and utype; ours only where they say something."""
    for name in ("doculink", "type", "subtype", "version"):
        yield name, getattr(description, name), f"{_ACTIVITY}{name}"
    yield "contact_name", description.contact_name, "voprov:Agent.name"
    yield "contact_email", description.contact_email, "voprov:Agent.email"
    if description.execution_duration is not None:
        yield "executionDuration", str(description.execution_duration), "uws:Job.executionDuration"
    if description.quote is not None:
        yield "quote", str(description.quote), "uws:Job.quote"
    yield "script", description.script, ""
    yield "script_language", description.script_language, "provstore:script.language"
    yield "script_sha256", description.script_sha256, "provstore:script.sha256"
    optional = (
        ("label", description.label, f"{_ACTIVITY}label"),
        ("group", description.group, f"{_ACTIVITY}group"),
        ("software", " ".join(description.software), "provstore:software"),
        ("main_result", description.main_result, "provstore:result.main"),
        ("files", _pairs(description.files), "provstore:files"),
        *_default_marks(description.parameters),
    )
    yield from (row for row in optional if row[1])
    for name, value in description.extra:
        yield name, value, _extra_utype(name)


def _extra_utype(name: str) -> str:
    if name.startswith("slurm_"):
        return f"provstore:slurm.{name.removeprefix('slurm_')}"
    return _EXTRA_UTYPES.get(name, "")


def _default_marks(parameters: Iterable[ParameterDefinition]) -> Iterator[tuple[str, str, str]]:
    """List the defaults that a PARAM's value alone would not bring back."""
    items = list(parameters)
    none = [(item.name, "") for item in items if item.default is None and _reads_as_empty_text(item)]
    empty = [(item.name, "") for item in items if item.default == "" and not _reads_as_empty_text(item)]
    words = [(item.name, item.default or "") for item in items if _written_value(item) != (item.default or "")]
    yield "no_default", _pairs(none), "provstore:no_default"
    yield "empty_default", _pairs(empty), "provstore:empty_default"
    yield "boolean_words", _pairs(words), "provstore:boolean_words"


def _reads_as_empty_text(item: ParameterDefinition) -> bool:
    return item.datatype == "char" and not item.xtype and not item.required


def _pairs(items: Iterable[tuple[str, str]]) -> str:
    return " ".join(f"{quote(name, safe='')}={quote(value, safe='')}".removesuffix("=") for name, value in items)


def _written_value(item: ParameterDefinition) -> str:
    """VOTable knows only true and false; OPUS wrote yes and no, and its scripts compare with them."""
    value = item.default or ""
    if item.datatype != "boolean" or item.arraysize:
        return value
    return _WORDS.get(value.lower(), value)


def _write_parameter(group: _Element, item: ParameterDefinition) -> None:
    attributes = {"ID": item.name, "name": item.name, "datatype": item.datatype, "value": _written_value(item)}
    attributes |= {"type": "" if item.required else "no_query"}
    attributes |= {key: getattr(item, key) for key in ("arraysize", "unit", "ucd", "utype", "xtype")}
    kept = {key: value for key, value in attributes.items() if value or key == "value"}
    param = _child(group, "PARAM", kept)
    if item.description:
        _child(param, "DESCRIPTION", {}).text = item.description
    if item.min or item.max or item.options:
        values = _child(param, "VALUES", {})
        bounds = [("MIN", item.min), ("MAX", item.max)]
        for tag, value in [*((tag, value) for tag, value in bounds if value), *(("OPTION", o) for o in item.options)]:
            _child(values, tag, {"value": value})


def _write_used(group: _Element, item: Used) -> None:
    element = _write_item(group, item, utype="voprov:UsedDescription")
    for name in ("role", "multiplicity", "default"):
        _param(element, name, value=getattr(item, name), utype=_USED_UTYPES[name])
    _param(element, "content_type", value=",".join(item.content_types), utype=_USED_UTYPES["content_type"])
    _param(element, "url", value=item.url, utype=_USED_UTYPES["url"])
    if item.type:
        _param(element, "type", value=item.type, utype=_USED_UTYPES["type"])


def _write_generated(group: _Element, item: Generated) -> None:
    element = _write_item(group, item, utype="voprov:WasGeneratedBy")
    for name in ("role", "multiplicity", "default", "content_type"):
        _param(element, name, value=getattr(item, name), utype=_GENERATED_UTYPES[name])
    if item.type:
        _param(element, "type", value=item.type, utype=_GENERATED_UTYPES["type"])
    if item.derived_from is not None:
        value = " ".join(item.derived_from)
        _param(element, "derived_from", value=value, utype=_GENERATED_UTYPES["derived_from"])


def _write_item(group: _Element, item: Used | Generated, *, utype: str) -> _Element:
    element = _child(group, "GROUP", {"name": item.name, "utype": utype} | ({"ref": item.ref} if item.ref else {}))
    if item.description:
        _child(element, "DESCRIPTION", {}).text = item.description
    return element


def _param(parent: _Element, name: str, *, value: str, utype: str) -> None:
    typed = (
        {"datatype": "int"}
        if name in _INTEGERS and value.isascii() and value.isdigit()
        else {"datatype": "char", "arraysize": "*"}
    )
    _child(parent, "PARAM", {"name": name} | typed | {"value": value} | ({"utype": utype} if utype else {}))


def _child(parent: _Element, tag: str, attributes: dict[str, str]) -> _Element:
    return etree.SubElement(parent, f"{{{_NAMESPACE}}}{tag}", attributes)

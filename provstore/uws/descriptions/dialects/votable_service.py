"""Writes the service descriptor of DataLink 1.1 section 4 that stands beside a description."""

from __future__ import annotations

from typing import Final

from provstore.uws.descriptions.dialects.votable_elements import Element, add, add_description, add_text, add_values
from provstore.uws.descriptions.dialects.votable_names import SERVICE
from provstore.uws.descriptions.model import Description, ParameterDefinition, Used

__all__ = ["arraysize_when_empty", "write_service"]

_CONTENT_TYPE: Final = "text/html"
"""The address answers a form: a client opens it in a browser (DataLink 1.1 section 4.2)."""

_FLOATING: Final = frozenset({"float", "double"})
"""Empty, such a number is read by astropy as None, at which pyvo fails; an array of one is the same to others."""


def write_service(root: Element, description: Description, *, access_url: str) -> None:
    """Add the RESOURCE that tells where the service is called, and with what.

    Each parameter has an empty value, that of the user: one with a value is a constant, which a client must send
    (section 4.3). So the default stands in the DESCRIPTION, as does whether a value is needed.
    """
    name = description.name
    identity = {"ID": _free_id(description), "name": name, "type": "meta", "utype": SERVICE}
    resource = add(root, "RESOURCE", identity)
    add_description(resource, description.description or description.label or f"Jobs of {name}.")
    add_text(resource, "accessURL", access_url)
    if description.standard_id:
        add_text(resource, "standardID", description.standard_id)
    add_text(resource, "contentType", _CONTENT_TYPE)
    group = add(resource, "GROUP", {"name": "inputParams"})
    for parameter in description.parameters:
        _write_parameter(group, parameter)
    known = {parameter.name for parameter in description.parameters}
    for used in description.used:
        if not {used.name, used.ref} & known:
            _write_used(group, used)


def _free_id(description: Description) -> str:
    """An ID is unique in a document: the description and its parameters have theirs."""
    taken = {description.name, *(parameter.name for parameter in description.parameters)}
    free = f"{description.name}-service"
    while free in taken:
        free += "_"
    return free


def arraysize_when_empty(item: ParameterDefinition) -> str:
    """Give the array size of a parameter that is shown without a value."""
    return item.arraysize or ("1" if item.datatype in _FLOATING else "")


def _write_parameter(group: Element, item: ParameterDefinition) -> None:
    facets = {key: getattr(item, key) for key in ("name", "datatype", "arraysize", "unit", "ucd", "utype", "xtype")}
    param = add(group, "PARAM", facets | {"arraysize": arraysize_when_empty(item), "value": ""})
    facts = ["required" if item.required and item.default is None else "optional"]
    if item.default:
        facts.append(f"default: {item.default}")
    add_description(param, _sentence(item.description, facts))
    add_values(param, item)


def _write_used(group: Element, item: Used) -> None:
    ucd = "meta.ref.url" if item.url else "meta.id"
    param = add(group, "PARAM", {"name": item.name, "datatype": "char", "arraysize": "*", "ucd": ucd, "value": ""})
    facts = ["required" if item.required and not item.default else "optional"]
    facts += ["an address or the id of an entity"] if item.url else []
    facts += [f"of type {' or '.join(item.content_types)}"] if item.content_types else []
    facts += [f"default: {item.default}"] if item.default else []
    add_description(param, _sentence(item.description, facts))


def _sentence(text: str, facts: list[str]) -> str:
    return f"{text} ({'; '.join(facts)})".lstrip()

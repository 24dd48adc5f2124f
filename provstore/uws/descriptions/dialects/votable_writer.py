"""Writes a description as VOTable, in the dialect that OPUS and old clients read (D2), with our additions as PARAMs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

from lxml import etree

from provstore.errors import Invalid
from provstore.uws.descriptions.dialects.votable_elements import Element, add, add_description, add_text, add_values
from provstore.uws.descriptions.dialects.votable_names import (
    CONTROL,
    GENERATED_FACTS,
    NAMESPACE,
    OBSCORE,
    USED_FACTS,
    is_attribute,
    is_fact,
    write_list,
    write_pairs,
)
from provstore.uws.descriptions.dialects.votable_service import write_service
from provstore.uws.descriptions.model import (
    DATATYPES,
    SECONDS_MAX,
    Description,
    Extra,
    Generated,
    ParameterDefinition,
    Used,
)
from provstore.uws.descriptions.values import TRUTH

__all__ = ["write_votable"]

_DECLARATION: Final = b'<?xml version="1.0"?>\n'
"""Without an encoding (so it is UTF-8): OPUS reads a file as text, and its parser refuses text that declares one."""

_VERSION: Final = "1.4"
"""From 1.4 on units are VOUnits; the namespace is that of 1.3, and OPUS does not look at the version."""

_ACTIVITY: Final = "voprov:ActivityDescription."
_NUMBERS: Final = frozenset({"executionDuration", "quote"})
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


def write_votable(description: Description, *, access_url: str = "") -> bytes:
    """Write a description so that reading it gives an equal one.

    Args:
        description: What is written.
        access_url: Where its jobs are asked for; if given, a service descriptor (DataLink 1.1) stands beside it.

    Raises:
        Invalid: a text holds a character that XML can't hold, a name is given twice or has another meaning here, a
            ``ref`` names no parameter, or a duration is no number of seconds.
    """
    _check_names(description)
    _check_references(description)
    try:
        root: Element = etree.fromstring(f'<VOTABLE xmlns="{NAMESPACE}" version="{_VERSION}"/>')
        _write_resource(root, description)
        if access_url:
            write_service(root, description, access_url=access_url)
    except ValueError as error:
        raise Invalid(f"description {description.name}: {error}", field="description") from error
    written: bytes = etree.tostring(root, pretty_print=True, xml_declaration=False, encoding="UTF-8")
    return _DECLARATION + written


def _check_names(description: Description) -> None:
    """Refuse what could not be told apart when it is read."""
    items: tuple[Used | Generated, ...] = (*description.used, *description.generated)
    lists = {
        "parameters": [item.name for item in description.parameters],
        "used and generated": [item.name for item in items],
        "controls": [name for name, _ in description.controls],
        "extra": [one.name for one in description.extra],
        **{f"extra of {item.name}": [one.name for one in item.extra] for item in items},
        **{f"obscore of {item.name}": [name for name, _ in item.obscore] for item in description.generated},
    }
    for place, names in lists.items():
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise Invalid(f"{place}: {twice[0]!r} is given twice", field=place, value=twice[0])
    _check_extra(description.extra, "extra", [one.name for one in description.extra if is_attribute(one.name)])
    for item in items:
        facts = USED_FACTS if isinstance(item, Used) else GENERATED_FACTS
        _check_extra(item.extra, f"extra of {item.name}", [one.name for one in item.extra if is_fact(one.name, facts)])


def _check_extra(extra: tuple[Extra, ...], place: str, known: list[str]) -> None:
    for name in known:
        raise Invalid(f"{place}: {name!r} has a meaning of its own: use that", field=place, value=name)
    for one in extra:
        if not one.name:
            raise Invalid(f"{place}: {one.value!r:.80} has no name", field=place)
        if one.datatype not in DATATYPES:
            right = ", ".join(sorted(DATATYPES))
            raise Invalid(f"{place}: datatype {one.datatype!r} of {one.name} is none of: {right}", field=place)


def _check_references(description: Description) -> None:
    known = {item.name for item in description.parameters}
    items: tuple[Used | Generated, ...] = (*description.used, *description.generated)
    for item in items:
        if item.ref and item.ref not in known:
            raise Invalid(f"{item.name}: ref {item.ref!r} names no parameter", field=item.name, value=item.ref)


def _write_resource(root: Element, description: Description) -> None:
    # An ID is unique in a document, and the parameters have theirs for `ref`.
    is_free = description.name not in {item.name for item in description.parameters}
    identity = {"ID": description.name if is_free else "", "name": description.name}
    resource = add(root, "RESOURCE", identity | {"type": "meta", "utype": "voprov:ActivityDescription"})
    add_description(resource, description.description)
    for name, value, utype in _attributes(description):
        add_text(resource, name, value, utype=utype, number=name in _NUMBERS)
    for extra in description.extra:
        _write_extra(resource, extra)
    group = add(resource, "GROUP", {"name": "InputParams"})
    for parameter in description.parameters:
        _write_parameter(group, parameter)
    group = add(resource, "GROUP", {"name": "Used"})
    for used in description.used:
        _write_used(group, used)
    group = add(resource, "GROUP", {"name": "Generated"})
    for generated in description.generated:
        _write_generated(group, generated)


def _attributes(description: Description) -> Iterator[tuple[str, str, str]]:
    """The PARAMs of the RESOURCE as name, value and utype; ours only where they say something."""
    for name in ("doculink", "type", "subtype", "version"):
        yield name, getattr(description, name), f"{_ACTIVITY}{name}"
    yield "contact_name", description.contact_name, "voprov:Agent.name"
    yield "contact_email", description.contact_email, "voprov:Agent.email"
    for name, seconds in (("executionDuration", description.execution_duration), ("quote", description.quote)):
        if seconds is not None:
            yield name, _seconds(name, seconds), f"uws:Job.{name}"
    yield "script", description.script, ""
    yield "script_language", description.script_language, "provstore:script.language"
    yield "script_sha256", description.script_sha256, "provstore:script.sha256"
    optional = (
        ("label", description.label, f"{_ACTIVITY}label"),
        ("group", description.group, f"{_ACTIVITY}group"),
        ("standardID", description.standard_id, ""),
        ("keywords", write_list(description.keywords, ","), "provstore:keywords"),
        ("software", write_list(description.software, " "), "provstore:software"),
        ("modules", write_list(description.modules, " "), "provstore:modules"),
        ("container", description.container, "provstore:container"),
        ("main_result", description.main_result, "provstore:result.main"),
        ("files", write_pairs(description.files), "provstore:files"),
        *_controls(description.controls),
        *_marks(description.parameters),
    )
    yield from (row for row in optional if row[1] or row[0].startswith(CONTROL))


def _seconds(name: str, seconds: int) -> str:
    if not 0 <= seconds <= SECONDS_MAX:
        raise Invalid(f"{name} {seconds} is no number of seconds", field=name, value=str(seconds))
    return str(seconds)


def _controls(controls: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str, str]]:
    """Those of SLURM have PARAMs of their own; if there are others, ``controls`` has them all, in order."""
    if not all(name.startswith(CONTROL) for name, _ in controls):
        yield "controls", write_pairs(controls), "provstore:controls"
    for name, value in controls:
        if name.startswith(CONTROL):
            yield name, value, f"provstore:slurm.{name.removeprefix(CONTROL)}"


def _marks(parameters: Iterable[ParameterDefinition]) -> Iterator[tuple[str, str, str]]:
    """List what the PARAMs of the parameters alone would not bring back: their types, and some defaults."""
    items = list(parameters)
    types = [(item.name, item.type) for item in items if item.type]
    none = [(item.name, "") for item in items if item.default is None and _reads_as_empty_text(item)]
    empty = [(item.name, "") for item in items if item.default == "" and not _reads_as_empty_text(item)]
    words = [(item.name, item.default or "") for item in items if _written_value(item) != (item.default or "")]
    yield "parameter_types", write_pairs(types), "provstore:parameter_types"
    yield "no_default", write_pairs(none), "provstore:no_default"
    yield "empty_default", write_pairs(empty), "provstore:empty_default"
    yield "boolean_words", write_pairs(words), "provstore:boolean_words"


def _reads_as_empty_text(item: ParameterDefinition) -> bool:
    return item.datatype == "char" and not item.xtype and not item.required


def _written_value(item: ParameterDefinition) -> str:
    """VOTable knows only true and false; OPUS wrote yes and no, and its scripts compare with them."""
    value = item.default or ""
    if item.datatype != "boolean" or item.arraysize:
        return value
    found = TRUTH.get(value.lower())
    return value if found is None else str(found).lower()


def _write_parameter(group: Element, item: ParameterDefinition) -> None:
    attributes = {"ID": item.name, "name": item.name, "datatype": item.datatype, "value": _written_value(item)}
    attributes |= {"type": "" if item.required else "no_query"}
    attributes |= {key: getattr(item, key) for key in ("arraysize", "unit", "ucd", "utype", "xtype")}
    param = add(group, "PARAM", attributes)
    add_description(param, item.description)
    add_values(param, item)


def _write_used(group: Element, item: Used) -> None:
    element = _write_item(group, item, utype="voprov:UsedDescription")
    values = {name: getattr(item, name) for name in ("role", "multiplicity", "default")}
    values |= {"content_type": write_list(item.content_types, ","), "url": item.url}
    if item.type:
        values["type"] = item.type
    for name, value in values.items():
        add_text(element, name, value, utype=_USED_UTYPES[name])
    for extra in item.extra:
        _write_extra(element, extra)


def _write_generated(group: Element, item: Generated) -> None:
    element = _write_item(group, item, utype="voprov:WasGeneratedBy")
    values = {name: getattr(item, name) for name in ("role", "multiplicity", "default", "content_type")}
    if item.type:
        values["type"] = item.type
    if item.derived_from is not None:
        values["derived_from"] = write_list(item.derived_from, " ")
    for name, value in values.items():
        add_text(element, name, value, utype=_GENERATED_UTYPES[name])
    for column, value in item.obscore:
        add_text(element, f"{OBSCORE}{quote(column, safe='')}", value, utype=f"provstore:obscore.{column}")
    for extra in item.extra:
        _write_extra(element, extra)


def _write_item(group: Element, item: Used | Generated, *, utype: str) -> Element:
    element = add(group, "GROUP", {"name": item.name, "utype": utype, "ref": item.ref})
    add_description(element, item.description)
    return element


def _write_extra(parent: Element, extra: Extra) -> None:
    keys = ("name", "datatype", "arraysize", "value", "unit", "ucd", "utype", "xtype")
    param = add(parent, "PARAM", {key: getattr(extra, key) for key in keys})
    add_description(param, extra.description)

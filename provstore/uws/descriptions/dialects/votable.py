"""Reads descriptions from VOTable, in all dialects since 2016 (docs/descriptions.md).

They are read with lxml and not with ``astropy.io.votable``: old files hold values that a strict reader refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from provstore.errors import TooLarge
from provstore.uws.descriptions.dialects.reading import Notes, Reading
from provstore.uws.descriptions.dialects.votable_head import Attributes, attributes_of, read_head, with_marks
from provstore.uws.descriptions.dialects.votable_items import read_generated, read_parameter, read_used
from provstore.uws.descriptions.dialects.votable_names import SERVICE
from provstore.uws.descriptions.dialects.votable_places import report_unknown
from provstore.uws.descriptions.dialects.xmltree import Tag, parse
from provstore.uws.descriptions.model import Description, ParameterDefinition

__all__ = ["SIZE_MAX", "read_votable"]

SIZE_MAX: Final = 4 << 20
"""Most bytes of a description, its script included."""

_NAMESPACE: Final = "http://www.ivoa.net/xml/VOTable/"
_GROUPS: Final = ("InputParams", "Used", "Generated")
_Groups = Mapping[str, Sequence[Tag]]


def read_votable(data: bytes, *, source: str) -> Reading:
    """Read a description.

    Args:
        data: The file, at most `SIZE_MAX` bytes.
        source: Name of the file, for messages.

    Raises:
        Invalid: it is broken, with file, line and reason.
        TooLarge: it is longer than the limit, or has too many elements or attributes.
    """
    if len(data) > SIZE_MAX:
        raise TooLarge(f"{source}: {len(data)} bytes; a description has at most {SIZE_MAX}")
    notes = Notes(source=source)
    root = _root(data, notes=notes)
    resource = _resource(root, notes=notes)
    attributes = attributes_of(resource, notes=notes)
    notes.exact = "script_sha256" in attributes
    _report_outside(root, resource, notes=notes)
    groups = _read_groups(resource, notes=notes)
    dialect = _dialect(groups, attributes=attributes)
    description = read_head(resource, attributes=attributes, notes=notes)
    description = _with_items(description, groups=groups, notes=notes, inverted=dialect == "D0")
    description = with_marks(description, attributes=attributes)
    return notes.reading(description, dialect=dialect)


def _root(data: bytes, *, notes: Notes) -> Tag:
    root = parse(data, notes=notes)
    if root.kind != "VOTABLE" or (root.namespace and not root.namespace.startswith(_NAMESPACE)):
        raise notes.refuse(root.line, f"the root is <{root.kind}> of {root.namespace!r}, not a VOTABLE")
    return root


def _resource(root: Tag, *, notes: Notes) -> Tag:
    """Choose the RESOURCE that describes an activity, wherever it is."""
    found = [element for element in root.everything() if element.kind == "RESOURCE"]
    if not found:
        raise notes.refuse(root.line, "no RESOURCE: a description is a RESOURCE with PARAMs and GROUPs")
    describing = (element for element in found if any(child.get("name") in _GROUPS for child in element))
    return next(describing, found[0])


def _report_outside(root: Tag, resource: Tag, *, notes: Notes) -> None:
    """Note what else the document holds, but for the service descriptor that we write beside a description."""
    report_unknown(root, "document", name="the document", notes=notes)
    for other in root.everything():
        ours = notes.exact and other.get("utype") == SERVICE and other.get("name") == resource.get("name")
        if other.kind == "RESOURCE" and other is not resource and not ours:
            notes.add(other.line, f"another RESOURCE {other.get('name')!r}", "left out")


def _read_groups(resource: Tag, *, notes: Notes) -> dict[str, list[Tag]]:
    groups: dict[str, list[Tag]] = {}
    for element in resource:
        name, line = element.get("name"), element.line
        if element.kind != "GROUP":
            continue
        if name not in _GROUPS:
            notes.add(line, f"unknown GROUP {name!r}", "left out")
            continue
        if name in groups:
            raise notes.refuse(line, f"GROUP {name!r} is given twice")
        report_unknown(element, "group", name=f"GROUP {name}", notes=notes)
        groups[name] = [child for child in element if child.kind in {"PARAM", "GROUP"}]
    return groups


def _dialect(groups: _Groups, *, attributes: Attributes) -> str:
    """Tell the dialect by the shape of the items: PARAMs until 2018, GROUPs since."""
    items = [*groups.get("Used", ()), *groups.get("Generated", ())]
    if any(item.kind == "GROUP" for item in items):
        return "slides" if any(child.get("name") == "location" for item in items for child in item) else "D2"
    bounds = (
        element
        for item in groups.get("InputParams", ())
        for element in item.everything()
        if element.kind in {"MIN", "MAX"}
    )
    version = attributes.get("version")
    is_float = version is not None and version.get("datatype") == "float"
    if is_float or any("value" not in element.attributes for element in bounds):
        return "D0"
    return "D1" if items else "D2"


def _with_items(description: Description, *, groups: _Groups, notes: Notes, inverted: bool) -> Description:
    parameters: dict[str, ParameterDefinition] = {}
    for element in groups.get("InputParams", ()):
        if element.kind == "GROUP":
            notes.add(element.line, f"unknown GROUP {element.get('name', '')!r}", "left out")
            continue
        parameter = read_parameter(element, notes=notes, inverted=inverted)
        if parameter.name in parameters:
            raise notes.refuse(element.line, f"parameter {parameter.name!r} is given twice")
        parameters[parameter.name] = parameter
    used = [read_used(element, parameters=parameters, notes=notes) for element in groups.get("Used", ())]
    generated = [read_generated(element, parameters=parameters, notes=notes) for element in groups.get("Generated", ())]
    items = (*groups.get("Used", ()), *groups.get("Generated", ()))
    notes.refuse_repeated(((one.get("name"), one.line) for one in items), what="inputs or results")
    return replace(description, parameters=tuple(parameters.values()), used=tuple(used), generated=tuple(generated))

"""Reads descriptions from VOTable, in all dialects since 2016 (docs/descriptions.md), and writes the newest.

They are read with lxml and not with ``astropy.io.votable``: old files hold values that a strict reader refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

from provstore.errors import TooLarge
from provstore.uws.descriptions.model import Description, ParameterDefinition
from provstore.uws.descriptions.reading import Notes, Reading
from provstore.uws.descriptions.votable_items import read_generated, read_parameter, read_used
from provstore.uws.descriptions.votable_writer import write_votable
from provstore.uws.descriptions.xmltree import Tag, parse

__all__ = ["ATTRIBUTES", "SIZE_MAX", "read_votable", "write_votable"]

SIZE_MAX: Final = 4 << 20
"""Most bytes of a description, its script included."""

_NAMESPACE: Final = "http://www.ivoa.net/xml/VOTable/"
_GROUPS: Final = ("InputParams", "Used", "Generated")
_TEXTS: Final = (
    "label",
    "version",
    "type",
    "subtype",
    "doculink",
    "group",
    "contact_name",
    "contact_email",
    "script",
    "main_result",
)
ATTRIBUTES: Final = frozenset(
    {
        *_TEXTS,
        "annotation",
        "executionDuration",
        "executionduration",
        "quote",
        "software",
        "script_language",
        "script_sha256",
        "files",
        "no_default",
        "empty_default",
        "boolean_words",
    }
)
"""Names of the RESOURCE's PARAMs that we know; all others are kept as extra attributes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attribute:
    """A PARAM of the RESOURCE."""

    value: str
    datatype: str
    line: int


_Attributes = Mapping[str, _Attribute]


def read_votable(data: bytes, *, source: str) -> Reading:
    """Read a description.

    Args:
        data: The file, at most `SIZE_MAX` bytes.
        source: Name of the file, for messages.

    Raises:
        Invalid: it is broken, with file, line and reason.
        TooLarge: it is longer than the limit.
    """
    if len(data) > SIZE_MAX:
        raise TooLarge(f"{source}: {len(data)} bytes; a description has at most {SIZE_MAX}")
    notes = Notes(source=source)
    resource = _resource(_root(data, notes=notes), notes=notes)
    attributes = _read_attributes(resource, notes=notes)
    notes.exact = "script_sha256" in attributes
    groups = _read_groups(resource, notes=notes)
    dialect = _dialect(groups, attributes=attributes)
    description = _with_items(
        _head(resource, attributes=attributes, notes=notes), groups=groups, notes=notes, inverted=dialect == "D0"
    )
    description = _with_exact_defaults(description, attributes=attributes)
    return Reading(description=description, repairs=tuple(sorted(notes.repairs, key=lambda r: r.line)), dialect=dialect)


def _root(data: bytes, *, notes: Notes) -> Tag:
    root = parse(data, notes=notes)
    if root.kind != "VOTABLE" or (root.namespace and not root.namespace.startswith(_NAMESPACE)):
        raise notes.refuse(root.line, f"the root is <{root.kind}> of {root.namespace!r}, not a VOTABLE")
    return root


def _resource(root: Tag, *, notes: Notes) -> Tag:
    found = [element for element in root.everything() if element.kind == "RESOURCE"]
    if not found:
        raise notes.refuse(root.line, "no RESOURCE: a description is a RESOURCE with PARAMs and GROUPs")
    described_ones = [element for element in found if any(child.get("name") in _GROUPS for child in element)]
    chosen = next(iter(described_ones), found[0])
    for other in found:
        if other is not chosen:
            notes.add(other.line, f"another RESOURCE {other.get('name', '')!r}", "left out")
    return chosen


def _read_attributes(resource: Tag, *, notes: Notes) -> dict[str, _Attribute]:
    attributes: dict[str, _Attribute] = {}
    for element in resource:
        name, line = element.get("name"), element.line
        if element.kind == "PARAM" and name in attributes:
            raise notes.refuse(line, f"PARAM {name!r} is given twice")
        if element.kind == "PARAM":
            attributes[name] = _Attribute(value=element.get("value"), datatype=element.get("datatype"), line=line)
        elif element.kind not in {"DESCRIPTION", "GROUP", "LINK"}:
            notes.add(line, f"unknown element {element.kind}", "left out")
    return attributes


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
        groups[name] = [child for child in element if child.kind in {"PARAM", "GROUP"}]
    return groups


def _dialect(groups: Mapping[str, Sequence[Tag]], *, attributes: _Attributes) -> str:
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
    if (version and version.datatype == "float") or any("value" not in element.attributes for element in bounds):
        return "D0"
    return "D1" if items else "D2"


def _head(resource: Tag, *, attributes: _Attributes, notes: Notes) -> Description:
    line = resource.line
    name = notes.name(resource.get("name", resource.get("ID", "")), line=line, what="service")
    texts = {key: _text(attributes, key, notes=notes) for key in _TEXTS}
    links = (child.get("href") for child in resource if child.kind == "LINK")
    texts["doculink"] = texts["doculink"] or next(links, "")
    texts["description"], texts["label"] = _annotation(
        resource, attributes=attributes, notes=notes, label=texts["label"]
    )
    texts["script"] = _script(texts["script"], attributes=attributes, notes=notes)
    duration_key = "executionDuration" if "executionDuration" in attributes else "executionduration"
    description = Description(
        name=name,
        label=texts["label"],
        description=texts["description"],
        version=texts["version"],
        type=texts["type"],
        subtype=texts["subtype"],
        doculink=texts["doculink"],
        group=texts["group"],
        contact_name=texts["contact_name"],
        contact_email=texts["contact_email"],
        script=texts["script"],
        main_result=texts["main_result"],
        execution_duration=_seconds(attributes, duration_key, notes=notes),
        quote=_seconds(attributes, "quote", notes=notes),
        script_language=_text(attributes, "script_language", notes=notes) or "bash",
        software=tuple(_text(attributes, "software", notes=notes).split()),
        files=tuple(_pairs(attributes, "files")),
        extra=tuple((key, item.value) for key, item in attributes.items() if key not in ATTRIBUTES),
    )
    _check_hash(description, attributes=attributes, notes=notes)
    return description


def _text(attributes: _Attributes, key: str, *, notes: Notes) -> str:
    found = attributes.get(key)
    return notes.text(found.value, line=found.line, what=key) if found else ""


def _annotation(resource: Tag, *, attributes: _Attributes, notes: Notes, label: str) -> tuple[str, str]:
    """Give description and label: three places hold the one text, and DESCRIPTION wins."""
    text = notes.text(resource.description, line=resource.line, what="DESCRIPTION")
    annotation = _text(attributes, "annotation", notes=notes)
    if text and annotation and annotation.strip() != text:
        notes.add(attributes["annotation"].line, "annotation differs from DESCRIPTION", "DESCRIPTION is kept")
    if notes.exact:
        return text or annotation, label
    chosen = text or annotation.strip() or label
    return chosen, "" if label == chosen else label


def _script(text: str, *, attributes: _Attributes, notes: Notes) -> str:
    script = text.replace("\r\n", "\n").replace("\r", "\n")
    if script != text:
        notes.add(attributes["script"].line, "the script has DOS line ends", "read with Unix line ends")
    return script


def _check_hash(description: Description, *, attributes: _Attributes, notes: Notes) -> None:
    """A hash that is not that of the script says that somebody edited one of the two."""
    stated = attributes.get("script_sha256")
    if stated and description.script and stated.value not in {"", description.script_sha256}:
        notes.add(stated.line, "script_sha256 is not that of the script", f"{description.script_sha256} is used")


def _seconds(attributes: _Attributes, key: str, *, notes: Notes) -> int | None:
    found = attributes.get(key)
    if not found or found.value in {"", "None"}:
        return None
    if not (found.value.isascii() and found.value.isdigit() and len(found.value) < len("1000000000000")):
        notes.add(found.line, f"{key} {found.value!r} is no number of seconds", "read as not given")
        return None
    return int(found.value)


def _pairs(attributes: _Attributes, key: str) -> list[tuple[str, str]]:
    """Read ``name=value name=value``, in which blanks and ``=`` are percent-encoded."""
    text = attributes[key].value if key in attributes else ""
    parts = (part.partition("=") for part in text.split())
    return [(unquote(name), unquote(value)) for name, _, value in parts]


def _with_items(
    description: Description, *, groups: Mapping[str, Sequence[Tag]], notes: Notes, inverted: bool
) -> Description:
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
    _refuse_repeated([*groups.get("Used", ()), *groups.get("Generated", ())], notes=notes)
    return replace(description, parameters=tuple(parameters.values()), used=tuple(used), generated=tuple(generated))


def _refuse_repeated(elements: Sequence[Tag], *, notes: Notes) -> None:
    seen: set[str] = set()
    for element in elements:
        name = element.get("name").removeprefix("tmp/")
        if name in seen:
            raise notes.refuse(element.line, f"the name {name!r} is given to two inputs or results")
        seen.add(name)


def _with_exact_defaults(description: Description, *, attributes: _Attributes) -> Description:
    """Restore the defaults that a PARAM's value can't tell: none at all, empty text, the words yes and no."""
    exact: dict[str, str | None] = dict(_pairs(attributes, "boolean_words"))
    exact |= {name: None for name, _ in _pairs(attributes, "no_default")}
    exact |= {name: "" for name, _ in _pairs(attributes, "empty_default")}
    parameters = tuple(
        replace(item, default=exact[item.name]) if item.name in exact else item for item in description.parameters
    )
    return replace(description, parameters=parameters)

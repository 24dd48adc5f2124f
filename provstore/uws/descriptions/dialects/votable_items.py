"""Reads the items of a VOTable description: parameters, and the two shapes of inputs and results.

Everything is found by element and ``name``: utypes drifted from writer to writer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from provstore.uws.descriptions.dialects.reading import Notes
from provstore.uws.descriptions.dialects.rules import XS_TYPES, filled_generated, filled_used, read_reference
from provstore.uws.descriptions.dialects.votable_names import GENERATED_FACTS, OBSCORE, USED_FACTS, is_fact, read_list
from provstore.uws.descriptions.dialects.votable_places import report_unknown
from provstore.uws.descriptions.dialects.xmltree import Tag
from provstore.uws.descriptions.model import DATATYPES, TEXTUAL, Extra, Generated, ParameterDefinition, Used

__all__ = ["read_extra", "read_generated", "read_parameter", "read_text", "read_used"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What stands inside an input or a result: what we know by name, ObsCore columns, and the rest."""

    known: Mapping[str, str]
    obscore: tuple[tuple[str, str], ...] = ()
    extra: tuple[Extra, ...] = ()

    def get(self, key: str) -> str:
        return self.known.get(key, "")


def read_text(element: Tag, *, what: str, notes: Notes) -> str:
    """Read the DESCRIPTION of an element: stripped, but in a file that we wrote as it is."""
    found = next((child for child in element if child.kind == "DESCRIPTION"), None)
    if found is None:
        return ""
    return notes.text(found.raw if notes.exact else found.text, line=found.line, what=what)


def read_extra(element: Tag, *, notes: Notes) -> Extra:
    """Read a PARAM that we don't know, with all that it says."""
    name = element.get("name")
    datatype, xtype = _datatype(element, notes=notes, name=name)
    is_text = datatype in TEXTUAL and not notes.exact
    return Extra(
        name=name,
        value=element.get("value"),
        datatype=datatype,
        arraysize=element.get("arraysize", "*" if is_text else ""),
        unit=element.get("unit"),
        ucd=element.get("ucd"),
        utype=element.get("utype"),
        xtype=xtype,
        description=read_text(element, what=f"description of {name}", notes=notes),
    )


def read_parameter(element: Tag, *, notes: Notes, inverted: bool) -> ParameterDefinition:
    """Read a PARAM of InputParams.

    Args:
        element: The PARAM.
        notes: Where repairs are noted.
        inverted: Whether the writer meant *required* by ``type="no_query"``, as the very first one did.
    """
    line = element.line
    name = notes.name(element.get("name", element.get("ID", "")), line=line, what="parameter")
    datatype, xtype = _datatype(element, notes=notes, name=name)
    marked = element.get("type") == "no_query"
    if inverted and marked:
        notes.add(line, f"parameter {name} is no_query in a file of 2016", "read as required")
    report_unknown(element, "parameter", name=f"parameter {name}", notes=notes)
    _check_type(element, name=name, notes=notes)
    values = tuple(_values(element, notes=notes, name=name))
    bounds = _bounds(values, notes=notes, name=name)
    definition = ParameterDefinition(
        name=name,
        datatype=datatype,
        arraysize=element.get("arraysize", ""),
        xtype=xtype,
        required=marked if inverted else not marked,
        description=read_text(element, what=f"description of {name}", notes=notes),
        unit=notes.text(element.get("unit"), line=line, what=f"unit of {name}"),
        ucd=notes.text(element.get("ucd"), line=line, what=f"ucd of {name}"),
        utype=_utype(element, notes=notes, name=name),
        min=bounds.get("MIN", ""),
        max=bounds.get("MAX", ""),
        options=tuple(_value(item, notes=notes, name=name) for item in values if item.kind == "OPTION"),
    )
    return replace(definition, default=_default(element, definition, notes=notes))


def read_used(element: Tag, *, parameters: Mapping[str, ParameterDefinition], notes: Notes) -> Used:
    """Read a child of the group Used: a GROUP with PARAMs (since 2018), or a PARAM (before)."""
    line = element.line
    name = notes.name(element.get("name"), line=line, what="input")
    facts = _facts(element, keys=USED_FACTS, notes=notes, name=name)
    item = Used(
        name=name,
        role=facts.get("role"),
        type=facts.get("type"),
        content_types=read_list(facts.get("content_type"), ",", exact=notes.exact),
        multiplicity=facts.get("multiplicity"),
        default=facts.get("default"),
        url=facts.get("url"),
        description=read_text(element, what=f"description of {name}", notes=notes),
        ref=read_reference(element.get("ref"), name=name, parameters=parameters, line=line, notes=notes),
        extra=facts.extra,
    )
    if notes.exact:
        return item
    return filled_used(item, parameters=parameters, line=line, notes=notes)


def read_generated(element: Tag, *, parameters: Mapping[str, ParameterDefinition], notes: Notes) -> Generated:
    """Read a child of the group Generated: a GROUP with PARAMs (since 2018), or a PARAM (before)."""
    line = element.line
    name = notes.name(element.get("name"), line=line, what="result")
    facts = _facts(element, keys=GENERATED_FACTS, notes=notes, name=name)
    sources = read_list(facts.get("derived_from"), " ", exact=notes.exact)
    item = Generated(
        name=name,
        role=facts.get("role"),
        type=facts.get("type"),
        content_type=facts.get("content_type"),
        multiplicity=facts.get("multiplicity"),
        default=facts.get("default"),
        description=read_text(element, what=f"description of {name}", notes=notes),
        ref=read_reference(element.get("ref"), name=name, parameters=parameters, line=line, notes=notes),
        derived_from=sources if "derived_from" in facts.known else None,
        obscore=facts.obscore,
        extra=facts.extra,
    )
    if notes.exact:
        return item
    return filled_generated(item, parameters=parameters, line=line, notes=notes)


def _datatype(element: Tag, *, notes: Notes, name: str) -> tuple[str, str]:
    """VOTable datatype and xtype, from either of the two sets of type names that are in use."""
    given = element.get("datatype", "char")
    datatype, xtype = XS_TYPES.get(given.removeprefix("xs:"), ("char", ""))
    if given not in DATATYPES:
        notes.add(element.line, f"datatype {given!r} of {name} is no VOTable datatype", f"read as {datatype}")
    return datatype, element.get("xtype", xtype)


def _utype(element: Tag, *, notes: Notes, name: str) -> str:
    """Give the author's utype; the first writers marked each parameter as an entity, which says nothing of it."""
    utype = notes.text(element.get("utype"), line=element.line, what=f"utype of {name}")
    return "" if utype in {"ProvenanceDM:Entity", "voprov:Entity"} and not notes.exact else utype


def _default(element: Tag, definition: ParameterDefinition, *, notes: Notes) -> str | None:
    """An empty value is no default, except for text that need not be given."""
    value = element.get("value")
    if value == "None" and value not in definition.options:
        value = notes.text(value, line=element.line, what=f"default of {definition.name}")
    if value:
        return value
    plain_text = definition.datatype == "char" and not definition.xtype
    return "" if plain_text and not definition.required else None


def _check_type(element: Tag, *, name: str, notes: Notes) -> None:
    if element.get("type") not in {"", "no_query"}:
        notes.add(element.line, f"type {element.get('type')!r} of parameter {name}", "left out")


def _values(element: Tag, *, notes: Notes, name: str) -> Iterator[Tag]:
    for values in [child for child in element if child.kind == "VALUES"][:1]:
        report_unknown(values, "VALUES", name=f"VALUES of {name}", notes=notes)
        for item in values:
            if item.kind in {"MIN", "MAX", "OPTION"}:
                report_unknown(item, item.kind, name=f"{item.kind} of {name}", notes=notes)
                yield item


def _bounds(values: Iterable[Tag], *, notes: Notes, name: str) -> dict[str, str]:
    bounds: dict[str, str] = {}
    for item in values:
        if item.kind in {"MIN", "MAX"}:
            bounds.setdefault(item.kind, _value(item, notes=notes, name=name))
    return bounds


def _value(element: Tag, *, notes: Notes, name: str) -> str:
    """Read a bound or an option: text of the element where, as in 2016, the attribute is missing."""
    what = "option" if element.kind == "OPTION" else "bound"
    if "value" in element.attributes:
        given = element.get("value")
        return given if what == "option" else notes.text(given, line=element.line, what=f"bound of {name}")
    notes.add(element.line, f"{element.kind} of {name} has its value as text", f"read as {element.text!r}")
    return notes.text(element.text, line=element.line, what=f"{what} of {name}")


def _facts(element: Tag, *, keys: tuple[str, ...], notes: Notes, name: str) -> _Facts:
    """Read what stands inside an input or a result; ``keys`` are the names that the model has a place for."""
    given = _old_facts(element, notes=notes, name=name)
    params: dict[str, Tag] = {}
    if element.kind == "GROUP":
        params = _params(element, keys=keys, notes=notes, name=name)
        given = {key: param.get("value") for key, param in params.items() if is_fact(key, keys)}
    if "location" in given:
        location = given.pop("location")
        given["url"] = given.get("url") or location
        if location not in {"", given["url"]}:
            notes.add(params["location"].line, f"location of {name} differs from url: {location!r}", "url is kept")
    _read_optional(given, line=element.line, notes=notes, name=name)
    known = {key: notes.text(given[key], line=element.line, what=f"{key} of {name}") for key in keys if key in given}
    columns = ((key, value) for key, value in given.items() if key.startswith(OBSCORE))
    return _Facts(
        known=known,
        obscore=tuple((unquote(key.removeprefix(OBSCORE)), value) for key, value in columns),
        extra=tuple(read_extra(param, notes=notes) for key, param in params.items() if not is_fact(key, keys)),
    )


def _read_optional(given: dict[str, str], *, line: int, notes: Notes, name: str) -> None:
    """An older way to say that there may be none."""
    optional = given.pop("optional", "").lower() in {"true", "yes", "1"}
    if optional and not given.get("multiplicity"):
        given["multiplicity"] = "0..1"
    elif optional and not given["multiplicity"].startswith(("0", "*")):
        notes.add(line, f"{name} is optional and has the multiplicity {given['multiplicity']}", "multiplicity is kept")


def _old_facts(element: Tag, *, notes: Notes, name: str) -> dict[str, str]:
    """Read the shape of the first years, a PARAM with a LINK."""
    if element.kind != "PARAM":
        return {}
    report_unknown(element, "old item", name=name, notes=notes)
    facts = {"default": element.get("value"), "content_type": element.get("xtype")}
    for child in element:
        if child.kind == "LINK":
            report_unknown(child, "LINK", name=f"LINK of {name}", notes=notes)
        if child.kind == "LINK" and child.get("content-role", "location") == "location":
            facts.setdefault("url", child.get("href"))
        elif child.kind == "LINK":
            notes.add(child.line, f"LINK of {name} with the role {child.get('content-role')!r}", "left out")
    return facts


def _params(element: Tag, *, keys: tuple[str, ...], notes: Notes, name: str) -> dict[str, Tag]:
    """Find the PARAMs of an item by name."""
    report_unknown(element, "item", name=name, notes=notes)
    params: dict[str, Tag] = {}
    for child in element:
        if child.kind != "PARAM":
            continue
        key = child.get("name")
        if key in params:
            raise notes.refuse(child.line, f"attribute {key!r} of {name} is given twice")
        place = "attribute" if is_fact(key, keys) else "extra"
        report_unknown(child, place, name=f"{key} of {name}", notes=notes)
        params[key] = child
    return params

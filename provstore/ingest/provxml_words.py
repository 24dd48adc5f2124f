"""What the elements of PROV-XML, and of a dialect of it, are called."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from lxml import etree

from provstore.graph.model import PROV, QNAME, Attribute
from provstore.graph.statements import ARGUMENTS, Argument
from provstore.ingest.provjson_records import SectionRule

__all__ = ["LANG", "XSI_TYPE", "Form", "Words"]

XSI_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_TYPE: Final = f"{PROV}type"

_SUBTYPES: Final = {
    "wasRevisionOf": ("wasDerivedFrom", "Revision"),
    "wasQuotedFrom": ("wasDerivedFrom", "Quotation"),
    "hadPrimarySource": ("wasDerivedFrom", "PrimarySource"),
    "softwareAgent": ("agent", "SoftwareAgent"),
    "person": ("agent", "Person"),
    "organization": ("agent", "Organization"),
    "plan": ("entity", "Plan"),
    "collection": ("entity", "Collection"),
    "emptyCollection": ("entity", "EmptyCollection"),
    "bundle": ("entity", "Bundle"),
}
"""Elements that are a kind of record with a type (W3C PROV-XML 2013, section 3)."""


class Form(NamedTuple):
    """How an element is read: as a record of a kind, its arguments by tag, the types it gets, how keys are kept."""

    kind: str
    formals: Mapping[str, Argument]
    types: tuple[Attribute, ...] = ()
    keys: Mapping[str, str] = MappingProxyType({})


class Words:
    """What elements and attributes of a notation in XML are called.

    Args:
        root: Prefix and namespaces of the document's element.
        spaces: Namespaces of its records, ids and references.
        sections: Further records, by local name.
    """

    def __init__(
        self, *, root: tuple[str, tuple[str, ...]], spaces: tuple[str, ...], sections: Mapping[str, SectionRule]
    ) -> None:
        prefix, found = root
        self.name, self.id, self.reference = f"{prefix}:document", f"{prefix}:id", f"{prefix}:ref"
        self.documents = {f"{{{space}}}document" for space in found}
        self.bundles, self.old_bundles, self.others, self.ids, self.references = (
            tuple(f"{{{space}}}{local}" for space in spaces)
            for local in ("bundleContent", "bundle", "other", "id", "ref")
        )
        self.understood = frozenset({*self.references, XSI_TYPE, LANG})
        self.records: dict[str, Form] = {}
        for space in spaces:
            self.records |= {f"{{{space}}}{kind}": Form(kind, _FORMALS[kind]) for kind in ARGUMENTS}
            for local, (kind, subtype) in _SUBTYPES.items():
                types = (Attribute(_TYPE, space + subtype, QNAME),)
                self.records[f"{{{space}}}{local}"] = Form(kind, _FORMALS[kind], types)
            self.records |= {f"{{{space}}}{local}": _form(rule, spaces) for local, rule in sections.items()}

    def id_of(self, element: etree._Element) -> str | None:
        """Give the id of an element."""
        return _first(element, self.ids)

    def reference_of(self, element: etree._Element) -> str | None:
        """Give what an element refers to."""
        return _first(element, self.references)


def _first(element: etree._Element, names: tuple[str, ...]) -> str | None:
    return next((found for name in names if (found := element.get(name)) is not None), None)


_FORMALS: Final[Mapping[str, Mapping[str, Argument]]] = {
    kind: {f"{{{PROV}}}{one.name}": one for one in arguments} for kind, arguments in ARGUMENTS.items()
}


def _form(rule: SectionRule, spaces: tuple[str, ...]) -> Form:
    arguments = {one.name: one for one in ARGUMENTS[rule.kind]}
    further = {
        f"{{{space}}}{uri[len(space) :]}": arguments[name]
        for uri, name in rule.formals.items()
        for space in spaces
        if uri.startswith(space)
    }
    return Form(rule.kind, {**_FORMALS[rule.kind], **further}, rule.types, rule.keys)

"""The dialect of voprov 0.0.4: what only IVOA knows has sections of its own (`voprov-json`, `voprov-xml`).

Made of the records that plain PROV has: the type that marks an IVOA class or relation becomes its section, and
``voprov:name`` becomes ``prov:name``, as voprov spells it. All else stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import BinaryIO, Final

from provstore.export import provjson, provxml
from provstore.export.dialects import W3C, Dialect
from provstore.export.document import Document
from provstore.export.names import PROV, QNAME, VOPROV, Namespaces
from provstore.export.records import Literal, Record
from provstore.export.statements import statements
from provstore.export.vocabulary import TYPE
from provstore.graph.dialect import CLASSES, INFLUENCES, ROLES
from provstore.graph.documents import VOPROV_NAMESPACES

__all__ = ["DIALECT", "write_json", "write_json_records", "write_xml", "write_xml_records"]

DIALECT: Final = Dialect(
    namespace=VOPROV,
    arguments={
        **W3C.arguments,
        **dict.fromkeys(CLASSES, ()),
        **{section: (VOPROV + one.effect, VOPROV + one.cause) for section, one in INFLUENCES.items()},
    },
    elements=W3C.elements | CLASSES.keys(),
    times=W3C.times,
    name_type="prov:QUALIFIED_NAME",
)


def _marks(sections: Mapping[str, str]) -> dict[Literal, str]:
    """Give the types that mark a section: in each namespace in use, or as plain text."""
    names: dict[Literal, str] = {
        (TYPE, space + name, QNAME, None): one for one, name in sections.items() for space in VOPROV_NAMESPACES
    }
    return {**names, **{(TYPE, f"voprov:{name}", None, None): one for one, name in sections.items()}}


_MARKS: Final[Mapping[str, Mapping[Literal, str]]] = {
    "entity": _marks(CLASSES),
    "wasInfluencedBy": _marks({section: one.type for section, one in INFLUENCES.items()}),
}
"""Kind of record -> type -> section."""

_NAME: Final = {f"{space}name": f"{PROV}name" for space in VOPROV_NAMESPACES}
_ROLE: Final = {f"{space}role": f"{PROV}role" for space in VOPROV_NAMESPACES}
_SPELLINGS: Final[Mapping[str, Mapping[str, str]]] = {
    **dict.fromkeys(DIALECT.elements, _NAME),
    **{section: {**_NAME, **_ROLE} for section in ROLES},
    **dict.fromkeys(("wasAttributedTo", "actedOnBehalfOf"), _ROLE),
}
"""Section -> key of an attribute -> how voprov calls it."""

_ENDS: Final = frozenset(VOPROV + end for one in INFLUENCES.values() for end in (one.effect, one.cause))
"""Attributes whose names voprov's PROV-JSON writes without a type, also where they are no ends (``descriptor``)."""


def write_json(document: Document, out: BinaryIO) -> None:
    """Write a document as voprov's PROV-JSON."""
    write_json_records(statements(document), Namespaces.of(document), out)


def write_json_records(records: Iterable[Record], namespaces: Namespaces, out: BinaryIO) -> None:
    """Write any stream of records as voprov's PROV-JSON."""
    bare = partial(_bare, namespaces.split)
    told = (one._replace(attributes=tuple(map(bare, one.attributes))) for one in _told(records))
    provjson.write_records(told, namespaces, out, dialect=DIALECT)


def write_xml(document: Document, out: BinaryIO) -> None:
    """Write a document as voprov's PROV-XML."""
    write_xml_records(statements(document), Namespaces.of(document), out)


def write_xml_records(records: Iterable[Record], namespaces: Namespaces, out: BinaryIO) -> None:
    """Write any stream of records as voprov's PROV-XML."""
    provxml.write_records(_told(records), namespaces, out, dialect=DIALECT)


def _told(records: Iterable[Record]) -> Iterator[Record]:
    """Give the records as the dialect tells them; those of one element stay together."""
    for record in records:
        marks = _MARKS.get(record.kind)
        mark = marks and next((one for one in record.attributes if one in marks), None)
        section = marks[mark] if marks and mark else record.kind
        spellings = _SPELLINGS.get(section)
        if mark or spellings:
            attributes = tuple(one for one in record.attributes if one != mark)
            yield record._replace(kind=section, attributes=_spelt(attributes, spellings or {}))
        else:
            yield record


def _spelt(attributes: tuple[Literal, ...], spellings: Mapping[str, str]) -> tuple[Literal, ...]:
    keys = {attribute[0] for attribute in attributes}
    wanted = {key: spelling for key, spelling in spellings.items() if key in keys and spelling not in keys}
    if not wanted:
        return attributes
    return tuple(sorted(((wanted.get(one[0], one[0]), *one[1:]) for one in attributes), key=_rank))


def _rank(attribute: Literal) -> tuple[bool, str]:
    return not attribute[0].startswith(PROV), attribute[0]


def _bare(split: Callable[[str], tuple[str, str]], attribute: Literal) -> Literal:
    key, lexical, datatype, _ = attribute
    if datatype == QNAME and key in _ENDS:
        return (key, ":".join(split(lexical)), None, None)
    return attribute

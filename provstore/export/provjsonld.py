"""PROV-JSONLD (W3C member submission 2024): one JSON object for each record, in the order of the records."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import BinaryIO, Final

from provstore.export.document import Document
from provstore.export.escapes import encode, json_string
from provstore.export.iris import Iris, Split
from provstore.export.names import PROV, PROVSTORE, QNAME, Namespaces
from provstore.export.provo import CLASSES, QUALIFIED
from provstore.export.records import BUNDLE, FORMALS, TIMES, Literal, Record
from provstore.export.remarks import Remarks, wording
from provstore.export.spool import Bodies
from provstore.export.statements import ANSWER, statements
from provstore.export.vocabulary import LABEL, LOCATION, ROLE, TYPE, VALUE

__all__ = ["CONTEXT", "write", "write_records"]

CONTEXT: Final = "https://openprovenance.org/prov-jsonld/context.jsonld"
"""The context of the submission: its terms and the prefixes prov, xsd, rdf, rdfs and provext."""

_PREDEFINED: Final = frozenset({"prov", "xsd"})
_TERMS: Final = frozenset(
    {
        *("prov", "provext", "xsd", "rdf", "rdfs", "role", "type", "label", "location", "value"),
        *(name for formals in FORMALS.values() for name in formals),
        *CLASSES.values(),
        *(one.name for one in QUALIFIED.values()),
    }
)
"""Words of the context: a prefix that is one of them would be taken for it."""

_DELIMITERS: Final = frozenset(":/?#[]@")
"""JSON-LD 1.1 takes a word for a prefix only where its namespace ends in one of these (section 4.1.5)."""

_ABSOLUTE: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_KEY: Final = re.compile("[A-Za-z0-9_]+:")
"""What the schema of the submission takes for the key of a foreign attribute."""

_SHORT: Final = {LABEL: "label", LOCATION: "location", ROLE: "role", TYPE: "type", VALUE: "value"}
_EVENTS: Final = frozenset({"used", "wasGeneratedBy", "wasInvalidatedBy", "wasStartedBy", "wasEndedBy"})
_WITH_TERM: Final = {
    "location": _EVENTS | CLASSES.keys(),
    "role": _EVENTS | {"wasAssociatedWith"},
    "value": frozenset({"entity"}),
}
"""Which records have a short term in the schema; label and type are everybody's."""

_NAMING: Final = frozenset({LOCATION, ROLE, TYPE})
"""Attributes under whose short term a bare text is a name."""


def write(document: Document, out: BinaryIO) -> None:
    """Write a document as PROV-JSONLD."""
    write_records(statements(document), Namespaces.of(document), out)


def write_records(records: Iterable[Record], namespaces: Namespaces, out: BinaryIO) -> None:
    """Write any stream of records as PROV-JSONLD.

    The submission has no word for mentionOf: it is written as two attributes of the specific entity, and an entity
    ``provstore:answer`` says so.
    """
    with Bodies() as bodies:
        objects = _Objects(namespaces)
        begun: set[str | None] = set()
        for record in records:
            body = bodies.of(record.bundle)
            if record.kind != BUNDLE:
                body.add(_member(record.bundle, begun) + objects.of(record))
        heads = {bundle: objects.name[bundle] for bundle in bodies.bundles}
        if objects.remarks:
            bodies.document.add(_member(None, begun) + objects.answer())
        prefixes = [pair for pair in namespaces.used() if pair[0] not in _PREDEFINED]
        declared = ", ".join(f"{json_string(prefix)}: {json_string(uri)}" for prefix, uri in prefixes)
        out.write(encode(f'{{\n"@context": [{{{declared}}}, "{CONTEXT}"],\n"@graph": ['))
        bodies.document.pour(out)
        for bundle, body in bodies.bundles.items():
            head = f'{{"@type": "Bundle", "@id": {heads[bundle]}, "@context": [{{}}], "@graph": ['
            out.write(encode(_member(None, begun) + head))
            body.pour(out)
            out.write(b"\n]}")
        out.write(b"\n]\n}\n")


def _member(place: str | None, begun: set[str | None]) -> str:
    """Give what stands before a member of a list."""
    if place in begun:
        return ",\n"
    begun.add(place)
    return "\n"


class _Objects:
    """An object for each record."""

    def __init__(self, namespaces: Namespaces) -> None:
        self.remarks = Remarks()
        self.name = Iris(namespaces, lambda split: json_string(self._spell(split, compact=_is_prefix(split))))
        self._keys = Iris(namespaces, lambda split: json_string(self._spell(split, compact=_is_key(split))))
        self._qnames = Iris(namespaces, lambda split: json_string(f"{split.prefix}:{split.local}"))
        self._is_taken = namespaces.is_taken
        classes = {**CLASSES, **{kind: one.name for kind, one in QUALIFIED.items()}}
        self._heads = {kind: f'"@type": "{name}"' for kind, name in classes.items()}
        self._arguments = {
            kind: tuple((f'"{formal}": ', formal in TIMES) for formal in formals) for kind, formals in FORMALS.items()
        }

    def of(self, record: Record) -> str:
        """Write one record."""
        kind, record_id, arguments, attributes, _ = record
        if kind == "mentionOf":
            return self._mention(record)
        name = self.name
        parts = [self._heads[kind]]
        if record_id is not None:
            parts.append(f'"@id": {name[record_id]}')
        parts += [
            key + (json_string(value) if is_time else name[value])
            for (key, is_time), value in zip(self._arguments[kind], arguments, strict=False)
            if value is not None
        ]
        if attributes:
            parts += self._attributes(kind, attributes)
        return f"{{{', '.join(parts)}}}"

    def answer(self) -> str:
        """Write the entity that tells what could not be written."""
        notes = tuple((f"{PROVSTORE}note", remark, None, None) for remark in self.remarks)
        return self.of(Record("entity", ANSWER, (), ((TYPE, f"{PROVSTORE}Answer", QNAME, None), *notes)))

    def _mention(self, record: Record) -> str:
        specific, general, bundle = record.arguments
        self.remarks.add(f"PROV-JSONLD has no mentionOf: {wording(record)} is told by attributes of its first entity")
        told = ((f"{PROV}mentionOf", general), (f"{PROV}asInBundle", bundle))
        attributes = tuple((key, uri, QNAME, None) for key, uri in told if uri is not None)
        return self.of(Record("entity", specific or ANSWER, (), attributes))

    def _attributes(self, kind: str, attributes: tuple[Literal, ...]) -> list[str]:
        groups: dict[str, list[str]] = {}
        for key, lexical, datatype, language in attributes:
            term = _term(kind, key, datatype, language)
            bare = term is not None and key in _NAMING and datatype == QNAME and language is None
            text = self.name[lexical] if bare else self._value(lexical, datatype, language)
            groups.setdefault(self._keys[key] if term is None else f'"{term}"', []).append(text)
        return [f"{key}: [{', '.join(values)}]" for key, values in groups.items()]

    def _value(self, lexical: str, datatype: str | None, language: str | None) -> str:
        if language is not None:
            return f'{{"@value": {json_string(lexical)}, "@language": {json_string(language)}}}'
        if datatype is None:
            return f'{{"@value": {json_string(lexical)}}}'
        if datatype == QNAME:
            return f'{{"@value": {self._qnames[lexical]}, "@type": "xsd:QName"}}'
        return f'{{"@value": {json_string(lexical)}, "@type": {self.name[datatype]}}}'

    def _spell(self, split: Split, *, compact: bool) -> str:
        """Write a name short, or whole where JSON-LD would not read the short form as we mean it."""
        scheme = _ABSOLUTE.match(split.uri)
        if compact or split.blank or scheme is None or self._is_taken(scheme[1]):
            return f"{split.prefix}:{split.local}"
        return split.uri


def _is_prefix(split: Split) -> bool:
    reserved = split.prefix in _TERMS and split.prefix not in _PREDEFINED
    return split.namespace[-1:] in _DELIMITERS and not reserved and not split.local.startswith("//")


def _is_key(split: Split) -> bool:
    return _is_prefix(split) and _KEY.match(f"{split.prefix}:") is not None


def _term(kind: str, key: str, datatype: str | None, language: str | None) -> str | None:
    """Give the short term of an attribute, None where it has its full name."""
    term = _SHORT.get(key)
    if term is None or kind not in _WITH_TERM.get(term, (kind,)):
        return None
    # A label that is no plain text is an ordinary attribute in the schema.
    return None if term == "label" and datatype is not None and language is None else term

"""Statements as a document of the reference library, which judges whether two say the same."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from prov.constants import PROV_ATTR_ENTITY, PROV_MEMBERSHIP, PROV_N_MAP, XSD_QNAME
from prov.identifier import Namespace, QualifiedName
from prov.model import Literal, ProvBundle, ProvDocument

from provstore.graph.model import PROV, QNAME, Attribute
from provstore.graph.statements import BLANK, TIMES, Statement
from provstore.ingest.reading import Reader

TYPES = {name: found for found, name in PROV_N_MAP.items()}
UNQUALIFIED = "urn:unqualified:"


class Names:
    """Full URIs as names of the library, a prefix for each namespace."""

    def __init__(self) -> None:
        self._namespaces: dict[str, Namespace] = {}

    def __call__(self, uri: str) -> QualifiedName:
        end = max(found.end() for found in re.finditer(r"[#/:]|^", uri))
        namespace = uri[:end]
        known = self._namespaces.setdefault(namespace, Namespace(f"n{len(self._namespaces)}", namespace))
        return QualifiedName(known, uri[end:])


@contextmanager
def quiet() -> Iterator[None]:
    """Let the library read what it would rather not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def judged(statements: Iterable[Statement], bundles: Iterable[str] = ()) -> ProvDocument:
    """Build the library's document; ``bundles`` are there also if nobody says anything in them."""
    with quiet():
        names = Names()
        document = ProvDocument()
        found: dict[str, ProvBundle] = {"": document}
        for bundle in bundles:
            if bundle:
                found[bundle] = document.bundle(names(bundle))
        for one in statements:
            if one.bundle not in found:
                found[one.bundle] = document.bundle(names(one.bundle))
            _add(found[one.bundle], one, names)
        return document


def read(reader: Reader, data: bytes) -> ProvDocument:
    """Read bytes with a reader of ours, and give the library's document."""
    reading = reader(BytesIO(data), unqualified=UNQUALIFIED)
    statements = list(reading.statements)
    return judged(statements, reading.namespaces)


def theirs(data: bytes, notation: str, **options: Any) -> ProvDocument:
    """Read bytes with the library; a membership of several entities becomes several."""
    with quiet():
        document = ProvDocument.deserialize(content=data, format=notation, **options)
        for bundle in (document, *document.bundles):
            _split_members(bundle)
            _resolve_names(bundle)
        return document


def _resolve_names(bundle: ProvBundle) -> None:
    """Make ``"ex:a" %% xsd:QName`` the name that it is; of its notations only PROV-N lets the library keep a text."""
    for record in bundle.get_records():
        for values in record._attributes.values():
            for value in [one for one in values if isinstance(one, Literal) and one.datatype == XSD_QNAME]:
                values.discard(value)
                values.add(bundle.valid_qualified_name(value.value))


def _split_members(bundle: ProvBundle) -> None:
    for record in list(bundle.get_records()):
        members = record.get_attribute(PROV_ATTR_ENTITY) if record.get_type() == PROV_MEMBERSHIP else ()
        if len(members) > 1:
            bundle._records.remove(record)
            others = [(key, value) for key, value in record.attributes if key != PROV_ATTR_ENTITY]
            for member in members:
                bundle.new_record(PROV_MEMBERSHIP, record.identifier, [*others, (PROV_ATTR_ENTITY, member)])


def _add(bundle: ProvBundle, statement: Statement, names: Names) -> None:
    formals = [
        (names(PROV + name), value if name in TIMES else names(value))
        for name, value in statement.arguments.items()
        if not value.startswith(BLANK)
    ]
    others = [(names(one.key), _value(one, names)) for one in statement.attributes]
    identified = statement.id and not statement.id.startswith(BLANK)
    bundle.new_record(TYPES[statement.kind], names(statement.id) if identified else None, formals, others)


def _value(attribute: Attribute, names: Names) -> object:
    if attribute.type == QNAME:
        return names(attribute.lexical)
    if attribute.type is None and attribute.lang is None:
        return attribute.lexical
    datatype = None if attribute.type is None else names(attribute.type)
    return Literal(attribute.lexical, datatype, attribute.lang)

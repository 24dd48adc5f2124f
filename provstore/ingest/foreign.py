"""Turtle and TriG in PROV-O (W3C recommendation 2013), through the library `prov`; beside it the readers of our own.

RDF knows no order of attributes and no lexical form: numbers and times come back as values.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO, Final

from prov import Error as ProvError
from prov._warnings import collect_warnings
from prov.constants import PROV_ATTR_GENERATION, PROV_ATTR_USAGE, PROV_N_MAP
from prov.identifier import Identifier, QualifiedName
from prov.model import Literal, ProvBundle, ProvDerivation, ProvDocument, ProvRecord, canonical_xsd_datatype
from prov.serializers.provrdf import ProvRDFSerializer
from rdflib import RDF, Dataset, URIRef
from rdflib.namespace import NamespaceManager

from provstore.errors import Malformed
from provstore.graph.model import PROV, QNAME, XSD, Attribute
from provstore.graph.statements import ARGUMENTS, BLANK, ELEMENTS, Statement
from provstore.ingest.jsonld import read_provjsonld
from provstore.ingest.prefixes import DEFAULT, is_uri
from provstore.ingest.problems import Problem, shown
from provstore.ingest.provn import read_provn
from provstore.ingest.provxml import read_provxml
from provstore.ingest.reading import Reading
from provstore.ingest.whole import read_text

__all__ = ["read_provjsonld", "read_provn", "read_provxml", "read_turtle"]

_LINE: Final = re.compile(r"at line (\d+) of")
_WHY: Final = re.compile(r"Bad syntax \((.*)\) at \^ in", re.DOTALL)
_NAMESPACE: Final = re.compile(r"(?<=[#/:])[^#/:]*\Z")
"""What of a URI is no namespace."""
_NO_TEXT: Final = re.compile("[\x00\ud800-\udfff]")
_RELATIVE: Final = "document:/"
"""Where relative addresses stand while they are read: the parser needs a base with a slash."""
_BLANK: Final = "blank:/"
"""The same for what has no name."""
_RELATIONS: Final = frozenset({PROV_ATTR_GENERATION, PROV_ATTR_USAGE})

MOST_BYTES_OF_TURTLE: Final = 16 << 20
"""The libraries take some eighty times the size of the text."""


def read_turtle(source: BinaryIO, *, unqualified: str) -> Reading:
    """Read Turtle or TriG, see `provstore.ingest.reading.Reader`; relative addresses stand below ``unqualified``.

    Raises:
        Malformed: it is no Turtle, or says nothing in PROV-O.
        TooLarge: more than `MOST_BYTES_OF_TURTLE`.
    """
    text = read_text(source, most=MOST_BYTES_OF_TURTLE)
    with collect_warnings() as warned:
        try:
            triples = _parsed(text)
            declared = {prefix or DEFAULT: str(uri) for prefix, uri in triples.default_graph.namespaces()}
            document = _decoded(triples)
        except MemoryError:
            raise
        except Exception as error:  # at strange input both trip over anything; rdflib also raises plain Exceptions
            raise _malformed(error, text) from error
    bundles = {"": document, **{bundle.identifier.uri: bundle for bundle in document.bundles if bundle.identifier}}
    if not any(bundle.get_records() for bundle in bundles.values()) and (triples or not text.strip()):
        raise Malformed("nothing in it is said in PROV-O", place="document")
    names = _Names(unqualified, bundles.values())
    return Reading(
        statements=_statements(bundles, names),
        namespaces={names(uri): {} if uri else declared for uri in bundles},
        remarks=[
            *(Problem("document", shown(message)) for message, _ in warned),
            *_left_out(triples, bundles.values()),
        ],
    )


def _parsed(text: str) -> Dataset:
    """Read the triples, with the prefixes that the document declares and not those that rdflib likes."""
    found = Dataset(default_union=True)
    graph = found.default_graph
    graph.namespace_manager = NamespaceManager(graph, bind_namespaces="none")
    graph.parse(data=text, format="trig", publicID=_RELATIVE)
    return found


def _decoded(found: Dataset) -> ProvDocument:
    """Let the library find the records; it needs a prefix for each name, and a default one for what has no name."""
    serializer = ProvRDFSerializer(ProvDocument())
    document = serializer.document = ProvDocument()
    document.set_default_namespace(_BLANK)
    known = tuple(str(uri) for _, uri in found.namespaces())
    names = {str(term) for quad in found.quads() for term in quad if isinstance(term, URIRef)}
    unknown = dict.fromkeys(_NAMESPACE.sub("", name) for name in sorted(names) if not name.startswith(known))
    for number, uri in enumerate((*(str(uri) for prefix, uri in found.namespaces() if not prefix), *unknown)):
        found.bind(f"_n{number}", uri, replace=True)
    serializer.decode_document(found, document)
    return document


def _left_out(found: Dataset, bundles: Iterable[ProvBundle]) -> Iterator[Problem]:
    """Tell what the triples say of things that are in no record: the library passes over it."""
    records = [record for bundle in bundles for record in bundle.get_records()]
    named = {record.identifier.uri for record in records if record.identifier is not None}
    named.update(
        value.uri for record in records for _, value in record.formal_attributes if isinstance(value, Identifier)
    )
    quads = list(found.quads())
    known = {subject for subject, predicate, one, _ in quads if predicate == RDF.type and str(one).startswith(PROV)}
    left = dict.fromkeys(str(one) for one, _, _, _ in quads if one not in known and str(one) not in named)
    if left:
        told = f"what is said of {len(left)} things that are no records was left out ({shown(next(iter(left)))})"
        yield Problem("document", told)


def _malformed(error: Exception, text: str) -> Malformed:
    told = str(error)
    line, why = _LINE.search(told), _WHY.search(told)
    if isinstance(error, RecursionError):
        return Malformed("it is nested too deeply", place="document")
    if line is not None:
        return Malformed(f"no Turtle: {shown(why[1] if why else told)}", place=f"line {line[1]}")
    if isinstance(error, ProvError):
        return Malformed(f"no provenance as PROV-O has it: {shown(told)}", place="document")
    last = text.count("\n") + 1
    return Malformed(f"no Turtle, it may be cut off: {shown(told)}", place=f"lines 1 to {last}")


class _Names:
    """Full URIs as we keep them; those without name are counted.

    Args:
        unqualified: Where relative addresses stand.
        bundles: All that is said.
    """

    def __init__(self, unqualified: str, bundles: Iterable[ProvBundle]) -> None:
        self._unqualified = unqualified
        self._blanks: dict[str, str] = {}
        self._meant = {
            value.uri
            for bundle in bundles
            for record in bundle.get_records(ProvDerivation)
            for key, value in record.attributes
            if key in _RELATIONS
        }

    def __call__(self, uri: str) -> str:
        """Give a URI, or ``_:`` and a number."""
        if uri.startswith(_BLANK):
            return self._blanks.setdefault(uri, f"{BLANK}b{len(self._blanks) + 1}")
        if uri.startswith(_RELATIVE):
            return self._unqualified + uri.removeprefix(_RELATIVE)
        if uri and not is_uri(uri):
            raise Malformed(f"{shown(uri)!r} is no absolute URI", place="document")
        return uri

    def of(self, record: ProvRecord) -> str:
        """Give the id of a record; a relation without name has one only if another one means it."""
        uri = "" if record.identifier is None else record.identifier.uri
        if uri.startswith(_BLANK) and record.is_relation() and uri not in self._meant:
            return ""
        return self(uri)


def _statements(bundles: Mapping[str, ProvBundle], names: _Names) -> Iterator[Statement]:
    """Give what is said, elements first; RDF has no order, so it is always the same one."""
    for uri, bundle in bundles.items():
        said = (_statement(record, names, uri) for record in bundle.get_records())
        yield from sorted(said, key=lambda one: (one.kind not in ELEMENTS, one.kind, one.id, *one.arguments.values()))


def _statement(record: ProvRecord, names: _Names, bundle: str) -> Statement:
    kind = PROV_N_MAP[record.get_type()]
    formals = {PROV + one.name: one.name for one in ARGUMENTS[kind]}
    arguments: dict[str, str] = {}
    attributes: list[Attribute] = []
    for key, value in record.attributes:
        one = _attribute(names(key.uri), value, names)
        if _NO_TEXT.search(one.lexical):
            raise Malformed("a text with the character 0 or half a surrogate pair can't be kept", place="document")
        if one.key in formals:
            arguments[formals[one.key]] = one.lexical
        else:
            attributes.append(one)
    record_id = names.of(record)
    place = f"{kind} {shown(record_id)}".rstrip()
    attributes.sort(key=lambda one: (one.key, one.lexical, one.type or "", one.lang or ""))
    return Statement(kind, record_id, arguments, tuple(attributes), names(bundle), place)


def _attribute(key: str, value: object, names: _Names) -> Attribute:
    if isinstance(value, QualifiedName):
        return Attribute(key, names(value.uri), QNAME)
    if isinstance(value, Literal):
        return _literal(key, value)
    return _plain(key, value)


def _literal(key: str, value: Literal) -> Attribute:
    datatype = None if value.datatype is None else value.datatype.uri
    if value.langtag is not None and datatype == f"{PROV}InternationalizedString":
        datatype = None
    return Attribute(key, value.value, datatype, value.langtag)


def _plain(key: str, value: object) -> Attribute:
    """Give a value that the library has read already."""
    for kind, name, spelled in _PLAIN:
        if isinstance(value, kind):
            return Attribute(key, spelled(value), name and XSD + name)
    datatype = canonical_xsd_datatype(value)
    return Attribute(key, str(value), None if datatype is None else datatype.uri)


def _double(value: float) -> str:
    if math.isfinite(value):
        return str(value)
    return "NaN" if math.isnan(value) else str(value).upper()


_PLAIN: Final[tuple[tuple[type, str | None, Callable[[Any], str]], ...]] = (
    (str, None, str),
    (bool, "boolean", lambda value: str(value).lower()),
    (float, "double", _double),
    (datetime, "dateTime", datetime.isoformat),
    (Identifier, "anyURI", str),
)

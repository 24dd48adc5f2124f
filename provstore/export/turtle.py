"""PROV-O (W3C Recommendation 2013) in Turtle, and in TriG, where each bundle is a named graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from provstore.errors import NotAcceptable
from provstore.export.document import Document
from provstore.export.escapes import encode
from provstore.export.iris import Iris, Split, is_iri, legal
from provstore.export.names import PROV, PROVSTORE, QNAME, XSD, Namespaces
from provstore.export.provo import CLASSES, DERIVATIONS, QUALIFIED, SUBCLASSES, TIMES, Qualified
from provstore.export.records import BUNDLE, FORMALS, Literal, Record
from provstore.export.remarks import Remarks, wording
from provstore.export.spool import Bodies
from provstore.export.statements import statements
from provstore.export.turtle_text import LANGUAGE, name, string
from provstore.export.vocabulary import LABEL, LOCATION, ROLE, TYPE

__all__ = ["write", "write_records", "write_trig", "write_trig_records"]

_RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
_RELATION_ID: Final = f"{PROVSTORE}relationId"
"""Says which id a relation has, where another one of the same graph has its name."""

_SEVERAL: Final = frozenset(
    {"used", "wasGeneratedBy", "wasInvalidatedBy", "wasAssociatedWith", "wasAttributedTo", "wasInfluencedBy"}
)
"""Relations of one id that differ in their second argument only are one node with several, and read back as several."""

_PROPERTIES: Final = {LOCATION: f"{PROV}atLocation", ROLE: f"{PROV}hadRole"}

Term = tuple[str, str]
"""Property and object, as text."""


def write(document: Document, out: BinaryIO) -> None:
    """Write a document as PROV-O in Turtle.

    Raises:
        NotAcceptable: it has bundles, for which Turtle has no place.
    """
    write_records(statements(document), Namespaces.of(document), out)


def write_trig(document: Document, out: BinaryIO) -> None:
    """Write a document as PROV-O in TriG."""
    write_trig_records(statements(document), Namespaces.of(document), out)


def write_records(records: Iterable[Record], namespaces: Namespaces, out: BinaryIO) -> None:
    """Write any stream of records as PROV-O in Turtle.

    Raises:
        NotAcceptable: one of them stands in a bundle; nothing is written then.
    """
    write_trig_records(_without_bundles(records), namespaces, out)


def write_trig_records(records: Iterable[Record], namespaces: Namespaces, out: BinaryIO) -> None:
    """Write any stream of records as PROV-O in TriG; what RDF cannot hold is said in comments at the end."""
    with Bodies() as bodies:
        blocks = _Blocks(namespaces)
        for record in records:
            body = bodies.of(record.bundle)
            if record.kind != BUNDLE:
                body.add(blocks.of(record))
        heads = {bundle: blocks.name[bundle] for bundle in bodies.bundles}
        declared = {**dict(namespaces.used()), "prov": PROV, "xsd": XSD, **blocks.prefixes}
        out.write(encode("".join(f"@prefix {prefix}: <{legal(uri)}> .\n" for prefix, uri in sorted(declared.items()))))
        bodies.document.pour(out)
        for bundle, body in bodies.bundles.items():
            out.write(encode(f"\n{heads[bundle]} {{\n"))
            body.pour(out)
            out.write(b"\n}\n")
        out.writelines(encode(f"\n# provstore: {_one_line(remark)}\n") for remark in blocks.remarks)


def _without_bundles(records: Iterable[Record]) -> Iterator[Record]:
    for record in records:
        if record.bundle is not None:
            raise NotAcceptable(
                f"Turtle has no place for bundles, and {record.bundle} is one: ask for trig",
                field="format",
                value="turtle",
            )
        yield record


def _one_line(text: str) -> str:
    return "".join(part if part.isprintable() else " " for part in text)


class _Blocks:
    """The triples of each record."""

    def __init__(self, namespaces: Namespaces) -> None:
        self.remarks = Remarks()
        self.name = Iris(namespaces, self._spell)
        self.prefixes = {} if namespaces.is_taken("rdfs") else {"rdfs": _RDFS}
        self._label = "rdfs:label" if self.prefixes else self.name[f"{_RDFS}label"]
        self._last: tuple[str | None, str | None] = (None, None)
        self._relations: dict[int, int] = {}
        self._mentioned: dict[tuple[str | None, str], str | None] = {}

    def of(self, record: Record) -> str:
        """Write one record."""
        if record.kind in CLASSES:
            return self._element(record)
        if record.kind == "mentionOf":
            return self._mention(record)
        rule = QUALIFIED[record.kind]
        first, second, *others = record.arguments
        bare = not (record.id or record.attributes or any(others)) and first is not None and second is not None
        plain = ""
        if first is not None and second is not None and (bare or rule.both):
            plain = f"\n{self.name[first]} prov:{record.kind} {self.name[second]} .\n"
        return plain if bare and not rule.both else plain + self._node(record, rule)

    def _element(self, record: Record) -> str:
        this = (record.bundle, record.id)
        if this == self._last:
            self.remarks.add(f"RDF makes one thing of several records of one id: {wording(record)} is one of several")
        self._last = this
        terms = [("a", f"prov:{CLASSES[record.kind]}")]
        terms += [
            (f"prov:{key}", f"{string(time)}^^xsd:dateTime")
            for key, time in zip(TIMES, record.arguments, strict=False)
            if time is not None
        ]
        terms += self._attributes(record.attributes, SUBCLASSES)
        return f"\n{self.name[record.id or '']} {_joined(terms)} .\n"

    def _mention(self, record: Record) -> str:
        specific, general, bundle = record.arguments
        if specific is None or general is None:
            self.remarks.add(f"PROV-O cannot tell {wording(record)}: it has no mention without both ends")
            return ""
        if self._mentioned.setdefault((record.bundle, specific), bundle) != bundle:
            self.remarks.add(f"PROV-O cannot tell {wording(record)}: the entity is mentioned in another bundle already")
            return ""
        terms = [("prov:mentionOf", self.name[general])]
        terms += [("prov:asInBundle", self.name[bundle])] if bundle is not None else []
        return f"\n{self.name[specific]} {_joined(terms)} .\n"

    def _node(self, record: Record, rule: Qualified) -> str:
        """Write a relation as a node: under its id, or as a nameless one inside the triple that leads to it."""
        attributes, classes = record.attributes, [f"prov:{rule.name}"]
        qualified = rule.name
        if record.kind == "wasDerivedFrom":
            found = [DERIVATIONS[one[1]] for one in attributes if one[0] == TYPE and one[1] in DERIVATIONS]
            classes = [f"prov:{one}" for one in found] or classes
            qualified = found[0] if found else qualified
            attributes = tuple(one for one in attributes if not (one[0] == TYPE and one[1] in DERIVATIONS))
        terms = [("a", ", ".join(classes)), *self._arguments(record, rule)]
        relation_id = self._own_id(record)
        if record.id is not None and relation_id is None:
            terms.append((self.name[_RELATION_ID], self.name[record.id]))
        terms += self._attributes(attributes, frozenset())
        first = record.arguments[0]
        led = "" if first is None else f"{self.name[first]} prov:qualified{qualified} "
        if relation_id is None:
            return f"\n{led}[ {_joined(terms)} ] .\n"
        node = f"{self.name[relation_id]} {_joined(terms)} .\n"
        return f"\n{led}{self.name[relation_id]} .\n{node}" if led else f"\n{node}"

    def _own_id(self, record: Record) -> str | None:
        """Give the id of a relation's node; None where it has none, or where another relation has taken it."""
        if record.id is None:
            return None
        kind, _, arguments, attributes, _ = record
        said = (kind, arguments[0], *arguments[2:], attributes) if kind in _SEVERAL else (kind, arguments, attributes)
        if self._relations.setdefault(hash((record.bundle, record.id)), hash(said)) == hash(said):
            return record.id
        self.remarks.add(f"RDF cannot tell relations of one id apart: {wording(record)} has provstore:relationId")
        return None

    def _arguments(self, record: Record, rule: Qualified) -> Iterator[Term]:
        for formal, key, value in zip(FORMALS[record.kind][1:], rule.properties, record.arguments[1:], strict=False):
            if value is not None:
                yield f"prov:{key}", f"{string(value)}^^xsd:dateTime" if formal == "time" else self.name[value]

    def _attributes(self, attributes: tuple[Literal, ...], classes: frozenset[str]) -> Iterator[Term]:
        for key, lexical, datatype, language in attributes:
            value = self._value(lexical, datatype, language)
            is_class = datatype == QNAME and (lexical in classes or not lexical.startswith(PROV))
            if key == LABEL:
                yield self._label, value
            elif key == TYPE:
                # A literal is no class, and a class of PROV-O here would make another thing of this one.
                yield "a" if is_class else "prov:type", value
            else:
                yield self.name[_PROPERTIES.get(key, key)], value

    def _value(self, lexical: str, datatype: str | None, language: str | None) -> str:
        if language is not None and LANGUAGE.fullmatch(language):
            return f"{string(lexical)}@{language}"
        if language is not None:
            self.remarks.add(f"{language!r} is no language of RDF: {lexical!r} is written without it")
            return string(lexical)
        if datatype == QNAME:
            return self.name[lexical]
        return string(lexical) if datatype is None else f"{string(lexical)}^^{self.name[datatype]}"

    def _spell(self, split: Split) -> str:
        text = name(split)
        if not split.blank and not is_iri(split.uri):
            self.remarks.add(f"{split.uri!r} is no IRI, and is read as another name than it was")
        return text


def _joined(terms: Iterable[Term]) -> str:
    held = list(terms)
    classes = ", ".join(dict.fromkeys(value for key, value in held if key == "a"))
    return " ;\n    ".join([f"a {classes}"] * bool(classes) + [f"{key} {value}" for key, value in held if key != "a"])

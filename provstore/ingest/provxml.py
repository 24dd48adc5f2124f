"""PROV-XML (W3C note 2013), element by element: exact texts, and the line of what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, BinaryIO, Final

from lxml import etree

from provstore.errors import Malformed
from provstore.graph.model import PROV, QNAME, XSD, Attribute
from provstore.graph.statements import BLANK, ELEMENTS, Argument, Sort, Statement, instant_of
from provstore.ingest.prefixes import DEFAULT
from provstore.ingest.problems import Problem, shown
from provstore.ingest.provxml_words import LANG, XSI_TYPE, Form, Words
from provstore.ingest.reading import Reading
from provstore.ingest.whole import check_size

__all__ = ["read_provxml", "read_xml"]

_XSD: Final = XSD.removesuffix("#")
_TYPE: Final = f"{PROV}type"
_NAME: Final = f"{PROV}QUALIFIED_NAME"
_TEXT_IN_A_LANGUAGE: Final = f"{PROV}InternationalizedString"
_ESCAPED: Final = re.compile(r"_x((?!0000|D[89A-F])[0-9A-F]{4}|000[1-9A-F][0-9A-F]{4}|0010[0-9A-F]{4})_")
"""How some tools write what an element's name may not hold."""
_POSITION: Final = re.compile(r", line \d+, column \d+\Z")
_MOST_LINES: Final = 65535

_W3C: Final = Words(root=("prov", (PROV,)), spaces=(PROV,), sections={})

_Declared = Mapping[str | None, str]


def read_provxml(source: BinaryIO, *, unqualified: str) -> Reading:
    """Read PROV-XML, see `provstore.ingest.reading.Reader`; names without prefix need a default namespace."""
    del unqualified  # XML knows no name that belongs nowhere
    return read_xml(source, _W3C)


def read_xml(source: BinaryIO, words: Words, *, unqualified: str | None = None) -> Reading:
    """Read a notation in XML.

    Args:
        source: Seekable.
        words: What things are called in it.
        unqualified: The namespace of names without prefix where no default is declared; None where it must be.
    """
    check_size(source)
    document = _Document(words, unqualified)
    return Reading(statements=document.read(source), namespaces=document.namespaces, remarks=document.remarks)


class _Scope:
    """The prefixes at one place of the document."""

    def __init__(self, declared: _Declared, unqualified: str | None) -> None:
        self.namespaces = {prefix or DEFAULT: XSD if uri == _XSD else uri for prefix, uri in declared.items()}
        self._unqualified = unqualified
        self._met: dict[str, str] = {}

    def expand(self, name: str, place: str) -> str:
        """Give the URI of a name."""
        uri = self.known(name)
        if uri is None:
            prefix, colon, _ = name.partition(":")
            missing = f"the prefix {shown(prefix)!r}" if colon else "a default namespace"
            raise Malformed(f"{shown(name)!r} needs {missing} to be declared", place=place)
        return uri

    def known(self, name: str) -> str | None:
        """Give the URI of a name, None where its prefix is declared nowhere."""
        name = name.strip()
        uri = self._met.get(name)
        if uri is None and name:
            uri = self._find(name)
            if uri is not None:
                self._met[name] = uri
        return uri

    def _find(self, name: str) -> str | None:
        if name.startswith(BLANK):
            return name
        prefix, colon, local = name.partition(":")
        if colon and prefix in self.namespaces:
            return self.namespaces[prefix] + local
        if DEFAULT in self.namespaces:
            return self.namespaces[DEFAULT] + name
        if local.startswith("//"):
            return name
        return None if colon or self._unqualified is None else self._unqualified + name


class _Document:
    """One pass over the elements."""

    def __init__(self, words: Words, unqualified: str | None) -> None:
        self.namespaces: dict[str, dict[str, str]] = {}
        self.remarks: list[Problem] = []
        self._words = words
        self._unqualified = unqualified
        self._outer = self._scope = _Scope({}, unqualified)
        self._bundle = ""
        self._local = False
        """Whether prefixes were declared since the last record."""
        self._keys: dict[str, str] = {}

    def read(self, source: BinaryIO) -> Iterator[Statement]:
        """Give the statements; each element is forgotten once it is read."""
        try:
            events = etree.iterparse(
                source,
                events=("start", "end", "start-ns"),
                no_network=True,
                resolve_entities=False,
                load_dtd=False,
                remove_comments=True,
                remove_pis=True,
            )
            yield from self._walk(events)
        except etree.XMLSyntaxError as error:
            line, column = error.position
            why = _POSITION.sub("", error.msg or "empty")
            raise Malformed(f"no XML: {shown(why)}", place=f"line {max(line, 1)}, column {max(column, 1)}") from error

    def _walk(self, events: Iterator[tuple[str, etree._Element]]) -> Iterator[Statement]:
        depth = 0
        for event, element in events:
            if event == "start-ns":
                self._local = True
            elif event == "start":
                self._enter(element, depth)
                depth += 1
            else:
                depth -= 1
                if depth == (2 if self._bundle else 1):
                    yield from self._record(element)
                    self._local = False
                    _forget(element)
                elif depth == 1:
                    self._bundle, self._scope = "", self._outer
                    _forget(element)

    def _enter(self, element: etree._Element, depth: int) -> None:
        if depth == 0:
            _check_root(element, self._words)
            self._outer = self._scope = _Scope(element.nsmap, self._unqualified)
            self.namespaces[""] = dict(self._scope.namespaces)
            self._local = False
        elif depth == 1 and element.tag in self._words.bundles:
            self._open(element)
            self._local = False

    def _open(self, element: etree._Element) -> None:
        """Begin a bundle; its name may have a prefix that it declares itself."""
        place = _place(element)
        self._scope = _Scope(element.nsmap, self._unqualified)
        name = self._words.id_of(element)
        if not name:
            raise Malformed(f"a bundle needs {self._words.id}", place=place)
        self._bundle = self._scope.expand(name, place)
        if self._bundle in self.namespaces:
            raise Malformed(f"the bundle {shown(name)!r} stands there twice", place=place)
        outer = self._outer.namespaces
        own = {prefix: uri for prefix, uri in self._scope.namespaces.items() if outer.get(prefix) != uri}
        self.namespaces[self._bundle] = own

    def _record(self, element: etree._Element) -> Iterator[Statement]:
        """Read an element that states something, or an old bundle."""
        if element.tag in self._words.others:
            self.remarks.append(Problem(_line(element), "prov:other was left out: it is no provenance"))
            return
        records = self._words.records
        if element.tag in self._words.old_bundles and not self._bundle and any(one.tag in records for one in element):
            self._open(element)
            for one in element:
                yield from self._record(one)
            self._bundle, self._scope = "", self._outer
            return
        found = records.get(str(element.tag))
        if found is None:
            raise Malformed(_why_not(element), place=_line(element))
        yield from self._statements(element, found)

    def _statements(self, element: etree._Element, form: Form) -> Iterator[Statement]:
        """Give one statement; of a membership of several entities one each."""
        place = _place(element)
        scope = self._inside(element)
        name = self._words.id_of(element)
        if name is None and form.kind in ELEMENTS:
            raise Malformed(f"{_named(element)} needs {self._words.id}", place=place)
        arguments: dict[str, list[str]] = {}
        attributes: list[Attribute] = []
        for child in element:
            formal = form.formals.get(str(child.tag))
            inner = self._inside(child) if self._local else scope
            if formal is None:
                attributes.append(self._attribute(child, inner, form.keys))
            else:
                _add(arguments, formal, self._argument(child, formal, inner), child)
        for one in self._types(element, scope, form, place):
            if one not in attributes:
                attributes.append(one)
        record_id = "" if name is None else scope.expand(name, place)
        for values in product(*arguments.values()):
            told = dict(zip(arguments, values, strict=True))
            yield Statement(form.kind, record_id, told, tuple(attributes), self._bundle, place)

    def _types(self, element: etree._Element, scope: _Scope, form: Form, place: str) -> Iterator[Attribute]:
        given = element.get(XSI_TYPE)
        if given is not None:
            yield Attribute(_TYPE, scope.expand(given, place), QNAME)
        yield from form.types

    def _inside(self, element: etree._Element) -> _Scope:
        """Give the prefixes at an element; few declare their own."""
        if not self._local:
            return self._scope
        scope = _Scope(element.nsmap, self._unqualified)
        own = self.namespaces[self._bundle]
        for prefix, uri in scope.namespaces.items():
            if self._scope.namespaces.get(prefix) is None:
                own.setdefault(prefix, uri)
        return scope

    def _argument(self, child: etree._Element, formal: Argument, scope: _Scope) -> str:
        text = (child.text or "").strip()
        if formal.sort is Sort.TIME:
            if instant_of(text) is None:
                raise Malformed(f"{shown(text)!r} is no xsd:dateTime that can be kept", place=_place(child))
            return text
        name = self._words.reference_of(child)
        if name is None and len(child) == 1:
            name = self._words.reference_of(child[0])  # as ProvToolbox writes members
        name = name or text
        if not name:
            raise Malformed(f"{_named(child)} needs {self._words.reference}", place=_place(child))
        return scope.expand(name, _place(child))

    def _attribute(self, child: etree._Element, scope: _Scope, keys: Mapping[str, str]) -> Attribute:
        key = self._keys.get(str(child.tag)) or self._key(child)
        key = keys.get(key, key)
        text = child.text or ""
        if len(child):
            self.remarks.append(Problem(_place(child), f"the elements in {_named(child)} were left out"))
        if not child.attrib:
            return Attribute(key, text)
        if not self._words.understood.issuperset(child.attrib):
            strange = next(name for name in child.attrib if name not in self._words.understood)
            self.remarks.append(Problem(_place(child), f"the attribute {shown(str(strange))!r} was left out"))
        name = self._words.reference_of(child)
        if name is not None:
            return Attribute(key, scope.expand(name, _place(child)), QNAME)
        given = child.get(XSI_TYPE)
        return _literal(Attribute(key, text, None, child.get(LANG)), given, scope, _place(child))

    def _key(self, child: etree._Element) -> str:
        space, name = _split(child)
        if not space:
            raise Malformed(f"the attribute {shown(name)!r} needs a namespace", place=_place(child))
        local = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)
        key = self._keys[str(child.tag)] = (XSD if space == _XSD else space) + local
        return key


def _literal(plain: Attribute, given: str | None, scope: _Scope, place: str) -> Attribute:
    """Give an attribute its type."""
    if given is None:
        return plain
    datatype = scope.expand(given, place)
    if datatype == QNAME:
        return plain._replace(lexical=scope.expand(plain.lexical, place), type=QNAME, lang=None)
    if datatype == _NAME:
        uri = scope.known(plain.lexical)
        return plain._replace(lexical=uri or plain.lexical, type=QNAME if uri else _NAME, lang=None)
    if plain.lang is not None and datatype == _TEXT_IN_A_LANGUAGE:
        return plain
    return plain._replace(type=datatype)


def _add(arguments: dict[str, list[str]], formal: Argument, value: str, child: etree._Element) -> None:
    values = arguments.setdefault(formal.name, [])
    if values and value not in values and formal.sort is not Sort.MEMBER:
        raise Malformed(f"{_named(child)} stands there twice; one is right", place=_place(child))
    if value not in values:
        values.append(value)


def _check_root(element: etree._Element, words: Words) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise Malformed("a document type with its entities is not allowed", place="line 1")
    if element.tag not in words.documents:
        space, name = _split(element)
        problem = f"the root is {shown(name)!r} of {shown(space)!r}; it must be {words.name}"
        raise Malformed(problem, place=_line(element))


def _forget(element: etree._Element) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _line(element: etree._Element) -> str:
    """Tell where an element begins; libxml2 counts up to 65535."""
    line: Any = element.sourceline  # its stub says ...
    return f"line {line}" if line < _MOST_LINES else f"beyond line {_MOST_LINES - 1}"


def _split(element: etree._Element) -> tuple[str, str]:
    """Give the namespace and the local name; with an undeclared prefix the parser leaves both in the name."""
    space, _, name = str(element.tag).rpartition("}")
    return space.removeprefix("{"), name


def _named(element: etree._Element) -> str:
    space, name = _split(element)
    return f"prov:{shown(name)}" if space == PROV else shown(name)


def _place(element: etree._Element) -> str:
    return f"{_line(element)}, {_named(element)}"


def _why_not(element: etree._Element) -> str:
    space, name = _split(element)
    if space != PROV:
        return f"{shown(name)!r} of {shown(space)!r} is no record of PROV"
    if name == "bundleContent":
        return "a bundle stands in the document, not in another one"
    if "ictionary" in name:
        return f"PROV-Dictionary is not supported (prov:{shown(name)})"
    return f"prov:{shown(name)} is no record of PROV-XML"

"""PROV-N (W3C recommendation 2013), statement by statement: exact texts, line and column of what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final, NoReturn

from provstore.errors import Malformed
from provstore.graph.model import PROV, QNAME, XSD, Attribute
from provstore.graph.statements import ARGUMENTS, ELEMENTS, Argument, Sort, Statement, instant_of
from provstore.ingest.numerals import type_of_whole
from provstore.ingest.prefixes import DEFAULT
from provstore.ingest.problems import shown
from provstore.ingest.provn_grammar import (
    ARGUMENT,
    ATTRIBUTE,
    BUNDLE,
    CLOSE,
    DECLARATION,
    DECLARED,
    EMPTY,
    WORD,
    Pattern,
    skip,
    unescaped,
)
from provstore.ingest.reading import Reading
from provstore.ingest.whole import read_text

__all__ = ["read_provn"]

_NAME: Final = f"{PROV}QUALIFIED_NAME"
_NAMES: Final = frozenset({_NAME, QNAME})
_KNOWN: Final = {"prov": PROV, "xsd": XSD, "xsi": "http://www.w3.org/2001/XMLSchema-instance"}
_RESERVED: Final = {"prov": PROV.removesuffix("#"), "xsd": XSD.removesuffix("#")}
_SHORT: Final = {"wasDerivedFrom": 2, "actedOnBehalfOf": 2, "mentionOf": 3, **dict.fromkeys(ELEMENTS, 0)}
_PAIR: Final = 2
_COUNTS: Final = {
    kind: {_SHORT.get(kind, _PAIR if len(arguments) == _PAIR else 1), len(arguments)}
    for kind, arguments in ARGUMENTS.items()
}
"""Kind -> how many arguments it may have behind its id: those of the short form, or all."""
_FORMALS: Final = {kind: {PROV + one.name: one for one in arguments} for kind, arguments in ARGUMENTS.items()}
_KEYWORDS: Final = {**{kind: kind for kind in ARGUMENTS}, "prov:mentionOf": "mentionOf"}
_PLACED: Final = frozenset({"document", "bundle", "endBundle", "prefix", "default"})
_BREAK: Final = re.compile(r"\r\n|\r|\n")
_HIDDEN: Final = re.compile(r"\\(.)")
_FOUND: Final = re.compile(r'/\*|[\w:.#/-]+|"[^"\n]{0,20}|.', re.DOTALL)

_Name = tuple[str | None, str | None, str | None]
"""Prefix and local part, or a name without prefix."""


def read_provn(source: BinaryIO, *, unqualified: str) -> Reading:
    """Read PROV-N, see `provstore.ingest.reading.Reader`; names without prefix need a default namespace."""
    del unqualified  # PROV-N knows no name that belongs nowhere
    parser = _Parser(read_text(source))
    return Reading(statements=parser.read(), namespaces=parser.namespaces)


class _Parser:
    """One pass over the text."""

    def __init__(self, text: str) -> None:
        self.namespaces: dict[str, dict[str, str]] = {}
        self._text = text
        self._position = 0
        self._scope: dict[str, str] = dict(_KNOWN)
        self._bundle = ""
        self._line, self._counted = 1, 0
        self._start = 0
        """Where the statement begins that is being read."""

    def read(self) -> Iterator[Statement]:
        """Give the statements, bundle by bundle."""
        if self._word() != "document":
            self._fail(self._start, "a PROV-N document begins with 'document'")
        self.namespaces[""] = self._declarations()
        outer = self._scope = {**_KNOWN, **self.namespaces[""]}
        while (word := self._word()) != "endDocument":
            if word == "endBundle" and self._bundle:
                self._bundle, self._scope = "", outer
            elif word == "bundle" and not self._bundle:
                self._open(outer)
            else:
                yield self._statement(word)
        if self._bundle:
            self._fail(self._start, "'endBundle' is needed before 'endDocument'")
        if (end := self._skipped()) < len(self._text):
            self._fail(end, f"{self._found(end)} stands behind 'endDocument'")

    def _word(self) -> str:
        """Take the first word of what follows; a statement's with its bracket."""
        found = self._take(WORD)
        self._start = found.start("word")
        return found["word"] + found["open"]

    def _declarations(self) -> dict[str, str]:
        """Take the prefixes that are declared here."""
        declared: dict[str, str] = {}
        while DECLARED.match(self._text, self._position):
            found = self._take(DECLARATION)
            start = found.start("iri")
            prefix = found["prefix"] or DEFAULT
            if found["prefix"] in declared:
                self._fail(start, f"the prefix {shown(prefix)!r} is declared twice")
            uri = self._plain(found["iri"], start)
            if uri.removesuffix("#") != _RESERVED.get(prefix, uri.removesuffix("#")):
                self._fail(start, f"the prefix {shown(prefix)!r} always means {_KNOWN[prefix]}")
            declared[prefix] = _KNOWN[prefix] if prefix in _RESERVED else uri
        return declared

    def _open(self, outer: dict[str, str]) -> None:
        """Begin a bundle; its name may have a prefix that it declares itself."""
        found = self._take(BUNDLE)
        own = self._declarations()
        self._scope = {**outer, **own}
        self._bundle = self._expand(_parts(found, "name"), found.start())
        if self._bundle in self.namespaces:
            self._fail(self._start, f"the bundle {shown(self._bundle)!r} stands there twice")
        self.namespaces[self._bundle] = own

    def _statement(self, word: str) -> Statement:
        kind = _KEYWORDS.get(word.removesuffix("("))
        if kind is None or not word.endswith("("):
            self._fail(self._start, _why_not(word))
        place = self._place_of_start(kind)
        record_id, found, attributes = self._parts(kind)
        if len(found) not in _COUNTS[kind]:
            right = " or ".join(str(count) for count in sorted(_COUNTS[kind]))
            self._fail(self._start, f"{kind} has {right} arguments behind its id, not {len(found)}")
        arguments: dict[str, str] = {}
        for formal, one in zip(ARGUMENTS[kind], found, strict=False):
            value = self._argument(formal, one)
            if value:
                arguments[formal.name] = value
        if attributes and not _FORMALS[kind].keys().isdisjoint(one.key for one in attributes):
            attributes = self._sorted_out(kind, arguments, attributes)
        return Statement(kind, record_id, arguments, tuple(attributes), self._bundle, place)

    def _parts(self, kind: str) -> tuple[str, list[re.Match[str]], list[Attribute]]:
        """Take what stands between the brackets: the id, the other arguments, the attributes."""
        found: list[re.Match[str]] = []
        attributes: list[Attribute] = []
        named: re.Match[str] | None = None
        end = ","
        while end != ")":
            one = self._take(ARGUMENT)
            end = one["end"] or ")"
            if one["open"]:
                attributes = self._attributes()
                self._take(CLOSE)
            elif end == ";":
                if named is not None or found or kind in ELEMENTS:
                    self._fail(one.end() - 1, "';' stands only behind the id of a relation")
                named = one
            elif kind in ELEMENTS and named is None:
                named = one
            else:
                found.append(one)
        record_id = "" if named is None else self._name(named)
        if not record_id and kind in ELEMENTS:
            self._fail(self._start, f"{kind} needs an id")
        return record_id, found, attributes

    def _argument(self, formal: Argument, found: re.Match[str]) -> str:
        """Give an argument, "" for a missing one."""
        time = found["time"]
        if formal.sort is not Sort.TIME:
            return self._name(found)
        if time is None:
            if self._name(found):
                self._fail(self._at(found), f"{formal.name} is a time: a date with 'T', hours, minutes, seconds")
            return ""
        if instant_of(time) is None:
            self._fail(self._at(found), f"{shown(time)!r} is no xsd:dateTime that can be kept")
        return time

    def _name(self, found: re.Match[str]) -> str:
        """Give the URI of an argument, "" for a missing one."""
        if found["time"] is not None:
            self._fail(self._at(found), f"a name is needed here, not the time {found['time']}")
        name = _parts(found, "name")
        return "" if name == (None, None, None) else self._expand(name, self._at(found))

    def _attributes(self) -> list[Attribute]:
        """Take the attributes behind their opening bracket, and the closing one."""
        empty = EMPTY.match(self._text, self._position)
        if empty is not None:
            self._position = empty.end()
            return []
        attributes: list[Attribute] = []
        end = ","
        while end == ",":
            found = self._take(ATTRIBUTE)
            attributes.append(self._attribute(found))
            end = found["end"]
        return attributes

    def _attribute(self, found: re.Match[str]) -> Attribute:
        start = self._at(found)
        key = self._expand(_parts(found, "key"), start)
        whole = found["whole"]
        if whole is not None:
            return Attribute(key, whole, type_of_whole(whole))
        raw = found["short"] if found["long"] is None else found["long"]
        if raw is None:
            return self._naming(key, _parts(found, "quoted"))
        text = self._plain(raw, start)
        datatype = _parts(found, "type")
        if datatype == (None, None, None):
            return Attribute(key, text, None, found["lang"])
        uri = self._expand(datatype, start)
        return self._naming(key, _in_text(text)) if uri in _NAMES else Attribute(key, text, uri)

    def _naming(self, key: str, name: _Name) -> Attribute:
        """Give an attribute whose value is a name; one that nobody can resolve stays as it is written."""
        uri = self._resolve(name)
        return Attribute(key, _spelled(name), _NAME) if uri is None else Attribute(key, uri, QNAME)

    def _sorted_out(self, kind: str, arguments: dict[str, str], attributes: list[Attribute]) -> list[Attribute]:
        """Take those attributes as arguments that have their names."""
        others: list[Attribute] = []
        for one in attributes:
            formal = _FORMALS[kind].get(one.key)
            if formal is None:
                others.append(one)
                continue
            fits = one.type == QNAME if formal.sort is not Sort.TIME else instant_of(one.lexical) is not None
            if not fits or arguments.setdefault(formal.name, one.lexical) != one.lexical:
                self._fail(self._start, f"the attribute {formal.name} contradicts the argument of this name")
        return others

    def _expand(self, name: _Name, start: int) -> str:
        uri = self._resolve(name)
        if uri is None:
            missing = "a default namespace" if name[0] is None else f"the prefix {shown(name[0])!r}"
            self._fail(start, f"{shown(_spelled(name))!r} needs {missing} to be declared")
        return uri

    def _resolve(self, name: _Name) -> str | None:
        """Give the URI of a name, None where its prefix is declared nowhere."""
        prefix, local, bare = name
        namespace = self._scope.get(DEFAULT if prefix is None else prefix)
        return None if namespace is None else namespace + _plainly((bare if prefix is None else local) or "")

    def _plain(self, raw: str, start: int) -> str:
        """Give a text without its escapes."""
        try:
            text = unescaped(raw)
        except ValueError as error:
            self._fail(start, f"the escape {shown(str(error))!r} means nothing here")
        if "\0" in text:
            self._fail(start, "a text with the character 0 can't be kept")
        return text

    def _take(self, pattern: Pattern) -> re.Match[str]:
        found = pattern.match(self._text, self._position)
        if found is None:
            position, what = pattern.stop(self._text, self._position)
            self._fail(position, f"{what} is needed instead of {self._found(position)}")
        self._position = found.end()
        return found

    def _at(self, found: re.Match[str]) -> int:
        """Tell where something begins behind its space."""
        return self._skipped(found.start())

    def _skipped(self, position: int | None = None) -> int:
        start = self._position if position is None else position
        space = skip(self._text, start)
        return start if space is None else space.end()

    def _found(self, position: int) -> str:
        found = _FOUND.match(self._text, position)
        if found is None:
            return "the end of the document"
        return "a comment without end" if found[0] == "/*" else repr(shown(found[0]))

    def _place_of_start(self, kind: str) -> str:
        self._line += self._text.count("\n", self._counted, self._start)
        self._counted = self._start
        return f"line {self._line}, {kind}"

    def _fail(self, position: int, problem: str) -> NoReturn:
        breaks = [found.end() for found in _BREAK.finditer(self._text, 0, position)]
        column = position - (breaks[-1] if breaks else 0) + 1
        raise Malformed(problem, place=f"line {len(breaks) + 1}, column {column}")


def _parts(found: re.Match[str], group: str) -> _Name:
    return found[f"{group}_prefix"], found[f"{group}_local"], found[f"{group}_bare"]


def _in_text(text: str) -> _Name:
    """Find the parts of a name that is written as a text."""
    prefix, colon, local = text.partition(":")
    return (prefix, local, None) if colon else (None, None, text)


def _plainly(local: str) -> str:
    return _HIDDEN.sub(r"\1", local) if "\\" in local else local


def _spelled(name: _Name) -> str:
    prefix, local, bare = name
    return _plainly(bare or "") if prefix is None else f"{prefix}:{_plainly(local or '')}"


def _why_not(word: str) -> str:
    if word in _PLACED:
        return f"{word!r} stands at the wrong place"
    name = shown(word.removesuffix("("))
    if "ictionary" in name or "ByInsertion" in name or "ByRemoval" in name:
        return f"PROV-Dictionary is not supported ({name})"
    if word.removesuffix("(") in _KEYWORDS:
        return f"'(' is needed behind {name}"
    return f"{name!r} begins no statement of PROV-N"

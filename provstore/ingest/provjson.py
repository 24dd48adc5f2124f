"""PROV-JSON (W3C member submission 2013), read strictly and as a stream: a document may be larger than the memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Any, BinaryIO, Final

from provstore.errors import Malformed
from provstore.graph.statements import ARGUMENTS, BLANK, ELEMENTS, Statement
from provstore.ingest.json_stream import JsonStream
from provstore.ingest.prefixes import Names, WrongError, check_namespace, is_uri
from provstore.ingest.problems import Problem, shown
from provstore.ingest.provjson_records import MOST_VALUES, STRAYS, Draft, RecordForm, SectionRule, told
from provstore.ingest.provjson_scan import prefix_objects, referred_keys
from provstore.ingest.reading import Reading

__all__ = ["SectionRule", "read"]

_RULES: Final = {**{kind: SectionRule(kind) for kind in ARGUMENTS}, "wasEndedby": SectionRule("wasEndedBy")}
"""Section -> how it is read; the last as the schema of the submission spells it."""
_DICTIONARY: Final = frozenset({"hadDictionaryMember", "derivedByInsertionFrom", "derivedByRemovalFrom"})
_RECORD_NEEDED: Final = "an object, or a list of objects, is needed"
_MOST_REMARKS: Final = 100
_SHORT: Final = 80


def read(source: BinaryIO, *, unqualified: str, sections: Mapping[str, SectionRule] = MappingProxyType({})) -> Reading:
    """Begin to read a document, as `ingest.reading.Reader` says.

    Args:
        source: Seekable; must stay open while statements are taken.
        unqualified: The namespace of names without prefix where the document declares no default.
        sections: How further sections are read, by name.

    Raises:
        Malformed: it is no object of JSON.
    """
    source.seek(0)
    stream = JsonStream(source)
    if stream.peek() != "{":
        raise Malformed("PROV-JSON is one object, which begins with {", place=stream.place())
    reader = _Strict(source, unqualified=unqualified, sections=sections)
    return Reading(statements=reader.statements(), namespaces=reader.namespaces, remarks=reader.remarks)


class _Scope:
    """A document, or a bundle in it, while it is read: its URI, where it stands, and the prefixes that hold in it."""

    def __init__(self, names: Names, *, bundle: str, place: str) -> None:
        self.names = names
        self.bundle = bundle
        self.place = place


class _Strict:
    """One pass over a document."""

    def __init__(self, source: BinaryIO, *, unqualified: str, sections: Mapping[str, SectionRule]) -> None:
        self.namespaces: dict[str, Mapping[str, str]] = {}
        self.remarks: list[Problem] = []
        self._source = source
        self._unqualified = unqualified
        self._rules = {**_RULES, **sections}
        self._scanned: list[Any] | None = None
        self._is_referred: Callable[[str], bool] = frozenset[str]().__contains__
        self._containers = 0

    def statements(self) -> Iterator[Statement]:
        """Give what the document says, bundle by bundle."""
        self._is_referred = referred_keys(self._source)
        self._source.seek(0)
        self._stream = JsonStream(self._source)
        yield from self._container("", None)
        self._stream.end()

    def _container(self, name: str, outer: _Scope | None) -> Iterator[Statement]:
        place = f"bundle.{_spelled(name)}" if outer else "document"
        if self._stream.peek() != "{":
            raise Malformed("an object of sections is needed", place=place)
        sections = self._stream.names()
        first = next(sections, None)
        taken = first == "prefix" and self._scanned is None
        scope = self._scope(name, outer, self._stream.value() if taken else self._prefix_elsewhere(first))
        self._containers += 1
        met = {"prefix"} if taken else set[str]()
        for section in chain([] if first is None or taken else [first], sections):
            if section in met:
                self._tell_repeated(section, place)
            met.add(section)
            yield from self._section(section, scope)
        if scope.names.bare:
            text = f"no default namespace is declared for names without prefix, such as {shown(scope.names.bare)!r}"
            self._remark(place, text)

    def _prefix_elsewhere(self, first: str | None) -> Any:
        """Find the prefixes of the container that begins here, where they are not its first section."""
        if first is None:
            return None
        if self._scanned is None:
            position = self._source.tell()
            self._scanned = prefix_objects(self._source)
            self._source.seek(position)
        return self._scanned[self._containers]

    def _scope(self, name: str, outer: _Scope | None, prefixes: Any) -> _Scope:
        place = f"bundle.{_spelled(name)}." if outer else ""
        declared = {} if prefixes is None else self._declared(prefixes, f"{place}prefix")
        names = outer.names.inner(declared) if outer else Names(declared, unqualified=self._unqualified)
        for prefix, uri in names.reserved.items():
            self._remark(f"{place}prefix.{prefix}", f"{shown(uri)!r} was not taken: this prefix has one meaning only")
        try:
            bundle = names.expand(name) if outer else ""
        except WrongError as error:
            raise Malformed(f"its name {error}", place=place.removesuffix(".")) from None
        if bundle in self.namespaces:
            raise Malformed("this bundle stands there twice", place=place.removesuffix("."))
        self.namespaces[bundle] = declared
        return _Scope(names, bundle=bundle, place=place)

    def _declared(self, given: Any, place: str) -> dict[str, str]:
        if type(given) is not tuple:
            raise Malformed(f"{told(given)} stands there; an object of prefixes and namespaces is needed", place=place)
        found: dict[str, str] = {}
        for prefix, uri in given:
            where = f"{place}.{_spelled(prefix)}"
            try:
                namespace = check_namespace(uri)
            except WrongError as error:
                raise Malformed(str(error), place=where) from None
            if found.setdefault(prefix, namespace) != namespace:
                raise Malformed("this prefix stands there twice, with two namespaces", place=where)
            if not is_uri(namespace):
                self._remark(where, f"{shown(namespace)!r} is no absolute URI; it was taken as it is")
        return found

    def _section(self, section: str, scope: _Scope) -> Iterator[Statement]:
        rule = self._rules.get(section)
        place = scope.place + _spelled(section)
        if section == "prefix":
            self._stream.value()
        elif section == "bundle" and not scope.bundle:
            self._check_object(place)
            for name in self._stream.names():
                yield from self._container(name, scope)
        elif rule is None:
            raise Malformed(_unknown(section), place=place)
        else:
            self._check_object(place)
            yield from self._records(rule, scope, place)

    def _check_object(self, place: str) -> None:
        if self._stream.peek() != "{":
            raise Malformed(f"{told(self._stream.value())} stands there; an object is needed", place=place)

    def _records(self, rule: SectionRule, scope: _Scope, section: str) -> Iterator[Statement]:
        form = RecordForm(rule, scope.names, STRAYS)
        for name, content in self._stream.members():
            place = f"{section}.{_spelled(name)}"
            if type(content) is tuple:
                yield from self._record(form, scope, name, content, place)
            elif type(content) is list:
                for number, facts in enumerate(content, start=1):
                    yield from self._record(form, scope, name, facts, f"{place}[{number}]")
            else:
                raise Malformed(f"{told(content)} stands there; {_RECORD_NEEDED}", place=place)

    def _record(self, form: RecordForm, scope: _Scope, name: str, facts: Any, place: str) -> Iterator[Statement]:
        """Give one statement; of a membership of several entities one each."""
        if type(facts) is not tuple:
            raise Malformed(f"{told(facts)} stands there; {_RECORD_NEEDED}", place=place)
        draft = Draft()
        for key, value in facts:
            try:
                form.take(draft, key, value)
            except WrongError as error:
                if value is not None:
                    raise Malformed(f"{_spelled(key)} {error}", place=place) from None
                self._remark(place, f"{_spelled(key)} is null: nothing was taken of it")
            if len(draft.attributes) > MOST_VALUES:
                raise Malformed(f"more than {MOST_VALUES} attributes can't be kept in one record", place=place)
        record_id = self._id(form, scope, name, place)
        attributes = (*form.types, *draft.attributes)
        for arguments in draft.versions():
            yield Statement(form.kind, record_id, arguments, attributes, scope.bundle, place)

    def _id(self, form: RecordForm, scope: _Scope, name: str, place: str) -> str:
        """Give the full URI of a record; none for a relation with a blank name that no other record refers to."""
        try:
            if form.kind in ELEMENTS:
                return scope.names.expand(name)
            found = scope.names.relation(name) if name else ""
        except WrongError as error:
            raise Malformed(f"its name {error}", place=place) from None
        return "" if found.startswith(BLANK) and not self._is_referred(found) else found

    def _tell_repeated(self, section: str, place: str) -> None:
        if section == "prefix":
            raise Malformed("prefix stands there twice", place=place)
        self._remark(place, f"{shown(section)!r} stands there twice; both were read")

    def _remark(self, place: str, text: str) -> None:
        if len(self.remarks) < _MOST_REMARKS:
            self.remarks.append(Problem(place, text))


def _spelled(name: str) -> str:
    """Show a name in a message or a place; what is harmless quickly, since every record has one."""
    if name.isprintable() and len(name) < _SHORT:
        return name or '""'
    return shown(name)


def _unknown(section: str) -> str:
    if section in _DICTIONARY:
        return "PROV-Dictionary is not supported, and nothing of a document is left out"
    if section == "bundle":
        return "a bundle holds no bundles"
    return f"there is no such section; there are prefix, bundle, {', '.join(ARGUMENTS)}"

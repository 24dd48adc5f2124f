"""PROV-JSON read leniently: what is wrong is told with its place, the rest is taken. For small documents."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from provstore.errors import Invalid, TooLarge
from provstore.graph.statements import ARGUMENTS, Statement
from provstore.ingest.json_stream import DECODER, cleaned
from provstore.ingest.prefixes import Prefixes, WrongError, is_uri
from provstore.ingest.problems import Problem, ReadDocument, shown
from provstore.ingest.provjson_records import Draft, RecordForm, SectionRule, told

__all__ = ["MOST_BYTES", "MOST_RECORDS", "read_provjson"]

MOST_BYTES: Final = 4 << 20
MOST_RECORDS: Final = 10_000

_SPELLINGS: Final = {"wasEndedby": "wasEndedBy"}
"""As the schema of the submission has it."""


def read_provjson(
    data: bytes,
    *,
    unqualified: str,
    known: Mapping[str, str] | None = None,
    most: int = MOST_RECORDS,
) -> ReadDocument:
    """Read a document of PROV-JSON.

    Args:
        data: Its bytes.
        unqualified: The namespace of names without prefix, where the document declares no default.
        known: Prefixes that need no declaration; the document's own come first.
        most: At most so many records are taken.

    Raises:
        TooLarge: more than `MOST_BYTES`.
        Invalid: it is no JSON, or no object.
    """
    if len(data) > MOST_BYTES:
        raise TooLarge(f"{len(data)} bytes; at most {MOST_BYTES} are read")
    problems: list[Problem] = []
    document = _members(_parse(data), problems, "document")
    declared = {**(known or {}), **_declared(document.get("prefix", ()), problems, "prefix")}
    prefixes = Prefixes(declared, unqualified=unqualified)
    reader = _Reader(prefixes, problems, most)
    reader.read(document, "", "")
    return reader.document()


def _parse(data: bytes) -> tuple[Any, ...]:
    try:
        found = cleaned(DECODER.decode(data.decode(json.detect_encoding(data), "surrogatepass")))
    except (ValueError, RecursionError) as error:
        raise Invalid(f"no JSON: {error}") from error
    if not isinstance(found, tuple):
        raise Invalid("an object is needed")
    return found


def _members(content: object, problems: list[Problem], place: str) -> dict[str, Any]:
    """Give the members of an object; what stands there twice is told."""
    if not isinstance(content, tuple):
        problems.append(Problem(place, "an object is needed"))
        return {}
    found = dict(content)
    if len(found) < len(content):
        counted = Counter(name for name, _ in content)
        repeated = [repr(shown(name)) for name, count in counted.items() if count > 1]
        text = f"{', '.join(repeated[:5])} stands there twice; only the last was read"
        problems.append(Problem(place, text))
    return found


def _declared(given: object, problems: list[Problem], place: str) -> dict[str, str]:
    if not isinstance(given, tuple):
        problems.append(Problem(place, "an object of prefixes and namespaces is needed"))
        return {}
    found: dict[str, str] = {}
    for prefix, uri in given:
        if isinstance(uri, str) and is_uri(uri):
            found[prefix] = uri
        else:
            problems.append(Problem(f"{place}.{shown(prefix)}", f"{told(uri)} is no absolute URI"))
    return found


class _Reader:
    """One pass over the sections of a document and its bundles."""

    def __init__(self, prefixes: Prefixes, problems: list[Problem], most: int) -> None:
        self._outer = self._prefixes = prefixes
        self._problems = problems
        self._most = most
        self._count = self._left = 0
        self._statements: list[Statement] = []

    def read(self, document: Mapping[str, Any], bundle: str, place: str) -> None:
        """Read what a document, or a bundle, says."""
        for name, content in document.items():
            kind = _SPELLINGS.get(name, name)
            where = f"{place}{shown(name)}"
            if name == "prefix":
                continue
            if name == "bundle" and not bundle:
                self._bundles(_members(content, self._problems, where))
            elif kind in ARGUMENTS:
                self._section(kind, _members(content, self._problems, where), bundle, where)
            else:
                self._problems.append(Problem(where, "this section is not read"))

    def document(self) -> ReadDocument:
        """Give what was read."""
        problems = list(self._problems)
        if self._left:
            problems.append(Problem("document", f"only the first {self._most} records were read"))
        for prefix, name in self._outer.undeclared.items():
            problems.append(Problem("prefix", f"{shown(prefix)!r} is declared nowhere (as in {shown(name)!r})"))
        return ReadDocument(
            statements=tuple(self._statements),
            prefixes=self._outer.declared,
            locals=self._outer.locals,
            problems=tuple(problems),
        )

    def _bundles(self, bundles: Mapping[str, Any]) -> None:
        for name, content in bundles.items():
            place = f"bundle.{shown(name)}"
            members = _members(content, self._problems, place)
            declared = _declared(members.get("prefix", ()), self._problems, f"{place}.prefix")
            uri = self._outer.expand(name)
            self._prefixes = self._outer.inner(declared)
            self.read(members, uri, f"{place}.")
            self._prefixes = self._outer

    def _section(self, kind: str, members: Mapping[str, Any], bundle: str, place: str) -> None:
        form = RecordForm(SectionRule(kind), self._prefixes, {})
        for name, content in members.items():
            several = isinstance(content, list)
            for number, facts in enumerate(content if several else [content], start=1):
                if self._count >= self._most:
                    self._left += 1
                    continue
                where = f"{place}.{shown(name)}[{number}]" if several else f"{place}.{shown(name)}"
                if not isinstance(facts, tuple):
                    self._problems.append(Problem(where, "an object, or a list of objects, is needed"))
                    continue
                self._take(self._record(form, name, _members(facts, self._problems, where), bundle, where))

    def _take(self, statements: Iterator[Statement]) -> None:
        room = self._most - self._count
        found = tuple(islice(statements, room + 1))
        self._left += len(found) > room
        self._statements.extend(found[:room])
        self._count += max(1, len(found))

    def _record(
        self, form: RecordForm, name: str, facts: Mapping[str, Any], bundle: str, place: str
    ) -> Iterator[Statement]:
        """Give one statement; of a membership of several entities one each."""
        draft = Draft()
        for key, value in facts.items():
            if not key:
                self._problems.append(Problem(place, "an attribute needs a name"))
                continue
            try:
                form.take(draft, key, value)
            except WrongError as error:
                self._problems.append(Problem(place, f"{shown(key)} {error}"))
        record_id = self._prefixes.expand(name)
        for arguments in draft.versions():
            yield Statement(form.kind, record_id, arguments, tuple(draft.attributes), bundle, place)

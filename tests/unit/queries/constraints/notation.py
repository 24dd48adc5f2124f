"""Statements in a short notation, for tests: ``used(u1; a, e, 10) entity(e)``, much as PROV-N, times as hours."""

from __future__ import annotations

import re
from collections.abc import Iterable

from provstore.graph.model import PROV, QNAME, Attribute
from provstore.graph.statements import ARGUMENTS, BLANK, ELEMENTS, TIMES, Statement
from provstore.queries.constraints.validator import violations
from provstore.queries.constraints.violation import Violation

EX = "http://example.org/"
_RECORD = re.compile(r"(?P<kind>\w+)\((?P<inside>[^)]*)\)(?P<types>(?::\w+)*)")


def uri(name: str) -> str:
    """Give the id that a name stands for."""
    return name if name.startswith(BLANK) else EX + name


def instant(hour: str) -> str:
    """Give the time that a number of hours stands for; anything else stands for itself."""
    return f"2026-01-{1 + int(hour) // 24:02}T{int(hour) % 24:02}:00:00Z" if hour.isdecimal() else hour


def said(text: str, bundle: str = "") -> list[Statement]:
    """Read records; ``:Type`` behind one is its prov:type."""
    return [_record(found, bundle) for found in _RECORD.finditer(text)]


def _record(found: re.Match[str], bundle: str) -> Statement:
    kind, inside = found["kind"], found["inside"]
    own, separator, rest = inside.partition("," if kind in ELEMENTS else ";")
    if not separator and kind not in ELEMENTS:
        own, rest = "", inside
    values = [value.strip() for value in rest.split(",")] if rest else []
    arguments = {
        name: instant(value) if name in TIMES else uri(value)
        for (name, _), value in zip(ARGUMENTS[kind], values, strict=False)
        if value != "-"
    }
    types = tuple(
        Attribute(key=f"{PROV}type", lexical=PROV + name, type=QNAME, lang=None)
        for name in found["types"].split(":")
        if name
    )
    return Statement(kind, uri(own.strip()) if own.strip() else "", arguments, types, bundle)


def found(statements: str | Iterable[Statement]) -> list[Violation]:
    """Give all violations."""
    return list(violations(said(statements) if isinstance(statements, str) else statements))


def rules(statements: str | Iterable[Statement]) -> set[int]:
    """Give the numbers of the rules that are broken."""
    return {one.rule for one in found(statements)}

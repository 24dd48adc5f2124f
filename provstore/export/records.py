"""PROV records: what the graph's statements become, and what all W3C formats are written from."""

from __future__ import annotations

from typing import Final, NamedTuple

from provstore.graph.statements import ARGUMENTS, ELEMENTS, TIMES

__all__ = ["BUNDLE", "ELEMENTS", "FORMALS", "TIMES", "WITHOUT_ATTRIBUTES", "Literal", "Record"]

Literal = tuple[str, str, str | None, str | None]
"""Key, lexical text, datatype, language, as in `graph.model.Attribute`; plain tuples, since exports make millions."""

FORMALS: Final[dict[str, tuple[str, ...]]] = {
    kind: tuple(argument.name for argument in arguments) for kind, arguments in ARGUMENTS.items()
}
"""Formal arguments after the id, in the order of PROV-N (W3C PROV-N 2013, section 3)."""

WITHOUT_ATTRIBUTES: Final = frozenset({"specializationOf", "alternateOf", "hadMember", "mentionOf"})
"""Relations that have neither id nor attributes."""


BUNDLE: Final = "bundle"
"""Kind of a record that only says that a bundle is there, since it may hold nothing."""


class Record(NamedTuple):
    """One PROV statement.

    ``arguments`` are positional, by `FORMALS`: full URIs, or times as xsd:dateTime text. ``attributes`` are in the
    order of PROV-XML (label, location, role, type, value, then others by key). ``bundle`` is None at the top level.
    Elements with one id in one bundle follow each other.
    """

    kind: str
    id: str | None
    arguments: tuple[str | None, ...]
    attributes: tuple[Literal, ...] = ()
    bundle: str | None = None

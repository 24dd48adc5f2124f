"""PROV records: what the graph's statements become, and what all W3C formats are written from."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["ELEMENTS", "FORMALS", "TIMES", "WITHOUT_ATTRIBUTES", "Literal", "Record"]

Literal = tuple[str, str, str | None, str | None]
"""Key, lexical text, datatype, language, as in `graph.model.Attribute`; plain tuples, since exports make millions."""

FORMALS: Final[dict[str, tuple[str, ...]]] = {
    "entity": (),
    "activity": ("startTime", "endTime"),
    "agent": (),
    "wasGeneratedBy": ("entity", "activity", "time"),
    "used": ("activity", "entity", "time"),
    "wasInformedBy": ("informed", "informant"),
    "wasStartedBy": ("activity", "trigger", "starter", "time"),
    "wasEndedBy": ("activity", "trigger", "ender", "time"),
    "wasInvalidatedBy": ("entity", "activity", "time"),
    "wasDerivedFrom": ("generatedEntity", "usedEntity", "activity", "generation", "usage"),
    "wasAttributedTo": ("entity", "agent"),
    "wasAssociatedWith": ("activity", "agent", "plan"),
    "actedOnBehalfOf": ("delegate", "responsible", "activity"),
    "wasInfluencedBy": ("influencee", "influencer"),
    "specializationOf": ("specificEntity", "generalEntity"),
    "alternateOf": ("alternate1", "alternate2"),
    "hadMember": ("collection", "entity"),
    "mentionOf": ("specificEntity", "generalEntity", "bundle"),
}
"""Formal arguments after the id, in the order of PROV-N (W3C PROV-N 2013, section 3)."""

ELEMENTS: Final = frozenset({"entity", "activity", "agent"})
TIMES: Final = frozenset({"startTime", "endTime", "time"})
WITHOUT_ATTRIBUTES: Final = frozenset({"specializationOf", "alternateOf", "hadMember", "mentionOf"})
"""Relations that have neither id nor attributes."""


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

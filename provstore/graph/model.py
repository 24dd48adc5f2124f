"""Nodes, relations and their names: the words in which the whole program speaks of provenance.

IVOA Provenance Data Model 1.0, a specialisation of W3C PROV, as a property graph.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, NewType, Protocol

from provstore.errors import Invalid

__all__ = [
    "EVERYBODY",
    "NOTHING",
    "PROV",
    "PROVSTORE",
    "PUBLIC",
    "QNAME",
    "TIME_SUFFIX",
    "VOPROV",
    "XSD",
    "Attribute",
    "Graph",
    "Kind",
    "Label",
    "Node",
    "NodeId",
    "Reached",
    "Relation",
    "Subgraph",
    "Value",
    "Viewer",
    "check_properties",
    "format_instant",
    "new_local",
    "now",
    "parse_instant",
    "stable_local",
]

NodeId = NewType("NodeId", str)
"""A full URI: namespace + local part."""

_VALUE_TYPES = (str, int, float, bool, datetime)
Value = str | int | float | bool | datetime
"""What a property may hold. A property is a time if, and only if, its name ends in ``_at``."""

TIME_SUFFIX: Final = "_at"
NOTHING: Final[Mapping[str, Value]] = MappingProxyType({})
PROVSTORE: Final = "urn:provstore:terms#"
"""Namespace of our own attributes."""
VOPROV: Final = "http://www.ivoa.net/documents/ProvenanceDM/index.html#"
PROV: Final = "http://www.w3.org/ns/prov#"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"
QNAME: Final = f"{XSD}QName"
"""The type of an attribute's value that is a name; the value is its full URI."""
PUBLIC: Final = "public"
"""The reader that stands for everybody."""


class Label(StrEnum):
    """Classes of nodes. A job is Activity and Job; a dataset is Entity and Dataset.

    Namespace and Term are the words that documents use: prefixes, and keys of attributes.
    """

    ACTIVITY = "Activity"
    JOB = "Job"
    ENTITY = "Entity"
    DATASET = "Dataset"
    VALUE = "Value"
    COLLECTION = "Collection"
    AGENT = "Agent"
    PARAMETER = "Parameter"
    CONFIG_FILE = "ConfigFile"
    ACTIVITY_DESCRIPTION = "ActivityDescription"
    USAGE_DESCRIPTION = "UsageDescription"
    GENERATION_DESCRIPTION = "GenerationDescription"
    ENTITY_DESCRIPTION = "EntityDescription"
    PARAMETER_DESCRIPTION = "ParameterDescription"
    CONFIG_FILE_DESCRIPTION = "ConfigFileDescription"
    BUNDLE = "Bundle"
    NAMESPACE = "Namespace"
    TERM = "Term"
    VOID = "Void"


class Kind(StrEnum):
    """Kinds of relations, from effect to cause as in PROV.

    ASSERTS leads from a bundle to what it speaks of, ARGUMENT from the effect of a relation of three to the third
    (the starter of a start); see `provstore.graph.documents`.
    """

    USED = "USED"
    WAS_GENERATED_BY = "WAS_GENERATED_BY"
    WAS_ASSOCIATED_WITH = "WAS_ASSOCIATED_WITH"
    WAS_ATTRIBUTED_TO = "WAS_ATTRIBUTED_TO"
    WAS_DERIVED_FROM = "WAS_DERIVED_FROM"
    WAS_INFORMED_BY = "WAS_INFORMED_BY"
    WAS_CONFIGURED_BY = "WAS_CONFIGURED_BY"
    HAD_MEMBER = "HAD_MEMBER"
    HAD_REFERENCE = "HAD_REFERENCE"
    IS_DESCRIBED_BY = "IS_DESCRIBED_BY"
    IS_RELATED_TO = "IS_RELATED_TO"
    WAS_INVALIDATED_BY = "WAS_INVALIDATED_BY"
    ALTERNATE_OF = "ALTERNATE_OF"
    SAME_CONTENT = "SAME_CONTENT"
    ACTED_ON_BEHALF_OF = "ACTED_ON_BEHALF_OF"
    WAS_STARTED_BY = "WAS_STARTED_BY"
    WAS_ENDED_BY = "WAS_ENDED_BY"
    WAS_INFLUENCED_BY = "WAS_INFLUENCED_BY"
    SPECIALIZATION_OF = "SPECIALIZATION_OF"
    MENTION_OF = "MENTION_OF"
    ASSERTS = "ASSERTS"
    ARGUMENT = "ARGUMENT"


class Attribute(NamedTuple):
    """A typed literal, kept exactly as it was written.

    ``key`` and ``type`` are full URIs; ``type`` is None for a plain string; a value that is a QName is stored as its
    full URI with the type xsd:QName.
    """

    key: str
    lexical: str
    type: str | None = None
    lang: str | None = None


class Node(NamedTuple):
    """A node as the store gives it back. A tuple, since exports make hundreds of thousands of them."""

    id: NodeId
    labels: frozenset[Label]
    properties: Mapping[str, Value] = NOTHING
    attributes: tuple[Attribute, ...] = ()
    readers: frozenset[str] = frozenset()


class Relation(NamedTuple):
    """An edge from effect to cause.

    ``key`` is the edge's own identity (unique in the store); ``relation_id`` the id that a document gave it, if any.
    ``arguments`` are the further PROV arguments by their PROV name (plan, starter, generation, usage, activity...),
    full URIs. ``bundle`` is the bundle that says so, None for the store's own word.
    """

    key: str
    kind: Kind
    source: NodeId
    target: NodeId
    role: str | None = None
    time: datetime | None = None
    relation_id: str | None = None
    arguments: Mapping[str, str] = MappingProxyType({})
    attributes: tuple[Attribute, ...] = ()
    bundle: NodeId | None = None


class Reached(NamedTuple):
    """A node of a walk's answer, with its least number of steps from the starts."""

    node: Node
    distance: int


class Graph(Protocol):
    """Anything that can be exported: it may be asked for its parts any number of times."""

    def nodes(self) -> Iterator[Node]:
        """Give each node once."""

    def relations(self) -> Iterator[Relation]:
        """Give each relation once, after its two ends are known to :meth:`nodes`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgraph:
    """A part of the graph in memory: the answer of a walk.

    ``truncated``: there was more than the limit; the nearest part is here. ``restricted``: something the viewer may
    not see was left out or stands here as a stub.
    """

    reached: tuple[Reached, ...]
    edges: tuple[Relation, ...]
    truncated: bool = False
    restricted: bool = False

    def nodes(self) -> Iterator[Node]:
        """Give each node, nearest first."""
        return (one.node for one in self.reached)

    def relations(self) -> Iterator[Relation]:
        """Give each relation."""
        return iter(self.edges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who asks: the reader names he answers to (``public``, ``user:…``, ``role:…``), or everything."""

    readers: frozenset[str] = field(default_factory=lambda: frozenset({PUBLIC}))
    all: bool = False

    def sees(self, readers: frozenset[str]) -> bool:
        """Tell whether a node with these readers may be shown."""
        return self.all or not self.readers.isdisjoint(readers)


EVERYBODY: Final = Viewer(all=True)
"""The viewer of the program itself and of the administrator: sees everything."""


def check_properties(properties: Mapping[str, Value]) -> None:
    """Refuse a property that would not come back as it went in.

    Raises:
        Invalid: a time under a name without ``_at`` (or the other way round), a time without zone, or another type.
    """
    for name, value in properties.items():
        if isinstance(value, datetime) != name.endswith(TIME_SUFFIX):
            raise Invalid(f"property {name}: a time, and only a time, has a name ending in _at", field=name)
        if isinstance(value, datetime) and value.tzinfo is None:
            raise Invalid(f"property {name}: the time {value} has no zone", field=name)
        if not isinstance(value, _VALUE_TYPES):
            raise Invalid(f"property {name}: {type(value).__name__} can't be stored", field=name)
        if isinstance(value, str) and "\x00" in value:
            raise Invalid(f"property {name}: text must not hold NUL characters", field=name)


def now() -> datetime:
    """Give the present instant, aware, UTC."""
    return datetime.now(UTC)


def format_instant(instant: datetime) -> str:
    """Write an instant as ``YYYY-MM-DDThh:mm:ss.ffffffZ`` (UTC, sorts as text)."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """Read what :func:`format_instant` wrote."""
    return datetime.fromisoformat(text)


def new_local(prefix: str) -> str:
    """Mint a local part: the prefix and a UUIDv7 (RFC 9562: sorts by time of birth) in hex. Always an NCName."""
    millis = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    bits = (millis & (1 << 48) - 1) << 80 | 7 << 76 | (random >> 68 & 0xFFF) << 64 | 2 << 62 | random & (1 << 62) - 1
    return f"{prefix}{bits:032x}"


def stable_local(prefix: str, *words: str) -> str:
    """Make the same local part for the same words, in every process: for agents and descriptions."""
    return prefix + uuid.uuid5(uuid.NAMESPACE_URL, "\x1f".join(words)).hex

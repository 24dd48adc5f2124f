"""How provenance documents lie in the graph, and how each comes back as it was.

A document, and each named bundle in it, is a Bundle node of our own namespace. What a bundle says belongs to it:

- Of an element: an ASSERTS relation from the bundle to the node, with the attributes and times as they were written.
  The node itself, of a foreign namespace, has only its id, its classes and its readers.
- Of two things: a relation of its kind, with ``bundle`` set.
- What can't be walked (an end is missing), and what a stranger claims of our own nodes: an ASSERTS relation that keeps
  the whole statement. Nobody alters our record; but an entity of ours may be what a document builds on.

The key of each relation is the bundle's local part and a number, so that the order of the document is kept. Relations
that follow from a statement of three things (the starter of a start, the plan of an association) have the key of that
statement and a word behind it: walks use them, and no document says them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from provstore.graph.model import PROV, VOPROV, Attribute, Kind, Label, Node, NodeId, Relation
from provstore.graph.statements import ARGUMENTS, BLANK, ELEMENTS, Argument, Sort, Statement, instant_of
from provstore.graph.store import Change, Create, Ensure

__all__ = ["KINDS", "VOPROV_NAMESPACES", "Scribe", "local_part", "only_follows", "statement_of"]

VOPROV_NAMESPACES: Final = (
    VOPROV,
    "http://www.ivoa.net/ns/voprov#",
    "http://www.ivoa.net/ns/voprov/",
    "http://www.ivoa.net/documents/ProvenanceDM#",
    "http://www.ivoa.net/documents/dm/provdm/voprov#",
)
"""All that are in use; one in queries, kept as written."""

_BLANK_NODE: Final = "urn:provstore:blank:"
_FOLLOWS: Final = "~"
_KIND, _ID, _ROLE, _TIME = "kind", "id", "role", "time"
_MET_MOST: Final = 200_000
"""So many nodes are remembered, that they need not be ensured again."""
_CONFLICTS_MOST: Final = 1_000

_TYPE: Final = f"{PROV}type"
_CLASSES: Final[Mapping[str, Label]] = {"entity": Label.ENTITY, "activity": Label.ACTIVITY, "agent": Label.AGENT}
_ENDS: Final[Mapping[Sort, frozenset[Label]]] = {
    Sort.ENTITY: frozenset({Label.ENTITY}),
    Sort.MEMBER: frozenset({Label.ENTITY}),
    Sort.ACTIVITY: frozenset({Label.ACTIVITY}),
    Sort.AGENT: frozenset({Label.AGENT}),
    Sort.ANYTHING: frozenset(),
}
_FURTHER_CLASSES: Final[Mapping[str, Label]] = {
    f"{PROV}Collection": Label.COLLECTION,
    f"{PROV}EmptyCollection": Label.COLLECTION,
    **{
        space + name: label
        for space in VOPROV_NAMESPACES
        for name, label in (
            ("Collection", Label.COLLECTION),
            ("DatasetEntity", Label.DATASET),
            ("ValueEntity", Label.VALUE),
        )
    },
}
_OTHER_CLASSES: Final[Mapping[str, Label]] = {
    space + label.value: label
    for space in VOPROV_NAMESPACES
    for label in (
        Label.PARAMETER,
        Label.CONFIG_FILE,
        Label.ACTIVITY_DESCRIPTION,
        Label.USAGE_DESCRIPTION,
        Label.GENERATION_DESCRIPTION,
        Label.ENTITY_DESCRIPTION,
        Label.PARAMETER_DESCRIPTION,
        Label.CONFIG_FILE_DESCRIPTION,
    )
} | {
    space + name: Label.ENTITY_DESCRIPTION
    for space in VOPROV_NAMESPACES
    for name in ("DatasetDescription", "ValueDescription")
}
"""Types of IVOA classes that are written as entities and are none."""
_PREFIXES: Final = {"prov:": PROV, "voprov:": VOPROV}
"""Types are found as plain texts, too."""

KINDS: Final[Mapping[str, Kind]] = {
    "wasGeneratedBy": Kind.WAS_GENERATED_BY,
    "used": Kind.USED,
    "wasInformedBy": Kind.WAS_INFORMED_BY,
    "wasStartedBy": Kind.WAS_STARTED_BY,
    "wasEndedBy": Kind.WAS_ENDED_BY,
    "wasInvalidatedBy": Kind.WAS_INVALIDATED_BY,
    "wasDerivedFrom": Kind.WAS_DERIVED_FROM,
    "wasAttributedTo": Kind.WAS_ATTRIBUTED_TO,
    "wasAssociatedWith": Kind.WAS_ASSOCIATED_WITH,
    "actedOnBehalfOf": Kind.ACTED_ON_BEHALF_OF,
    "wasInfluencedBy": Kind.WAS_INFLUENCED_BY,
    "specializationOf": Kind.SPECIALIZATION_OF,
    "alternateOf": Kind.ALTERNATE_OF,
    "hadMember": Kind.HAD_MEMBER,
    "mentionOf": Kind.MENTION_OF,
}
"""Kind of statement -> the relation that it is in the graph."""
_INFLUENCES: Final[Mapping[str, Kind]] = {
    space + name: kind
    for space in VOPROV_NAMESPACES
    for name, kind in (
        ("ConfigurationRelation", Kind.WAS_CONFIGURED_BY),
        ("DescriptionRelation", Kind.IS_DESCRIBED_BY),
        ("RelatedToRelation", Kind.IS_RELATED_TO),
        ("HadReference", Kind.HAD_REFERENCE),
    )
}
"""Types of wasInfluencedBy that stand for relations of IVOA."""
_STATED: Final = {kind: name for name, kind in KINDS.items()} | dict.fromkeys(_INFLUENCES.values(), "wasInfluencedBy")
_BUILDS_ON: Final = frozenset(
    {Kind.USED, Kind.WAS_DERIVED_FROM, Kind.HAD_MEMBER, Kind.SPECIALIZATION_OF, Kind.WAS_INFLUENCED_BY}
)
"""What a document may say with an entity of ours as the target: it builds on it, and does not speak of it."""
_THIRDS: Final[Mapping[tuple[str, str], Kind]] = {
    ("wasStartedBy", "starter"): Kind.ARGUMENT,
    ("wasEndedBy", "ender"): Kind.ARGUMENT,
    ("wasDerivedFrom", "activity"): Kind.ARGUMENT,
    ("wasAssociatedWith", "plan"): Kind.IS_DESCRIBED_BY,
}
"""Further arguments that are nodes to which walks lead."""
_SETUP: Final = {Attribute(f"{space}usageType", "Setup") for space in VOPROV_NAMESPACES}
"""Marks the use of a parameter, as it is said where nothing but W3C PROV is understood."""


class Scribe:
    """Turns the statements of one document into changes of the graph.

    Args:
        namespace: The store's own.
        bundles: Bundle as the statements name it ("" for the document) -> its node.
        readers: Who may see what the document says.
        known: Gives the labels of a node of our own that exists and that the author may see, None for any other.
    """

    def __init__(
        self,
        namespace: str,
        *,
        bundles: Mapping[str, NodeId],
        readers: frozenset[str],
        known: Callable[[NodeId], frozenset[Label] | None],
    ) -> None:
        self._namespace = namespace
        self._bundles = bundles
        self._readers = readers
        self._known = known
        self._numbers = dict.fromkeys(bundles, 0)
        self._met: dict[str, frozenset[Label]] = {}
        self.nodes = 0
        """Foreign nodes met so far."""
        self.conflicts: list[str] = []
        """Claims about nodes of our own that changed nothing, each as one sentence; the first thousand."""

    def changes(self, statement: Statement) -> Iterator[Change]:
        """Give what one statement adds, nodes first."""
        self._numbers[statement.bundle] += 1
        bundle = self._bundles[statement.bundle]
        key = f"{bundle[len(self._namespace) :]}:{self._numbers[statement.bundle]:09d}"
        if statement.kind in ELEMENTS:
            yield from self._element(statement, bundle, key)
        else:
            yield from self._relation(statement, bundle, key)

    def _element(self, statement: Statement, bundle: NodeId, key: str) -> Iterator[Change]:
        said = {_KIND: statement.kind, **statement.arguments}
        if self._is_own(statement.id):
            self._tell_conflict(statement, statement.id)
            said[_ID] = statement.id
            node = bundle
        else:
            node = self._node(statement.id, bundle)
            yield from self._declare(node, _labels(statement))
        yield Create(
            Relation(key, Kind.ASSERTS, bundle, node, arguments=said, attributes=statement.attributes, bundle=bundle)
        )

    def _relation(self, statement: Statement, bundle: NodeId, key: str) -> Iterator[Change]:
        formals = ARGUMENTS[statement.kind]
        kind = _kind(statement)
        ends: list[NodeId | None] = []
        for position, end in enumerate(formals[:2]):
            ends.append(self._end(statement, end, bundle, builds=position == 1 and kind in _BUILDS_ON))
        for node, end in zip(ends, formals, strict=False):
            if node is not None:
                yield from self._mention(node, end.sort)
        source, target = ends
        if source is None or target is None:
            yield Create(_kept(statement, bundle, key, about=self._about(ends) or bundle))
        else:
            yield Create(_edge(statement, kind, (source, target), bundle, key))
        if source is not None:
            yield from self._thirds(statement, source, bundle, key)

    def _end(self, statement: Statement, end: Argument, bundle: NodeId, *, builds: bool) -> NodeId | None:
        """Give an end that a relation may touch; None where it is missing or ours and not for strangers."""
        given = statement.arguments.get(end.name)
        if given is None:
            return None
        if not self._is_own(given):
            return self._node(given, bundle)
        labels = self._known(NodeId(given)) if builds else None
        if labels is not None and (Label.ENTITY in labels or end.sort is Sort.ANYTHING):
            return NodeId(given)
        self._tell_conflict(statement, given)
        return None

    def _about(self, ends: Iterable[NodeId | None]) -> NodeId | None:
        return next((one for one in ends if one is not None and not one.startswith(self._namespace)), None)

    def _thirds(self, statement: Statement, source: NodeId, bundle: NodeId, key: str) -> Iterator[Change]:
        """Give the relations that follow from further arguments."""
        for argument in ARGUMENTS[statement.kind][2:]:
            kind = _THIRDS.get((statement.kind, argument.name))
            given = statement.arguments.get(argument.name)
            if kind is None or given is None or self._is_own(given):
                continue
            node = self._node(given, bundle)
            yield from self._mention(node, argument.sort)
            yield Create(
                Relation(f"{key}{_FOLLOWS}{argument.name}", kind, source, node, role=argument.name, bundle=bundle)
            )

    def _declare(self, node: NodeId, labels: frozenset[Label]) -> Iterator[Change]:
        """Have a node with the classes that a statement gives it, unless it has them already."""
        known = self._met.get(node)
        if known is None:
            self._meet(node, labels)
        elif labels <= known:
            return
        else:
            self._met[node] = known | labels
        yield Ensure(Node(node, labels, {"local": local_part(node)}, readers=self._readers))

    def _mention(self, node: NodeId, sort: Sort) -> Iterator[Change]:
        """Have a node of which only its place in a relation is known, with the class that this place implies."""
        if node not in self._met and not self._is_own(node):
            self._meet(node, _ENDS[sort])
            yield Ensure(Node(node, _ENDS[sort], {"local": local_part(node)}, readers=self._readers))

    def _meet(self, node: NodeId, labels: frozenset[Label]) -> None:
        self.nodes += 1
        if len(self._met) >= _MET_MOST:
            self._met.clear()
        self._met[node] = labels

    def _node(self, name: str, bundle: NodeId) -> NodeId:
        if not name.startswith(BLANK):
            return NodeId(name)
        local = bundle[len(self._namespace) :].partition(".")[0]
        return NodeId(f"{_BLANK_NODE}{local}:{name.removeprefix(BLANK)}")

    def _is_own(self, name: str) -> bool:
        return name.startswith(self._namespace)

    def _tell_conflict(self, statement: Statement, own: str) -> None:
        if len(self.conflicts) >= _CONFLICTS_MOST:
            return
        what = statement.place or statement.kind
        self.conflicts.append(f"{what}: {own} is this store's own: what is claimed of it was kept and changed nothing")


def statement_of(relation: Relation, *, bundle: str) -> Statement | None:
    """Give the statement that a relation of a bundle was made of; None for one that only follows from another.

    Args:
        relation: With a bundle, as `GraphStore.told` gives it.
        bundle: How the document names that bundle, "" for itself.
    """
    if only_follows(relation):
        return None
    arguments = {name: value for name, value in relation.arguments.items() if name not in (_KIND, _ID)}
    if relation.kind is Kind.ASSERTS:
        kind = relation.arguments[_KIND]
        name = (relation.arguments.get(_ID) or relation.target) if kind in ELEMENTS else relation.relation_id or ""
    else:
        kind, name = _stated(relation), relation.relation_id or ""
        first, second = ARGUMENTS[kind][:2]
        arguments = {first.name: _named(relation.source), second.name: _named(relation.target), **arguments}
    return Statement(kind, _named(name), arguments, relation.attributes, bundle)


def only_follows(relation: Relation) -> bool:
    """Tell whether a relation is no statement itself, and only follows from one of three things."""
    return _FOLLOWS in relation.key


def local_part(uri: str) -> str:
    """Give the last part of a URI, by which people know it; never empty."""
    return _END.split(uri.rstrip("#/:="))[-1] or uri


_END: Final = re.compile("[#/:=]")


def _stated(relation: Relation) -> str:
    if relation.kind is Kind.WAS_CONFIGURED_BY and not _SETUP.isdisjoint(relation.attributes):
        return "used"
    return _STATED[relation.kind]


def _named(node: str) -> str:
    """Give a blank node its name back."""
    return BLANK + node.rpartition(":")[2] if node.startswith(_BLANK_NODE) else node


def _kind(statement: Statement) -> Kind:
    kind = KINDS[statement.kind]
    if kind is Kind.WAS_INFLUENCED_BY:
        return next((_INFLUENCES[one] for one in _types(statement) if one in _INFLUENCES), kind)
    if kind is Kind.USED and not _SETUP.isdisjoint(statement.attributes):
        return Kind.WAS_CONFIGURED_BY
    return kind


def _labels(statement: Statement) -> frozenset[Label]:
    types = [*_types(statement)] if statement.kind == "entity" and statement.attributes else []
    labels = {_OTHER_CLASSES[one] for one in types if one in _OTHER_CLASSES} or {_CLASSES[statement.kind]}
    return frozenset(labels.union(_FURTHER_CLASSES[one] for one in types if one in _FURTHER_CLASSES))


_TYPE_KEYS: Final = frozenset({_TYPE, *(f"{space}votype" for space in VOPROV_NAMESPACES)})


def _types(statement: Statement) -> Iterator[str]:
    """Give the types of a statement as URIs."""
    for key, lexical, _, _ in statement.attributes:
        if key in _TYPE_KEYS:
            prefix, colon, local = lexical.partition(":")
            yield _PREFIXES[prefix + colon] + local if prefix + colon in _PREFIXES else lexical


def _edge(statement: Statement, kind: Kind, ends: tuple[NodeId, NodeId], bundle: NodeId, key: str) -> Relation:
    first, second = ARGUMENTS[statement.kind][:2]
    further = {name: value for name, value in statement.arguments.items() if name not in (first.name, second.name)}
    return Relation(
        key,
        kind,
        *ends,
        role=_role(statement),
        time=_time(statement),
        relation_id=statement.id or None,
        arguments=further,
        attributes=statement.attributes,
        bundle=bundle,
    )


def _kept(statement: Statement, bundle: NodeId, key: str, *, about: NodeId) -> Relation:
    return Relation(
        key,
        Kind.ASSERTS,
        bundle,
        about,
        role=_role(statement),
        time=_time(statement),
        relation_id=statement.id or None,
        arguments={_KIND: statement.kind, **statement.arguments},
        attributes=statement.attributes,
        bundle=bundle,
    )


def _role(statement: Statement) -> str | None:
    return next((one.lexical for one in statement.attributes if one.key in _ROLE_KEYS), None)


_ROLE_KEYS: Final = frozenset({f"{PROV}role", *(f"{space}role" for space in VOPROV_NAMESPACES)})


def _time(statement: Statement) -> datetime | None:
    given = statement.arguments.get(_TIME)
    return None if given is None else instant_of(given)

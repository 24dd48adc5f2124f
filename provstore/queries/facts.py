"""What is known of some nodes and of what stands next to them, asked of the store for all of them together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final, NamedTuple

from provstore.graph.documents import VOPROV_NAMESPACES
from provstore.graph.literals import typed
from provstore.graph.model import PROV, XSD, Attribute, Kind, Label, Node, NodeId, Relation, Value, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import GraphStore, Walk
from provstore.graph.titles import called, local_part, title, value
from provstore.queries.told import with_told_of

__all__ = [
    "Facts",
    "Named",
    "Tie",
    "datatype_of",
    "described_as",
    "matches",
    "neighbours",
    "types_of",
    "values_of",
]

_ALL: Final = 10_000_000
_DATATYPES: Final = {
    **dict.fromkeys(("unsignedByte", "short", "int", "long"), f"{XSD}long"),
    **dict.fromkeys(("float", "double"), f"{XSD}double"),
    "boolean": f"{XSD}boolean",
}
"""VOTable datatype of a parameter -> how its text is read."""
_VALUE: Final = f"{PROV}value"
_TYPE: Final = f"{PROV}type"
_REVISION: Final = "revision"
_VALUE_TYPES: Final = tuple(f"{space}valueType" for space in VOPROV_NAMESPACES)
_VERSIONS: Final = tuple(f"{space}version" for space in VOPROV_NAMESPACES)


class Tie(NamedTuple):
    """A relation of a node, and the node at its other end."""

    relation: Relation
    node: Node


class Named(NamedTuple):
    """A parameter: its name, what its value stands for, its node, and the role in which the activity used it."""

    name: str
    values: tuple[Value, ...]
    node: Node
    role: str = ""


def neighbours(
    store: GraphStore, ids: Collection[NodeId], steps: Sequence[Step], viewer: Viewer
) -> Mapping[NodeId, Sequence[Tie]]:
    """Give what is one step away from each of the nodes, with what documents tell of it."""
    if not ids:
        return {}
    found = store.walk(Walk(starts=tuple(ids), steps=tuple(steps), depth=1, limit=_ALL), viewer)
    others = {one.node.id: one.node for one in found.reached}
    others |= with_told_of(store, tuple(others.values()), viewer)
    ways = {(step.kind, step.backwards) for step in steps}
    ties: defaultdict[NodeId, list[Tie]] = defaultdict(list)
    for edge in found.edges:
        if (edge.kind, False) in ways and edge.source in ids:
            ties[edge.source].append(Tie(edge, others[edge.target]))
        if (edge.kind, True) in ways and edge.target in ids:
            ties[edge.target].append(Tie(edge, others[edge.source]))
    return ties


class Facts:
    """Answers for a batch of nodes; each kind of neighbour is asked for once, when it is first needed.

    Args:
        store: The graph.
        nodes: As the store gives them.
        viewer: Who asks.
    """

    def __init__(self, store: GraphStore, nodes: Iterable[Node], viewer: Viewer) -> None:
        self._store = store
        self._viewer = viewer
        given = {node.id: node for node in nodes}
        self.nodes: Mapping[NodeId, Node] = {**given, **with_told_of(store, tuple(given.values()), viewer)}
        self._activities = {one for one, node in given.items() if Label.ACTIVITY in node.labels}
        self._entities = {one for one, node in given.items() if Label.ENTITY in node.labels}

    def parameters(self, activity: NodeId) -> Sequence[Named]:
        """Give the parameters of an activity."""
        return self._parameters.get(activity, ())

    def descriptions(self, activity: NodeId) -> Sequence[Node]:
        """Give what describes an activity, or an entity."""
        return tuple(tie.node for tie in self._descriptions.get(activity, ()))

    def agents(self, node: NodeId) -> Sequence[Tie]:
        """Give the agents of an activity or entity, each with its relation."""
        return self._agents.get(node, ())

    def used(self, activity: NodeId) -> Sequence[Tie]:
        """Give what an activity used."""
        return self._used.get(activity, ())

    def makers(self, entity: NodeId) -> Sequence[Tie]:
        """Give the activities that generated an entity."""
        return self._makers.get(entity, ())

    def made(self, activity: NodeId) -> Sequence[Tie]:
        """Give what an activity generated."""
        return self._made.get(activity, ())

    @cached_property
    def _parameters(self) -> Mapping[NodeId, Sequence[Named]]:
        ties = self._around(self._activities, Step(Kind.WAS_CONFIGURED_BY))
        found = {one: [_named(tie) for tie in around] for one, around in ties.items()}
        for one, around in self._used.items():
            said = [tie for tie in around if tie.relation.role and value(tie.node)]
            found.setdefault(one, []).extend(_named(tie) for tie in said)
        types = self._datatypes({named.node.id: named.node for each in found.values() for named in each})
        return {one: [_read(named, types) for named in each] for one, each in found.items()} if types else found

    def _datatypes(self, parameters: Mapping[NodeId, Node]) -> Mapping[NodeId, str]:
        """Give the type of parameters whose value is a text, where they or their descriptions tell it."""
        texts = [one for one, node in parameters.items() if any(_is_text(each) for each in node.attributes)]
        described = self._around(texts, Step(Kind.IS_DESCRIBED_BY))
        around = {one: (parameters[one], *(tie.node for tie in described.get(one, ()))) for one in texts}
        told = {
            one: (str(each) for node in nodes for each in values_of(node, _VALUE_TYPES))
            for one, nodes in around.items()
        }
        known = {
            one: next((_DATATYPES[each] for each in names if each in _DATATYPES), "") for one, names in told.items()
        }
        return {one: type_ for one, type_ in known.items() if type_}

    @cached_property
    def _descriptions(self) -> Mapping[NodeId, Sequence[Tie]]:
        return self._around(self._activities | self._entities, Step(Kind.IS_DESCRIBED_BY))

    @cached_property
    def _agents(self) -> Mapping[NodeId, Sequence[Tie]]:
        kinds = (Kind.WAS_ASSOCIATED_WITH, Kind.WAS_ATTRIBUTED_TO)
        return self._around(self._activities | self._entities, *map(Step, kinds))

    @cached_property
    def _used(self) -> Mapping[NodeId, Sequence[Tie]]:
        return self._around(self._activities, Step(Kind.USED))

    @cached_property
    def _makers(self) -> Mapping[NodeId, Sequence[Tie]]:
        return self._around(self._entities, Step(Kind.WAS_GENERATED_BY))

    @cached_property
    def _made(self) -> Mapping[NodeId, Sequence[Tie]]:
        return self._around(self._activities, Step(Kind.WAS_GENERATED_BY, backwards=True))

    def _around(self, ids: Collection[NodeId], *steps: Step) -> Mapping[NodeId, Sequence[Tie]]:
        return neighbours(self._store, ids, steps, self._viewer)


def values_of(node: Node, keys: Collection[str]) -> tuple[Value, ...]:
    """Give the values of a node's attributes under any of the keys."""
    return tuple(typed(one) for one in node.attributes if one.key in keys)


def datatype_of(node: Node) -> str | None:
    """Give how the value of a parameter of our own is read: the URI of an XML Schema type, None for text."""
    return _DATATYPES.get(str(node.properties.get("datatype", "")))


def described_as(node: Node, wanted: str) -> bool:
    """Tell whether a description is the one that is wanted: ``name``, ``name@revision`` or an id; ``*`` in names."""
    name, at, revision = wanted.rpartition("@") if "@" in wanted.strip("@") else (wanted, "", "")
    if node.id == wanted:
        return True
    if at and revision not in revisions_of(node):
        return node.id == wanted
    return matches(name, (called(node), local_part(node.id)))


def types_of(node: Node) -> tuple[str, ...]:
    """Give the types that documents tell of a node."""
    return tuple(one.lexical for one in node.attributes if one.key == _TYPE)


def revisions_of(node: Node) -> tuple[str, ...]:
    """Give the revision or version of a description."""
    own = [node.properties[one] for one in (_REVISION, "version") if one in node.properties]
    return (*map(str, own), *(one.lexical for one in node.attributes if one.key in _VERSIONS))


def matches(pattern: str, names: Iterable[str]) -> bool:
    """Tell whether one of the names is what the pattern says; ``*`` stands for anything, all else for itself."""
    if "*" not in pattern:
        return pattern in names
    first, *middle, last = pattern.split("*")
    return any(_fits(name, first, middle, last) for name in names)


def _fits(name: str, first: str, middle: Sequence[str], last: str) -> bool:
    if not name.startswith(first) or not name.endswith(last) or len(name) < len(first) + len(last):
        return False
    rest = name[len(first) : len(name) - len(last)]
    for part in middle:
        place = rest.find(part)
        if place < 0:
            return False
        rest = rest[place + len(part) :]
    return True


def _is_text(attribute: Attribute) -> bool:
    return attribute.key == _VALUE and attribute.type in (None, f"{XSD}string")


def _read(named: Named, types: Mapping[NodeId, str]) -> Named:
    """Read the value of a parameter as its description says."""
    if named.node.id not in types:
        return named
    told = [one for one in named.node.attributes if one.key == _VALUE]
    typed_ = (typed(one._replace(type=types[named.node.id]) if _is_text(one) else one) for one in told)
    return named._replace(values=tuple(typed_))


def _named(tie: Tie) -> Named:
    relation, node = tie
    told = values_of(node, (_VALUE,))
    if not told and "value" in node.properties:
        own = node.properties["value"]
        told = (typed(Attribute(_VALUE, own, datatype_of(node))) if isinstance(own, str) else own,)
    return Named(called(node) or relation.role or title(node), told, node, relation.role or "")

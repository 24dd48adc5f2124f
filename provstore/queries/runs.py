"""A run as its meaning: steps with parameters, and things in roles; ids are but handles, and times don't count."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from provstore.errors import NotFound, TooLarge
from provstore.graph.documents import VOPROV_NAMESPACES
from provstore.graph.literals import typed
from provstore.graph.model import PROV, Attribute, Kind, Label, Node, NodeId, Relation, Viewer
from provstore.graph.rules import TO_CAUSES, Step
from provstore.graph.store import GraphStore
from provstore.graph.titles import NAMES, called, local_part, title, value
from provstore.queries.facts import Facts, Tie, neighbours, revisions_of
from provstore.queries.things import duration_of, text_in
from provstore.queries.ways import is_stub, walked

__all__ = ["Given", "Run", "RunStep", "Slot", "Stuff", "read_run"]

_ENVIRONMENT: Final = (
    *("executor", "host", "container", "modules", "cluster", "slurm_partition", "isolated", "resources"),
    *("cluster_account", "exit_code"),
)
_NUMBERED: Final = re.compile(r"[\W\d_]+")
"""What tells equal steps apart in their ids."""
_IDS_AND_TIMES: Final = frozenset({f"{PROV}type", f"{PROV}location", *NAMES})
_SUMS: Final = frozenset({"sha256", "sha512", "sha1", "md5", "adler32", "crc32", "checksum"})


class Given(NamedTuple):
    """A value as it is written; ``given``: whether somebody gave it, None where that is not known.

    ``meaning``: the same for 5 and 5.0 where they are declared numbers.
    """

    value: str
    given: bool | None = None
    meaning: str = ""

    def differs(self, other: Given | None) -> bool:
        """Tell whether another means something else, or was not given where this was."""
        return other is None or (self.meaning or self.value, self.given) != (other.meaning or other.value, other.given)


class Slot(NamedTuple):
    """A place where a step used or made something."""

    role: str
    thing: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStep:
    """An activity: what kind of step it is, in which version, with which parameters, of what and making what.

    ``kind`` is "" where neither description nor type nor name tells it; then ``hint``, made of its id, is all there is.
    """

    node: Node
    kind: str
    hint: str
    version: str
    parameters: Mapping[str, Given]
    environment: Mapping[str, str]
    agents: tuple[tuple[str, str], ...]
    used: tuple[Slot, ...]
    made: tuple[Slot, ...]
    took: timedelta | None
    configured: frozenset[NodeId]

    def roles(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Give the roles of what it used and of what it made."""
        return tuple(sorted(one.role for one in self.used)), tuple(sorted(one.role for one in self.made))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuff:
    """An entity: its checksum, "" where none is known, and what else is said of it."""

    node: Node
    sha256: str
    says: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The steps, in an order in which causes come first, and the things of one run; from where it was walked."""

    start: Node
    steps: Mapping[NodeId, RunStep]
    things: Mapping[NodeId, Stuff]
    restricted: bool


def read_run(store: GraphStore, start: NodeId, viewer: Viewer, *, depth: int | None, limit: int) -> Run:
    """Read the run that led to a node; of an activity also what it made.

    Raises:
        NotFound: the node is not known, or may not be seen.
        TooLarge: there is more than the limit.
    """
    answer = walked(store, [start], viewer, limit=limit, depth=depth)
    if answer.truncated:
        right = "give a depth, or a higher limit"
        raise TooLarge(f"more than {limit} nodes led to {start}: {right}", field="limit", value=str(limit))
    nodes = {node.id: node for node in answer.nodes() if not is_stub(node.id)}
    if start not in nodes:
        raise NotFound(f"nothing is known of {start}", field="id", value=start)
    edges = list(answer.edges)
    if Label.ACTIVITY in nodes[start].labels:
        ties = neighbours(store, {start}, (Step(Kind.WAS_GENERATED_BY, backwards=True),), viewer)
        made = [tie for tie in ties.get(start, ()) if not is_stub(tie.node.id)]
        nodes |= {tie.node.id: tie.node for tie in made}
        edges += [tie.relation for tie in made]
    facts = Facts(store, nodes.values(), viewer)
    steps = _steps(facts, {edge.key: edge for edge in edges}.values())
    things = {one: _stuff(node) for one, node in facts.nodes.items() if Label.ENTITY in node.labels}
    return Run(start=facts.nodes[start], steps=steps, things=things, restricted=answer.restricted)


def _steps(facts: Facts, edges: Iterable[Relation]) -> Mapping[NodeId, RunStep]:
    used: defaultdict[NodeId, list[Slot]] = defaultdict(list)
    made: defaultdict[NodeId, list[Slot]] = defaultdict(list)
    before: defaultdict[NodeId, set[NodeId]] = defaultdict(set)
    for edge in edges:
        if is_stub(edge.source) or is_stub(edge.target):
            continue
        if edge.kind is Kind.USED:
            used[edge.source].append(Slot(edge.role or "", edge.target))
        elif edge.kind is Kind.WAS_GENERATED_BY:
            made[edge.target].append(Slot(edge.role or "", edge.source))
        if edge.kind in _BEFORE:
            before[edge.source].add(edge.target)
    activities = [one for one, node in facts.nodes.items() if Label.ACTIVITY in node.labels]
    ordered = _causes_first(activities, before, facts.nodes)
    return {one: _step(facts, one, _sorted(facts, used[one]), _sorted(facts, made[one])) for one in ordered}


_BEFORE: Final = frozenset(step.kind for step in TO_CAUSES if step.expand and not step.backwards)


def _sorted(facts: Facts, slots: Iterable[Slot]) -> tuple[Slot, ...]:
    things = (one for one in dict.fromkeys(slots) if Label.ENTITY in facts.nodes[one.thing].labels)
    return tuple(sorted(things, key=lambda one: (one.role, title(facts.nodes[one.thing]), one.thing)))


def _causes_first(
    wanted: Sequence[NodeId], before: Mapping[NodeId, set[NodeId]], nodes: Mapping[NodeId, Node]
) -> list[NodeId]:
    """Order activities by how many steps led to them, then by name, then by id; circles end where they began."""
    rank: dict[NodeId, int] = {}
    for one in wanted:
        stack: list[tuple[NodeId, bool]] = [(one, False)]
        while stack:
            node, done = stack.pop()
            if done:
                rank[node] = 1 + max((rank.get(other, 0) for other in before.get(node, ())), default=0)
            elif node not in rank:
                rank[node] = 0
                stack.append((node, True))
                stack += [(other, False) for other in sorted(before.get(node, ())) if other not in rank]
    return sorted(wanted, key=lambda one: (rank[one], title(nodes[one]), one))


def _step(facts: Facts, one: NodeId, used: tuple[Slot, ...], made: tuple[Slot, ...]) -> RunStep:
    node = facts.nodes[one]
    configured = {named.node.id for named in facts.parameters(one)}
    parameters = {
        named.name: Given(value(named.node), _given(named.node), "; ".join(map(str, named.values)))
        for named in facts.parameters(one)
    }
    described = sorted(facts.descriptions(one), key=lambda each: (title(each), each.id))
    kind = called(described[0]) or title(described[0]) if described else _sort_of(node)
    return RunStep(
        node=node,
        kind=kind,
        hint=kind or _NUMBERED.sub(" ", local_part(one)),
        version=", ".join(_version(each) for each in described) or text_in(node, "script_sha256"),
        parameters=dict(_told(node)) | parameters,
        environment={name: str(node.properties[name]) for name in _ENVIRONMENT if name in node.properties},
        agents=tuple(sorted(_agent(tie) for tie in facts.agents(one))),
        used=tuple(slot for slot in used if slot.thing not in configured),
        made=made,
        took=duration_of(node),
        configured=frozenset(configured),
    )


def _given(node: Node) -> bool | None:
    given = node.properties.get("given")
    return given if isinstance(given, bool) else None


def _version(description: Node) -> str:
    told = (*revisions_of(description), text_in(description, "script_sha256")[:12])
    return " ".join(dict.fromkeys(one for one in told if one))


def _sort_of(node: Node) -> str:
    """Give what kind of step it is where nothing describes it: its type, else its name, else ""."""
    types = sorted(one.lexical for one in node.attributes if one.key == f"{PROV}type")
    return types[0] if types else called(node)


def _agent(tie: Tie) -> tuple[str, str]:
    version = text_in(tie.node, "version")
    return tie.relation.role or "", f"{title(tie.node)} {version}" if version else title(tie.node)


def _told(node: Node) -> Iterable[tuple[str, Given]]:
    """Give what documents tell of an activity, as one tells parameters; by key, several values together."""
    values: defaultdict[str, list[str]] = defaultdict(list)
    for one in node.attributes:
        if one.key not in _IDS_AND_TIMES and not _is_time(one):
            values[one.key].append(_lexical(one))
    return ((local_part(key), Given("; ".join(sorted(each)))) for key, each in sorted(values.items()))


def _is_time(one: Attribute) -> bool:
    return isinstance(typed(one), datetime) or one.key.endswith(("Time", "Date"))


def _lexical(one: Attribute) -> str:
    return f"{one.lexical}@{one.lang}" if one.lang else one.lexical


def _stuff(node: Node) -> Stuff:
    sums = sorted(
        (local_part(one.key).lower(), one.lexical) for one in node.attributes if local_part(one.key).lower() in _SUMS
    )
    said = {(one.key, _lexical(one)) for one in node.attributes if one.key not in _LEFT_OUT and not _is_time(one)}
    own = text_in(node, "sha256") or next((each for name, each in sums if name == "sha256"), "")
    given = value(node)
    return Stuff(node=node, sha256=own or (sums[0][1] if sums else ""), says=(*sorted(said), *_value(given)))


_LEFT_OUT: Final = frozenset({f"{PROV}location", f"{PROV}value", *(f"{space}location" for space in VOPROV_NAMESPACES)})


def _value(given: str) -> tuple[tuple[str, str], ...]:
    return (("value", given),) if given else ()

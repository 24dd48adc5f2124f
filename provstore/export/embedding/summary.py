"""A lineage in a few lines of text, for headers that people read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from provstore.graph.model import Graph, Kind, Label, Node, NodeId
from provstore.graph.titles import title, value

__all__ = ["summary"]

_STEPS: Final = 40
_NAMES: Final = 10
_FROM_ACTIVITY: Final = frozenset(
    {Kind.USED, Kind.WAS_ASSOCIATED_WITH, Kind.WAS_CONFIGURED_BY, Kind.IS_DESCRIBED_BY, Kind.WAS_INFORMED_BY}
)
_Around = Mapping[Kind, list[Node]]


def summary(graph: Graph) -> tuple[str, ...]:
    """Tell each step in the order of the graph: what was made of what, with which values, when and by whom."""
    nodes = {node.id: node for node in graph.nodes()}
    around: defaultdict[NodeId, defaultdict[Kind, list[Node]]] = defaultdict(lambda: defaultdict(list))
    for one in graph.relations():
        near, far = (one.source, one.target) if one.kind in _FROM_ACTIVITY else (one.target, one.source)
        if far in nodes:
            around[near][one.kind].append(nodes[far])
    steps = [node for node in nodes.values() if Label.ACTIVITY in node.labels]
    lines = [line for step in steps[:_STEPS] for line in _step(step, around[step.id])]
    more = len(steps) - _STEPS
    return (*lines, f"and {more} steps before") if more > 0 else tuple(lines)


def _step(step: Node, around: _Around) -> Iterator[str]:
    versions = (str(one.properties.get("version", "")) for one in around[Kind.IS_DESCRIBED_BY])
    made, used = _names(around[Kind.WAS_GENERATED_BY]), _names(around[Kind.USED] or around[Kind.WAS_INFORMED_BY])
    name = f"{title(step)} {next(filter(None, versions), '')}".strip()
    yield f"{name}: {made or '?'} <- {used}" if used else f"{name}: {made or '?'}"
    people = _names(around[Kind.WAS_ASSOCIATED_WITH])
    told = (_when(step), people, _listed(_setting(one) for one in around[Kind.WAS_CONFIGURED_BY]))
    if any(told):
        yield f"  {'; '.join(one for one in told if one)}"


def _names(nodes: Iterable[Node]) -> str:
    return _listed(title(one) for one in nodes)


def _listed(words: Iterable[str]) -> str:
    known = sorted(set(words))
    more = [f"{len(known) - _NAMES} more"] if len(known) > _NAMES else []
    return ", ".join((*known[:_NAMES], *more))


def _setting(node: Node) -> str:
    given = value(node)
    unit = node.properties.get("unit", "")
    return f"{title(node)} = {given} {unit}".rstrip() if given else title(node)


def _when(step: Node) -> str:
    moments = (step.properties.get("started_at"), step.properties.get("ended_at"))
    return " to ".join(
        one.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for one in moments if isinstance(one, datetime)
    )

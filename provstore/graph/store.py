"""The port ``GraphStore``: the closed list of primitives over which everything else is written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final, Protocol

from provstore.graph.model import (
    EVERYBODY,
    Graph,
    Label,
    Node,
    NodeId,
    Relation,
    Subgraph,
    Value,
    Viewer,
)
from provstore.graph.rules import Step

__all__ = [
    "Change",
    "Condition",
    "Count",
    "Create",
    "Ensure",
    "Filter",
    "Find",
    "GraphStore",
    "Hop",
    "Op",
    "Order",
    "Page",
    "Update",
    "Upsert",
    "Walk",
    "every",
    "is_attribute",
]

DEFAULT_WALK_LIMIT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Create:
    """Add a node or a relation that must not be there yet."""

    item: Node | Relation


@dataclass(frozen=True, slots=True)
class Upsert:
    """Add a node or a relation, or bring the one with that id (key) to this state.

    Of an existing node the labels become the union, given properties replace those of the same name, others stay;
    attributes and readers are replaced. Of an existing relation everything but its two ends is replaced.
    """

    item: Node | Relation


@dataclass(frozen=True, slots=True)
class Ensure:
    """Have a node: make it as given if it is missing; of an existing one labels and readers become the union.

    Properties and attributes of an existing node stay as they are.
    """

    item: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Compare and set: change a node's properties if the expected ones hold.

    ``expected``: property -> value, or a tuple of values of which one must hold; None means absent. The node is locked
    before the test. ``put``: property -> new value; None removes it.
    """

    node: NodeId
    expected: Mapping[str, Value | tuple[Value | None, ...] | None]
    put: Mapping[str, Value | None]


Change = Create | Upsert | Ensure | Update


def is_attribute(name: str) -> bool:
    """Tell whether a filter's name is the key of an attribute, and not of a property."""
    return ":" in name


class Op(StrEnum):
    """How a filter compares: text with text, number with number, instant with instant.

    An absent property matches none but ABSENT and NE.
    """

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    IN = "in"
    CONTAINS = "~"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Filter:
    """A test of one property. IN takes a tuple, ABSENT takes None.

    A name with a colon is the key of an attribute (a full URI): the node itself has the attribute, or a bundle that
    the viewer may see asserts it (in the record of an element, whose target is not the bundle itself); one of its
    values must pass (NE and ABSENT: none may, as they deny EQ and presence). Values are compared as
    `provstore.graph.literals.typed` reads them.
    """

    property: str
    op: Op
    value: Value | tuple[Value, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A test of a node: it has the label and passes all filters."""

    label: Label
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """A condition on a neighbour: at least one node, one such step away, passes it."""

    step: Step
    condition: Condition


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by a property, ties by id in the same direction. Nodes without the property come last."""

    property: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """Which nodes, in which order, how many, from where.

    ``fields``: names of the only properties wanted (the others are left out of the nodes), None for all. ``after``:
    the ``next`` of the page before; rows added in between shift nothing. A negative ``limit`` is Invalid.
    """

    condition: Condition
    hop: Hop | None = None
    order: Order | None = None
    limit: int = 100
    after: str | None = None
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of nodes; ``next`` is the key of the following one, None at the end."""

    items: tuple[Node, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many nodes share these values of the grouping properties (None where absent)."""

    values: tuple[Value | None, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A breadth-first search from all starts together.

    A node's distance is the least number of steps from any start. ``depth``: nodes at that distance are not expanded,
    None for no bound. ``stop``: nodes passing one of these belong to the answer and are not expanded, nor are those in
    ``stop_at``. ``where``: nodes that carry one of these labels but fail its filters are walked through and left out;
    both test properties, not attributes (Invalid). ``limit``: at most so many nodes, nearest first, then by id.
    ``patience``: after so long no further level is begun, and the answer is truncated; None for no bound.

    What documents say is crossed only where the viewer may see the bundle that says so.
    """

    starts: tuple[NodeId, ...]
    steps: tuple[Step, ...]
    depth: int | None = None
    stop: tuple[Condition, ...] = ()
    where: tuple[Condition, ...] = ()
    stop_at: tuple[NodeId, ...] = ()
    limit: int = DEFAULT_WALK_LIMIT
    patience: timedelta | None = None


class GraphStore(Protocol):
    """A property graph that keeps its word. One contract suite holds every adapter to this text.

    *Values* come back as they went in: text of any length and script, integers to 64 bits, floats, booleans, instants
    to the microsecond (aware, UTC); an absent property is not an empty one. *Durable*: what ``write`` has returned
    from survives the death of the process and, on the store's own terms, of the machine. *Concurrent*: any number of
    threads may share one store; a second process may open the same address. *Errors*: `Unavailable` when the store
    can't be reached or stays locked, for every method; nothing was changed then, or `write` says that it can't know.
    """

    @property
    def namespace(self) -> str:
        """The store's namespace: fixed when it was first opened, the same for ever after."""

    def write(self, changes: Sequence[Change]) -> None:
        """Make all changes, in order, or none.

        Raises:
            Conflict: a Create of an id or key that exists; an Update whose expectation does not hold.
            NotFound: an Update of a missing node; a relation to or from a node that is neither stored nor in the batch.
            Invalid: a property that can't be kept, or a relation between ends that `rules.ENDS` forbids.
        """

    def delete(self, ids: Collection[NodeId]) -> int:
        """Remove nodes and every relation that touches them, atomically; give the number of nodes that were there."""

    def get(self, ids: Sequence[NodeId], viewer: Viewer = EVERYBODY) -> tuple[Node, ...]:
        """Give the nodes that exist and may be seen, in the order asked for; the others are left out."""

    def find(self, question: Find, viewer: Viewer = EVERYBODY) -> Page:
        """Give one page of the nodes that pass, as the viewer sees them (a hop to a hidden node does not count)."""

    def aggregate(self, condition: Condition, by: tuple[str, ...], viewer: Viewer = EVERYBODY) -> tuple[Count, ...]:
        """Count the nodes that pass and may be seen, by the values of some properties (none: one total)."""

    def walk(self, walk: Walk, viewer: Viewer = EVERYBODY) -> Subgraph:
        """Give what the walk reaches: the starts that exist (distance 0), the nodes, and each relation crossed.

        A relation is crossed from an expanded node; it is in the answer if both its ends are. A node the viewer may
        not see is walked through; where it lies between nodes he sees it stands as a stub (its class, an id good for
        this answer only, no properties), elsewhere it is absent; `restricted` tells that this happened. Starts that
        may not be seen are treated as absent. The order of starts changes nothing.
        """

    def told(self, bundle: NodeId) -> Iterator[Relation]:
        """Give every relation that a bundle says (``Relation.bundle``), by key, as a stream in constant memory."""

    def retract(self, bundle: NodeId) -> int:
        """Remove a bundle with all it says, and the nodes of foreign namespaces that nothing touches any more.

        Give the number of relations removed; 0 where there is no such bundle. A large bundle goes piece by piece, the
        bundle itself last: after an interruption the same call removes the rest.
        """

    def scan(self, viewer: Viewer = EVERYBODY) -> Graph:
        """Give the whole graph as a stream, in constant memory, each time from the start and from one state of it."""

    def close(self) -> None:
        """Let go of everything; closing twice does nothing."""


def every(store: GraphStore, question: Find, viewer: Viewer = EVERYBODY) -> Iterator[Node]:
    """Give all nodes that a question finds, ``limit`` at a time."""
    page = store.find(question, viewer)
    yield from page.items
    while page.next is not None:
        page = store.find(replace(question, after=page.next), viewer)
        yield from page.items

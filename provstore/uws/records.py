"""Jobs in and out of the graph: each method is one transaction of a job's life, or a reading of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from provstore.errors import Conflict, NotFound, WrongPhase
from provstore.graph.model import EVERYBODY, Kind, Label, Node, NodeId, Subgraph, Value, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import Change, Condition, Filter, Find, GraphStore, Hop, Op, Order, Update, Walk
from provstore.uws.jobs import CONFIG_FILE_NAME, Job, JobReference, add_change, job_of, text
from provstore.uws.phases import OPEN, Phase, can_move
from provstore.uws.references import References

__all__ = ["JobFilter", "JobPage", "Move", "Records", "guarded", "moved"]

_AROUND_A_JOB: Final = (
    Step(Kind.WAS_CONFIGURED_BY, expand=False),
    Step(Kind.USED, expand=False),
    Step(Kind.WAS_GENERATED_BY, backwards=True, expand=False),
)
_CONFIGURED: Final = Step(Kind.WAS_CONFIGURED_BY)
_NOT_DELETED: Final = Filter("deleted", Op.NE, value=True)
"""Not ABSENT: that would be looked up in an index of all jobs, and what else is asked in none."""

_LIST_PAGE: Final = 10_000
_EVERYTHING: Final = 1_000_000
_WALKED: Final = 100
"""Jobs of which all configuration is read at a time."""


class _Wanted(NamedTuple):
    """A parameter, or key of a configuration file, that a job must have with one of these values."""

    name: str
    values: tuple[str, ...]
    is_key: bool = False

    def condition(self) -> Condition:
        """Give it as a question to the store."""
        filters = (Filter("name", Op.EQ, self.name), Filter("value", Op.IN, self.values))
        # of what is no key there is no such property; of a key it is a text
        kind = Filter(CONFIG_FILE_NAME, Op.GE, "") if self.is_key else Filter(CONFIG_FILE_NAME, Op.ABSENT)
        return Condition(label=Label.PARAMETER, filters=(*filters, kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs a list shows: all conditions together; ``last``: only the newest so many.

    ``owner`` and ``sweep`` are local ids. ``values``: names of parameters, each with the values of which it has one;
    ``configured``: the same of keys of configuration files. ``before_at``: created before; ``changed_at``: of which the
    phase changed then or later; ``named``: a part of the run id. ``oldest_first`` turns the order of the list.
    """

    service: str | None = None
    phases: frozenset[Phase] = OPEN
    after: datetime | None = None
    last: int | None = None
    run_id: str | None = None
    owner: str | None = None
    sweep: str | None = None
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()
    configured: tuple[tuple[str, tuple[str, ...]], ...] = ()
    before_at: datetime | None = None
    changed_at: datetime | None = None
    named: str = ""
    oldest_first: bool = False


class JobPage(NamedTuple):
    """A part of a list, and the key of the part that follows, None at the end."""

    items: tuple[JobReference, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A change of phase: to where, when, who caused it, and what else changes with it.

    ``written_at``: now, where that is later. ``missed_at``: when the job began to execute, if that was never told; it
    is entered in the history as inferred.
    """

    phase: Phase
    at: datetime
    cause: str
    written_at: datetime | None = None
    missed_at: datetime | None = None
    put: Mapping[str, Value | None] = field(default_factory=dict)


class Records:
    """Reads and writes jobs over the primitives of a store."""

    def __init__(self, store: GraphStore) -> None:
        self.store = store
        self._references = References(store)

    def node_id(self, job_id: str) -> NodeId:
        """Give the id of a job's node."""
        return NodeId(self.store.namespace + job_id)

    def node(self, job_id: str) -> Node:
        """Give a job's node, without its neighbours.

        Raises:
            NotFound: there is no such job, or it was deleted.
        """
        found = self.store.get([self.node_id(job_id)])
        if not found or Label.JOB not in found[0].labels or found[0].properties.get("deleted") is True:
            raise NotFound(f"no job {job_id!r}", field="job", value=job_id)
        return found[0]

    def phase(self, job_id: str) -> Phase:
        """Give a job's phase."""
        return Phase(str(self.node(job_id).properties["phase"]))

    def phases(self, job_ids: Sequence[str]) -> dict[str, Phase]:
        """Give the phases of many jobs at once; those that are gone are left out."""
        nodes = self.store.get([self.node_id(job_id) for job_id in job_ids])
        return {node.id.removeprefix(self.store.namespace): Phase(str(node.properties["phase"])) for node in nodes}

    def read(self, job_id: str) -> Job:
        """Give a job with its parameters and results.

        Raises:
            NotFound: there is no such job, or it was deleted.
        """
        job = self.read_even_deleted(job_id)
        if job.deleted:
            raise NotFound(f"no job {job_id!r}", field="job", value=job_id)
        return job

    def read_even_deleted(self, job_id: str) -> Job:
        """Give a job as the supervisor must see it: one that was deleted may still have a process."""
        around = self.around(job_id)
        nodes = {one.node.id: one.node for one in around.reached}
        node = nodes.get(self.node_id(job_id))
        if node is None or Label.JOB not in node.labels:
            raise NotFound(f"no job {job_id!r}", field="job", value=job_id)
        return job_of(node, self.store.namespace, around=nodes, relations=around.edges)

    def around(self, job_id: str) -> Subgraph:
        """Give a job's node with what it was configured by, used and generated."""
        return self.store.walk(Walk(starts=(self.node_id(job_id),), steps=_AROUND_A_JOB, depth=1))

    def references(self, which: JobFilter, viewer: Viewer) -> tuple[JobReference, ...]:
        """List the jobs that pass a filter, newest first."""
        limit = min(which.last, _LIST_PAGE) if which.last else _LIST_PAGE
        found: list[JobReference] = []
        after: str | None = None
        while True:
            page = self.page(which, viewer, limit=limit, after=after)
            found.extend(page.items)
            after = page.next
            if after is None or (which.last and len(found) >= which.last):
                return tuple(found[: which.last]) if which.last else tuple(found)

    def page(self, which: JobFilter, viewer: Viewer, *, limit: int, after: str | None) -> JobPage:
        """Give at most so many of the jobs that pass a filter, and the key of those that follow in its order.

        The store looks for one parameter; a page may be short, or empty, where further ones are asked for.
        """
        condition = Condition(label=Label.JOB, filters=(_NOT_DELETED, *_filters(which)))
        order = Order("created_at", descending=not which.oldest_first)
        wanted = self._rarest_first(_wanted(which))
        hop = Hop(step=_CONFIGURED, condition=wanted[0].condition()) if wanted else None
        question = Find(condition=condition, hop=hop, order=order, limit=limit, after=after, fields=("phase",))
        page = self.store.find(question, viewer)
        nodes = page.items
        for one in wanted[1:]:
            nodes = self._with_key(nodes, one) if one.is_key else self._with_value(nodes, one)
        return JobPage(self._references.of(nodes), page.next)

    def _rarest_first(self, wanted: Sequence[_Wanted]) -> Sequence[_Wanted]:
        """Begin with the parameter that fewest jobs have with such a value."""
        if len(wanted) < 2:
            return wanted
        counts = {one: sum(found.count for found in self.store.aggregate(one.condition(), ())) for one in wanted}
        return sorted(wanted, key=counts.__getitem__)

    def _with_value(self, jobs: Sequence[Node], wanted: _Wanted) -> tuple[Node, ...]:
        """Keep the jobs of which a parameter has one of these values."""
        parameters = self.store.get([NodeId(f"{job.id}.{wanted.name}") for job in jobs])
        right = {one.id for one in parameters if text(one.properties, "value") in wanted.values}
        return tuple(job for job in jobs if f"{job.id}.{wanted.name}" in right)

    def _with_key(self, jobs: Sequence[Node], wanted: _Wanted) -> tuple[Node, ...]:
        """Keep the jobs of which a configuration file has a key with one of these values."""
        right: set[NodeId] = set()
        for start in range(0, len(jobs), _WALKED):
            starts = tuple(job.id for job in jobs[start : start + _WALKED])
            walk = Walk(starts=starts, steps=(_CONFIGURED,), depth=1, where=(wanted.condition(),), limit=_EVERYTHING)
            around = self.store.walk(walk)
            keys = {one.node.id for one in around.reached if Label.PARAMETER in one.node.labels}
            right.update(edge.source for edge in around.edges if edge.target in keys)
        return tuple(job for job in jobs if job.id in right)

    def is_config_key(self, name: str, viewer: Viewer) -> bool:
        """Tell whether a configuration file of a job that the viewer may see has such a key."""
        filters = (Filter("name", Op.EQ, name), Filter(CONFIG_FILE_NAME, Op.GE, ""))
        condition = Condition(label=Label.PARAMETER, filters=filters)
        return bool(self.store.find(Find(condition=condition, limit=1, fields=("name",)), viewer).items)

    def counts(self, which: JobFilter, viewer: Viewer) -> dict[Phase, int]:
        """Count the jobs that pass a filter by phase; what is asked of their parameters is not looked at."""
        filters = tuple(_filters(which))
        filters = (_NOT_DELETED, *filters) if filters else (Filter("deleted", Op.ABSENT),)
        condition = Condition(label=Label.JOB, filters=filters)
        return {Phase(str(one.values[0])): one.count for one in self.store.aggregate(condition, ("phase",), viewer)}

    def create(self, changes: Sequence[Change]) -> None:
        """Write a new job with everything around it, or nothing."""
        self.store.write(changes)

    def move(self, job: Job, move: Move, *, further: Sequence[Change] = ()) -> None:
        """Bring a job to a phase, together with further changes, if nobody changed its phase meanwhile.

        Raises:
            WrongPhase: the table of phases does not have this move.
            Conflict: the job's phase is no longer what ``job`` says.
        """
        self.store.write([moved(job, move), *further])

    def put(self, job: Job, put: Mapping[str, Value | None], *, further: Sequence[Change] = ()) -> None:
        """Change properties of a job, together with further changes, if its phase is still the same.

        Raises:
            Conflict: the job's phase is no longer what ``job`` says.
        """
        self.store.write([guarded(job, put), *further])

    def alone(self, node: Node) -> Job:
        """See a job's node as a job, without its parameters, inputs and results."""
        return job_of(node, self.store.namespace, around={}, relations=())

    def repeat(self, job_id: str, action: Callable[[Job], None]) -> Job:
        """Read a job and act on it, again from the start when somebody else was faster.

        Raises:
            Conflict: others were faster a hundred times.
        """
        for _ in range(_PATIENCE):
            job = self.read_even_deleted(job_id)
            try:
                action(job)
            except Conflict:
                continue
            return job
        raise Conflict(f"job {job_id} is changed by somebody else all the time", field="job", value=job_id)

    def visible(self, ids: Sequence[NodeId], viewer: Viewer = EVERYBODY) -> dict[NodeId, Node]:
        """Give the nodes that exist and may be seen, by id."""
        return {node.id: node for node in self.store.get(ids, viewer)}


_PATIENCE: Final = 100


def moved(job: Job, move: Move) -> Update:
    """Give the change that brings a job to a phase, if nobody changed its phase meanwhile.

    Raises:
        WrongPhase: the table of phases does not have this move.
    """
    through = move.missed_at is not None and can_move(job.phase, Phase.EXECUTING)
    if not (can_move(job.phase, move.phase) or (through and can_move(Phase.EXECUTING, move.phase))):
        raise WrongPhase(job.id, phase=job.phase, rule=f"it can't become {move.phase}")
    history = job.history_text
    if move.missed_at is not None:
        history = add_change(history, Phase.EXECUTING, at=move.missed_at, cause="inferred")
    history = add_change(history, move.phase, at=move.at, cause=move.cause)
    changed_at = move.written_at or move.at
    return guarded(job, {"phase": move.phase.value, "history": history, "changed_at": changed_at, **move.put})


def guarded(job: Job, put: Mapping[str, Value | None]) -> Update:
    """Change a job only if it is what was read: the history tells any change of phase, ``sharing`` of readers.

    ``kept_by`` tells whether its files are kept, so that who sets its destruction and who keeps it do not cross.
    """
    expected: dict[str, Value | None] = {
        "phase": job.phase.value,
        "history": job.history_text,
        "deleted": True if job.deleted else None,
        "sharing": job.sharing_text or None,
        "kept_by": job.kept_by or None,
    }
    return Update(node=job.node, expected=expected, put=put)


def _filters(which: JobFilter) -> list[Filter]:
    tests: tuple[tuple[str, Op, Value | None], ...] = (
        ("service", Op.EQ, which.service),
        ("run_id", Op.EQ, which.run_id),
        ("run_id", Op.CONTAINS, which.named or None),
        ("owner", Op.EQ, which.owner),
        ("sweep", Op.EQ, which.sweep),
        ("created_at", Op.GT, which.after),
        ("created_at", Op.LT, which.before_at),
        ("changed_at", Op.GE, which.changed_at),
    )
    filters = [Filter(name, op, value) for name, op, value in tests if value is not None]
    if which.phases == OPEN:
        filters.append(Filter("phase", Op.NE, Phase.ARCHIVED.value))
    elif which.phases != frozenset(Phase):
        filters.append(Filter("phase", Op.IN, tuple(sorted(which.phases))))
    return filters


def _wanted(which: JobFilter) -> tuple[_Wanted, ...]:
    return (*(_Wanted(*one) for one in which.values), *(_Wanted(*one, is_key=True) for one in which.configured))

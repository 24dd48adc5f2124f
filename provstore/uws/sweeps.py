"""Sweeps: many jobs made by one request, under one activity of the graph, and looked at and led as one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from provstore.accounts.callers import Caller, curators
from provstore.errors import Conflict, Invalid, NotFound, TooLarge
from provstore.graph.model import Kind, Label, Node, NodeId, Relation, Value, new_local
from provstore.graph.store import Change, Condition, Create, Filter, Find, Op, Order, Update
from provstore.uws.admission import Admission
from provstore.uws.control import controls_of
from provstore.uws.creation import changes_of_new_job
from provstore.uws.idempotency import Claim, Idempotency, fingerprint
from provstore.uws.jobs import Job, JobId, instant, integer, local_part, text
from provstore.uws.moves import client_move, deletion
from provstore.uws.parts import Parts
from provstore.uws.permissions import check_may_change, check_may_run, check_may_see
from provstore.uws.phases import CLIENT_MOVES, Phase
from provstore.uws.publishing.revisions import Revision
from provstore.uws.submissions import Submission, SweepSubmission, cause_of

__all__ = ["Sweep", "SweepPage", "Sweeps"]

_SWEEP_ID: Final = re.compile(r"s[0-9a-f]{32}\Z")
_AT_ONCE: Final = 500
"""So many jobs are changed in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A sweep: who made it when, how many jobs, and how many of those that are left are in which phase."""

    id: str
    service: str
    owner: str
    run_id: str
    created_at: datetime
    jobs: int
    phases: Mapping[Phase, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPage:
    """A part of a list of sweeps, newest first, and the key of the part that follows."""

    items: tuple[Sweep, ...]
    next: str | None


class Sweeps:
    """Creates, counts, starts, aborts and deletes sweeps."""

    def __init__(self, parts: Parts, admission: Admission, idempotency: Idempotency) -> None:
        self._parts = parts
        self._records = parts.records
        self._store = parts.records.store
        self._admission = admission
        self._idempotency = idempotency

    # --- making one

    def create(self, caller: Caller, service: str, asked: SweepSubmission) -> str:
        """Make all jobs of a sweep in one transaction, after every row was checked; give the sweep's id.

        Raises:
            NotFound: no such service.
            Forbidden: the caller may not run it.
            Invalid: a row with a malformed or unknown parameter; row and parameter are named.
            TooLarge: more rows than a sweep may have.
            Conflict: the Idempotency-Key was used for another request.
            Unavailable: the server drains.
        """
        revision = self._admission.revision(caller, service)
        self._check_size(len(asked.rows))
        claim = Claim(
            caller=caller,
            service=service,
            key=asked.key,
            request=lambda: fingerprint(asked.common, *asked.rows, files={}),
        )
        return self._idempotency.once(
            claim, prefix="s", make=lambda local, request: self._make(caller, revision, asked, (local, request))
        )

    def _check_size(self, count: int) -> None:
        most = self._parts.settings.sweep_max
        if not count:
            raise Invalid("a sweep without rows makes no jobs; at least one is needed", field="sweep")
        if count > most:
            raise TooLarge(f"a sweep may have {most} rows here; this one has more", field="sweep")

    def _make(self, caller: Caller, revision: Revision, asked: SweepSubmission, identity: tuple[str, str]) -> None:
        self._admission.check(caller)
        changes = [
            *self._admission.newcomer(caller),
            *self._parent(caller, revision, asked, identity),
            *self._children(caller, revision, asked, identity[0]),
        ]
        self._records.create(changes)
        self._admission.remember(caller)
        self._parts.waiting.notify(identity[0])  # nobody waits for it, but those who follow events look what is new
        self._parts.wake(None)

    def _parent(
        self, caller: Caller, revision: Revision, asked: SweepSubmission, identity: tuple[str, str]
    ) -> Iterator[Change]:
        """The activity of making them: it takes no time, and every job was informed by it."""
        local, request = identity
        service = revision.description.name
        controls, _ = controls_of(asked.common)
        at = self._parts.clock()
        properties: dict[str, Value] = {
            "name": _name(service),
            "service": service,
            "owner": caller.agent,
            "created_at": at,
            "started_at": at,
            "ended_at": at,
            "job_count": len(asked.rows),
        }
        further = {"run_id": controls.run_id, "request_sha256": request}
        properties |= {name: value for name, value in further.items() if value}
        readers = curators(service) | {caller.reader}
        node = self._node(local)
        yield Create(Node(node, frozenset({Label.ACTIVITY}), properties, readers=readers))
        agent = NodeId(self._store.namespace + caller.agent)
        yield Create(Relation(f"{local}.a0000", Kind.WAS_ASSOCIATED_WITH, node, agent, "Operator"))

    def _children(self, caller: Caller, revision: Revision, asked: SweepSubmission, sweep: str) -> Iterator[Change]:
        """Their ids sort as the rows do."""
        ids = sorted(new_local("j") for _ in asked.rows)
        for number, (local, row) in enumerate(zip(ids, asked.rows, strict=True), start=1):
            submission = Submission(values={**asked.common, **row}, base_url=asked.base_url)
            try:
                job = self._parts.submissions.job(caller, revision, submission, local=JobId(local))
            except Invalid as error:
                raise Invalid(f"row {number}: {error.message}", field=error.field, value=error.value) from error
            yield from changes_of_new_job(replace(job, sweep=sweep), namespace=self._store.namespace)

    # --- looking at them

    def read(self, caller: Caller, service: str, sweep_id: str) -> Sweep:
        """Give a sweep, with its jobs that the caller may see counted by phase.

        Raises:
            NotFound: no such service or sweep, or it was deleted.
            Forbidden: it is somebody else's.
        """
        return self._counted(caller, [self._seen(caller, service, sweep_id)])[0]

    def page(self, caller: Caller, service: str, *, limit: int, after: str | None) -> SweepPage:
        """List the sweeps of a service that the caller may see, newest first."""
        self._parts.catalog.newest(service)
        filters = (Filter("name", Op.EQ, _name(service)), Filter("deleted", Op.ABSENT))
        condition = Condition(label=Label.ACTIVITY, filters=filters)
        order = Order("started_at", descending=True)
        page = self._store.find(Find(condition=condition, order=order, limit=limit, after=after), caller.viewer)
        return SweepPage(items=self._counted(caller, page.items), next=page.next)

    def _node(self, sweep_id: str) -> NodeId:
        return NodeId(self._store.namespace + sweep_id)

    def _seen(self, caller: Caller, service: str, sweep_id: str) -> Node:
        self._parts.catalog.newest(service)
        found = self._store.get([self._node(sweep_id)]) if _SWEEP_ID.match(sweep_id) else ()
        if not found or text(found[0].properties, "service") != service or "deleted" in found[0].properties:
            raise NotFound(f"no sweep {sweep_id!r} of {service}", field="sweep", value=sweep_id)
        check_may_see(caller, f"sweep {sweep_id}", readers=found[0].readers)
        return found[0]

    def _counted(self, caller: Caller, nodes: Sequence[Node]) -> tuple[Sweep, ...]:
        ids = tuple(local_part(node.id, self._store.namespace) for node in nodes)
        filters = (Filter("sweep", Op.IN, ids), Filter("deleted", Op.ABSENT))
        counts = self._store.aggregate(Condition(label=Label.JOB, filters=filters), ("sweep", "phase"), caller.viewer)
        phases: dict[str, dict[Phase, int]] = {one: {} for one in ids}
        for found in counts:
            sweep, phase = map(str, found.values)
            phases[sweep][Phase(phase)] = found.count
        return tuple(_sweep(one, node, phases[one]) for one, node in zip(ids, nodes, strict=True))

    # --- leading them

    def start(self, caller: Caller, service: str, sweep_id: str) -> None:
        """Queue every job of a sweep that can be; the others stay as they are."""
        check_may_run(caller, service, self._parts.settings)
        self._move(caller, service, sweep_id, to=Phase.QUEUED)

    def abort(self, caller: Caller, service: str, sweep_id: str) -> None:
        """Abort every job of a sweep that is not over."""
        self._move(caller, service, sweep_id, to=Phase.ABORTED)

    def _move(self, caller: Caller, service: str, sweep_id: str, *, to: Phase) -> None:
        self._owned(caller, service, sweep_id)
        movable = frozenset(phase for phase in Phase if to in CLIENT_MOVES[phase])

        def change(job: Job) -> Update | None:
            passes = job.phase in movable and not job.deleted
            return client_move(job, to, at=self._parts.clock(), cause=cause_of(caller)) if passes else None

        phases = Filter("phase", Op.IN, tuple(sorted(movable)))
        self._change_all((Filter("sweep", Op.EQ, sweep_id), phases, _NOT_DELETED), change)

    def delete(self, caller: Caller, service: str, sweep_id: str) -> None:
        """Delete every job of a sweep, then the sweep: their places in the graph stay."""
        node = self._owned(caller, service, sweep_id)

        def change(job: Job) -> Update | None:
            return None if job.deleted else deletion(job, at=self._parts.clock(), cause=cause_of(caller))

        self._change_all((Filter("sweep", Op.EQ, sweep_id), _NOT_DELETED), change)
        self._store.write([Update(node=node.id, expected={}, put={"deleted": True})])

    def _owned(self, caller: Caller, service: str, sweep_id: str) -> Node:
        node = self._seen(caller, service, sweep_id)
        check_may_change(caller, f"sweep {sweep_id}", owner=text(node.properties, "owner"))
        return node

    def _change_all(self, filters: tuple[Filter, ...], change: Callable[[Job], Update | None]) -> None:
        """Change every job that passes, some at a time; what was changed passes no more, so it can be repeated."""
        condition = Condition(label=Label.JOB, filters=filters)
        question = Find(condition=condition, order=Order("created_at"), limit=_AT_ONCE)
        while True:
            page = self._store.find(question)
            jobs = [self._records.alone(node) for node in page.items]
            self._change_some(jobs, change)
            for job in jobs:
                self._parts.waiting.notify(job.id)
            self._parts.wake(None)
            if page.next is None:
                return
            question = replace(question, after=page.next)

    def _change_some(self, jobs: Sequence[Job], change: Callable[[Job], Update | None]) -> None:
        """Change them together, or each alone where somebody else was faster with one of them."""
        try:
            self._store.write([one for job in jobs if (one := change(job)) is not None])
        except Conflict:
            for job in jobs:
                self._records.repeat(job.id, lambda one: self._store.write([*filter(None, [change(one)])]))


_NOT_DELETED: Final = Filter("deleted", Op.ABSENT)


def _name(service: str) -> str:
    """Name of the activity; no service has such a name, so it also finds them."""
    return f"{service} sweep"


def _sweep(sweep_id: str, node: Node, phases: Mapping[Phase, int]) -> Sweep:
    given = node.properties
    created_at = instant(given, "created_at")
    assert created_at is not None  # noqa: S101 - every sweep is written with it
    return Sweep(
        id=sweep_id,
        service=text(given, "service"),
        owner=text(given, "owner"),
        run_id=text(given, "run_id"),
        created_at=created_at,
        jobs=integer(given, "job_count") or 0,
        phases=phases,
    )

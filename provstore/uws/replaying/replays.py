"""Replays: a bad input is replaced, or a new revision accepted, and the jobs that are affected run again.

A plan is made, and kept if it is to be run; it runs, whole or in part, and may be stopped; its products are accepted
as revisions.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from provstore.accounts.callers import EVERY_SERVICE, Caller, curators
from provstore.errors import Conflict, Invalid, NotFound, Unauthenticated
from provstore.graph.model import Kind, Label, NodeId, Relation, Subgraph, Value, new_local
from provstore.graph.store import Change, Condition, Filter, Find, Op, Order, Update, Upsert
from provstore.queries.replay import REVISION_KEY, Plan, PlannedJob, Wanted, narrowed
from provstore.queries.replay_graph import planned_graph
from provstore.queries.replay_plan import plan
from provstore.uws.making import Making
from provstore.uws.parts import Parts
from provstore.uws.permissions import check_may_change
from provstore.uws.phases import Phase
from provstore.uws.publishing.revisions import REVISION
from provstore.uws.replaying.comparing import Compared, compared, pairs_of
from provstore.uws.replaying.judging import Judging
from provstore.uws.replaying.record import ABORTS, NAME, PLAN, Replay, State, changes_of_replay, plan_text, replay_of
from provstore.uws.replaying.steps import Progress, Steps, standings

__all__ = ["ReplayPage", "Replays", "Status"]

_REPLAY_ID: Final = re.compile(r"r[0-9a-f]{32}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How far a replay is: each of its jobs by the id of the one that ran, and the products of those that are over."""

    replay: Replay
    progress: dict[str, Progress] = field(default_factory=dict)
    compared: dict[NodeId, tuple[Compared, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPage:
    """A part of a list of replays, the newest first, and the key of the part that follows."""

    items: tuple[Replay, ...]
    next: str | None


class Replays:
    """Plans, keeps, runs, stops and accepts replays."""

    def __init__(self, parts: Parts, making: Making) -> None:
        self._parts = parts
        self._store = parts.records.store
        self._making = making
        self._steps = Steps(parts, making)

    def look(self) -> None:
        """Take every open replay as far as it goes now: the supervisor's business, at each tick."""
        self._steps.look()

    # --- planning

    def plan(self, caller: Caller, wanted: Wanted) -> Plan:
        """Tell what would run again, and what can't and why; nothing is stored.

        Raises:
            Unauthenticated: nobody knows who asks.
            NotFound: what is replaced, its replacement, or a revision is not known.
            Invalid: it makes no sense.
            TooLarge: more is affected than can be planned at once.
        """
        if not caller.name:
            raise Unauthenticated("only people who have signed in may plan replays")
        return plan(self._store, wanted, caller.viewer, judge=Judging(self._parts, caller))

    def graph(self, caller: Caller, planned: Plan, *, replay: Replay | None = None) -> Subgraph:
        """Give a plan as a graph; of a replay that runs with what is there already."""
        if replay is None:
            return planned_graph(self._store, planned, caller.viewer)
        namespace = self._store.namespace
        named = lambda job: NodeId(namespace + replay.again(job))  # noqa: E731 - a typed thunk
        return planned_graph(self._store, planned, caller.viewer, named=named)

    def keep(self, caller: Caller, planned: Plan) -> Replay:
        """Store a plan, to be run.

        Raises:
            Invalid: it has no jobs.
        """
        if not planned.jobs:
            why = f": {planned.left_out[0].text}" if planned.left_out else ""
            raise Invalid(f"nothing can run again{why}", field="replace")
        local, namespace = new_local("r"), self._store.namespace
        readers = curators(EVERY_SERVICE) | {caller.reader}
        at = self._parts.clock()
        changes = changes_of_replay(local, planned, owner=caller.agent, at=at, readers=readers, namespace=namespace)
        self._store.write([*self._making.newcomer(caller), *changes])
        return self.read(caller, local)

    # --- looking

    def read(self, caller: Caller, replay_id: str) -> Replay:
        """Give a replay.

        Raises:
            NotFound: there is none, or the caller may not see it.
        """
        node = NodeId(self._store.namespace + replay_id)
        found = self._store.get([node], caller.viewer) if _REPLAY_ID.match(replay_id) else ()
        if not found or PLAN not in found[0].properties:
            raise NotFound(f"no replay {replay_id!r}", field="replay", value=replay_id)
        return replay_of(found[0], self._store.namespace)

    def page(self, caller: Caller, *, limit: int, after: str | None) -> ReplayPage:
        """List the replays that the caller may see, the newest first."""
        condition = Condition(label=Label.ACTIVITY, filters=(Filter("name", Op.EQ, NAME), Filter(PLAN, Op.GE, "")))
        order = Order("started_at", descending=True)
        page = self._store.find(Find(condition=condition, order=order, limit=limit, after=after), caller.viewer)
        return ReplayPage(items=tuple(replay_of(one, self._store.namespace) for one in page.items), next=page.next)

    def status(self, caller: Caller, replay_id: str) -> Status:
        """Tell how far a replay is, and how the products compare that are there.

        Raises:
            NotFound: there is none, or the caller may not see it.
        """
        replay = self.read(caller, replay_id)
        if replay.state is State.PLANNED:
            return Status(replay=replay, progress=standings(replay, {}))
        phases = self._parts.records.phases([replay.again(one.job) for one in replay.plan.jobs])
        progress = standings(replay, phases)
        return Status(replay=replay, progress=progress, compared=compared(self._store, self._made(replay, progress)))

    def _made(self, replay: Replay, progress: dict[str, Progress]) -> list[tuple[PlannedJob, NodeId]]:
        namespace = self._store.namespace
        return [
            (one, NodeId(namespace + replay.again(one.job)))
            for one in replay.plan.jobs
            if progress[one.job].phase is Phase.COMPLETED
        ]

    # --- running, stopping and accepting

    def run(self, caller: Caller, replay_id: str, *, jobs: Collection[str] | None = None) -> Replay:
        """Let a replay run, whole or only some of its jobs (ids of those that ran); others are left out for good.

        Raises:
            NotFound: there is no such replay, or no such job in it.
            Forbidden: it is somebody else's.
            Conflict: it runs already, or ran.
            Invalid: nothing would be left of it.
        """
        replay = self._owned(caller, replay_id)
        if replay.state is not State.PLANNED:
            raise Conflict(f"replay {replay.id} is {replay.state}: only one that is planned can be run")
        chosen = replay.plan if jobs is None else self._chosen(replay.plan, jobs)
        at = self._parts.clock()
        put: dict[str, Value | None] = {"open": True, "run_at": at, PLAN: plan_text(chosen)}
        put["job_count"] = len(chosen.jobs)
        self._store.write([Update(node=replay.node, expected={"run_at": None}, put=put)])
        self._parts.wake(None)
        return self.read(caller, replay_id)

    def _chosen(self, planned: Plan, jobs: Collection[str]) -> Plan:
        namespace = self._store.namespace
        wanted = {one if one.startswith(namespace) else namespace + one.removeprefix("id:") for one in jobs}
        unknown = sorted(wanted - {one.job for one in planned.jobs})
        if unknown:
            raise NotFound(f"the plan has no job {unknown[0]}", field="jobs", value=unknown[0])
        chosen = narrowed(planned, wanted)
        if not chosen.jobs:
            raise Invalid("none of these jobs can run without others that were not chosen", field="jobs")
        return chosen

    def stop(self, caller: Caller, replay_id: str, *, abort: bool = False) -> Replay:
        """Let a replay make no more jobs; those that run go on, or are aborted. Stopped again it is the same.

        Raises:
            NotFound: there is no such replay.
            Forbidden: it is somebody else's.
            Conflict: it does not run.
        """
        replay = self._owned(caller, replay_id)
        if replay.state is not State.RUNNING:
            raise Conflict(f"replay {replay.id} is {replay.state}: only one that is running can be stopped")
        put: dict[str, Value | None] = {ABORTS: True} if abort else {}
        if replay.stopped_at is None:
            put |= {"stopped_at": self._parts.clock(), "stopped_by": caller.agent}
        self._store.write([Update(node=replay.node, expected={"open": True}, put=put)])
        self._parts.wake(None)
        return self.read(caller, replay_id)

    def accept(self, caller: Caller, replay_id: str) -> Status:
        """State that each new product is a revision of the one that it replaces; stated again it is the same.

        Raises:
            NotFound: there is no such replay.
            Forbidden: it is somebody else's.
            Conflict: it is not over.
        """
        replay = self._owned(caller, replay_id)
        if replay.state not in {State.OVER, State.ACCEPTED}:
            raise Conflict(f"replay {replay.id} is {replay.state}: only the products of one that is over are accepted")
        if replay.state is State.OVER:
            status = self.status(caller, replay_id)
            made = self._made(replay, status.progress)
            put: dict[str, Value | None] = {"accepted_at": self._parts.clock(), "accepted_by": caller.agent}
            accepted = Update(node=replay.node, expected={"accepted_at": None}, put=put)
            self._store.write([*self._revisions(status, made), accepted])
        return self.status(caller, replay_id)

    def _revisions(self, status: Status, made: Sequence[tuple[PlannedJob, NodeId]]) -> Iterator[Change]:
        namespace = self._store.namespace
        there = {one.new for some in status.compared.values() for one in some if one.new}
        for job, node in made:
            for _, old, new in pairs_of(job, node, namespace):
                if new in there:
                    key = f"{new.removeprefix(namespace)}{REVISION_KEY}"
                    yield Upsert(Relation(key, Kind.WAS_DERIVED_FROM, new, old, attributes=(REVISION,)))

    def _owned(self, caller: Caller, replay_id: str) -> Replay:
        replay = self.read(caller, replay_id)
        check_may_change(caller, f"replay {replay_id}", owner=replay.owner)
        return replay

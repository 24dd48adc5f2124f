"""The running of replays: whatever was made and became of it is read from the graph, then the next jobs are made.

Level-triggered, like the supervisor, which calls it at each tick: every look can be repeated, by this process or the
next.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final, NamedTuple

from provstore.accounts.callers import Caller, Role
from provstore.errors import Conflict, Forbidden, NotFound, ProvstoreError, QuotaReached, Unavailable
from provstore.graph.model import Label, NodeId, Value
from provstore.graph.store import Condition, Filter, Find, Op, Order, Update, every
from provstore.queries.replay import PlannedInput, PlannedJob, Source
from provstore.queries.replay_graph import product_of
from provstore.queries.replay_plan import reason_gone
from provstore.uws.jobs import Job
from provstore.uws.making import Birth, Making
from provstore.uws.moves import client_move
from provstore.uws.parts import Parts
from provstore.uws.phases import FINAL, Phase, client_may_move
from provstore.uws.replaying.again import Thing, given_again
from provstore.uws.replaying.record import FAILURES, NAME, Replay, replay_of

__all__ = ["Progress", "Standing", "Steps", "standings"]

_LOG: Final = logging.getLogger(__name__)
_ENDED_BADLY: Final = FINAL - {Phase.COMPLETED}


class Standing(StrEnum):
    """How far a job of a replay is."""

    PLANNED = "planned"
    """It waits for the products of others, or for its turn to be made."""
    MADE = "made"
    DROPPED = "dropped"
    """It will not be made."""


class Progress(NamedTuple):
    """How far a job of a replay is; the phase of what was made, and why it was dropped."""

    standing: Standing
    phase: Phase | None = None
    text: str = ""


def standings(replay: Replay, phases: Mapping[str, Phase]) -> dict[str, Progress]:
    """Tell how far each job of a plan is, by the id of the one that ran; ``phases`` are those of the new jobs."""
    found: dict[str, Progress] = {}
    for job in replay.plan.jobs:  # in an order in which each stands behind those it needs
        phase = phases.get(replay.again(job.job))
        if phase is not None:
            found[job.job] = Progress(Standing.MADE, phase)
        elif job.job in replay.failures:
            found[job.job] = Progress(Standing.DROPPED, text=replay.failures[job.job])
        elif replay.stopped_at is not None:
            found[job.job] = Progress(Standing.DROPPED, text="the replay was stopped")
        else:
            found[job.job] = _of_needs(job, found)
    return found


def _of_needs(job: PlannedJob, found: Mapping[str, Progress]) -> Progress:
    for one in sorted(job.needs):
        needed = found[one]
        if needed.standing is Standing.DROPPED or needed.phase in _ENDED_BADLY:
            became = "was not made" if needed.phase is None else f"ended in {needed.phase}"
            return Progress(Standing.DROPPED, text=f"it needs products of the job that replays {one}, which {became}")
    return Progress(Standing.PLANNED)


class Steps:
    """Makes the jobs of replays as what they need becomes available.

    Args:
        parts: What a job service is made of.
        making: Makes jobs.
    """

    def __init__(self, parts: Parts, making: Making) -> None:
        self._parts = parts
        self._making = making
        self._records = parts.records
        self._store = parts.records.store

    def look(self) -> None:
        """Take every open replay as far as it goes now."""
        filters = (Filter("name", Op.EQ, NAME), Filter("open", Op.EQ, value=True))
        condition = Condition(label=Label.ACTIVITY, filters=filters)
        for node in every(self._store, Find(condition=condition, order=Order("started_at"))):
            try:
                self.advance(replay_of(node, self._store.namespace))
            except ProvstoreError as error:
                _LOG.info("replay %s: %s; it is looked at again", node.id, error.message)

    def advance(self, replay: Replay) -> None:
        """Make the jobs whose inputs are there; of one that is stopped make none, and abort those that run if asked.

        A replay of which nothing is left to do ends.

        Raises:
            Unavailable: no jobs are taken now, or the store is away; look again later.
            QuotaReached: the jobs of its owner take all the space they may; look again later.
            Conflict: somebody else was faster; look again later.
        """
        phases = self._records.phases([replay.again(one.job) for one in replay.plan.jobs])
        if replay.aborts:
            self._abort(replay, phases)
        found = standings(replay, phases)
        failures = dict(replay.failures)
        for job in replay.plan.jobs:
            if found[job.job].standing is Standing.PLANNED and all(_is_done(found[one]) for one in job.needs):
                reason = self._try(replay, job)
                if reason:
                    failures[job.job] = reason
                else:
                    found[job.job] = Progress(Standing.MADE, Phase.QUEUED)
        if failures != replay.failures:
            self._put(replay, {FAILURES: json.dumps(failures, ensure_ascii=False)})
        elif all(_is_settled(one) for one in found.values()):
            self._put(replay, {"open": None, "ended_at": self._parts.clock()})

    def _abort(self, replay: Replay, phases: Mapping[str, Phase]) -> None:
        """Abort the jobs that were made and are not over; the next look finds them so."""

        def abort(job: Job) -> None:
            if client_may_move(job.phase, Phase.ABORTED):
                cause = f"replay {replay.id} was stopped"
                self._store.write([client_move(job, Phase.ABORTED, at=self._parts.clock(), cause=cause)])

        for one, phase in phases.items():
            if client_may_move(phase, Phase.ABORTED):
                self._records.repeat(one, abort)
                self._parts.waiting.notify(one)
                self._parts.wake(one)

    def _put(self, replay: Replay, put: Mapping[str, Value | None]) -> None:
        expected: dict[str, Value | None] = {"open": True, FAILURES: replay.failures_text or None}
        self._store.write([Update(node=replay.node, expected=expected, put=put)])
        self._parts.wake(None)

    def _try(self, replay: Replay, job: PlannedJob) -> str:
        """Make a job; give the reason if that will never be possible."""
        try:
            self._make(replay, job)
        except (Unavailable, QuotaReached):
            raise
        except Conflict:
            return ""  # another process has made it
        except ProvstoreError as error:
            return error.message
        return ""

    def _make(self, replay: Replay, job: PlannedJob) -> None:
        parts = self._parts
        caller = self._curator(replay, job.service)
        old = self._records.read_even_deleted(job.job.removeprefix(self._store.namespace))
        ran, revision = parts.catalog.revision(job.ran), parts.catalog.revision(job.revision)
        parts.catalog.offered(job.service)
        things = self._things(replay, job, caller)
        with given_again(old, ran, things, parts) as given:
            submission = replace(given, values={**given.values, "PHASE": "RUN"})
            birth = Birth(local=replay.again(job.job), sweep=replay.id)
            self._making.make(caller, revision, submission, birth)

    def _curator(self, replay: Replay, service: str) -> Caller:
        """Give the owner of a replay, if he still may run jobs of a service again."""
        owner = next((one for one in self._parts.people() if one.agent == replay.owner), None)
        if owner is None or not owner.has(Role.CURATOR, service):
            raise Forbidden(f"who runs this replay has no role {Role.CURATOR}:{service} any more")
        return owner

    def _things(self, replay: Replay, job: PlannedJob, caller: Caller) -> list[Thing]:
        wanted = [(one, self._entity(replay, one)) for one in job.inputs]
        nodes = self._records.visible([entity for _, entity in wanted], caller.viewer)
        missing = next((one for one, entity in wanted if entity not in nodes), None)
        if missing is not None and missing.source is Source.PRODUCT:
            words = f"the job that replays {missing.of} made no result {missing.result!r} this time"
            raise NotFound(f"input {missing.name}: {words}")
        if missing is not None:
            raise NotFound(f"input {missing.name}: {missing.new} is not there any more")
        for one, entity in wanted:
            reason = reason_gone(nodes[entity], self._store.namespace)
            if reason:
                raise NotFound(f"input {one.name}: {reason} ({entity})")
        return [Thing(one.name, nodes[entity], one.source is Source.KEPT) for one, entity in wanted]

    def _entity(self, replay: Replay, one: PlannedInput) -> NodeId:
        if one.source is not Source.PRODUCT:
            return NodeId(one.new)
        namespace = self._store.namespace
        return product_of(NodeId(namespace + replay.again(one.of)), one.result, namespace)


def _is_done(one: Progress) -> bool:
    return one.phase is Phase.COMPLETED


def _is_settled(one: Progress) -> bool:
    return one.standing is Standing.DROPPED or one.phase in FINAL

"""The use cases of a job service: what a caller may ask for, whatever the protocol."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from provstore.accounts.callers import Caller
from provstore.errors import Forbidden, Invalid, NotFound, WrongPhase
from provstore.graph.model import Node, NodeId, Value, new_local
from provstore.graph.store import Change, Update
from provstore.settings import Settings
from provstore.uws.agents import person, pseudonym
from provstore.uws.catalog import Catalog, Revision
from provstore.uws.control import clamp_destruction, clamp_duration, parse_duration, parse_instant_of_client
from provstore.uws.creation import changes_of_new_job, changes_of_parameter
from provstore.uws.descriptions.values import EffectiveParameter, check_value
from provstore.uws.files import Files
from provstore.uws.inputs import MAIN_RESULT
from provstore.uws.jobs import Job, JobId, JobReference, JobResult, main_result
from provstore.uws.phases import BLOCKING, FINAL, Phase, client_may_move
from provstore.uws.ports import Clock
from provstore.uws.records import JobFilter, Move, Records
from provstore.uws.submissions import Submission, Submissions, cause_of
from provstore.uws.waiting import Waiting

__all__ = ["JobService", "Parts"]

_JOB_ID: Final = re.compile(r"j[0-9a-f]{32}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a job service is made of; ``wake`` tells the supervisor that a job needs it."""

    records: Records
    catalog: Catalog
    submissions: Submissions
    files: Files
    settings: Settings
    waiting: Waiting
    clock: Clock
    wake: Callable[[str], None]


class JobService:
    """Creates, reads, starts, aborts, changes and deletes jobs, each within what the caller may."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._records = parts.records
        self.catalog = parts.catalog
        self.files = parts.files
        self._met: set[str] = set()

    def job(self, caller: Caller, service: str, job_id: str) -> Job:
        """Give a job.

        Raises:
            NotFound: no such service or job.
            Forbidden: it is somebody else's.
        """
        self._check_id(service, job_id)
        job = self._records.read(job_id)
        _may_see(caller, job_id, asked=service, service=job.service, readers=job.readers)
        return job

    def phase(self, caller: Caller, service: str, job_id: str) -> Phase:
        """Give a job's phase: the cheapest question of all."""
        return Phase(str(self.node(caller, service, job_id).properties["phase"]))

    def node(self, caller: Caller, service: str, job_id: str) -> Node:
        """Give a job's node without its neighbours; errors as those of `job`."""
        self._check_id(service, job_id)
        node = self._records.node(job_id)
        _may_see(caller, job_id, asked=service, service=str(node.properties["service"]), readers=node.readers)
        return node

    def jobs(self, caller: Caller, which: JobFilter) -> tuple[JobReference, ...]:
        """List the jobs that the caller may see and the filter lets through, newest first."""
        if which.service is not None:
            self.catalog.newest(which.service)
        return self._records.references(which, caller.viewer)

    def result(self, job: Job, name: str) -> JobResult:
        """Give a result by its name; ``result`` leads to the main one where none is called so.

        Raises:
            NotFound: the job has no such result.
        """
        by_name = {one.name: one for one in job.results}
        if name not in by_name and name == MAIN_RESULT and by_name:
            return main_result(job.results, self.catalog.revision(job.revision).description.main)
        if name not in by_name:
            known = ", ".join(by_name) or "none yet"
            raise NotFound(f"job {job.id} has no result {name!r}; its results: {known}", field="result", value=name)
        return by_name[name]

    def wait(self, caller: Caller, service: str, job_id: str, *, seconds: float, phase: Phase | None) -> None:
        """Return when the job leaves its phase, at the latest after so many seconds (UWS 1.1 §2.2.1.1).

        Args:
            caller: Who asks.
            service: The service's name.
            job_id: The job.
            seconds: How long to wait; negative for as long as the site allows.
            phase: Wait only while the job is in this phase.
        """
        current = self.phase(caller, service, job_id)
        if current not in BLOCKING or phase not in {None, current}:
            return
        longest = self._parts.settings.wait_max.total_seconds()
        bounded = longest if seconds < 0 else min(seconds, longest)
        read: Callable[[], Phase] = lambda: self._records.phase(job_id)  # noqa: E731 - a typed thunk
        self._parts.waiting.until_changed(job_id, phase=current, read=read, seconds=bounded)

    def create(self, caller: Caller, service: str, submission: Submission) -> JobId:
        """Make a job: everything is checked before anything is stored, and stored in one transaction.

        Returns:
            The UWS job id; the job is QUEUED if ``PHASE=RUN`` was among the values, else PENDING.

        Raises:
            NotFound: no such service.
            Invalid: a malformed or unknown parameter; the first one is named.
            TooLarge: an upload above the limit.
        """
        revision = self.catalog.newest(service)
        local = JobId(new_local("j"))
        try:
            job = self._parts.submissions.job(caller, revision, submission, local=local)
            changes = changes_of_new_job(job, namespace=self._records.store.namespace)
            self._records.create([*self._newcomer(caller), *changes])
        except BaseException:
            self.files.remove_job(local)
            raise
        self._met.add(caller.agent)
        if job.queued:
            self._parts.wake(local)
        return local

    def _newcomer(self, caller: Caller) -> tuple[Change, ...]:
        """Give the agent of a person whose account is younger than this process, for his first job."""
        if caller.agent in self._met or self._records.visible([self._records.node_id(caller.agent)]):
            return ()
        employed = bool(self._parts.settings.organization)
        return person(self._records.store.namespace, caller.agent, name=pseudonym(caller), employed=employed)

    def start(self, caller: Caller, service: str, job_id: str) -> None:
        """Queue a job (``PHASE=RUN``).

        Raises:
            WrongPhase: it is not PENDING or HELD.
        """
        self._move(caller, service, job_id, to=Phase.QUEUED, rule="only PENDING or HELD jobs can be started")

    def abort(self, caller: Caller, service: str, job_id: str) -> None:
        """Abort a job (``PHASE=ABORT``); what it has made so far is kept.

        Raises:
            WrongPhase: it has ended already.
        """
        self._move(caller, service, job_id, to=Phase.ABORTED, rule="a job that has ended can't be aborted")

    def _move(self, caller: Caller, service: str, job_id: str, *, to: Phase, rule: str) -> None:
        self.node(caller, service, job_id)

        def act(job: Job) -> None:
            if not client_may_move(job.phase, to):
                raise WrongPhase(job.id, phase=job.phase, rule=rule)
            at = self._parts.clock()
            put: dict[str, Value | None] = {"open": True} if to is Phase.QUEUED or job.open else {}
            put |= {"ended_at": at} if to is Phase.ABORTED else {}
            self._records.move(job, Move(phase=to, at=at, cause=cause_of(caller), put=put))

        self._records.repeat(job_id, act)
        self._changed(job_id)

    def _changed(self, job_id: str) -> None:
        self._parts.waiting.notify(job_id)
        self._parts.wake(job_id)

    def delete(self, caller: Caller, service: str, job_id: str) -> None:
        """Delete a job: its process ends, its files and its UWS view go, its place in the graph stays."""
        self.node(caller, service, job_id)

        def act(job: Job) -> None:
            put: dict[str, Value | None] = {"deleted": True, "open": True}
            if job.phase in FINAL:
                self._records.put(job, put)
                return
            at = self._parts.clock()
            move = Move(phase=Phase.ABORTED, at=at, cause=cause_of(caller), put={**put, "ended_at": at})
            self._records.move(job, move)

        self._records.repeat(job_id, act)
        self._changed(job_id)

    def set_execution_duration(self, caller: Caller, service: str, job_id: str, *, text: str) -> None:
        """Set the longest execution in whole seconds; held to the site's limit.

        Raises:
            Invalid: no whole number of seconds.
            WrongPhase: the job is no longer PENDING.
        """
        duration = parse_duration(text)

        def act(job: Job) -> None:
            _must_be_pending(job)
            revision = self.catalog.revision(job.revision)
            held = clamp_duration(duration, revision=revision, settings=self._parts.settings)
            self._records.put(job, {"execution_duration": int(held / timedelta(seconds=1))})

        self._change(caller, service, job_id, act)

    def set_destruction(self, caller: Caller, service: str, job_id: str, *, text: str) -> None:
        """Set when the job is destroyed; held to the site's limit.

        Raises:
            Invalid: no instant, or one in the past.
            WrongPhase: the job is destroyed already.
        """
        asked = parse_instant_of_client(text, field="DESTRUCTION")

        def act(job: Job) -> None:
            if job.phase is Phase.ARCHIVED:
                raise WrongPhase(job.id, phase=job.phase, rule="its files are gone already")
            at = clamp_destruction(asked, settings=self._parts.settings, at=self._parts.clock())
            self._records.put(job, {"destruction_at": at, "expires_at": at})

        self._change(caller, service, job_id, act)

    def set_parameters(self, caller: Caller, service: str, job_id: str, *, values: Mapping[str, str]) -> None:
        """Change parameters of a PENDING job.

        Raises:
            Invalid: a parameter that the job does not have, or a value that it can't take.
            WrongPhase: the job is no longer PENDING.
        """

        def act(job: Job) -> None:
            _must_be_pending(job)
            revision = self.catalog.revision(job.revision)
            changes = [change for name, value in values.items() for change in self._set(job, revision, name, value)]
            self._records.put(job, {}, further=changes)

        self._change(caller, service, job_id, act)

    def _set(self, job: Job, revision: Revision, name: str, value: str) -> Iterator[Change]:
        """Give a parameter its new value; one without a default may not be there yet."""
        definitions = {one.name: one for one in revision.description.parameters}
        if name not in definitions or name in {one.name for one in revision.description.used}:
            raise Invalid(f"job {job.id} has no parameter {name!r} that can be changed", field=name, value=value)
        checked = check_value(definitions[name], value)
        if name in {one.name for one in job.parameters}:
            put: dict[str, Value | None] = {"value": checked, "given": True}
            yield Update(node=NodeId(f"{job.node}.{name}"), expected={}, put=put)
            return
        parameter = EffectiveParameter(definition=definitions[name], value=checked, given=True)
        namespace = self._records.store.namespace
        yield from changes_of_parameter(parameter, job.id, revision, job.readers, namespace=namespace)

    def _change(self, caller: Caller, service: str, job_id: str, act: Callable[[Job], None]) -> None:
        self.node(caller, service, job_id)
        self._records.repeat(job_id, act)

    def _check_id(self, service: str, job_id: str) -> None:
        self.catalog.newest(service)
        if not _JOB_ID.match(job_id):
            raise NotFound(f"no job {job_id!r} of {service}", field="job", value=job_id)


def _must_be_pending(job: Job) -> None:
    if job.phase is not Phase.PENDING:
        raise WrongPhase(job.id, phase=job.phase, rule="only PENDING jobs can be changed")


def _may_see(caller: Caller, job_id: str, *, asked: str, service: str, readers: frozenset[str]) -> None:
    if service != asked:
        raise NotFound(f"no job {job_id!r} of {asked}", field="job", value=job_id)
    if not caller.viewer.sees(readers):
        raise Forbidden(f"job {job_id} is not yours", field="job", value=job_id)

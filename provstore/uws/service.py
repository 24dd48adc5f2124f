"""The use cases of a job service: what a caller may ask for, whatever the protocol."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from provstore.accounts.callers import Caller
from provstore.errors import Invalid, NotFound, WrongPhase
from provstore.graph.model import Node, NodeId, Value
from provstore.graph.store import Change, Update
from provstore.uws.admission import Admission
from provstore.uws.clusters.changes import change_of_duration, change_of_resources, control_of
from provstore.uws.clusters.placement import parted
from provstore.uws.control import (
    CONTROL_NAMES,
    clamp_destruction,
    clamp_duration,
    parse_duration,
    parse_instant_of_client,
)
from provstore.uws.creation import changes_of_parameter, number_of
from provstore.uws.descriptions.names import as_declared
from provstore.uws.descriptions.values import EffectiveParameter, check_value
from provstore.uws.idempotency import Claim, Idempotency, fingerprint
from provstore.uws.inputs.fetch_rules import shown
from provstore.uws.inputs.items import MAIN_RESULT
from provstore.uws.job_lists import JobLists
from provstore.uws.jobs import Job, JobId, JobParameter, JobReference, JobResult, main_result
from provstore.uws.keeping import Keeping, refuse_if_kept
from provstore.uws.listing import next_page
from provstore.uws.making import Birth, Making
from provstore.uws.moves import client_move, deletion, left_nothing
from provstore.uws.parts import Parts
from provstore.uws.permissions import check_may_change, check_may_run, check_may_see, may_see_service
from provstore.uws.phases import BLOCKING, Phase
from provstore.uws.publishing.revisions import Revision
from provstore.uws.records import JobFilter, JobPage, guarded
from provstore.uws.replaying.replays import Replays
from provstore.uws.replaying.reruns import Reruns
from provstore.uws.space import Space
from provstore.uws.submissions import Submission, cause_of
from provstore.uws.sweeps import Sweeps

__all__ = ["JobService", "Parts"]

_JOB_ID: Final = re.compile(r"j[0-9a-f]{32}\Z")


class JobService:
    """Creates, reads, starts, aborts, changes and deletes jobs, each within what the caller may."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._records = parts.records
        self.catalog = parts.catalog
        self.files = parts.files
        self._admission = Admission(parts)
        self._idempotency = Idempotency(parts.records.store, parts.files.data)
        self._making = Making(parts, self._admission)
        self.sweeps = Sweeps(parts, self._admission, self._idempotency)
        self.reruns = Reruns(parts, self._admission, self._idempotency)
        self.replays = Replays(parts, self._making)
        self.lists = JobLists(parts.records, parts.catalog)
        self.keeping = Keeping(parts)
        self.space = Space(parts)

    def services(self, caller: Caller) -> tuple[Revision, ...]:
        """Give the newest revision of every service that the caller may run, or see for another reason."""
        settings = self._parts.settings
        return tuple(one for one in self.catalog.services() if may_see_service(caller, one.description.name, settings))

    def job(self, caller: Caller, service: str, job_id: str) -> Job:
        """Give a job.

        Raises:
            NotFound: no such service or job.
            Forbidden: it is somebody else's.
        """
        self._check_id(service, job_id)
        job = self._records.read(job_id)
        _check_service(job_id, asked=service, found=job.service)
        check_may_see(caller, f"job {job_id}", readers=job.readers)
        return job

    def phase(self, caller: Caller, service: str, job_id: str) -> Phase:
        """Give a job's phase: the cheapest question of all."""
        return Phase(str(self.node(caller, service, job_id).properties["phase"]))

    def node(self, caller: Caller, service: str, job_id: str) -> Node:
        """Give a job's node without its neighbours; errors as those of `job`."""
        self._check_id(service, job_id)
        node = self._records.node(job_id)
        _check_service(job_id, asked=service, found=str(node.properties["service"]))
        check_may_see(caller, f"job {job_id}", readers=node.readers)
        return node

    def jobs(self, caller: Caller, which: JobFilter) -> tuple[JobReference, ...]:
        """List the jobs that the caller may see and the filter lets through, newest first."""
        if which.service is not None:
            self.catalog.newest(which.service)
        return self._records.references(which, caller.viewer)

    def page(self, caller: Caller, which: JobFilter, *, limit: int, after: str | None) -> JobPage:
        """Give a part of that list, and the key of the part that follows.

        Raises:
            Invalid: ``after`` is no such key.
        """
        if which.service is not None:
            self.catalog.newest(which.service)
        return next_page(self._records, which, caller.viewer, limit=limit, after=after)

    def is_config_key(self, caller: Caller, name: str) -> bool:
        """Tell whether a configuration file of a job that the caller may see has such a key."""
        return self._records.is_config_key(name, caller.viewer)

    def parameter(self, job: Job, name: str, *, item: int = 1) -> JobParameter:
        """Give a parameter by its name, in any case if that is unambiguous; of several files the one so numbered.

        What the job asks of a cluster is found under the name of its control parameter.

        Raises:
            NotFound: the job has no such parameter, or its file is still elsewhere.
        """
        by_name = {one.name: one for one in job.parameters if one.item == item}
        declared = as_declared(name, list(by_name))
        if declared is None:
            control = control_of(job, name)
            if control is not None:
                return control
            number = f" with item={item}" if item > 1 else ""
            raise NotFound(f"job {job.id} has no parameter {name!r}{number}", field="parameter", value=name)
        found = by_name[declared]
        if found.to_fetch:
            words = f"the file of parameter {name} is not here: {shown(found.url)} is fetched before the job starts"
            raise NotFound(words, field="parameter", value=name)
        return found

    def result(self, job: Job, name: str) -> JobResult:
        """Give a result by its name; ``result`` leads to the main one where none is called so.

        Raises:
            NotFound: the job has no such result.
        """
        by_name = {one.name: one for one in job.results}
        if name == MAIN_RESULT and by_name:
            name = self.main_result(job)
        if name not in by_name:
            known = ", ".join(by_name) or "none yet"
            raise NotFound(f"job {job.id} has no result {name!r}; its results: {known}", field="result", value=name)
        return by_name[name]

    def main_result(self, job: Job) -> str:
        """Give the name of a job's main result: ``result``, else the one declared so, else the first; "" for none."""
        names = [one.name for one in job.results]
        if MAIN_RESULT in names or not names:
            return MAIN_RESULT if names else ""
        return main_result(job.results, self.catalog.revision(job.revision).description.main).name

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
            Forbidden: the caller may not run it, or his jobs fill the space that he may have.
            Invalid: a malformed or unknown parameter; the first one is named.
            TooLarge: an upload above the limit.
            Conflict: the Idempotency-Key was used for another request.
            Unavailable: the server drains.
        """
        revision = self._admission.revision(caller, service)
        files = {
            f"{name} {place}": one.stream for name, sent in submission.uploads.items() for place, one in enumerate(sent)
        }
        claim = Claim(
            caller=caller,
            service=service,
            key=submission.key,
            request=lambda: fingerprint(submission.values, files=files),
        )

        def make(local: str, request: str) -> None:
            self._making.make(caller, revision, submission, Birth(local=JobId(local), request=request))

        return JobId(self._idempotency.once(claim, prefix="j", make=make))

    def start(self, caller: Caller, service: str, job_id: str) -> None:
        """Queue a job (``PHASE=RUN``).

        Raises:
            Forbidden: the caller may not run the service.
            WrongPhase: the job is not PENDING or HELD.
        """
        check_may_run(caller, service, self._parts.settings)
        self._move(caller, service, job_id, to=Phase.QUEUED)

    def abort(self, caller: Caller, service: str, job_id: str) -> None:
        """Abort a job (``PHASE=ABORT``); what it has made so far is kept.

        Raises:
            WrongPhase: it has ended already.
        """
        self._move(caller, service, job_id, to=Phase.ABORTED)

    def _move(self, caller: Caller, service: str, job_id: str, *, to: Phase) -> None:
        def act(job: Job) -> None:
            self._records.store.write([client_move(job, to, at=self._parts.clock(), cause=cause_of(caller))])

        self._change(caller, service, job_id, act)
        self._changed(job_id)

    def _changed(self, job_id: str) -> None:
        self._parts.waiting.notify(job_id)
        self._parts.wake(job_id)

    def delete(self, caller: Caller, service: str, job_id: str) -> None:
        """Delete a job: its process ends, its files and its UWS view go, its place in the graph stays."""

        def act(job: Job) -> None:
            self._records.store.write([deletion(job, at=self._parts.clock(), cause=cause_of(caller))])

        job = self._change(caller, service, job_id, act)
        self._parts.waiting.notify(job_id)
        if not left_nothing(job):
            self._parts.wake(job_id)

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
            self._records.store.write([change_of_duration(job, held, self._parts.settings)])

        self._change(caller, service, job_id, act)

    def set_destruction(self, caller: Caller, service: str, job_id: str, *, text: str) -> None:
        """Set when the job is destroyed; held to the site's limit.

        Raises:
            Invalid: no instant, or one in the past.
            WrongPhase: the job is destroyed already.
            Forbidden: its files are kept.
        """
        asked = parse_instant_of_client(text, field="DESTRUCTION")

        def act(job: Job) -> None:
            if job.phase is Phase.ARCHIVED:
                raise WrongPhase(job.id, phase=job.phase, rule="its files are gone already")
            refuse_if_kept(job)
            settings, at = self._parts.settings, self._parts.clock()
            at = clamp_destruction(asked, settings=settings, at=at, created_at=job.created_at)
            self._records.put(job, {"destruction_at": at, "expires_at": at})

        self._change(caller, service, job_id, act)

    def set_parameters(self, caller: Caller, service: str, job_id: str, *, values: Mapping[str, str]) -> None:
        """Change parameters of a PENDING job, or what it asks of a cluster.

        Raises:
            Invalid: a parameter that the job does not have, or a value that it can't take.
            Forbidden: its owner has no account on the cluster that is asked for.
            WrongPhase: the job is no longer PENDING.
        """

        def act(job: Job) -> None:
            _must_be_pending(job)
            revision = self.catalog.revision(job.revision)
            asked, texts = parted(values, revision.description)
            chosen = _chosen(job, revision, texts)
            self._records.store.write(
                [
                    self._placed(caller, job, revision, asked),
                    *(change for one in chosen for change in self._set(job, revision, one)),
                ]
            )

        self._change(caller, service, job_id, act)

    def _placed(self, caller: Caller, job: Job, revision: Revision, asked: Mapping[str, str]) -> Update:
        if not asked:
            return guarded(job, {})
        settings = self._parts.settings
        return change_of_resources(job, revision.description, asked, caller=caller, settings=settings)

    def _set(self, job: Job, revision: Revision, parameter: EffectiveParameter) -> Iterator[Change]:
        """Give a parameter its new value; one without a default may not be there yet."""
        name = parameter.definition.name
        if name in {one.name for one in job.parameters}:
            number = number_of(parameter.value, parameter.definition.datatype)
            put: dict[str, Value | None] = {"value": parameter.value, "given": True, "number": number}
            yield Update(node=NodeId(f"{job.node}.{name}"), expected={}, put=put)
            return
        namespace = self._records.store.namespace
        yield from changes_of_parameter(parameter, job.id, revision, job.readers, namespace=namespace)

    def _change(self, caller: Caller, service: str, job_id: str, act: Callable[[Job], None]) -> Job:
        """Act on a job until nobody else was faster; give it as it was. Only its owner and administrators may."""
        self._check_id(service, job_id)

        def permitted(job: Job) -> None:
            _check_service(job_id, asked=service, found="" if job.deleted else job.service)
            check_may_see(caller, f"job {job_id}", readers=job.readers)
            check_may_change(caller, f"job {job_id}", owner=job.owner)
            act(job)

        return self._records.repeat(job_id, permitted)

    def _check_id(self, service: str, job_id: str) -> None:
        self.catalog.newest(service)
        if not _JOB_ID.match(job_id):
            raise NotFound(f"no job {job_id!r} of {service}", field="job", value=job_id)


def _check_service(job_id: str, *, asked: str, found: str) -> None:
    if found != asked:
        raise NotFound(f"no job {job_id!r} of {asked}", field="job", value=job_id)


def _must_be_pending(job: Job) -> None:
    if job.phase is not Phase.PENDING:
        raise WrongPhase(job.id, phase=job.phase, rule="only PENDING jobs can be changed")


def _chosen(job: Job, revision: Revision, values: Mapping[str, str]) -> tuple[EffectiveParameter, ...]:
    """Find the parameters that a client means, each with its value checked."""
    used = {one.name for one in revision.description.inputs}
    definitions = {one.name: one for one in revision.description.parameters if one.name not in used}
    sent: dict[str, str] = {}
    found: list[EffectiveParameter] = []
    for name, value in values.items():
        declared = as_declared(name, list(definitions))
        if declared is None:
            raise _unchangeable(job, name, value, known=definitions)
        if declared in sent:
            words = f"parameter {declared} is given twice, as {sent[declared]!r} and {name!r}"
            raise Invalid(words, field=declared, value=value)
        sent[declared] = name
        definition = definitions[declared]
        found.append(EffectiveParameter(definition=definition, value=check_value(definition, value), given=True))
    return tuple(found)


def _unchangeable(job: Job, name: str, value: str, *, known: Iterable[str]) -> Invalid:
    if name.upper() in CONTROL_NAMES:
        right = f"{name.upper()} is no parameter: it has an address of its own below the job, or is fixed at creation"
        return Invalid(f"job {job.id}: {right}", field=name, value=value)
    return Invalid(
        f"job {job.id} has no parameter {name!r} that can be changed; those that can: {', '.join(known) or 'none'}",
        field=name,
        value=value,
    )

"""A job once more: with the same revision, parameters and inputs, but for what is refined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from provstore.accounts.callers import Caller
from provstore.errors import Conflict, NotFound
from provstore.graph.model import NodeId
from provstore.queries.replay_plan import reason_gone
from provstore.uws.admission import Admission
from provstore.uws.control import CONTROL_NAMES, controls_of
from provstore.uws.descriptions.model import Description
from provstore.uws.idempotency import Claim, Idempotency, fingerprint
from provstore.uws.jobs import Job, JobId
from provstore.uws.making import Birth, Making
from provstore.uws.parts import Parts
from provstore.uws.permissions import check_may_see
from provstore.uws.publishing.revisions import Revision
from provstore.uws.replaying.again import Thing, given_again, used_by
from provstore.uws.submissions import Submission

__all__ = ["FROM", "Availability", "Before", "Reruns"]

FROM: Final = "from"
"""The name under which a request names the job to run again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Whether an input of a job is still there; ``reason`` says why not, "" if it is."""

    name: str
    entity: NodeId
    label: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a job was given, by the names of its own revision, for somebody to refine.

    ``files`` are the names of configuration files that were given, by input; ``gone`` are inputs that are not there
    any more.
    """

    job: Job
    revision: Revision
    values: Mapping[str, str]
    observed: Mapping[str, str]
    files: Mapping[str, str]
    gone: tuple[Availability, ...]


class Reruns:
    """Runs jobs again."""

    def __init__(self, parts: Parts, admission: Admission, idempotency: Idempotency) -> None:
        self._parts = parts
        self._admission = admission
        self._idempotency = idempotency
        self._making = Making(parts, admission)

    def is_rerun(self, service: str, submission: Submission) -> str:
        """Give the id of the job to run again, "" where a request asks for none: `from` may be a service's own name."""
        named = next((value for name, value in submission.values.items() if name.lower() == FROM), "")
        described = self._parts.catalog.newest(service).description
        own = {one.name.lower() for one in described.parameters} | {one.name.lower() for one in described.inputs}
        return "" if FROM in own else named.strip()

    def inputs(self, caller: Caller, service: str, job_id: str) -> tuple[Availability, ...]:
        """Tell of every input of a job whether it is still there.

        Raises:
            NotFound: no such job of the service.
            Forbidden: it is somebody else's.
        """
        job = self._job(caller, service, job_id)
        return tuple(self._availability(caller, job))

    def before(self, caller: Caller, job_id: str) -> Before:
        """Give what a job was given; inputs of the store by their local ids.

        Raises:
            NotFound: no such job.
            Forbidden: it is somebody else's.
        """
        parts = self._parts
        job = parts.records.read(job_id)
        check_may_see(caller, f"job {job_id}", readers=job.readers)
        ran = parts.catalog.revision(job.revision)
        gone = tuple(one for one in self._availability(caller, job) if one.reason)
        lost = {one.entity for one in gone}
        nodes = parts.records.visible([entity for _, entity in used_by(job)], caller.viewer)
        things = [Thing(one.name, nodes[entity]) for one, entity in used_by(job) if entity not in lost]
        kept = replace(job, inputs=tuple(one for one in job.inputs if one.entity not in lost))
        with given_again(kept, ran, things, parts) as given:
            files = {name: ", ".join(one.file_name for one in some) for name, some in given.uploads.items()}
            names = {thing.name for thing in things}
            own = parts.records.store.namespace
            values = {name: text.replace(own, "") if name in names else text for name, text in given.values.items()}
            return Before(job=job, revision=ran, values=values, observed=given.observed, files=files, gone=gone)

    def create(self, caller: Caller, service: str, job_id: str, refined: Submission) -> JobId:
        """Make a job like another one, with what is refined; it was informed by that one.

        Raises:
            NotFound: no such job of the service.
            Forbidden: it is somebody else's, or the caller may not run the service.
            Conflict: inputs are gone and not given anew; or the Idempotency-Key was used for another request.
            Invalid: a refined value is wrong.
        """
        self._admission.revision(caller, service)  # the service must still be on offer
        job = self._job(caller, service, job_id)
        ran = self._parts.catalog.revision(job.revision)
        refined = replace(refined, values={n: v for n, v in refined.values.items() if n.lower() != FROM})
        uploads = controls_of(refined.values)[0].uploads
        given = {name.lower() for name in (*refined.values, *refined.uploads, *uploads, *refined.emptied)}
        anew = frozenset(_replaced(given, ran.description))
        self._refuse_gone(caller, job, anew)
        files = {f"{name} {n}": one.stream for name, some in refined.uploads.items() for n, one in enumerate(some)}
        claim = Claim(
            caller=caller,
            service=service,
            key=refined.key,
            request=lambda: fingerprint(
                refined.values, {FROM: job.id} | dict.fromkeys(sorted(refined.emptied), ""), files=files
            ),
        )

        def make(local: str, request: str) -> None:
            birth = Birth(local=JobId(local), request=request, informed_by=(job.node,))
            self._make(caller, job, ran, _Refined(refined, anew), birth)

        return JobId(self._idempotency.once(claim, prefix="j", make=make))

    def _make(self, caller: Caller, job: Job, ran: Revision, refined: _Refined, birth: Birth) -> None:
        parts = self._parts
        nodes = parts.records.visible([entity for _, entity in used_by(job)], caller.viewer)
        things = [
            Thing(one.name, nodes[entity]) for one, entity in used_by(job) if one.name.lower() not in refined.anew
        ]
        kept = replace(
            job,
            parameters=tuple(one for one in job.parameters if one.name.lower() not in refined.anew),
            inputs=tuple(one for one in job.inputs if one.name.lower() not in refined.anew),
        )
        with given_again(kept, ran, things, parts) as before:
            self._making.make(caller, ran, refined.over(before), birth)

    def _job(self, caller: Caller, service: str, job_id: str) -> Job:
        job = self._parts.records.read(job_id)
        if job.service != service:
            raise NotFound(f"no job {job_id!r} of {service}", field=FROM, value=job_id)
        check_may_see(caller, f"job {job_id}", readers=job.readers)
        return job

    def _availability(self, caller: Caller, job: Job) -> Iterable[Availability]:
        used = used_by(job)
        nodes = self._parts.records.visible([entity for _, entity in used], caller.viewer)
        namespace = self._parts.records.store.namespace
        for one, entity in used:
            known = nodes.get(entity)
            reason = reason_gone(known, namespace) if known else "you may not see it"
            yield Availability(name=one.name, entity=entity, label=one.value, reason=reason)
        for one in job.inputs:
            if one.configures and one.entity is not None:
                reason = "" if one.location else "its file was removed"
                yield Availability(name=one.name, entity=one.entity, label=one.value, reason=reason)

    def _refuse_gone(self, caller: Caller, job: Job, anew: frozenset[str]) -> None:
        gone = [one for one in self._availability(caller, job) if one.reason and one.name.lower() not in anew]
        if gone:
            told = ", ".join(f"{one.name} ({one.label}: {one.reason})" for one in gone)
            right = "give them anew, with the other values"
            raise Conflict(f"job {job.id} can't run again as it was; gone is {told}: {right}", field=gone[0].name)


@dataclass(frozen=True, slots=True)
class _Refined:
    """What is given anew, and the names (in lower case) of all that it stands for."""

    submission: Submission
    anew: frozenset[str]

    def over(self, before: Submission) -> Submission:
        """Put it over what was given before; a control of a new job wins over that of the old one in any spelling."""
        new = self.submission
        controls = {name.upper() for name in new.values if name.upper() in CONTROL_NAMES}
        kept = {
            name: value
            for name, value in before.values.items()
            if name.lower() not in self.anew and name.upper() not in controls
        }
        uploads = {**before.uploads, **new.uploads}
        return replace(new, values={**kept, **new.values}, uploads=uploads, observed=before.observed)


def _replaced(given: set[str], description: Description) -> Iterable[str]:
    """Give the names that are given anew, with the inputs that take their value from a parameter, and the reverse."""
    yield from given
    for one in description.inputs:
        if one.ref and one.ref.lower() in given:
            yield one.name.lower()
        if one.ref and one.name.lower() in given:
            yield one.ref.lower()

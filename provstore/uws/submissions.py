"""From what a client sends to a new job: every value is checked against the description before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from provstore.accounts.callers import Caller, curators
from provstore.settings import Settings
from provstore.uws.clusters.durations import fitted
from provstore.uws.clusters.placement import parted, place, resources_text
from provstore.uws.control import clamp_destruction, clamp_duration, controls_of, quote_at
from provstore.uws.creation import NewJob
from provstore.uws.descriptions.values import complete
from provstore.uws.inputs.items import Inputs
from provstore.uws.inputs.sources import Sources, Upload, given_of, items_of
from provstore.uws.jobs import JobId
from provstore.uws.observations import Told, observed_of, with_record
from provstore.uws.ports import Clock
from provstore.uws.publishing.revisions import Revision

__all__ = ["Submission", "Submissions", "SweepSubmission", "cause_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a client sends to make a job: values by name (control parameters among them), and files by name.

    ``base_url`` is the address by which the client knows this server: result and store addresses below it are ids.
    ``key`` is the Idempotency-Key of the request, "" for none. ``observed``: columns of ObsCore of the job that is run
    again, for those that are not given anew. ``emptied``: names that are to have their defaults, whatever that job had.
    """

    values: Mapping[str, str]
    uploads: Mapping[str, Sequence[Upload]] = field(default_factory=dict)
    observed: Mapping[str, str] = field(default_factory=dict)
    emptied: frozenset[str] = frozenset()
    base_url: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSubmission:
    """What a client sends to make many jobs at once: the values that all have, and a row of values for each.

    What a row says wins over what all have. ``base_url`` and ``key`` are those of `Submission`.
    """

    rows: tuple[Mapping[str, str], ...]
    common: Mapping[str, str] = field(default_factory=dict)
    base_url: str = ""
    key: str = ""


def cause_of(caller: Caller) -> str:
    """Say in a job's history who caused a change."""
    return f"user {caller.name or 'anonymous'}"


class Submissions:
    """Checks submissions and makes jobs of them (not yet written).

    Args:
        inputs: Resolves what jobs use.
        settings: Limits.
        clock: The present instant.
    """

    def __init__(self, *, inputs: Inputs, settings: Settings, clock: Clock) -> None:
        self._inputs = inputs
        self._settings = settings
        self._clock = clock

    def job(self, caller: Caller, revision: Revision, submission: Submission, *, local: JobId) -> NewJob:
        """Make a new job of a submission.

        Raises:
            Invalid: a malformed or unknown parameter, file or resource; it is named, with what would be right.
            Forbidden: the caller has no account on the cluster where the job would run.
            TooLarge: an upload above the limit.
        """
        controls, texts = controls_of(submission.values)
        described = revision.description
        asked, texts = parted(texts, described)
        names = {one.name for one in described.parameters}
        own = names.union(one.name for one in described.inputs)
        told = Told(texts, submission.uploads, controls.uploads)
        observed, told = observed_of(told, own, submission.observed)
        placement = place(described, asked, caller_name=caller.name, settings=self._settings)
        duration = clamp_duration(controls.execution_duration, revision=revision, settings=self._settings)
        run = fitted(placement, duration, self._settings)
        given = given_of(described, told.values, parts=told.parts, uploads=told.uploads)
        known = [one.name for one in described.inputs if one.name not in names]
        parameters = complete(described, given.texts, known=known)
        values = {one.definition.name: one.value for one in parameters}
        items = {one.name: items_of(one, given, values) for one in described.inputs}
        sources = Sources(items=items, base_url=submission.base_url, viewer=caller.viewer)
        inputs = with_record(self._inputs.resolve(revision, local, sources), observed)
        created_at = self._clock()
        return NewJob(
            local=local,
            revision=revision,
            parameters=parameters,
            inputs=inputs,
            agent=caller.agent,
            readers=curators(revision.description.name) | {caller.reader},
            run_id=controls.run_id,
            created_at=created_at,
            execution_duration=run.execution_duration,
            destruction_at=clamp_destruction(controls.destruction_at, settings=self._settings, at=created_at),
            quote_at=quote_at(controls.quote, declared=described.quote, created_at=created_at),
            executor=run.placement.executor,
            resources=resources_text(run.placement.resources),
            cluster_account=run.placement.account,
            queued=controls.run,
            cause=cause_of(caller),
            observed=observed,
        )

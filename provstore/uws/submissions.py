"""From what a client sends to a new job: every value is checked against the description before anything is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from provstore.accounts.callers import Caller, curators
from provstore.errors import Invalid
from provstore.settings import Settings
from provstore.uws.catalog import Revision
from provstore.uws.control import clamp_destruction, clamp_duration, controls_of
from provstore.uws.creation import NewJob
from provstore.uws.descriptions.model import Description
from provstore.uws.descriptions.values import EffectiveParameter, complete
from provstore.uws.files import safe_name
from provstore.uws.inputs import Inputs, Sources, Upload
from provstore.uws.jobs import JobId
from provstore.uws.ports import Clock

__all__ = ["Submission", "Submissions", "cause_of"]


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a client sends to make a job: values by name (control parameters among them), and uploads by name.

    ``base_url`` is the address by which the client knows this server: result and store addresses below it are ids.
    """

    values: Mapping[str, str]
    uploads: Mapping[str, Upload] = field(default_factory=dict)
    base_url: str = ""


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
            Invalid: a malformed or unknown parameter or file; it is named, with what would be right.
            TooLarge: an upload above the limit.
        """
        controls, given = controls_of(submission.values)
        given |= controls.uploads
        used = [one.name for one in revision.description.used]
        uploads = _as_declared(_uploads(submission.uploads, given), used)
        parameters = _parameters(revision.description, given, uploads)
        values = _as_declared(given, used) | {one.definition.name: one.value for one in parameters}
        sources = Sources(values=values, uploads=uploads, base_url=submission.base_url, viewer=caller.viewer)
        inputs = self._inputs.resolve(revision, local, sources)
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
            execution_duration=clamp_duration(controls.execution_duration, revision=revision, settings=self._settings),
            destruction_at=clamp_destruction(controls.destruction_at, settings=self._settings, at=created_at),
            executor=EXECUTOR,
            queued=controls.run,
            cause=cause_of(caller),
        )


EXECUTOR: Final = "local"
"""The executor of new jobs, until descriptions can name another."""


def _uploads(uploads: Mapping[str, Upload], given: dict[str, str]) -> dict[str, Upload]:
    """Follow ``param:NAME`` values to the part NAME of the request (DALI 1.1 §3.4.5)."""
    referred = {name: value.removeprefix("param:") for name, value in given.items() if value.startswith("param:")}
    missing = next((part for part in referred.values() if part not in uploads), None)
    if missing is not None:
        raise Invalid(f"param:{missing}: the request has no part {missing!r}", field=missing)
    for name in referred:
        del given[name]
    named = {name: uploads[part] for name, part in referred.items()}
    return {name: upload for name, upload in uploads.items() if name not in referred.values()} | named


def _as_declared(items: Mapping[str, _T], names: Iterable[str]) -> dict[str, _T]:
    """Spell names as the description does, where they differ in case only; others stay, to be refused by name."""
    declared = {name.casefold(): name for name in names}
    return {declared.get(name.casefold(), name): item for name, item in items.items()}


def _parameters(
    description: Description, given: Mapping[str, str], uploads: Mapping[str, Upload]
) -> tuple[EffectiveParameter, ...]:
    used = {item.name for item in description.used}
    unknown = sorted(set(uploads) - used)
    if unknown:
        takes = ", ".join(sorted(used)) or "none"
        raise Invalid(f"{description.name} takes no file {unknown[0]!r}; files it takes: {takes}", field=unknown[0])
    files = {name.casefold() for name in uploads}
    twice = next((name for name, value in given.items() if value.strip() and name.casefold() in files), None)
    if twice is not None:
        raise Invalid(f"input {twice} is given twice, as a file and as the value {given[twice]!r}", field=twice)
    names = {one.name for one in description.parameters}
    sent = {name: safe_name(upload.file_name or name) for name, upload in uploads.items() if name in names}
    return complete(description, {**given, **sent}, known=used)

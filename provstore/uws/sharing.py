"""With whom a job is shared, at once or from a date on: its readers, and those of everything that belongs to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from provstore.accounts.callers import Caller, curators, reader_of
from provstore.errors import Invalid
from provstore.graph.model import NOTHING, Kind, Label, Node, Value, format_instant, parse_instant
from provstore.graph.rules import Step
from provstore.graph.store import Condition, Filter, Find, Op, Order, Upsert, Walk, every
from provstore.uws.jobs import BROUGHT_BY, Job, JobId, is_told
from provstore.uws.permissions import check_may_change
from provstore.uws.ports import Clock
from provstore.uws.records import Records

__all__ = ["Share", "Sharing", "shares_of"]

_BELONGING: Final = (
    Step(Kind.WAS_CONFIGURED_BY, expand=False),
    Step(Kind.WAS_GENERATED_BY, backwards=True, expand=False),
)
_BROUGHT: Final = (Label.ENTITY, Label.ACTIVITY, Label.AGENT)
_ALL: Final = 1_000_000
_PAGE: Final = 1000
_MOST: Final = 100
"""Readers of one job: more are a group, which a role of a service is better for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One reader of a job besides its owner: ``public`` or a person's reader name.

    ``from_at``: from when on, None for at once. ``applied``: whether the graph's readers hold it already.
    """

    reader: str
    from_at: datetime | None = None
    applied: bool = False


def shares_of(written: str) -> tuple[Share, ...]:
    """Read what a job's node keeps as text."""
    rows: list[tuple[str, str, bool]] = json.loads(written) if written else []
    return tuple(
        Share(reader=reader, from_at=parse_instant(at) if at else None, applied=applied) for reader, at, applied in rows
    )


def _text_of(shares: Sequence[Share]) -> str | None:
    rows = [(one.reader, format_instant(one.from_at) if one.from_at else "", one.applied) for one in shares]
    return json.dumps(rows, separators=(",", ":")) if rows else None


class Sharing:
    """Shares jobs and ends that; the graph's readers are the truth, the job's property says when they change.

    Args:
        records: The jobs.
        clock: The present instant.
    """

    def __init__(self, records: Records, *, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def share(self, caller: Caller, job_id: str, readers: Sequence[str], *, from_at: datetime | None) -> None:
        """Let readers see a job with all that belongs to it, what is still to come included.

        Raises:
            Forbidden: the caller is neither owner nor administrator.
            Invalid: more readers than one job may have.
        """
        new = tuple(Share(reader=one, from_at=from_at) for one in dict.fromkeys(readers))
        self._change(caller, job_id, lambda shares: (*_without(shares, readers), *new))

    def end(self, caller: Caller, job_id: str, readers: Sequence[str]) -> None:
        """Let readers no longer see a job; those who don't anyway are no error.

        Raises:
            Forbidden: the caller is neither owner nor administrator.
        """
        self._change(caller, job_id, lambda shares: _without(shares, readers))

    def due(self) -> tuple[JobId, ...]:
        """List the jobs that are to be seen by somebody from now on."""
        condition = Condition(label=Label.JOB, filters=(Filter("embargo_at", Op.LE, self._clock()),))
        question = Find(condition=condition, order=Order("embargo_at"), limit=_PAGE, fields=("embargo_at",))
        found = self._records.store.find(question).items
        return tuple(JobId(node.id.removeprefix(self._records.store.namespace)) for node in found)

    def apply_due(self, job: Job) -> bool:
        """Open a job to those whose date has come; tell whether there were any.

        Raises:
            Conflict: somebody changed the job meanwhile.
        """
        shares = shares_of(job.sharing_text)
        at = self._clock()
        if not any(one.from_at is not None and one.from_at <= at and not one.applied for one in shares):
            return False
        self._write(job, shares)
        self._settle(job.id)
        return True

    def _change(self, caller: Caller, job_id: str, edit: Callable[[Sequence[Share]], Sequence[Share]]) -> None:
        def act(job: Job) -> None:
            check_may_change(caller, f"job {job_id}", owner=job.owner)
            shares = [one for one in edit(shares_of(job.sharing_text)) if one.reader not in _born_readers(job)]
            if len(shares) > _MOST:
                raise Invalid(f"job {job_id}: {len(shares)} readers; at most {_MOST} are possible", field="READER")
            self._write(job, shares)

        self._records.repeat(job_id, act)
        self._settle(job_id)

    def _write(self, job: Job, shares: Sequence[Share]) -> None:
        """Write who may see the job, and make it so, in one batch."""
        at = self._clock()
        shares = [replace(one, applied=one.from_at is None or one.from_at <= at) for one in shares]
        put: dict[str, Value | None] = {
            "sharing": _text_of(shares),
            "embargo_at": min((one.from_at for one in shares if one.from_at and not one.applied), default=None),
        }
        self._records.put(job, put, further=tuple(self._opened(job, _readers(job, shares))))

    def _settle(self, job_id: str) -> None:
        """See to what was added to the job while its nodes were read: a result, a parameter."""

        def act(job: Job) -> None:
            late = tuple(self._opened(job, _readers(job, shares_of(job.sharing_text))))
            if late:
                self._records.put(job, {}, further=late)

        self._records.repeat(job_id, act)

    def _opened(self, job: Job, readers: frozenset[str]) -> Iterator[Upsert]:
        """Give new readers to the nodes of a job that have others; their properties stay as they are by then."""
        for node in self._nodes(job):
            if node.readers != readers:
                yield Upsert(node._replace(properties=NOTHING, readers=readers))

    def _nodes(self, job: Job) -> Iterator[Node]:
        """Give what belongs to a job: itself, parameters, results, what was brought along; not what was here before."""
        around = self._records.store.walk(Walk(starts=(job.node,), steps=_BELONGING, depth=1, limit=_ALL))
        ours = [edge for edge in around.edges if not is_told(edge)]
        ids = {edge.source if edge.kind is Kind.WAS_GENERATED_BY else edge.target for edge in ours}
        belonging = {node.id: node for node in around.nodes() if node.id == job.node or node.id in ids}
        return iter((belonging | {node.id: node for node in self._brought(job)}).values())

    def _brought(self, job: Job) -> Iterator[Node]:
        """Give what was brought along with a job, and what its script told of, however far from the job that stands."""
        for label in _BROUGHT:
            condition = Condition(label=label, filters=(Filter(BROUGHT_BY, Op.EQ, job.id),))
            yield from every(self._records.store, Find(condition=condition, limit=_PAGE))


def _born_readers(job: Job) -> frozenset[str]:
    """Give who sees a job that nobody shared."""
    return curators(job.service) | {reader_of(job.owner)}


def _readers(job: Job, shares: Sequence[Share]) -> frozenset[str]:
    return _born_readers(job) | {one.reader for one in shares if one.applied}


def _without(shares: Sequence[Share], readers: Sequence[str]) -> tuple[Share, ...]:
    return tuple(one for one in shares if one.reader not in readers)

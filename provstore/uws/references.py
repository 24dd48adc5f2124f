"""What job lists show of jobs: all but the phase never changes, so it is read once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from provstore.graph.model import Node, NodeId, Value
from provstore.graph.store import GraphStore
from provstore.uws.jobs import JobReference, reference_of
from provstore.uws.phases import Phase

__all__ = ["References"]

_MOST: Final = 20_000
"""So many are kept, some 10 MB."""
_PHASES: Final[dict[Value, Phase]] = {phase.value: phase for phase in Phase}


class References:
    """The references of the jobs that were listed lately, to be completed with their present phase.

    Args:
        store: Where jobs are read.
        most: When there are more, only those of the list at hand are kept.
    """

    def __init__(self, store: GraphStore, *, most: int = _MOST) -> None:
        self._store = store
        self._most = most
        self._known: dict[NodeId, JobReference] = {}

    def of(self, jobs: Sequence[Node]) -> tuple[JobReference, ...]:
        """Give the references of jobs, of which nothing but id and phase is needed; a job that is gone is left out."""
        known = self._with(jobs)
        found = []
        for job in jobs:
            reference, phase = known.get(job.id), _PHASES[job.properties["phase"]]
            if reference is not None and reference.phase is not phase:
                reference = known[job.id] = reference._replace(phase=phase)
            if reference is not None:
                found.append(reference)
        return tuple(found)

    def _with(self, jobs: Sequence[Node]) -> dict[NodeId, JobReference]:
        known = self._known
        if missing := [job.id for job in jobs if job.id not in known]:
            namespace = self._store.namespace
            read = {node.id: reference_of(node, namespace) for node in self._store.get(missing)}
            if len(known) + len(read) > self._most:
                known = {job.id: known[job.id] for job in jobs if job.id in known}
            known.update(read)
            self._known = known
        return known
